import { get, jsonPatch, mergePatch, post, type Step, strategicPatch, widget, widgetsPath } from "../step.ts";
import type { Generator } from "./generator.ts";
import { managers } from "./parts.ts";
import type { Random } from "./seeded.ts";
import { sequencesOf } from "./sequences.ts";

const widgetOne = `${widgetsPath}/a`;

/** Pointers that exist, that nearly do, and that are none. */
const pointers = [
  "",
  "/",
  "/spec",
  "/spec/size",
  "/spec/plain",
  "/spec/plain/0",
  "/spec/plain/-",
  "/spec/plain/1",
  "/spec/plain/9",
  "/spec/plain/-1",
  "/spec/plain/01",
  "/spec/plain/1e0",
  "/spec/plain/x",
  "/spec/parts/0",
  "/spec/parts/0/id",
  "/spec/parts/-/id",
  "/spec/open",
  "/spec/open/a~1b",
  "/spec/open/a~0b",
  "/spec/open/a~2b",
  "/spec/open/",
  "/spec/open//x",
  "/spec/open/deep/er",
  "/spec/labels/x~1y",
  "/spec/missing/deeper",
  "/spec/size/deeper",
  "/status",
  "/status/phase",
  "/data",
  "/data/a",
  "/data/x.y",
  "/data/bad key",
  "/metadata",
  "/metadata/name",
  "/metadata/namespace",
  "/metadata/labels",
  "/metadata/labels/a",
  "/metadata/labels/x.dev~1y",
  "/metadata/annotations/a",
  "/metadata/finalizers/-",
  "/metadata/finalizers/0",
  "/metadata/generation",
  "spec/size",
  "/spec/size/",
];

const values: readonly unknown[] = [
  1,
  2,
  "x",
  "",
  null,
  true,
  [],
  ["z"],
  {},
  { a: 1 },
  { id: "n" },
  "x.dev/f",
  { "x/y": { "~": [null] } },
  { x: null },
];

function operation(random: Random): unknown {
  const op = random.pick(["add", "add", "replace", "replace", "remove", "test", "move", "copy", "frobnicate"]);
  const whole: Record<string, unknown> = { op, path: random.pick(pointers) };
  if (["move", "copy"].includes(op) || random.chance(0.05)) whole.from = random.pick(pointers);
  if (!["remove", "move", "copy"].includes(op) || random.chance(0.1)) whole.value = random.pick(values);
  for (const key of Object.keys(whole)) if (random.chance(0.02)) delete whole[key];
  if (random.chance(0.02)) whole[random.pick(["op", "path", "from"])] = random.pick([1, null, [], {}]);
  return random.chance(0.01) ? random.pick([null, 1, "add", []]) : whole;
}

function patched(random: Random, path: string): Step {
  const body = Array.from({ length: 1 + random.below(3) }, () => operation(random));
  return jsonPatch(`${path}?fieldManager=${random.pick(managers)}${strictness(random)}`, body, { echo: false });
}

const strictness = (random: Random): string =>
  random.chance(0.3) ? `&fieldValidation=${random.pick(["Strict", "Warn", "Ignore"])}` : "";

const keys = ["spec", "status", "metadata", "data", "spec", "metadata", "data", "constructor", "unknown"];
const inner = [
  "size",
  "plain",
  "parts",
  "open",
  "labels",
  "name",
  "namespace",
  "uid",
  "finalizers",
  "annotations",
  "a",
];

function nested(random: Random, depth: number): unknown {
  if (depth === 0 || random.chance(0.3)) return random.pick(values);
  const entries = random
    .some(inner, 0.2)
    .map((key) => `${JSON.stringify(key)}:${JSON.stringify(nested(random, depth - 1))}`);
  return JSON.parse(`{${entries.join(",")}}`);
}

