import type { FieldError } from "../http/status.ts";
import { goNumber, invalid } from "./field-errors.ts";
import { enforcedFormat } from "./formats.ts";
import type { JsonSchema } from "./json-schema.ts";

/** How a message names the place of a value. */
export const inBody = (path: string): string => `${path} in body`;

/** The field of a finding at a path. */
export const named = (path: string): string => (path === "" ? "<nil>" : path.replace(/^\./, ""));

/** Whether Go decodes a number as a whole one. */
export const isInt64 = (value: number): boolean => Number.isInteger(value) && Math.abs(value) < 2 ** 63;

/** What is wrong with a number: its range, its bounds, its factor. */
export function numberErrors(value: number, schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { type } = schema;
  const fail = (detail: string, bad: unknown = value): void => void errors.push(invalid(named(path), bad, detail));
  const range = rangeOf(type, enforcedFormat(type, schema.format));
  if (range && !range.holds(value))
    errors.push(invalid("<nil>", "", `Checked value must be of type ${range.name} in ${path}`));
  // Go compares whole numbers as int64, so a bound loses its fraction.
  const bound = (limit: number): number => (isInt64(value) ? Math.trunc(limit) : limit);
  const { minimum, maximum, multipleOf } = schema;
  if (multipleOf !== undefined) {
    const factor = bound(multipleOf);
    if (factor <= 0) fail(`factor MultipleOf declared for ${path} must be positive: ${goNumber(factor)}`, factor);
    else {
      const ratio = factor < 1 ? (1 / factor) * value : value / factor;
      if (!Number.isInteger(ratio)) fail(`${inBody(path)} should be a multiple of ${goNumber(factor)}`);
    }
  }
  if (minimum !== undefined) {
    const limit = bound(minimum);
    if (schema.exclusiveMinimum ? value <= limit : value < limit) {
      fail(`${inBody(path)} should be greater than ${schema.exclusiveMinimum ? "" : "or equal to "}${goNumber(limit)}`);
    }
  }
  if (maximum !== undefined) {
    const limit = bound(maximum);
    if (schema.exclusiveMaximum ? value >= limit : value > limit) {
      fail(`${inBody(path)} should be less than ${schema.exclusiveMaximum ? "" : "or equal to "}${goNumber(limit)}`);
    }
  }
  return errors;
}

/** What a numeric type and format can hold. */
function rangeOf(type: string | undefined, format: string | undefined) {
  if (type !== "integer") return undefined;
  if (format !== "int32") {
    const name = format ? `integer with format ${format}` : "integer (default format)";
    return { name, holds: isInt64 };
  }
  const holds = (value: number): boolean => isInt64(value) && value <= 2147483647 && value >= -2147483648;
  return { name: "integer with format int32", holds };
}
