import { readFileSync } from "node:fs";
import { isObject } from "../../lib/json.ts";

type Schema = Readonly<Record<string, unknown>>;

/** The published OpenAPI schemas of the built-in kinds that are served here, by component name. */
export const components: Readonly<Record<string, Schema>> = (
  JSON.parse(readFileSync(new URL("../builtin/schemas.json", import.meta.url), "utf8")) as {
    schemas: Record<string, Schema>;
  }
).schemas;

const refPrefix = "#/components/schemas/";
const metaPrefix = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/**
 * A component as one self-contained structural schema: references are followed, so a recursive one holds itself, and
 * metadata is left out because every kind treats it alike.
 */
export function toStructural(name: string): Schema {
  const schema = referred(name, new Map()) as { properties?: Record<string, unknown> };
  const { apiVersion: _a, kind: _k, metadata: _m, ...properties } = schema.properties ?? {};
  return {
    ...schema,
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      ...properties,
    },
  };
}

const open: Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

// A cluster judges built-in kinds by code, in other words than a schema's: the strategies do that here.
const unenforced = new Set([
  "allOf",
  "description",
  "default",
  "required",
  "enum",
  "format",
  "x-kubernetes-group-version-kind",
]);

// Lists that Go writes as null while nobody has filled them.
const nilLists: Readonly<Record<string, readonly string[]>> = {
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus": ["conditions"],
};

type Made = Map<string, Record<string, unknown>>;

/** Registered before it is filled: what it refers to may refer to it. */
function referred(name: string, made: Made): Schema {
  const known = opaque[name] ?? made.get(name);
  if (known) return known;
  const result: Record<string, unknown> = {};
  made.set(name, result);
  fill(result, components[name] ?? open, made);
  const properties = result.properties as Record<string, Schema> | undefined;
  for (const field of nilLists[name] ?? [])
    if (properties?.[field]) properties[field] = { ...properties[field], nullable: true };
  return result;
}

function expand(node: unknown, made: Made): unknown {
  if (!isObject(node)) return node;
  const { $ref, allOf } = node;
  const target = typeof $ref === "string" ? $ref : Array.isArray(allOf) ? onlyRef(allOf) : undefined;
  if (target) return referred(target.slice(refPrefix.length), made);
  const result: Record<string, unknown> = {};
  fill(result, node, made);
  return result;
}

/** The published documents wrap a reference in `allOf` to say more about it, none of which counts here. */
function onlyRef(allOf: readonly unknown[]): string | undefined {
  const [first] = allOf;
  return allOf.length === 1 && isObject(first) && typeof first.$ref === "string" ? first.$ref : undefined;
}

function fill(result: Record<string, unknown>, node: Readonly<Record<string, unknown>>, made: Made): void {
  for (const [key, value] of Object.entries(node)) {
    if (unenforced.has(key)) continue;
    // A property may be called like a keyword, so only the containers of schemas are entered.
    if (key === "properties" && isObject(value)) {
      result[key] = Object.fromEntries(Object.entries(value).map(([name, child]) => [name, expand(child, made)]));
    } else if (key === "items" || key === "additionalProperties") result[key] = expand(value, made);
    else result[key] = value;
  }
}

// Types whose published schema says less than their wire form.
const opaque: Readonly<Record<string, Schema>> = {
  [`${metaPrefix}Time`]: { type: "string", nullable: true },
  [`${metaPrefix}MicroTime`]: { type: "string", nullable: true },
  [`${metaPrefix}FieldsV1`]: open,
  "io.k8s.apimachinery.pkg.runtime.RawExtension": open,
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": { "x-kubernetes-preserve-unknown-fields": true },
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": {
    "x-kubernetes-preserve-unknown-fields": true,
  },
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": {
    "x-kubernetes-preserve-unknown-fields": true,
  },
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": {
    "x-kubernetes-preserve-unknown-fields": true,
  },
};
