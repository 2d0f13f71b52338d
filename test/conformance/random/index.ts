import { coreSequences } from "./core.ts";
import { garbage } from "./garbage.ts";
import type { Generator } from "./generator.ts";
import { hostile, strategic } from "./hostile.ts";
import { listing } from "./listing.ts";
import { managerSequences } from "./managers.ts";
import { rules } from "./rules.ts";
import { schemas } from "./schemas.ts";
import { watching } from "./watching.ts";

const plain =
  (make: (seed: number, count: number) => Record<string, never> | object): Generator["make"] =>
  (seed, count) => ({ definitions: [], sequences: make(seed, count) as ReturnType<Generator["make"]>["sequences"] });

/** All generators of random histories. */
export const generators: readonly Generator[] = [
  { name: "managers", share: 220, make: plain(managerSequences) },
  { name: "core", share: 100, make: plain(coreSequences) },
  schemas,
  hostile,
  strategic,
  listing,
  garbage,
  rules,
  watching,
];
