import {
  apply,
  configMap,
  configMapsPath,
  del,
  get,
  mergePatch,
  post,
  type Step,
  table,
  watch,
  widget,
  widgetsPath,
} from "../step.ts";
import type { Generator } from "./generator.ts";
import type { Random } from "./seeded.ts";
import { sequencesOf } from "./sequences.ts";

interface Kind {
  readonly path: string;
  readonly make: (name: string, size: number, metadata: object) => object;
}

const kinds: readonly Kind[] = [
  { path: configMapsPath, make: (name, size, metadata) => configMap(name, { size: String(size) }, metadata) },
  {
    path: widgetsPath,
    make: (name, size, metadata) => widget(name, { size, color: size % 2 === 0 ? "red" : "green" }, metadata),
  },
];

const names = ["a", "b", "c"];
const saved = { save: { rv: "metadata.resourceVersion" } };

const labels = (random: Random): object => ({
  app: random.pick(["x", "y"]),
  ...(random.chance(0.3) ? { tier: "t" } : {}),
});

function written(random: Random, kind: Kind): Step {
  const name = random.pick(names);
  const finalizers = random.chance(0.15) ? { finalizers: ["x.dev/f"] } : {};
  return random.pick<() => Step>([
    () => post(kind.path, kind.make(name, random.below(4), { labels: labels(random), ...finalizers }), saved),
    () => mergePatch(`${kind.path}/${name}`, { metadata: { labels: labels(random) } }, saved),
    () => mergePatch(`${kind.path}/${name}`, { metadata: { annotations: { n: String(random.below(3)) } } }, saved),
    () => mergePatch(`${kind.path}/${name}`, { metadata: { finalizers: null } }, saved),
    () => del(`${kind.path}/${name}`),
    () => del(`${kind.path}?labelSelector=app%3D${random.pick(["x", "y"])}`, undefined, { pick: ["kind"] }),
  ])();
}

/** A watcher, and the last write, which it is sure to see whatever it selects. */
interface Watcher {
  readonly query: string;
  readonly accept?: string;
  /** Its initial events end with a bookmark, which a cluster sends in its own time. */
  readonly ready?: string;
  readonly last: (kind: Kind, mark: string) => Step;
}

function watcherFor(random: Random, kind: Kind, tables: boolean): Watcher {
  const custom = kind.path === widgetsPath;
  const selector = random.pick<{ query: string; name?: string; labels?: object; size?: number }>([
    { query: "" },
    { query: "" },
    { query: "&labelSelector=app%3Dx", labels: { app: "x" } },
    { query: "&labelSelector=app%21%3Dx", labels: { app: "y" } },
    { query: "&labelSelector=tier", labels: { tier: "t" } },
    { query: "&labelSelector=%21tier%2Capp+in+%28x%29", labels: { app: "x" } },
    { query: "&fieldSelector=metadata.name%3Da", name: "a" },
    { query: "&fieldSelector=metadata.name%21%3Da", name: "z" },
    ...(custom ? [{ query: "&fieldSelector=spec.color%3Dred", size: 2 }] : []),
    { query: "&fieldSelector=metadata.name%3Db&labelSelector=app%3Dy", name: "b", labels: { app: "y" } },
  ]);
  const from = random.pick([
    "&resourceVersion={start}",
    "&resourceVersion={rv}",
    "",
    "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
    "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion={rv}",
    "&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion={start}",
    "&resourceVersion={start}&allowWatchBookmarks=true",
  ]);
  const { name = "z", labels: marked = { app: "x" }, size = 1 } = selector;
  return {
    query: selector.query + from,
    ...(tables && random.chance(0.5) ? { accept: table } : {}),
    ...(from.includes("sendInitialEvents=true") ? { ready: "k8s.io/initial-events-end" } : {}),
    // Applied by its manager alone, so labels of before go where they must.
    last: (kindOf, mark) =>
      apply(
        `${kindOf.path}/${name}`,
        "last",
        kindOf.make(name, size, { labels: marked, annotations: { last: mark } }),
        {
          query: "&force=true",
        },
      ),
  };
}

/** Several watchers, one inside another, over one history of writes. */
export const watching: Generator = {
  name: "watching",
  share: 50,
  make: (seed, count) =>
    sequencesOf("watching", seed, count, (random) => {
      const kind = random.pick(kinds);
      const before = Array.from({ length: 3 }, () => written(random, kind));
      // Only one sees Tables: a cluster describes their columns to each of two watchers whenever the other was faster.
      const watchers = Array.from({ length: 1 + random.below(3) }, (_, index) => watcherFor(random, kind, index === 0));
      const history = Array.from({ length: 8 }, () => written(random, kind));
      // Gone first, so that the last write makes it with the labels that it should have and no others.
      const ends = watchers.flatMap(({ last }, index) => [
        mergePatch(`${kind.path}/z`, { metadata: { finalizers: null } }, { pick: ["kind"] }),
        ...["a", "b", "z"].flatMap((name) => [
          mergePatch(`${kind.path}/${name}`, { metadata: { finalizers: null, labels: null } }, { pick: ["kind"] }),
        ]),
        last(kind, `end-${index}`),
      ]);
      const steps = watchers.reduceRight<readonly Step[]>(
        (during, { query, accept, ready }, index) => [
          watch(
            kind.path,
            { during, last: `"last":"end-${index}"`, ...(ready ? { ready } : {}) },
            { query: `${query}&timeoutSeconds=30`, ...(accept ? { accept } : {}) },
          ),
        ],
        [...history, ...ends],
      );
      return [
        get(kind.path, { save: { start: "metadata.resourceVersion", rv: "metadata.resourceVersion" } }),
        ...before,
        ...steps,
      ];
    }),
};
