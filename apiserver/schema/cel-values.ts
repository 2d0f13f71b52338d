import { isObject } from "../../lib/json.ts";
import type { CelType } from "../../policy/cel/environment.ts";
import { durationValue, toCel } from "../../policy/cel/values.ts";
import { type JsonSchema, memberSchema } from "./json-schema.ts";

const reserved = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);
const escapes: Readonly<Record<string, string>> = {
  __: "__underscores__",
  ".": "__dot__",
  "-": "__dash__",
  "/": "__slash__",
};

/** How CEL names a property (`foo-bar` is `foo__dash__bar`); undefined when it cannot. */
export function escapeName(name: string): string | undefined {
  if (/^[a-zA-Z][a-zA-Z0-9]*$/.test(name) && !reserved.has(name)) return name;
  if (reserved.has(name)) return `__${name}__`;
  if (!/^[a-zA-Z_.\-/][a-zA-Z0-9_.\-/]*$/.test(name)) return undefined;
  return name.replace(/__|[-./]/g, (found) => escapes[found]!);
}

function wrapped(type: CelType, wrap: "list" | "map" | "optional"): CelType {
  if (typeof type !== "string") return { ...type, in: [...(type.in ?? []), wrap] };
  return wrap === "map" ? `map<string, ${type}>` : `${wrap}<${type}>`;
}

export const optionalOf = (type: CelType): CelType => wrapped(type, "optional");

/** A resource's root, and each embedded resource, shows these to its rules whether its schema names them or not. */
export function withMeta(schema: JsonSchema): JsonSchema {
  const known = rooted.get(schema);
  if (known) return known;
  const made = {
    ...schema,
    type: "object",
    properties: { ...schema.properties, apiVersion: text, kind: text, metadata },
  };
  rooted.set(schema, made);
  return made;
}

const text: JsonSchema = { type: "string" };
const metadata: JsonSchema = { type: "object", properties: { name: text, generateName: text } };
const rooted = new WeakMap<JsonSchema, JsonSchema>();

/** The CEL type of values under a schema; undefined where rules cannot see them (no known structure). */
export function celTypeOf(given: JsonSchema, name = "Object", root = false): CelType | undefined {
  if (given["x-kubernetes-int-or-string"]) return "dyn";
  const schema = root || given["x-kubernetes-embedded-resource"] ? withMeta(given) : given;
  if (schema.type === "array") {
    const items = schema.items && celTypeOf(schema.items, `${name}.item`);
    return items && wrapped(items, "list");
  }
  if (schema.type === "object") {
    if (typeof schema.additionalProperties === "object") {
      const values = celTypeOf(schema.additionalProperties, `${name}.value`);
      return values && wrapped(values, "map");
    }
    const fields: Record<string, CelType> = {};
    for (const [key, property] of Object.entries(schema.properties ?? {})) {
      const escaped = escapeName(key);
      const type = celTypeOf(property, `${name}.${escaped}`);
      if (escaped && type) fields[escaped] = type;
      // A reserved word may stand as it is where it is a field.
      if (type && reserved.has(key)) fields[key] = type;
    }
    return { name, fields };
  }
  if (schema.type === "string") return textTypes[schema.format ?? ""] ?? "string";
  return { boolean: "bool", number: "double", integer: "int" }[schema.type ?? ""];
}

const textTypes: Readonly<Record<string, CelType>> = {
  byte: "bytes",
  duration: "duration",
  date: "timestamp",
  "date-time": "timestamp",
};

/** Turns a JSON value into the CEL value that its schema calls for. */
export function celValueOf(value: unknown, given: JsonSchema | undefined, root = false): unknown {
  if (value === null || value === undefined || !given) return toCel(value ?? null);
  if (given["x-kubernetes-int-or-string"]) return toCel(value);
  const schema = root || given["x-kubernetes-embedded-resource"] ? withMeta(given) : given;
  if (Array.isArray(value)) return value.map((item) => celValueOf(item, schema.items));
  if (isObject(value)) {
    const map = typeof schema.additionalProperties === "object";
    const result: Record<string, unknown> = {};
    for (const [key, member] of Object.entries(value)) {
      // Rules see a null field as one that is not there; a null in a map is seen.
      if (member === null && schema.properties) continue;
      const part = memberSchema(schema, key);
      const name = part && (map && !schema.properties ? key : escapeName(key));
      if (name) result[name] = celValueOf(member, part);
      // Members without a schema cannot be named by rules, but where they are preserved they count when objects are
      // compared: `self.task == oldSelf.task` must see a changed payload.
      else if (!part && schema["x-kubernetes-preserve-unknown-fields"]) result[key] = toCel(member);
    }
    return result;
  }
  if (typeof value === "number") return schema.type === "number" ? value : toCel(value);
  if (typeof value === "string" && schema.type === "string") return textValue(value, schema.format ?? "");
  return value;
}

function textValue(value: string, format: string): unknown {
  if (format === "byte") return new Uint8Array(Buffer.from(value, "base64"));
  if (format === "date" || format === "date-time") return new Date(format === "date" ? `${value}T00:00:00Z` : value);
  return format === "duration" ? durationOf(value) : value;
}

const units: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};
/** Beginnings of units in words, those that begin like others after them. */
const words: readonly (readonly [RegExp, number])[] = [
  [/^(ns$|nano)/i, 1e-9],
  [/^(us$|µs$|micro)/i, 1e-6],
  [/^(ms$|milli)/i, 1e-3],
  [/^(m$|min)/i, 60],
  [/^(s$|sec)/i, 1],
  [/^(h$|hr$|hour)/i, 3600],
  [/^(d$|day)/i, 86_400],
  [/^(w$|wk$|week)/i, 604_800],
];

/** Go's `time.ParseDuration`, and where that fails numbers before units in words, as `format: duration` takes them. */
function durationOf(text: string): unknown {
  let seconds = 0;
  if (/^[+-]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/.test(text)) {
    for (const [, amount, unit] of text.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g))
      seconds += Number(amount) * units[unit!]!;
    if (text.startsWith("-")) seconds = -seconds;
  } else {
    for (const [, amount, unit] of text.matchAll(/(?<!\d)(\d+)\s*([A-Za-zµ]+)/g))
      seconds += Number(amount) * (words.find(([pattern]) => pattern.test(unit!))?.[1] ?? 0);
  }
  return durationValue(seconds * 1000);
}
