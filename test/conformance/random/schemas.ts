import type { JsonSchema } from "../../../apiserver/schema/json-schema.ts";
import { apply, get, jsonPatch, mergePatch, post, put, type Sequences, type Step } from "../step.ts";
import type { Batch, Generator } from "./generator.ts";
import { managers } from "./parts.ts";
import { rootSchemaFor } from "./schema.ts";
import { Random } from "./seeded.ts";
import { tame, valueFor, type Wildness } from "./value.ts";

/** One kind for so many histories. */
const perKind = 8;

interface Kind {
  readonly group: string;
  readonly versions: readonly { readonly name: string; readonly schema: JsonSchema }[];
  readonly status: boolean;
}

function kindFor(random: Random, group: string): Kind {
  const schema = rootSchemaFor(random);
  const versions = [{ name: "v1", schema }];
  if (random.chance(0.2)) versions.push({ name: "v2", schema });
  return { group, versions, status: random.chance(0.5) };
}

export function definitionOf(group: string, versions: readonly object[]): object {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `things.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind: "Thing", plural: "things", singular: "thing", listKind: "ThingList" },
      versions,
    },
  };
}

const definition = ({ group, versions, status }: Kind): object =>
  definitionOf(
    group,
    versions.map(({ name, schema }, index) => ({
      name,
      served: true,
      storage: index === 0,
      schema: { openAPIV3Schema: schema },
      ...(status ? { subresources: { status: {} } } : {}),
    })),
  );

interface Subject {
  readonly random: Random;
  readonly kind: Kind;
  readonly wild: Wildness;
}

function partsFor({ random, wild }: Subject, schema: JsonSchema): Record<string, unknown> {
  const { metadata: _, ...properties } = schema.properties ?? {};
  const value = valueFor(random, { ...schema, properties }, wild);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function versionFor({ random, kind }: Subject) {
  const found = random.chance(0.7) ? kind.versions[0]! : random.pick(kind.versions);
  return { ...found, path: `/apis/${kind.group}/${found.name}/namespaces/{ns}/things` };
}

function query(random: Random, manager = true): string {
  const parts = [
    ...(random.chance(0.5) ? [`fieldValidation=${random.pick(["Strict", "Strict", "Warn", "Ignore"])}`] : []),
    ...(manager ? [`fieldManager=${random.pick(managers)}`] : []),
    ...(random.chance(0.04) ? ["dryRun=All"] : []),
  ];
  return parts.length > 0 ? `?${parts.join("&")}` : "";
}

type Make = (subject: Subject) => Step;

/** The version that a PUT names; a refusal has none, so the last one stays. */
const keep = { save: { rv: "metadata.resourceVersion" } };

function object(subject: Subject, name: string, schema: JsonSchema, more: object = {}): object {
  const { kind, random } = subject;
  const labels = random.chance(0.2) ? { labels: { a: "1" } } : {};
  return {
    ...partsFor(subject, schema),
    apiVersion: `${kind.group}/${name}`,
    kind: "Thing",
    metadata: { name: "a", ...labels, ...more },
  };
}

const created: Make = (subject) => {
  const { name, schema, path } = versionFor(subject);
  return post(`${path}${query(subject.random)}`, object(subject, name, schema), keep);
};

const replaced: Make = (subject) => {
  const { name, schema, path } = versionFor(subject);
  const version = subject.random.chance(0.9) ? { resourceVersion: "{rv}" } : {};
  return put(`${path}/a${query(subject.random)}`, object(subject, name, schema, version), keep);
};

const merged: Make = (subject) => {
  const { random } = subject;
  const { schema, path } = versionFor(subject);
  const change = partsFor(subject, schema);
  for (const key of Object.keys(change)) if (random.chance(0.15)) change[key] = null;
  // Managers in the text of a refusal are in the order of their seconds, which two servers need not share.
  return mergePatch(`${path}/a${query(random)}`, change, { ...keep, echo: false });
};

const applied: Make = (subject) => {
  const { random } = subject;
  const { name, schema, path } = versionFor(subject);
  const more = `${random.chance(0.4) ? "&force=true" : ""}${random.chance(0.3) ? "&fieldValidation=Strict" : ""}`;
  return apply(`${path}/a`, random.pick(managers), object(subject, name, schema), { ...keep, query: more });
};

const patched: Make = (subject) => {
  const { random } = subject;
  const { schema, path } = versionFor(subject);
  const whole = partsFor(subject, schema);
  const operations = Array.from({ length: 1 + random.below(2) }, () => {
    const at = place(random, whole);
    const wanted = random.pick(["add", "replace", "remove", "add", "test"]);
    // A cluster's library panics where it compares what holds a null.
    const op = wanted === "test" && JSON.stringify(whole).includes("null") ? "add" : wanted;
    return { op, path: at.path, ...(op === "remove" ? {} : { value: at.value }) };
  });
  // Raw parts of the patched object are printed in the order in which they were sent.
  return jsonPatch(`${path}/a${query(random)}`, operations, { ...keep, echo: false });
};

/** Some place within a value, as a JSON pointer. */
function place(random: Random, value: unknown, path = ""): { path: string; value: unknown } {
  const members = typeof value === "object" && value !== null ? Object.entries(value) : [];
  if (members.length === 0 || (path !== "" && random.chance(0.3))) return { path: path || "/spec", value };
  const [key, member] = random.pick(members);
  return place(random, member, `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
}

