import type { Step } from "../step.ts";
import type { Batch } from "./generator.ts";
import { Random } from "./seeded.ts";

/** So many sequences, each from a source of its own, so that one can be made again without the others. */
export function sequencesOf(
  name: string,
  seed: number,
  count: number,
  make: (random: Random) => readonly Step[],
): Batch {
  const salt = [...name].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 1_000_003, 7);
  const entries = Array.from({ length: count }, (_, index): [string, readonly Step[]] => [
    `${name} seed ${seed}, sequence ${index}`,
    make(new Random(seed * 1_000_003 + salt * 7_919 + index)),
  ]);
  return { definitions: [], sequences: Object.fromEntries(entries) };
}
