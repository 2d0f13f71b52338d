import { copyJson, isObject } from "../../lib/json.ts";
import { formatErrors } from "../../policy/cel/formats.ts";
import type { FieldError } from "../http/status.ts";
import { normaliseMetadata, validateMetadata } from "../kinds/metadata.ts";
import { checkPathSegment } from "../kinds/names.ts";
import type { KubeObject } from "../store/entry.ts";
import { invalid, required } from "./field-errors.ts";
import { type JsonSchema, memberSchema } from "./json-schema.ts";

type Open = Record<string, unknown>;

const embedding = new WeakMap<JsonSchema, boolean>();

/** Whether a resource may be embedded anywhere under a schema. Most have none, and every write asks. */
function embeds(schema: JsonSchema): boolean {
  let known = embedding.get(schema);
  if (known === undefined) {
    // A schema may hold itself, as that of definitions does.
    embedding.set(schema, false);
    const { items, additionalProperties, properties = {} } = schema;
    const below = [items, additionalProperties, ...Object.values(properties)];
    known =
      schema["x-kubernetes-embedded-resource"] === true ||
      below.some((part) => typeof part === "object" && embeds(part));
    embedding.set(schema, known);
  }
  return known;
}

/** Calls `visit` for each resource embedded in a value (`x-kubernetes-embedded-resource`), the value itself included. */
function forEachEmbedded(
  value: unknown,
  schema: JsonSchema | undefined,
  path: string,
  visit: (resource: Open, path: string) => void,
): void {
  if (!schema || !embeds(schema)) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) forEachEmbedded(item, schema.items, `${path}[${index}]`, visit);
  } else if (isObject(value)) {
    if (schema["x-kubernetes-embedded-resource"]) visit(value, path);
    for (const [key, member] of Object.entries(value)) {
      const named = schema.properties && Object.hasOwn(schema.properties, key);
      forEachEmbedded(member, memberSchema(schema, key), named ? join(path, key) : `${path}[${key}]`, visit);
    }
  }
}

const join = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

export interface Coerced {
  /** Paths of what embedded metadata does not know; they are removed. */
  readonly unknown: readonly string[];
  /** The first apiVersion, kind or metadata of a wrong type. */
  readonly wrong?: FieldError;
}

/** Brings metadata of embedded resources into its typed form, in place, as the decoder does. */
export function coerceEmbedded(value: unknown, schema: JsonSchema, path = ""): Coerced {
  const unknown: string[] = [];
  let wrong: FieldError | undefined;
  forEachEmbedded(value, schema, path, (resource, at) => {
    for (const name of ["apiVersion", "kind"]) {
      const bad = name in resource && typeof resource[name] !== "string";
      if (bad) wrong ??= invalid(join(at, name), resource[name], "must be a string");
    }
    if (!isObject(resource) || !("metadata" in resource)) return;
    const given: unknown = copyJson(resource.metadata);
    nullsToTexts(resource.metadata);
    const metadata = normaliseMetadata(resource as KubeObject, true);
    unknown.push(...metadata.unknown.map((name) => join(at, name)));
    // It is decoded by itself, so its type is not named as a member's.
    const why = metadata.wrong?.replace("Go struct field .metadata of type", "Go value of type");
    if (why !== undefined) wrong ??= invalid(join(at, "metadata"), given, why);
  });
  return { unknown: unknown.sort(), ...(wrong ? { wrong } : {}) };
}

/** Go takes a null for a text that is empty. */
function nullsToTexts(metadata: unknown): void {
  if (!isObject(metadata)) return;
  for (const name of ["labels", "annotations", "finalizers"]) {
    const texts = metadata[name];
    if (!isObject(texts) && !Array.isArray(texts)) continue;
    const members = texts as Open;
    for (const key of Object.keys(members)) members[key] ??= "";
  }
}

/** Checks apiVersion, kind and metadata of embedded resources, in Kubernetes' words. */
export function validateEmbedded(value: unknown, schema: JsonSchema, path = ""): FieldError[] {
  const errors: FieldError[] = [];
  forEachEmbedded(value, schema, path, (resource, at) => {
    errors.push(...typeMetaErrors(resource, at), ...metadataErrors(resource, at));
  });
  return errors;
}

function typeMetaErrors(resource: Open, path: string): FieldError[] {
  const { apiVersion, kind } = resource;
  const errors: FieldError[] = [];
  for (const name of ["apiVersion", "kind"]) {
    const at = join(path, name);
    if (!(name in resource)) errors.push(required(at));
    else if (typeof resource[name] !== "string") errors.push(invalid(at, resource[name], "must be a string"));
    else if (resource[name] === "") errors.push(invalid(at, "", "must not be empty"));
  }
  if (typeof apiVersion === "string" && apiVersion.split("/").length > 2)
    errors.push(invalid(join(path, "apiVersion"), apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  if (typeof kind === "string" && kind !== "") {
    const wrong = formatErrors("dns1035Label", kind.toLowerCase());
    const detail = `may have mixed case, but should otherwise match: ${wrong.join(",")}`;
    if (wrong.length > 0) errors.push(invalid(join(path, "kind"), kind, detail));
  }
  return errors;
}

function metadataErrors(resource: Open, path: string): FieldError[] {
  const { metadata } = resource;
  if (!isObject(metadata)) return [];
  // A name is not asked for, but one that is given must fit into a path.
  const named = { ...resource, metadata: { ...metadata, name: metadata.name || "fakename" } } as KubeObject;
  const errors = validateMetadata(named, Boolean(metadata.namespace), checkPathSegment);
  return errors.map((error) => ({ ...error, field: join(path, error.field) }));
}
