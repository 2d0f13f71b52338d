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
} from "../step.ts";
import { letters, managers, map, metadata } from "./parts.ts";
import { Random } from "./seeded.ts";

const mapOne = `${configMapsPath}/a`;
const accountsPath = "/api/v1/namespaces/{ns}/serviceaccounts";
const accountOne = `${accountsPath}/a`;

function secrets(random: Random): object[] {
  return random.shuffled(random.some(letters, 0.6)).map((name) => ({ name }));
}

/** A strategic patch of a list with keys, of a list of scalars and of a map, with directives among them. */
function strategic(random: Random): object {
  const items = secrets(random).map((item) => (random.chance(0.2) ? { ...item, $patch: "delete" } : item));
  // A cluster fails over an order of nothing.
  const named = items.filter((item) => !("$patch" in item));
  const ordered = random.chance(0.3) && named.length > 0 ? { "$setElementOrder/secrets": named } : {};
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

/** Random histories of two built-in kinds, with strategic merge patches. */
export function coreSequences(seed: number, count: number): Sequences {
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
