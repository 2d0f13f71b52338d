import type { Random } from "./seeded.ts";

/** Small alphabets, so that managers meet. */
export const letters = ["a", "b", "c"];
export const managers = ["one", "two", "three"];

export const map = (random: Random): Record<string, string> =>
  Object.fromEntries(random.some(letters).map((key) => [key, random.pick(["1", "2"])]));

export function metadata(random: Random): object {
  return {
    // Never none: a cluster stores `labels: {}` of an apply, and then takes the next write that changes nothing for a change.
    ...(random.chance(0.3) ? { labels: { ...map(random), z: "1" } } : {}),
    ...(random.chance(0.2) ? { finalizers: random.some(["x.dev/a", "x.dev/b"]) } : {}),
  };
}
