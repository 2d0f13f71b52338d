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
 * A component as one self-contained structural schema: references are followed, a recursive one becomes an open
 * object, and metadata is left out because every kind treats it alike.
 */
export function toStructural(name: string): Schema {
  const schema = expand({ $ref: refPrefix + name }, []) as { properties?: Record<string, unknown> };
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

function expand(node: unknown, trail: readonly string[]): unknown {
  if (Array.isArray(node)) return node.map((item) => expand(item, trail));
  if (!isObject(node)) return node;
  if (typeof node.$ref === "string") {
    const name = node.$ref.slice(refPrefix.length);
    if (trail.includes(name)) return open;
    return opaque[name] ?? expand(components[name] ?? open, [...trail, name]);
  }
  const { allOf } = node;
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) {
    if (unenforced.has(key)) continue;
    // A property may be called like a keyword, so only the containers of schemas are entered.
    if (key === "properties" && isObject(value)) {
      result[key] = Object.fromEntries(Object.entries(value).map(([name, child]) => [name, expand(child, trail)]));
    } else if (key === "items" || key === "additionalProperties") result[key] = expand(value, trail);
    else result[key] = value;
  }
  for (const part of Array.isArray(allOf) ? allOf : []) Object.assign(result, expand(part, trail));
  return result;
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
