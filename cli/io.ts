import type { Clock } from "../lib/clock.ts";

/** What a command may touch of the process that it runs in. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  /** Whether a person looks at the output. */
  readonly terminal: boolean;
  out(text: string): void;
  err(text: string): void;
  /** The command did its work, and the answer is no: it ends with this exit code. */
  answerNo(exitCode: number): void;
}

/** Where this copy of Roster lives: its crds/, roles/ and manifests/ are below. */
export interface Checkout {
  readonly root: string;
  readonly version: string;
}
