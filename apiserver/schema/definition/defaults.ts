import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../../lib/json.ts";
import type { FieldError } from "../../http/status.ts";
import { coerceEmbedded, validateEmbedded } from "../embedded.ts";
import { invalid } from "../field-errors.ts";
import { type JsonSchema, metaFields } from "../json-schema.ts";
import { prune } from "../prune.ts";
import { compileRules, validateRules } from "../rules.ts";
import { validateValue } from "../values.ts";

/** Builds the smallest resource that has a value at the place of a default. */
type Surround = (value: unknown) => Record<string, unknown>;

interface Place {
  readonly path: string;
  /** The resource whose metadata the default is part of, if it is. */
  readonly resource: JsonSchema;
  readonly insideMeta: boolean;
  readonly surround: Surround;
}

const typeMeta = { apiVersion: "validation/v1", kind: "Validation" };
const asResource: Surround = (value) => ({ ...typeMeta, ...(isObject(value) ? value : {}) });

/** Checks that every default validates, rules included, and holds nothing that would be pruned. */
export function defaultErrors(schema: JsonSchema, path: string): FieldError[] {
  const resource = { ...schema, "x-kubernetes-embedded-resource": true };
  return visit(resource, { path, resource, insideMeta: false, surround: asResource });
}

function visit(schema: JsonSchema, given: Place): FieldError[] {
  const embedded = schema["x-kubernetes-embedded-resource"] === true;
  const place = embedded ? { ...given, resource: schema, insideMeta: false, surround: asResource } : given;
  const errors: FieldError[] = [];
  if (schema.default !== undefined && schema.default !== null) errors.push(...judge(schema, place));
  if (schema.items) {
    const surround: Surround = (value) => place.surround([value]);
    errors.push(...visit(schema.items, { ...place, path: `${place.path}.items`, surround }));
  }
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const insideMeta = place.insideMeta || (embedded && metaFields.has(key));
    const surround: Surround = (value) => place.surround({ [key]: value });
    errors.push(...visit(property, { ...place, path: `${place.path}.properties[${key}]`, insideMeta, surround }));
  }
  return errors;
}

function judge(schema: JsonSchema, { path, resource, insideMeta, surround }: Place): FieldError[] {
  const at = `${path}.default`;
  const value: unknown = structuredClone(schema.default);
  if (insideMeta) {
    const object = surround(value);
    const { wrong } = coerceEmbedded(object, resource);
    const meta = wrong ? [wrong] : validateEmbedded(object, resource);
    if (meta.length > 0) {
      const found = meta.map(({ field, message }) => `${field}: ${message}`);
      const text = found.length === 1 ? found[0] : `[${[...new Set(found)].join(", ")}]`;
      return [invalid(at, schema.default, `must result in valid metadata: ${text}`)];
    }
    return valueErrors(value, schema, at, schema === resource);
  }
  const errors: FieldError[] = [];
  const pruned: unknown = structuredClone(value);
  prune({ pruned }, { type: "object", properties: { pruned: schema } });
  if (!isDeepStrictEqual(pruned, value)) errors.push(invalid(at, schema.default, "must not have unknown fields"));
  const { wrong } = coerceEmbedded(value, schema, at);
  const meta = wrong ? [wrong] : validateEmbedded(value, schema, at);
  return [...errors, ...(meta.length > 0 ? meta : valueErrors(value, schema, at, schema === resource))];
}

function valueErrors(value: unknown, schema: JsonSchema, at: string, root: boolean): FieldError[] {
  const errors = validateValue(value, asStructural(schema)).map((error) => ({
    ...error,
    field: error.field === "<nil>" ? at : `${at}.${error.field}`,
  }));
  const rules = errors.length === 0 ? compileRules(schema, root) : undefined;
  if (!rules) return errors;
  // A default takes the place of itself, and of nothing.
  const kept = validateRules(value, value, rules);
  const found = kept.length > 0 ? kept : validateRules(value, undefined, rules);
  return found.map((error) => ({ ...error, field: error.field === "<nil>" ? at : join(at, error.field) }));
}

const join = (path: string, field: string): string => (field.startsWith("[") ? path + field : `${path}.${field}`);

/** Defaults are judged without the meaning that `x-kubernetes-int-or-string` has elsewhere. */
function asStructural(schema: JsonSchema): JsonSchema {
  const { "x-kubernetes-int-or-string": _, properties, items, additionalProperties, ...rest } = schema;
  return {
    ...rest,
    ...(items ? { items: asStructural(items) } : {}),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties:
            typeof additionalProperties === "object" ? asStructural(additionalProperties) : additionalProperties,
        }),
    ...(properties
      ? { properties: Object.fromEntries(Object.entries(properties).map(([key, part]) => [key, asStructural(part)])) }
      : {}),
  };
}
