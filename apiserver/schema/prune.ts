import { isObject } from "../../lib/json.ts";
import { type JsonSchema, memberSchema, metaFields } from "./json-schema.ts";

type Open = Record<string, unknown>;

const anything: JsonSchema = { "x-kubernetes-preserve-unknown-fields": true };

/** The names that ObjectMeta has; what they hold is checked elsewhere. */
const objectMeta: JsonSchema = {
  properties: Object.fromEntries(
    "name generateName namespace selfLink uid resourceVersion generation creationTimestamp deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences finalizers managedFields"
      .split(" ")
      .map((name) => [name, anything]),
  ),
};

/**
 * Removes what the schema does not know, in place, and answers the paths removed as Kubernetes words them (`spec.a`,
 * `spec.items[0].x`), sorted. The root's and embedded resources' metadata is left alone.
 */
export function prune(object: object, schema: JsonSchema): string[] {
  const unknown: string[] = [];
  pruneValue(object, { ...schema, "x-kubernetes-embedded-resource": true }, "", unknown);
  return unknown.sort();
}

function pruneValue(value: unknown, schema: JsonSchema | undefined, path: string, unknown: string[]): void {
  const keep = schema?.["x-kubernetes-preserve-unknown-fields"] === true;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      // Under "preserve" a list's items without a schema of their own are preserved as well.
      if (keep && !schema?.items) continue;
      pruneValue(item, schema?.items, `${path}[${index}]`, unknown);
    }
    return;
  }
  if (!isObject(value)) return;
  for (const key of Object.keys(value)) {
    const at = path === "" ? key : `${path}.${key}`;
    if (schema?.["x-kubernetes-embedded-resource"] && metaFields.has(key)) {
      // The root's own metadata is the server's business.
      if (path !== "" && key === "metadata") pruneValue(value[key], objectMeta, at, unknown);
      continue;
    }
    const member = schema ? memberSchema(schema, key) : undefined;
    if (member) pruneValue(value[key], member, at, unknown);
    else if (!keep && schema?.additionalProperties !== true) {
      unknown.push(at);
      delete value[key];
    } else if (!keep) pruneValue(value[key], undefined, at, unknown);
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
      if (value[index] === null && items && !items.nullable) value[index] = copyOf(items.default);
      applyDefaults(value[index], items);
    }
    return;
  }
  if (!isObject(value)) return;
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.default === undefined || property.default === null) continue;
    if (!Object.hasOwn(value, key) || (value[key] === null && !property.nullable))
      value[key] = copyOf(property.default);
  }
  for (const key of Object.keys(value)) applyDefaultsToMember(value, key, schema);
}

function applyDefaultsToMember(object: Open, key: string, schema: JsonSchema): void {
  const property = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
  const additional = property ? undefined : memberSchema(schema, key);
  if (additional && object[key] === null && !additional.nullable) object[key] = copyOf(additional.default);
  applyDefaults(object[key], property ?? additional);
}

function copyOf(value: unknown): unknown {
  return value === undefined ? null : structuredClone(value);
}
