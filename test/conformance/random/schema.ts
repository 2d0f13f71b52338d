import type { JsonSchema } from "../../../apiserver/schema/json-schema.ts";
import type { Random } from "./seeded.ts";
import { formats, tame, valueFor } from "./value.ts";

const names = ["a", "b", "c", "d", "foo-bar", "x.y", "kind", "spec", "metadata", "items"];
const letters = ["a", "b", "c", "d"];
type Open = { -readonly [K in keyof JsonSchema]: JsonSchema[K] };

/** A structural schema, most often acceptable; small alphabets, so that objects meet its corners. */
export function schemaFor(random: Random, depth: number): JsonSchema {
  const kinds = depth > 0 ? [...scalars, ...containers, ...containers] : scalars;
  const schema = random.pick(kinds)(random, depth);
  if (random.chance(0.15)) schema.nullable = true;
  if (random.chance(0.2)) {
    const value = valueFor(random, schema, tame());
    if (value !== undefined) schema.default = value;
  }
  return schema;
}

type Make = (random: Random, depth: number) => Open;

function text(random: Random): Open {
  const schema: Open = { type: "string" };
  if (random.chance(0.2)) schema.minLength = random.below(3);
  if (random.chance(0.25)) schema.maxLength = 1 + random.below(6);
  if (random.chance(0.2)) schema.pattern = random.pick(["^[a-z]+$", "^[0-9]{2,4}$", "a|b", "^\\S*$", "^(x|y)?$"]);
  if (random.chance(0.2)) schema.enum = random.shuffled(["x", "y", "", "true", "1"]).slice(0, 1 + random.below(3));
  else if (random.chance(0.3)) schema.format = random.pick(formats);
  return schema;
}

function whole(random: Random): Open {
  const schema: Open = { type: "integer" };
  if (random.chance(0.3)) schema.minimum = random.pick([-1, 0, 1, 2]);
  if (random.chance(0.3)) schema.maximum = random.pick([1, 2, 5, 100]);
  if (random.chance(0.1)) schema.exclusiveMinimum = true;
  if (random.chance(0.1)) schema.exclusiveMaximum = true;
  if (random.chance(0.15)) schema.multipleOf = random.pick([1, 2, 3]);
  if (random.chance(0.15)) schema.enum = random.some([0, 1, 2, 5], 0.7).concat([7]);
  if (random.chance(0.3)) schema.format = random.pick(["int32", "int64", "float", "strange"]);
  return schema;
}

function fraction(random: Random): Open {
  const schema: Open = { type: "number" };
  if (random.chance(0.3)) schema.minimum = random.pick([-0.5, 0, 1, 1.5]);
  if (random.chance(0.3)) schema.maximum = random.pick([1, 2.5, 100]);
  if (random.chance(0.1)) schema.exclusiveMinimum = true;
  if (random.chance(0.2)) schema.multipleOf = random.pick([0.5, 1, 0.25]);
  if (random.chance(0.15)) schema.enum = [0.5, 1, 2];
  if (random.chance(0.3)) schema.format = random.pick(["float", "double", "int32"]);
  return schema;
}

function either(random: Random): Open {
  const schema: Open = { "x-kubernetes-int-or-string": true };
  if (random.chance(0.4)) schema.anyOf = [{ type: "integer" }, { type: "string" }];
  if (random.chance(0.2)) schema.maximum = 100;
  if (random.chance(0.2)) schema.pattern = "^[0-9]+%?$";
  if (random.chance(0.1)) schema.enum = [1, "x"];
  return schema;
}

const scalars: readonly Make[] = [
  text,
  text,
  whole,
  whole,
  fraction,
  either,
  () => ({ type: "boolean" }),
  (random) =>
    random.chance(0.5)
      ? { "x-kubernetes-preserve-unknown-fields": true }
      : { type: "object", "x-kubernetes-preserve-unknown-fields": true },
];

function struct(random: Random, depth: number): Open {
  const keys = random.some(random.chance(0.8) ? letters : names, 0.5);
  const schema: Open = { type: "object" };
  const properties = Object.fromEntries(keys.map((key) => [key, memberFor(random, key, depth)]));
  if (keys.length > 0 || random.chance(0.8)) schema.properties = properties;
  if (random.chance(0.3)) schema.required = random.some(keys, 0.5);
  if (random.chance(0.15)) schema["x-kubernetes-preserve-unknown-fields"] = true;
  if (random.chance(0.15)) schema["x-kubernetes-map-type"] = random.pick(["atomic", "granular"]);
  if (random.chance(0.08)) schema.minProperties = 1;
  if (random.chance(0.08)) schema.maxProperties = 1 + random.below(2);
  if (random.chance(0.12)) Object.assign(schema, alternatives(random, keys));
  return schema;
}

