import type { Meeting } from "./calendar.ts";
import type { Letter } from "./mime.ts";

/** Somebody whose office can be written to disk. */
export interface Person {
  readonly user: string;
  readonly timeZone: string;
  readonly letters: readonly Letter[];
  readonly calendars: Readonly<Record<string, readonly Meeting[]>>;
  /** Path → text. */
  readonly files: Readonly<Record<string, string>>;
}
