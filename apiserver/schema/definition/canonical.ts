import { isObject } from "../../../lib/json.ts";
import { coerceEmbedded } from "../embedded.ts";
import type { JsonSchema } from "../json-schema.ts";

/** False counts as absent for these; for the rest it says something. */
const flags = new Set([
  "uniqueItems",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "nullable",
  "x-kubernetes-embedded-resource",
  "x-kubernetes-int-or-string",
]);
const nested = new Set(["items", "not", "additionalProperties", "additionalItems"]);
const lists = new Set(["allOf", "anyOf", "oneOf"]);
const maps = new Set(["properties", "patternProperties", "definitions"]);

const ruleEmpties = { message: "", messageExpression: "", fieldPath: "" };
const docsEmpties = { description: "", url: "" };

/** Drops the members that hold just this from each item of a list. */
export function withoutEmpties<T>(list: T, empties: Readonly<Record<string, unknown>>): T {
  if (!Array.isArray(list)) return list;
  const filled = (item: object) => Object.entries(item).filter(([key, value]) => empties[key] !== value);
  return list.map((item) => (isObject(item) ? Object.fromEntries(filled(item)) : item)) as T;
}

/**
 * A schema as a cluster stores it: its Go type leaves out what is empty (lists, maps, texts, null), a `default: null` among
 * it. Sizes of zero and what `default`, `enum` and `example` hold stay.
 */
export function canonicalSchema(schema: JsonSchema): JsonSchema {
  const left = Object.entries(schema).filter(([key, value]) => !isLeftOut(key, value));
  const canonical = Object.fromEntries(left.map(([key, value]) => [key, member(key, value)])) as JsonSchema;
  if (typeof canonical.default !== "object") return canonical;
  // Checking a default brings the metadata of embedded resources in it into its typed form.
  const value: unknown = structuredClone(canonical.default);
  coerceEmbedded(value, canonical);
  return { ...canonical, default: value };
}

function isLeftOut(key: string, value: unknown): boolean {
  if (value === null) return true;
  if (key === "default" || key === "example" || nested.has(key)) return false;
  if (flags.has(key) && value === false) return true;
  if (value === "" || (Array.isArray(value) && value.length === 0)) return true;
  return isObject(value) && Object.keys(value).length === 0;
}

function member(key: string, value: unknown): unknown {
  if (nested.has(key) && isObject(value)) return canonicalSchema(value);
  if (key === "x-kubernetes-validations") return withoutEmpties(value, ruleEmpties);
  if (key === "externalDocs") return withoutEmpties([value], docsEmpties)[0];
  if (lists.has(key) && Array.isArray(value))
    return value.map((part) => (isObject(part) ? canonicalSchema(part) : part));
  if (!maps.has(key) || !isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, isObject(part) ? canonicalSchema(part) : part]),
  );
}
