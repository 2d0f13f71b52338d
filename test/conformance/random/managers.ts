import {
  apply,
  get,
  jsonPatch,
  mergePatch,
  post,
  put,
  type Sequences,
  type Step,
  widget,
  widgetsPath,
} from "../step.ts";
import { letters, managers, map, metadata } from "./parts.ts";
import { Random } from "./seeded.ts";

type Make = (random: Random) => unknown;

/** How a value of each field may look: small alphabets, so that managers meet. */
const fields: Readonly<Record<string, Make>> = {
  size: (random) => random.pick([1, 2, 3]),
  mode: (random) => random.pick(["x", "y"]),
  color: (random) => random.pick(["red", "green"]),
  on: (random) => random.chance(0.5),
  replicas: (random) => random.pick([1, 2]),
  port: (random) => random.pick([80, "http"]),
  note: (random) => random.pick(["n", null]),
  labels: map,
  tags: (random) => random.shuffled(random.some(["p"])),
  plain: (random) => random.shuffled(random.some(letters, 0.7)).concat(random.chance(0.9) ? ["z"] : []),
  parts: (random) =>
    random.shuffled(random.some(letters)).map((id) => ({
      id,
      ...(random.chance(0.5) ? { weight: random.pick([1, 2]) } : {}),
      ...(random.chance(0.3) ? { labels: map(random) } : {}),
    })),
  ports: (random) =>
    random.shuffled(random.some([1, 2])).map((port) => ({
      port,
      ...(random.chance(0.4) ? { protocol: random.pick(["TCP", "UDP"]) } : {}),
      ...(random.chance(0.4) ? { name: random.pick(letters) } : {}),
    })),
  box: (random) => Object.fromEntries(random.some(["a", "b"]).map((key) => [key, random.pick(["1", "2"])])),
  deep: (random) =>
    random.pick([{}, { level: "high" }, { inner: {} }, { inner: { x: 1 } }, { level: "low", inner: { x: 2 } }]),
  open: (random) => random.pick([{}, { known: "k" }, { free: 1 }, { free: { more: [1, 2] } }, { list: [{ a: 1 }] }]),
};

function spec(random: Random, p: number): Record<string, unknown> {
  const names = random.some(Object.keys(fields), p);
  // Without a size nothing can be created; most histories should live.
  const all = random.chance(0.85) ? new Set(["size", ...names]) : names;
  return Object.fromEntries([...all].map((name) => [name, fields[name]!(random)]));
}

function status(random: Random): Record<string, unknown> {
  return {
    ...(random.chance(0.5) ? { phase: random.pick(["New", "Done"]) } : {}),
    ...(random.chance(0.5)
      ? { conditions: random.some(["Ready", "Live"]).map((type) => ({ type, status: random.pick(["True", "False"]) })) }
      : {}),
  };
}

const one = `${widgetsPath}/a`;
const keep = { save: { rv: "metadata.resourceVersion" } };

function applied(random: Random): Step {
  const body = {
    apiVersion: "conform.roster.dev/v1",
    kind: "Widget",
    metadata: { name: "a", ...metadata(random) },
    spec: spec(random, 0.3),
  };
  return apply(one, random.pick(managers), body, { ...keep, query: random.chance(0.4) ? "&force=true" : "" });
}

function statusApplied(random: Random): Step {
  const body = { apiVersion: "conform.roster.dev/v1", kind: "Widget", metadata: { name: "a" }, status: status(random) };
  return apply(`${one}/status`, random.pick(managers), body, { query: random.chance(0.5) ? "&force=true" : "" });
}

function replaced(random: Random): Step {
  const object = widget("a", spec(random, 0.4), { resourceVersion: "{rv}", ...metadata(random) });
  return put(`${one}?fieldManager=${random.pick(managers)}`, object, keep);
}

function merged(random: Random): Step {
  const change = spec(random, 0.2);
  for (const name of random.some(Object.keys(fields), 0.1)) change[name] = null;
  const body = { ...(random.chance(0.3) ? { metadata: metadata(random) } : {}), spec: change };
  return mergePatch(`${one}?fieldManager=${random.pick(managers)}`, body, keep);
}

function patched(random: Random): Step {
  const operations = Array.from({ length: 1 + random.below(3) }, () => {
    const name = random.pick(Object.keys(fields));
    const op = random.pick(["add", "replace", "remove", "test"]);
    return { op, path: `/spec/${name}`, ...(op === "remove" ? {} : { value: fields[name]!(random) }) };
  });
  return jsonPatch(`${one}?fieldManager=${random.pick(managers)}`, operations, keep);
}

function statusMerged(random: Random): Step {
  return mergePatch(`${one}/status?fieldManager=${random.pick(managers)}`, {
    status: status(random),
    spec: { size: 9 },
  });
}

const kinds = [applied, applied, applied, applied, replaced, merged, merged, patched, statusApplied, statusMerged];

/** Random histories of one object by several managers; every one can be made again from its seed and number. */
export function managerSequences(seed: number, count: number): Sequences {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => {
      const random = new Random(seed * 100_003 + index);
      const first = random.chance(0.6)
        ? applied(random)
        : post(
            `${widgetsPath}?fieldManager=${random.pick(managers)}`,
            widget("a", spec(random, 0.4), metadata(random)),
            keep,
          );
      const steps = Array.from({ length: 7 }, () => random.pick(kinds)(random));
      return [`seed ${seed}, sequence ${index}`, [first, ...steps, get(one)]];
    }),
  );
}
