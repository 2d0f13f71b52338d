import type { FieldError } from "../../http/status.ts";
import { duplicate, fieldErrorOf, invalid, required } from "../field-errors.ts";
import { followPath } from "../field-path.ts";
import type { JsonSchema } from "../json-schema.ts";

export interface SelectableField {
  readonly jsonPath?: string;
}

const most = 8;
const scalars = ["string", "boolean", "integer"];

/** What is wrong with the fields that selectors may name. */
export function selectableErrors(
  fields: readonly SelectableField[],
  schema: JsonSchema | undefined,
  path: string,
): FieldError[] {
  if (fields.length === 0) return [];
  if (!schema) {
    const detail =
      path === "spec.selectableFields"
        ? "may only be set when validations.schema is included"
        : "may only be set when `version.schema.openAPIV3Schema` is not included";
    return [invalid(path, "", detail)];
  }
  const seen = new Set<string>();
  const errors = fields.flatMap(({ jsonPath = "" }, index): FieldError[] => {
    const at = `${path}[${index}].jsonPath`;
    if (jsonPath === "") return [required(at)];
    const found = followPath(jsonPath, schema, false);
    if ("wrong" in found) return [invalid(at, jsonPath, `is an invalid path: ${found.wrong}`)];
    const mine: FieldError[] = [];
    if (found.root === "metadata") mine.push(invalid(at, jsonPath, "must not point to fields in metadata"));
    if (!scalars.includes(found.schema.type ?? "")) {
      const detail =
        "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
      mine.push(invalid(at, jsonPath, detail));
    }
    if (seen.has(found.text)) mine.push(duplicate(at, jsonPath));
    seen.add(found.text);
    return mine;
  });
  if (seen.size <= most) return errors;
  return [...errors, fieldErrorOf("FieldValueTooMany", path, seen.size, `must have at most ${most} items`)];
}
