import { isDeepStrictEqual } from "node:util";
import { compilePattern } from "../../../policy/cel/regex.ts";
import type { FieldError } from "../../http/status.ts";
import { forbidden, invalid, required } from "../field-errors.ts";
import type { JsonSchema } from "../json-schema.ts";

type Level = "root" | "item" | "field";

const intOrString = [{ type: "integer" }, { type: "string" }];

/**
 * What makes a schema not structural, in Kubernetes' words, sorted: every field has a type, nothing below allOf, anyOf,
 * oneOf and not is there alone, and metadata is left alone.
 */
export function structureErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors = [...invariants(schema, "root", path), ...completeness(schema, schema, path, path)];
  return errors.sort((a, b) => (`${a.field}: ${a.message}` < `${b.field}: ${b.message}` ? -1 : 1));
}

function invariants(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const embedded = schema["x-kubernetes-embedded-resource"] === true;
  const { type = "", items, properties = {}, additionalProperties } = schema;
  if (type === "array" && !items) errors.push(required(`${path}.items`, "must be specified"));
  if (items) errors.push(...invariants(items, "item", `${path}.items`));
  for (const [key, property] of Object.entries(properties))
    errors.push(...invariants(property, "field", `${path}.properties[${key}]`));
  if (additionalProperties !== undefined && level === "root")
    errors.push(forbidden(`${path}.additionalProperties`, "must not be used at the root"));
  if (typeof additionalProperties === "object")
    errors.push(...invariants(additionalProperties, "field", `${path}.additionalProperties`));
  errors.push(...extensionErrors(schema, path), ...valueErrors(schema, path, true), ...typeErrors(schema, level, path));
  if (embedded && additionalProperties !== undefined)
    errors.push(forbidden(`${path}.additionalProperties`, "must not be used if x-kubernetes-embedded-resource is set"));
  errors.push(...metaErrors(properties, level, embedded, path));
  const bare = !schema["x-kubernetes-preserve-unknown-fields"] && Object.keys(properties).length === 0;
  if (embedded && bare) {
    const detail =
      "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
    errors.push(required(`${path}.properties`, detail));
  }
  return errors;
}

function extensionErrors(schema: JsonSchema, path: string): FieldError[] {
  if (!schema["x-kubernetes-int-or-string"]) return [];
  return (["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] as const)
    .filter((name) => schema[name])
    .map((name) => invalid(`${path}.${name}`, true, "must be false if x-kubernetes-int-or-string is true"));
}

const missingType: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

function typeErrors(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const { type = "" } = schema;
  const at = `${path}.type`;
  const errors: FieldError[] = [];
  const free = schema["x-kubernetes-int-or-string"] || schema["x-kubernetes-preserve-unknown-fields"];
  if (schema["x-kubernetes-embedded-resource"] && type !== "object") {
    const detail = "must be object if x-kubernetes-embedded-resource is true";
    errors.push(type === "" ? required(at, detail) : invalid(at, type, detail));
  } else if (type === "" && !free) errors.push(required(at, missingType[level]));
  if (level === "root" && type !== "" && type !== "object")
    errors.push(invalid(at, type, "must be object at the root"));
  return errors;
}

function metaErrors(
  { kind, apiVersion, metadata }: Readonly<Record<string, JsonSchema>>,
  level: Level,
  embedded: boolean,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const resource = level === "root" || embedded;
  for (const [name, property] of Object.entries({ kind, apiVersion })) {
    if (resource && property && property.type !== "string")
      errors.push(invalid(`${path}.properties[${name}].type`, property.type ?? "", "must be string"));
  }
  if (!metadata) return errors;
  const at = `${path}.properties[metadata]`;
  if (resource && metadata.type !== "object") errors.push(invalid(`${at}.type`, metadata.type ?? "", "must be object"));
  if (level !== "root") return errors;
  const { type: _type, default: _default, properties = {}, ...rest } = metadata;
  const extra = Object.keys(properties).some((key) => key !== "name" && key !== "generateName");
  if (extra || Object.keys(rest).length > 0) {
    const detail = "must not specify anything other than name and generateName, but metadata is implicitly specified";
    errors.push(forbidden(at, detail));
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

/** Whatever is judged under allOf, anyOf, oneOf and not is also declared outside of them. */
function completeness(values: JsonSchema, declared: JsonSchema, at: string, path: string): FieldError[] {
  const parts: [string, JsonSchema | undefined][] = [
    ["not", values.not],
    ...(["allOf", "anyOf", "oneOf"] as const).flatMap((word) =>
      (values[word] ?? []).map((part, i): [string, JsonSchema] => [`${word}[${i}]`, part]),
    ),
  ];
  return parts.flatMap(([word, part]) => (part ? nestedCompleteness(part, declared, at, `${path}.${word}`) : []));
}

function nestedCompleteness(
  values: JsonSchema,
  declared: JsonSchema | undefined,
  at: string,
  path: string,
): FieldError[] {
  if (!declared) return [required(at, `because it is defined in ${path}`)];
  return [
    ...completeness(values, declared, at, path),
    ...(values.items ? nestedCompleteness(values.items, declared.items, `${at}.items`, `${path}.items`) : []),
    ...Object.entries(values.properties ?? {}).flatMap(([key, part]) => {
      const where = `.properties[${key}]`;
      return nestedCompleteness(part, declared.properties?.[key], at + where, path + where);
    }),
  ];
}