const statusWritten: Make = (subject) => {
  const { random } = subject;
  const { name, schema, path } = versionFor(subject);
  const whole = object(subject, name, schema);
  if (random.chance(0.3)) return put(`${path}/a/status${query(random)}`, whole);
  if (random.chance(0.5)) return mergePatch(`${path}/a/status${query(random)}`, partsFor(subject, schema));
  return apply(`${path}/a/status`, random.pick(managers), whole, { query: random.chance(0.5) ? "&force=true" : "" });
};

const read: Make = (subject) => get(`${versionFor(subject).path}/a`, keep);

const steps: readonly Make[] = [created, replaced, replaced, merged, merged, applied, applied, patched, read];

function history(random: Random, kind: Kind): Step[] {
  const often = (chance: number): Wildness => ({ chance, left: 99 });
  const make = (step: Make, wild: Wildness): Step =>
    step({
      random,
      kind,
      wild:
        step === applied || step === statusWritten
          ? { ...wild, left: 1, only: random.pick(["types", "types", "unknown"] as const) }
          : wild,
    });
  const first = [make(created, often(0.15)), make(random.pick([created, applied]), often(0.03)), make(created, tame())];
  const rest = Array.from({ length: 6 }, () =>
    make(
      kind.status && random.chance(0.2) ? statusWritten : random.pick(steps),
      often(random.pick([0, 0.02, 0.02, 0.08, 0.2])),
    ),
  );
  return [...first, ...rest, make(read, tame())];
}

/** Short and the same for the same text: a kind's group says which schema it has. */
export function hashOf(value: unknown): string {
  let hash = 2166136261;
  for (const char of JSON.stringify(value)) hash = Math.imul(hash ^ char.charCodeAt(0), 16777619) >>> 0;
  return hash.toString(36);
}

/** Random kinds (structural schemas, some of two versions) and histories of objects that fit them more or less. */
export const schemas: Generator = {
  name: "schemas",
  share: 280,
  make(seed, count): Batch {
    const definitions: object[] = [];
    const sequences: Record<string, readonly Step[]> = {};
    for (let index = 0; index < count; index += perKind) {
      const random = new Random(seed * 300_007 + index);
      const shape = kindFor(random, "");
      const kind = { ...shape, group: `s${hashOf(shape)}.random.dev` };
      definitions.push(definition(kind));
      for (let i = index; i < Math.min(count, index + perKind); i++)
        sequences[`schemas seed ${seed}, sequence ${i}`] = history(new Random(seed * 400_009 + i), kind);
    }
    return { definitions, sequences: sequences as Sequences };
  },
};
