import { coreSequences } from "./core.ts";
import type { Generator } from "./generator.ts";
import { managerSequences } from "./managers.ts";
import { schemas } from "./schemas.ts";

const plain =
  (make: (seed: number, count: number) => Record<string, never> | object): Generator["make"] =>
  (seed, count) => ({ definitions: [], sequences: make(seed, count) as ReturnType<Generator["make"]>["sequences"] });

/** All generators of random histories. */
export const generators: readonly Generator[] = [
  { name: "managers", share: 250, make: plain(managerSequences) },
  { name: "core", share: 125, make: plain(coreSequences) },
  schemas,
];
