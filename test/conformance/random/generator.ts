import type { Answer } from "../client.ts";
import type { Sequences } from "../step.ts";

/** Sequences with the kinds that must be served before them. */
export interface Batch {
  readonly definitions: readonly object[];
  readonly sequences: Sequences;
}

/** Makes histories out of a seed: the same ones for the same seed and count, each named by seed and number. */
export interface Generator {
  /** What its histories are about; begins the name of each. */
  readonly name: string;
  /** Its part of a thousand histories; a second batch may add to it. */
  readonly share: number;
  make(seed: number, count: number): Batch;
  /** A second batch that builds on what the first was answered (by the real server, where one is at hand). */
  follow?(seed: number, answers: Readonly<Record<string, readonly Answer[]>>): Batch;
}
