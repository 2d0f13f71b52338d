import {
  configMap,
  configMapsPath,
  del,
  get,
  mergePatch,
  post,
  type Step,
  table,
  widget,
  widgetsPath,
} from "../step.ts";
import type { Generator } from "./generator.ts";
import type { Random } from "./seeded.ts";
import { sequencesOf } from "./sequences.ts";

interface Kind {
  readonly path: string;
  readonly make: (random: Random, name: string, metadata: object) => object;
  readonly fields: readonly string[];
}

const kinds: readonly Kind[] = [
  {
    path: configMapsPath,
    make: (random, name, metadata) => configMap(name, { a: random.pick(["1", "2"]) }, metadata),
    fields: ["metadata.name", "metadata.namespace", "data.a"],
  },
  {
    path: widgetsPath,
    make: (random, name, metadata) => widget(name, { color: random.pick(["red", "green"]) }, metadata),
    fields: ["metadata.name", "metadata.namespace", "spec.color", "spec.size"],
  },
];

const keys = ["app", "x.dev/tier", "env"];
const words = ["a", "b", "", "a.b"];
const names = ["a", "b", "c", "d", "e", "f"];

export function labels(random: Random): Record<string, string> {
  return Object.fromEntries(random.some(keys, 0.6).map((key) => [key, random.pick(words)]));
}

function requirement(random: Random): string {
  const key = random.chance(0.95) ? random.pick(keys) : random.pick(["bad key", "/x", "a/b/c", "-x", ""]);
  const set = `(${Array.from({ length: 1 + random.below(2) }, () => random.pick(words)).join(",")})`;
  const value = random.chance(0.93) ? random.pick(words) : random.pick(["-", "a b", "x".repeat(64), "a/b"]);
  return random.pick([
    `${key}=${value}`,
    `${key}==${value}`,
    `${key} = ${value}`,
    `${key}!=${value}`,
    `${key} in ${set}`,
    `${key} notin ${set}`,
    key,
    `!${key}`,
    `! ${key}`,
    `${key}>1`,
    `${key}<a`,
    random.chance(0.1) ? `${key} in ` : `${key}in${set}`,
  ]);
}

export const labelSelector = (random: Random): string =>
  Array.from({ length: 1 + random.below(2) }, () => requirement(random)).join(random.pick([",", ", ", " , "]));

function fieldSelector(random: Random, kind: Kind): string {
  const one = (): string => {
    const field = random.chance(0.95) ? random.pick(kind.fields) : random.pick(["spec.nothing", "", "metadata.uid"]);
    const value = random.pick(["a", "b", "red", "{ns}", "", "1", "a\\,b", "a=b"]);
    return `${field}${random.pick(["=", "==", "!=", "="])}${value}`;
  };
  return Array.from({ length: random.chance(0.8) ? 1 : 2 }, one).join(",");
}

function query(random: Random, kind: Kind): string {
  const parts: string[] = [];
  if (random.chance(0.5)) parts.push(`labelSelector=${encodeURIComponent(labelSelector(random))}`);
  // {ns} is filled in later, so its braces stay.
  if (random.chance(0.3))
    parts.push(`fieldSelector=${encodeURIComponent(fieldSelector(random, kind)).replace("%7Bns%7D", "{ns}")}`);
  if (random.chance(0.4)) parts.push(`limit=${random.pick([1, 2, 3, 500, 0, -1])}`);
  return parts.join("&");
}

/** Where in history a list is taken from. */
function version(random: Random): string {
  return random.pick([
    "",
    "",
    "&resourceVersion={rv}&resourceVersionMatch=Exact",
    "&resourceVersion={rv}&resourceVersionMatch=NotOlderThan",
    "&resourceVersion={rv}",
    "&resourceVersionMatch=Exact",
    "&resourceVersion=0&resourceVersionMatch=Exact",
    "&resourceVersion={rv}&resourceVersionMatch=Sometimes",
    "&resourceVersion=x",
  ]);
}

const listed = (random: Random, kind: Kind): Step =>
  get(`${kind.path}?${query(random, kind)}${version(random)}`, {
    ...(random.chance(0.2) ? { accept: table } : {}),
    save: { cont: "metadata.continue" },
  });

/** Pages with something written between them; the last page is asked for again. */
function paged(random: Random, kind: Kind): Step[] {
  const first = query(random, kind).replace(/&?limit=-?\d+/, "");
  const page = (more: string): Step =>
    get(`${kind.path}?limit=${random.pick([1, 2])}&${first}${more}`, { save: { cont: "metadata.continue" } });
  const next = (): Step => page("&continue={cont}");
  return [page(""), written(random, kind), next(), written(random, kind), next(), next()];
}

const body = (random: Random): object | undefined =>
  random.pick([
    undefined,
    { propagationPolicy: "Background" },
    { preconditions: { uid: "{uid}" } },
    { preconditions: { resourceVersion: "{rv}" } },
    { preconditions: { uid: "00000000-0000-0000-0000-000000000000" } },
    { preconditions: { uid: "{uid}", resourceVersion: "1" } },
    { dryRun: ["All"] },
    { propagationPolicy: "Sideways" },
    { gracePeriodSeconds: 0 },
    { orphanDependents: true, propagationPolicy: "Orphan" },
    { orphanDependents: false },
    { dryRun: ["Some"] },
  ]);

const saved = { save: { rv: "metadata.resourceVersion", uid: "metadata.uid" } };

function written(random: Random, kind: Kind): Step {
  const name = random.pick(names);
  const finalizers = random.pick([undefined, undefined, [], ["x.dev/f"], null]);
  const metadata = { labels: labels(random), ...(finalizers ? { finalizers } : {}) };
  return random.pick<() => Step>([
    () => post(kind.path, kind.make(random, name, metadata), saved),
    () => post(kind.path, kind.make(random, name, metadata), saved),
    () => mergePatch(`${kind.path}/${name}`, { metadata: { labels: labels(random) } }, saved),
    () => mergePatch(`${kind.path}/${name}`, { metadata: { ...metadata, finalizers } }, saved),
    () => del(`${kind.path}/${name}`, body(random), saved),
    () => get(`${kind.path}/${name}`, saved),
  ])();
}

const collectionDeleted = (random: Random, kind: Kind): Step =>
  del(`${kind.path}?${query(random, kind)}`, random.chance(0.3) ? body(random) : undefined);

/** Lists by selectors, in pages and of other versions, deletions one by one and by the collection, with finalizers. */
export const listing: Generator = {
  name: "listing",
  share: 90,
  make: (seed, count) =>
    sequencesOf("listing", seed, count, (random) => {
      const kind = random.pick(kinds);
      const made = random.some(names, 0.7).map((name) =>
        post(
          kind.path,
          kind.make(random, name, {
            labels: labels(random),
            ...(random.chance(0.2) ? { finalizers: ["x.dev/f"] } : {}),
          }),
          saved,
        ),
      );
      const rest = Array.from({ length: 5 }, (): Step[] => {
        if (random.chance(0.15)) return paged(random, kind);
        if (random.chance(0.12)) return [collectionDeleted(random, kind)];
        return [random.chance(0.6) ? listed(random, kind) : written(random, kind)];
      }).flat();
      return [...made, ...rest, get(kind.path)];
    }),
};
