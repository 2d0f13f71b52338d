import { isObject } from "../../lib/json.ts";
import { formatErrors } from "../../policy/cel/formats.ts";
import type { FieldError } from "../http/status.ts";
import { invalid, required } from "./field-errors.ts";
import { type JsonSchema, memberSchema } from "./json-schema.ts";

/** Checks apiVersion and kind of resources embedded below the root (`x-kubernetes-embedded-resource`). */
export function validateEmbedded(value: unknown, schema: JsonSchema | undefined, path = ""): FieldError[] {
  if (!schema) return [];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => validateEmbedded(item, schema.items, `${path}[${index}]`));
  }
  if (!isObject(value)) return [];
  return [
    ...(schema["x-kubernetes-embedded-resource"] ? checkTypeMeta(value, path) : []),
    ...Object.entries(value).flatMap(([key, member]) => {
      const named = schema.properties && Object.hasOwn(schema.properties, key);
      const at = named ? (path === "" ? key : `${path}.${key}`) : `${path}[${key}]`;
      return validateEmbedded(member, memberSchema(schema, key), at);
    }),
  ];
}

function checkTypeMeta(value: Record<string, unknown>, path: string): FieldError[] {
  const { apiVersion, kind } = value;
  const errors: FieldError[] = [];
  if (!("apiVersion" in value)) errors.push(required(`${path}.apiVersion`));
  if (!("kind" in value)) errors.push(required(`${path}.kind`));
  if ("apiVersion" in value) {
    const at = `${path}.apiVersion`;
    if (typeof apiVersion !== "string") errors.push(invalid(at, apiVersion, "must be a string"));
    else if (apiVersion === "") errors.push(invalid(at, apiVersion, "must not be empty"));
    else if (apiVersion.split("/").length > 2) {
      errors.push(invalid(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
    }
  }
  if ("kind" in value) {
    const at = `${path}.kind`;
    if (typeof kind !== "string") errors.push(invalid(at, kind, "must be a string"));
    else if (kind === "") errors.push(invalid(at, kind, "must not be empty"));
    else {
      const wrong = formatErrors("dns1035Label", kind.toLowerCase());
      if (wrong.length > 0) {
        errors.push(invalid(at, kind, `may have mixed case, but should otherwise match: ${wrong.join(",")}`));
      }
    }
  }
  return errors;
}