function merged(random: Random, path: string): Step {
  const entries = random
    .some(keys, 0.25)
    .map((key) => `${JSON.stringify(key)}:${JSON.stringify(nested(random, 2) ?? {})}`);
  const text = random.chance(0.05) ? random.pick(["null", "[]", "1", '"x"', "{", ""]) : `{${entries.join(",")}}`;
  return {
    method: "PATCH",
    path: `${path}?fieldManager=${random.pick(managers)}${strictness(random)}`,
    text,
    echo: false,
    type: random.pick([
      "application/merge-patch+json",
      "application/merge-patch+json",
      "application/strategic-merge-patch+json",
    ]),
  };
}

/**
 * Patches and merges of an object that should mostly be refused, each in its own words. The patched object that a refusal
 * repeats is not compared: a cluster prints raw parts of it in the order in which they were sent.
 */
export const hostile: Generator = {
  name: "hostile",
  share: 90,
  make: (seed, count) =>
    sequencesOf("hostile", seed, count, (random) => {
      const metadata = { labels: { a: "1" }, ...(random.chance(0.3) ? { finalizers: ["x.dev/f"] } : {}) };
      const spec = { size: 3, plain: ["a", "b"], parts: [{ id: "p" }], open: { "a/b": 1, "a~b": 2 } };
      const steps = Array.from({ length: 8 }, () => (random.chance(0.7) ? patched : merged)(random, widgetOne));
      return [post(widgetsPath, widget("a", spec, metadata)), ...steps, get(widgetOne)];
    }),
};

const accounts = "/api/v1/namespaces/{ns}/serviceaccounts";
const names = ["a", "b", "c"];

function named(random: Random): object[] {
  return random.shuffled(random.some(names, 0.6)).map((name) => ({
    name,
    ...(random.chance(0.1) ? { namespace: "x" } : {}),
  }));
}

/** A change with directives of strategic merge. What makes no sense at all lets a cluster's handler panic, so none of it. */
function directed(random: Random): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  const maybe = (p: number, key: string, make: () => unknown): void => {
    if (random.chance(p)) patch[key] = make();
  };
  maybe(0.6, "secrets", () => {
    const items = named(random).map((item) => (random.chance(0.2) ? { ...item, $patch: "delete" } : item));
    return random.chance(0.15) ? [...items, { $patch: "replace" }] : items;
  });
  maybe(0.4, "imagePullSecrets", () => named(random));
  maybe(0.06, "$patch", () => "replace");
  maybe(0.1, "automountServiceAccountToken", () => random.pick([true, false, null]));
  maybe(0.3, "metadata", () => directedMetadata(random));
  if (!("$patch" in patch)) return patch;
  return { $patch: "replace", secrets: [{ name: random.pick(names) }], metadata: { name: "a", labels: { b: "2" } } };
}

function directedMetadata(random: Random): object {
  const finalizers = ["x.dev/a", "x.dev/b"];
  return {
    ...(random.chance(0.4) ? { finalizers: random.shuffled(random.some(finalizers)) } : {}),
    ...(random.chance(0.3) ? { labels: random.pick([null, { a: null }, { b: "1" }, { a: null, b: "2" }]) } : {}),
    ...(random.chance(0.2) ? { annotations: random.pick([null, { n: "1" }, { n: null }]) } : {}),
  };
}

/** Strategic merge of a kind with lists by name, a list of texts and maps, with every directive. */
export const strategic: Generator = {
  name: "strategic",
  share: 50,
  make: (seed, count) =>
    sequencesOf("strategic", seed, count, (random) => {
      const account = {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: "a", labels: { a: "1" }, finalizers: random.some(["x.dev/a", "x.dev/b"]) },
        secrets: random.some(names).map((name) => ({ name })),
        imagePullSecrets: random.some(names).map((name) => ({ name })),
      };
      const steps = Array.from({ length: 7 }, () =>
        random.chance(0.85)
          ? strategicPatch(`${accounts}/a?fieldManager=${random.pick(managers)}${strictness(random)}`, directed(random))
          : mergePatch(`${accounts}/a?fieldManager=${random.pick(managers)}`, { secrets: named(random) }),
      );
      return [post(accounts, account), ...steps, get(`${accounts}/a`)];
    }),
};
