import { isObject } from "../../lib/json.ts";
import type { FieldError } from "../http/status.ts";

/** Marks a value that is too big to repeat in a message. */
export const omitted = Symbol("omitted");

const words: Readonly<Record<string, string>> = {
  FieldValueRequired: "Required value",
  FieldValueDuplicate: "Duplicate value",
  FieldValueInvalid: "Invalid value",
  FieldValueTypeInvalid: "Invalid value",
  FieldValueNotSupported: "Unsupported value",
  FieldValueForbidden: "Forbidden",
  FieldValueTooLong: "Too long",
  FieldValueTooMany: "Too many",
  InternalError: "Internal error",
};
const withoutValue = new Set(["FieldValueRequired", "FieldValueForbidden", "FieldValueTooLong", "InternalError"]);

/** A finding worded as apimachinery's `field.Error`: the message without the field's path. */
export function fieldErrorOf(type: string, field: string, badValue: unknown, detail: string): FieldError {
  const word = words[type] ?? type;
  const shown = withoutValue.has(type) || badValue === omitted ? word : `${word}: ${goValue(badValue)}`;
  return {
    type,
    field,
    detail,
    ...(badValue === omitted || badValue === undefined ? {} : { badValue }),
    message: detail === "" ? shown : `${shown}: ${detail}`,
  };
}

export const invalid = (field: string, badValue: unknown, detail: string): FieldError =>
  fieldErrorOf("FieldValueInvalid", field, badValue, detail);

export const required = (field: string, detail = ""): FieldError =>
  fieldErrorOf("FieldValueRequired", field, "", detail);

export const forbidden = (field: string, detail: string): FieldError =>
  fieldErrorOf("FieldValueForbidden", field, "", detail);

export const duplicate = (field: string, badValue: unknown): FieldError =>
  fieldErrorOf("FieldValueDuplicate", field, badValue, "");

/** How Go prints a value in a field error. */
function goValue(value: unknown): string {
  if (typeof value === "string") return goQuote(value);
  if (typeof value === "number") return goNumber(value);
  if (typeof value === "boolean") return String(value);
  return goJson(value);
}

/** A value that Go prints with its members in the order given, as structs are. */
export class GoStruct {
  constructor(members: object) {
    Object.assign(this, members);
  }
}

/** `encoding/json`: keys sorted, HTML characters escaped. */
export function goJson(value: unknown): string {
  const text = JSON.stringify(value, (_, member: unknown) =>
    isObject(member) && !(member instanceof GoStruct)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
  return (text ?? "null").replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** `%q`: what is not to be seen as Go escapes it. */
export function goQuote(text: string): string {
  return JSON.stringify(text)
    .replace(/\\u00(0[7b]|[01][0-9a-f])/g, (_, code: string) => {
      if (code === "07") return "\\a";
      return code === "0b" ? "\\v" : `\\x${code}`;
    })
    .replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (char) => {
      const code = char.codePointAt(0)!.toString(16);
      if (code === "7f") return "\\x7f";
      return code.length > 4 ? `\\U${code.padStart(8, "0")}` : `\\u${code.padStart(4, "0")}`;
    });
}

/** `%v` of a float64 or int64. */
export function goNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value);
  const size = Math.abs(value);
  const text = size < 1e-4 && size > 0 ? value.toExponential() : String(value);
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}
