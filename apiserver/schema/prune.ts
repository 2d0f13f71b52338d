import { copyJson, isObject } from "../../lib/json.ts";
import { coerceEmbedded } from "./embedded.ts";
import { type JsonSchema, memberSchema, metaFields } from "./json-schema.ts";

type Open = Record<string, unknown>;

/**
 * Removes what the schema does not know, in place, and answers the paths removed as Kubernetes words them (`spec.a`,
 * `spec.items[0].x`), sorted. apiVersion, kind and metadata of the root and of embedded resources are left alone.
 */
export function prune(object: object, schema: JsonSchema): string[] {
  const unknown: string[] = [];
  pruneValue(object, { ...schema, "x-kubernetes-embedded-resource": true }, "", unknown);
  return unknown.sort();
}

function pruneValue(value: unknown, schema: JsonSchema | undefined, path: string, unknown: string[]): void {
  const keep = schema?.["x-kubernetes-preserve-unknown-fields"] === true;
  if (Array.isArray(value)) {
    // Items of a list that is preserved are preserved too; what their schema says of their members holds.
    if (keep && !schema.items) return;
    const items = keep ? { ...schema.items, "x-kubernetes-preserve-unknown-fields": true } : schema?.items;
    for (const [index, item] of value.entries()) pruneValue(item, items, `${path}[${index}]`, unknown);
    return;
  }
  if (!isObject(value)) return;
  for (const key of Object.keys(value)) {
    if (schema?.["x-kubernetes-embedded-resource"] && metaFields.has(key)) continue;
    const at = path === "" ? key : `${path}.${key}`;
    const member = memberSchema(schema, key);
    if (member || schema?.additionalProperties === true) pruneValue(value[key], member, at, unknown);
    else if (!keep) {
      unknown.push(at);
      delete value[key];
    }
  }
}

/**
 * Removes nulls where the schema allows none and has no default, in place, as the server does after decoding; nulls with
 * a default are left for `applyDefaults`.
 */
export function dropNulls(value: unknown, schema: JsonSchema | undefined): void {
  if (Array.isArray(value)) {
    for (const item of value) dropNulls(item, schema?.items);
  } else if (isObject(value)) {
    for (const key of Object.keys(value)) {
      const member = schema && memberSchema(schema, key);
      if (value[key] === null && member && !member.nullable && member.default === undefined) delete value[key];
      else dropNulls(value[key], member);
    }
  }
}

/** Fills in defaults, in place: absent members, and nulls where the schema allows none. */
export function applyDefaults(value: unknown, schema: JsonSchema | undefined): void {
  if (!schema) return;
  if (Array.isArray(value)) {
    const items = schema.items;
    for (const index of value.keys()) {
      if (value[index] === null && items && !items.nullable) value[index] = defaultOf(items);
      applyDefaults(value[index], items);
    }
    return;
  }
  if (!isObject(value)) return;
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.default === undefined || property.default === null) continue;
    if (!Object.hasOwn(value, key) || (value[key] === null && !property.nullable)) value[key] = defaultOf(property);
  }
  for (const key of Object.keys(value)) applyDefaultsToMember(value, key, schema);
}

function applyDefaultsToMember(object: Open, key: string, schema: JsonSchema): void {
  const property = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
  const additional = property ? undefined : memberSchema(schema, key);
  if (additional && object[key] === null && !additional.nullable) object[key] = defaultOf(additional);
  applyDefaults(object[key], property ?? additional);
}

/** A copy, with metadata of embedded resources typed as it is in what clients send. */
function defaultOf(schema: JsonSchema): unknown {
  const value: unknown = copyJson(schema.default) ?? null;
  if (isObject(value) || Array.isArray(value)) coerceEmbedded(value, schema);
  return value;
}
