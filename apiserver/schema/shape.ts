import { isDeepStrictEqual } from "node:util";
import { compilePattern } from "../../policy/cel/regex.ts";
import type { FieldError } from "../http/status.ts";
import { definitionErrors } from "./definition.ts";
import { forbidden, invalid, required } from "./field-errors.ts";
import type { JsonSchema } from "./json-schema.ts";

type Level = "root" | "item" | "field";

const intOrString = [{ type: "integer" }, { type: "string" }];

/**
 * What makes a schema not structural (every field typed, and no type inside allOf, anyOf, oneOf and not; metadata untouched) and what
 * else a CustomResourceDefinition's schema may not say, in Kubernetes' words, sorted.
 */
export function structuralErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors = invariants(schema, "root", path);
  errors.sort((a, b) => (`${a.field}: ${a.message}` < `${b.field}: ${b.message}` ? -1 : 1));
  return [...definitionErrors(schema, path), ...errors];
}

function invariants(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const embedded = schema["x-kubernetes-embedded-resource"] === true;
  const preserve = schema["x-kubernetes-preserve-unknown-fields"] === true;
  const loose = schema["x-kubernetes-int-or-string"] === true;
  if (schema.type === "array" && !schema.items) errors.push(required(`${path}.items`, "must be specified"));
  if (schema.items) errors.push(...invariants(schema.items, "item", `${path}.items`));
  for (const [key, property] of Object.entries(schema.properties ?? {}))
    errors.push(...invariants(property, "field", `${path}.properties[${key}]`));
  if (schema.additionalProperties !== undefined) {
    if (level === "root") errors.push(forbidden(`${path}.additionalProperties`, "must not be used at the root"));
    if (typeof schema.additionalProperties === "object")
      errors.push(...invariants(schema.additionalProperties, "field", `${path}.additionalProperties`));
  }
  if (loose && preserve)
    errors.push(
      invalid(
        `${path}.x-kubernetes-preserve-unknown-fields`,
        true,
        "must be false if x-kubernetes-int-or-string is true",
      ),
    );
  if (loose && embedded)
    errors.push(
      invalid(`${path}.x-kubernetes-embedded-resource`, true, "must be false if x-kubernetes-int-or-string is true"),
    );
  errors.push(...valueErrors(schema, path, true));
  errors.push(...typeErrors(schema, level, path));
  if (embedded && schema.additionalProperties !== undefined)
    errors.push(forbidden(`${path}.additionalProperties`, "must not be used if x-kubernetes-embedded-resource is set"));
  const { kind, apiVersion, metadata } = schema.properties ?? {};
  if (level === "root" || embedded) {
    if (kind && kind.type !== "string")
      errors.push(invalid(`${path}.properties[kind].type`, kind.type ?? "", "must be string"));
    if (apiVersion && apiVersion.type !== "string")
      errors.push(invalid(`${path}.properties[apiVersion].type`, apiVersion.type ?? "", "must be string"));
  }
  if (metadata)
    errors.push(...metadataErrors(metadata, level === "root" || embedded, level, `${path}.properties[metadata]`));
  if (embedded && !preserve && Object.keys(schema.properties ?? {}).length === 0)
    errors.push(
      required(
        `${path}.properties`,
        "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
      ),
    );
  return errors;
}

const missingType: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

function typeErrors(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const { type = "" } = schema;
  const at = `${path}.type`;
  if (schema["x-kubernetes-embedded-resource"] && type !== "object") {
    const detail = "must be object if x-kubernetes-embedded-resource is true";
    return [type === "" ? required(at, detail) : invalid(at, type, detail)];
  }
  const free = schema["x-kubernetes-int-or-string"] || schema["x-kubernetes-preserve-unknown-fields"];
  if (type === "" && !free) return [required(at, missingType[level])];
  return level === "root" && type !== "" && type !== "object" ? [invalid(at, type, "must be object at the root")] : [];
}

function metadataErrors(metadata: JsonSchema, checked: boolean, level: Level, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (checked && metadata.type !== "object")
    errors.push(invalid(`${path}.type`, metadata.type ?? "", "must be object"));
  if (level !== "root") return errors;
  const { type: _type, default: _default, properties = {}, ...rest } = metadata;
  const extra = Object.keys(properties).some((key) => key !== "name" && key !== "generateName");
  if (extra || Object.keys(rest).length > 0) {
    const detail = "must not specify anything other than name and generateName, but metadata is implicitly specified";
    errors.push(forbidden(path, detail));
  }
  return errors;
}

/** Checks what stands under allOf, anyOf, oneOf and not, where only value validation may be. */
function valueErrors(schema: JsonSchema, path: string, spine: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const isPattern = isDeepStrictEqual(schema.anyOf, intOrString);
  if (!(spine && isPattern))
    schema.anyOf?.forEach((part, i) => void errors.push(...nestedErrors(part, `${path}.anyOf[${i}]`, false)));
  schema.allOf?.forEach((part, i) => {
    const skip = spine && i === 0 && isDeepStrictEqual(part.anyOf, intOrString);
    errors.push(...nestedErrors(part, `${path}.allOf[${i}]`, skip));
  });
  schema.oneOf?.forEach((part, i) => void errors.push(...nestedErrors(part, `${path}.oneOf[${i}]`, false)));
  if (schema.not) errors.push(...nestedErrors(schema.not, `${path}.not`, false));
  if (schema.pattern) {
    try {
      compilePattern(schema.pattern);
    } catch (cause) {
      const detail = `must be a valid regular expression, but isn't: ${(cause as Error).message}`;
      errors.push(invalid(`${path}.pattern`, schema.pattern, detail));
    }
  }
  return errors;
}

const empty = "must be empty to be structural";
const undefinedThere = "must be undefined to be structural";
const falseThere = "must be false to be structural";
const refusedBelow: readonly (readonly [keyof JsonSchema, string])[] = [
  ["type", empty],
  ["additionalProperties", undefinedThere],
  ["default", undefinedThere],
  ["title", empty],
  ["description", empty],
  ["nullable", falseThere],
  ["x-kubernetes-preserve-unknown-fields", falseThere],
  ["x-kubernetes-embedded-resource", falseThere],
  ["x-kubernetes-int-or-string", falseThere],
  ["x-kubernetes-list-map-keys", empty],
  ["x-kubernetes-list-type", undefinedThere],
  ["x-kubernetes-map-type", undefinedThere],
  ["x-kubernetes-validations", empty],
];

function nestedErrors(schema: JsonSchema, path: string, skipAnyOf: boolean): FieldError[] {
  const errors = valueErrors(skipAnyOf ? withoutAnyOf(schema) : schema, path, false);
  if (schema.items) errors.push(...nestedErrors(schema.items, `${path}.items`, false));
  for (const [key, property] of Object.entries(schema.properties ?? {}))
    errors.push(...nestedErrors(property, `${path}.properties[${key}]`, false));
  for (const [key, detail] of refusedBelow) {
    const value = schema[key];
    if (value !== undefined && value !== false && value !== "" && !(Array.isArray(value) && value.length === 0))
      errors.push(forbidden(`${path}.${key}`, detail));
  }
  if (schema.properties?.metadata)
    errors.push(forbidden(`${path}.properties[metadata]`, "must not be specified in a nested context"));
  return errors;
}

function withoutAnyOf({ anyOf: _, ...schema }: JsonSchema): JsonSchema {
  return schema;
}
