import {
  apply,
  configMap,
  configMapsPath,
  get,
  jsonPatch,
  mergePatch,
  post,
  put,
  type Sequences,
  type Step,
  strategicPatch,
  widget,
  widgetsPath,
} from "./step.ts";

/** mulberry32: the same sequence for the same seed on every machine. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  below(n: number): number {
    return Math.floor(this.next() * n);
  }
  chance(p: number): boolean {
    return this.next() < p;
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
  some<T>(items: readonly T[], p = 0.5): T[] {
    return items.filter(() => this.chance(p));
  }
  shuffled<T>(items: readonly T[]): T[] {
    const copy = [...items];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [copy[i], copy[j]] = [copy[j]!, copy[i]!];
    }
    return copy;
  }
}

type Make = (random: Random) => unknown;

const letters = ["a", "b", "c"];
const map = (random: Random): Record<string, string> =>
  Object.fromEntries(random.some(letters).map((key) => [key, random.pick(["1", "2"])]));

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
const managers = ["one", "two", "three"];
const keep = { save: { rv: "metadata.resourceVersion" } };

function metadata(random: Random): object {
  return {
    // Never none: a cluster stores `labels: {}` of an apply, and then takes the next write that changes nothing for a change.
    ...(random.chance(0.3) ? { labels: { ...map(random), z: "1" } } : {}),
    ...(random.chance(0.2) ? { finalizers: random.some(["x.dev/a", "x.dev/b"]) } : {}),
  };
}

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
export function randomSequences(seed: number, count: number): Sequences {
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

const mapOne = `${configMapsPath}/a`;
const accountsPath = "/api/v1/namespaces/{ns}/serviceaccounts";
const accountOne = `${accountsPath}/a`;

function secrets(random: Random): object[] {
  return random.shuffled(random.some(letters, 0.6)).map((name) => ({ name }));
}

/** A strategic patch of a list with keys, of a list of scalars and of a map, with directives among them. */
function strategic(random: Random): object {
  const items = secrets(random).map((item) => (random.chance(0.2) ? { ...item, $patch: "delete" } : item));
  const ordered = random.chance(0.3) ? { "$setElementOrder/secrets": items.filter((item) => !("$patch" in item)) } : {};
  return {
    ...(random.chance(0.7)
      ? { secrets: random.chance(0.1) ? [{ $patch: "replace" }, ...items] : items, ...ordered }
      : {}),
    ...(random.chance(0.3) ? { metadata: { labels: random.chance(0.2) ? null : map(random) } } : {}),
    ...(random.chance(0.3) ? { metadata: { finalizers: random.some(["x.dev/a", "x.dev/b"]) } } : {}),
    ...(random.chance(0.2)
      ? { metadata: { "$deleteFromPrimitiveList/finalizers": random.some(["x.dev/a", "x.dev/b"]) } }
      : {}),
    ...(random.chance(0.2) ? { automountServiceAccountToken: random.pick([true, false, null]) } : {}),
  };
}

const accountKinds: readonly ((random: Random) => Step)[] = [
  (random) => strategicPatch(`${accountOne}?fieldManager=${random.pick(managers)}`, strategic(random)),
  (random) => strategicPatch(`${accountOne}?fieldManager=${random.pick(managers)}`, strategic(random)),
  (random) =>
    apply(
      accountOne,
      random.pick(managers),
      {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: "a", ...metadata(random) },
        ...(random.chance(0.7) ? { secrets: secrets(random) } : {}),
      },
      { query: random.chance(0.4) ? "&force=true" : "" },
    ),
  (random) =>
    mergePatch(`${accountOne}?fieldManager=${random.pick(managers)}`, {
      secrets: random.chance(0.2) ? null : secrets(random),
    }),
];

const mapKinds: readonly ((random: Random) => Step)[] = [
  (random) =>
    apply(
      mapOne,
      random.pick(managers),
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "a", ...metadata(random) },
        ...(random.chance(0.8) ? { data: map(random) } : {}),
      },
      { query: random.chance(0.4) ? "&force=true" : "" },
    ),
  (random) => put(`${mapOne}?fieldManager=${random.pick(managers)}`, configMap("a", map(random), metadata(random))),
  (random) =>
    strategicPatch(`${mapOne}?fieldManager=${random.pick(managers)}`, {
      data: {
        ...map(random),
        ...(random.chance(0.3) ? { a: null } : {}),
        ...(random.chance(0.1) ? { $patch: "replace" } : {}),
      },
    }),
  (random) =>
    mergePatch(`${mapOne}?fieldManager=${random.pick(managers)}`, {
      data: { ...map(random), ...(random.chance(0.3) ? { b: null } : {}) },
    }),
  (random) =>
    jsonPatch(`${mapOne}?fieldManager=${random.pick(managers)}`, [
      { op: random.pick(["add", "replace", "remove"]), path: `/data/${random.pick(letters)}`, value: "3" },
    ]),
];

/** The same for two built-in kinds, with strategic merge patches. */
export function randomCoreSequences(seed: number, count: number): Sequences {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => {
      const random = new Random(seed * 200_003 + index);
      const account = random.chance(0.5);
      const first = account
        ? post(`${accountsPath}?fieldManager=${random.pick(managers)}`, {
            apiVersion: "v1",
            kind: "ServiceAccount",
            metadata: { name: "a", ...metadata(random) },
            secrets: secrets(random),
          })
        : post(
            `${configMapsPath}?fieldManager=${random.pick(managers)}`,
            configMap("a", map(random), metadata(random)),
          );
      const steps = Array.from({ length: 7 }, () => random.pick(account ? accountKinds : mapKinds)(random));
      return [`core seed ${seed}, sequence ${index}`, [first, ...steps, get(account ? accountOne : mapOne)]];
    }),
  );
}