/** `metadata` may be restricted only in some places; a name that has a meaning elsewhere has none here. */
function memberFor(random: Random, key: string, depth: number): JsonSchema {
  return key === "kind" ? { type: "string" } : schemaFor(random, depth - 1);
}

function alternatives(random: Random, keys: readonly string[]): JsonSchema {
  const parts = keys.slice(0, 2).map((key): JsonSchema => ({ required: [key] }));
  if (parts.length === 0) return {};
  const bounded = keys.slice(0, 1).map((key): JsonSchema => ({ properties: { [key]: { minimum: 2, minLength: 2 } } }));
  return random.pick<() => JsonSchema>([
    () => ({ oneOf: parts }),
    () => ({ anyOf: parts }),
    () => ({ allOf: [...parts.slice(0, 1), ...bounded] }),
    () => ({ not: parts[0]! }),
    () => ({ anyOf: [...parts.slice(0, 1), ...bounded] }),
    () => ({ oneOf: bounded }),
  ])();
}

function list(random: Random, depth: number): Open {
  const schema: Open = { type: "array", items: schemaFor(random, depth - 1) };
  if (random.chance(0.3)) schema["x-kubernetes-list-type"] = "atomic";
  return sized(random, schema);
}

function sized(random: Random, schema: Open): Open {
  if (random.chance(0.12)) schema.minItems = 1 + random.below(2);
  if (random.chance(0.2)) schema.maxItems = 1 + random.below(3);
  return schema;
}

function set(random: Random): Open {
  const items = random.pick<Make>([text, whole, fraction, either])(random, 0);
  return sized(random, { type: "array", "x-kubernetes-list-type": "set", items });
}

function listMap(random: Random, depth: number): Open {
  const keys = random.chance(0.7) ? ["a"] : ["a", "b"];
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const key of keys) {
    const schema = random.pick<Make>([text, whole, text, either])(random, 0);
    if (random.chance(0.3)) schema.default = valueFor(random, schema, tame());
    if (schema.default === undefined) required.push(key);
    properties[key] = schema;
  }
  for (const key of random.some(["c", "d"])) properties[key] = schemaFor(random, depth - 1);
  const items: Open = { type: "object", properties, ...(required.length > 0 ? { required } : {}) };
  if (random.chance(0.15)) items["x-kubernetes-preserve-unknown-fields"] = true;
  return sized(random, {
    type: "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": keys,
    items,
  });
}

function dictionary(random: Random, depth: number): Open {
  const schema: Open = { type: "object", additionalProperties: schemaFor(random, depth - 1) };
  if (random.chance(0.1)) schema.minProperties = 1;
  if (random.chance(0.1)) schema.maxProperties = 2;
  if (random.chance(0.1)) schema["x-kubernetes-map-type"] = "atomic";
  return schema;
}

function embedded(random: Random, depth: number): Open {
  const schema: Open = { type: "object", "x-kubernetes-embedded-resource": true };
  if (random.chance(0.6)) schema["x-kubernetes-preserve-unknown-fields"] = true;
  else schema.properties = { spec: schemaFor(random, depth - 1) };
  return schema;
}

const containers: readonly Make[] = [struct, struct, list, set, listMap, listMap, dictionary, embedded];

/** The schema of a whole kind. */
export function rootSchemaFor(random: Random): JsonSchema {
  const spec: Open = struct(random, 3);
  const properties: Record<string, JsonSchema> = { spec };
  if (random.chance(0.6)) {
    // Without a default: a cluster stores it with the next write, which is then one that changed something.
    const { default: _, ...status } = schemaFor(random, 2);
    properties.status = status;
  }
  if (random.chance(0.3)) properties.extra = schemaFor(random, 2);
  if (random.chance(0.1))
    properties.metadata = { type: "object", properties: { name: { type: "string", maxLength: 3 } } };
  const schema: Open = { type: "object", properties };
  if (random.chance(0.2)) schema.required = ["spec"];
  if (random.chance(0.1)) schema["x-kubernetes-preserve-unknown-fields"] = true;
  return schema;
}
