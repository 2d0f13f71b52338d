import type { FieldError } from "../../http/status.ts";
import { fieldErrorOf, forbidden, goQuote } from "../field-errors.ts";
import type { JsonSchema } from "../json-schema.ts";

type Loose = JsonSchema & Readonly<Record<string, unknown>>;

const types = ["array", "boolean", "integer", "number", "object", "string"];
const foreign = ["id", "$schema", "$ref", "patternProperties", "dependencies", "additionalItems", "definitions"];
// Of these, `$schema` is refused only when nothing else is.
const refused = ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"];

/** What JSON Schema has at this node and a definition may not have. */
export function foreignErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const loose = schema as Loose;
  const { type = "", items } = schema;
  if (type !== "" && !types.includes(type)) {
    const detail = `supported values: ${types.map(goQuote).join(", ")}`;
    errors.push(fieldErrorOf("FieldValueNotSupported", `${path}.type`, type, detail));
  }
  for (const name of refused)
    if (isSet(loose[name])) errors.push(forbidden(`${path}.${name}`, `${name} is not supported`));
  if (type === "null")
    errors.push(forbidden(`${path}.type`, "type cannot be set to null, use nullable as an alternative"));
  if (Array.isArray(items) && items.length > 0)
    errors.push(forbidden(`${path}.items`, "items must be a schema object and not an array"));
  return errors;
}

/** The first thing anywhere below that keeps a schema from being read as a structural one. */
export function unsupported(schema: JsonSchema): string | undefined {
  const loose = schema as Loose;
  const name = foreign.find((key) => isSet(loose[key]));
  if (name) return `OpenAPIV3Schema '${name.replace("$schema", "schema")}' is not supported`;
  if (schema["x-kubernetes-preserve-unknown-fields"] === false)
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
  if (Array.isArray(schema.items)) return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  for (const child of children(schema)) {
    const found = unsupported(child);
    if (found) return found;
  }
  return undefined;
}

function children(schema: JsonSchema): JsonSchema[] {
  const { not, items, additionalProperties, properties, allOf = [], anyOf = [], oneOf = [] } = schema;
  return [
    ...(not ? [not] : []),
    ...allOf,
    ...anyOf,
    ...oneOf,
    ...(items ? [items] : []),
    ...Object.values(properties ?? {}),
    ...(typeof additionalProperties === "object" ? [additionalProperties] : []),
  ];
}

function isSet(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== "";
}
