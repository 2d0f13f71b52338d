import { configMap, configMapsPath, del, get, mergePatch, post, type Step, secretsPath } from "../step.ts";
import type { Generator } from "./generator.ts";
import type { Random } from "./seeded.ts";
import { sequencesOf } from "./sequences.ts";

const names = ["a", "b", "c", "d", "e"];

interface Thing {
  readonly name: string;
  readonly kind: "ConfigMap" | "Secret";
  readonly path: string;
}

function thingFor(random: Random, name: string): Thing {
  return random.chance(0.6)
    ? { name, kind: "ConfigMap", path: configMapsPath }
    : { name, kind: "Secret", path: secretsPath };
}

function reference(random: Random, owner: Thing): object {
  const wrong = random.chance(0.12);
  return {
    apiVersion: "v1",
    kind: wrong && random.chance(0.4) ? (owner.kind === "Secret" ? "ConfigMap" : "Secret") : owner.kind,
    name: owner.name,
    // A version 4 id that nothing has.
    uid: wrong ? "0f6d8a52-7f0f-4a39-9b5c-3a1f6c5a9d10" : `{uid${owner.name}}`,
    ...(random.chance(0.4) ? { blockOwnerDeletion: true } : {}),
    ...(random.chance(0.15) ? { controller: true } : {}),
  };
}

function made(random: Random, thing: Thing, before: readonly Thing[]): Step {
  const owners = random.some(before, 0.45).slice(0, 2);
  const metadata = {
    ...(owners.length > 0 ? { ownerReferences: owners.map((owner) => reference(random, owner)) } : {}),
    ...(random.chance(0.15) ? { finalizers: ["x.dev/f"] } : {}),
  };
  const body =
    thing.kind === "ConfigMap"
      ? configMap(thing.name, {}, metadata)
      : { apiVersion: "v1", kind: "Secret", metadata: { name: thing.name, ...metadata } };
  return post(thing.path, body, { save: { [`uid${thing.name}`]: "metadata.uid" } });
}

function removed(random: Random, things: readonly Thing[]): Step {
  const thing = random.pick(things);
  const policy = random.pick(["Background", "Foreground", "Orphan", undefined]);
  // The answer shows how far the collector is with what was deleted before.
  return del(`${thing.path}/${thing.name}`, policy && { propagationPolicy: policy }, { pick: ["kind"] });
}

const released = (random: Random, things: readonly Thing[]): Step => {
  const thing = random.pick(things);
  return mergePatch(`${thing.path}/${thing.name}`, { metadata: { finalizers: null } }, { pick: ["kind"] });
};

/** What is left: names, who owns them, what holds them, and whether they are going. */
const state = (path: string): Step => get(path, { settled: 1_000 });

/** Graphs of owners and dependents, deletions of each policy, and what the garbage collector leaves in the end. */
export const garbage: Generator = {
  name: "garbage",
  share: 20,
  make: (seed, count) =>
    sequencesOf("garbage", seed, count, (random) => {
      const things = names.slice(0, 3 + random.below(3)).map((name) => thingFor(random, name));
      const creations = things.map((thing, index) => made(random, thing, things.slice(0, index)));
      // What a deletion finds depends on how far the collector has come with what was before.
      const settled = [state(configMapsPath), state(secretsPath)];
      const deletions = [removed(random, things), ...(random.chance(0.3) ? [...settled, removed(random, things)] : [])];
      return [
        ...creations,
        ...settled,
        ...deletions,
        ...settled,
        ...(random.chance(0.4) ? [released(random, things), ...settled] : []),
      ];
    }),
};
