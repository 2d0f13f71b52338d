import { isObject } from "../../lib/json.ts";
import { goNumber, goQuote } from "../schema/field-errors.ts";

const sorted = (value: Record<string, unknown>): [string, unknown][] =>
  Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));

/** `%v` of a decoded JSON value: `map[a:1 b:[x <nil>]]`. */
export function goPlain(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (typeof value === "number") return goNumber(value);
  if (Array.isArray(value)) return `[${value.map(goPlain).join(" ")}]`;
  if (!isObject(value)) return String(value);
  return `map[${sorted(value)
    .map(([key, member]) => `${key}:${goPlain(member)}`)
    .join(" ")}]`;
}

/** `%#v` of a decoded JSON value: `map[string]interface {}{"a":1}`. */
export function goSyntax(value: unknown): string {
  if (value === null || value === undefined) return "interface {}(nil)";
  if (typeof value === "number") return goNumber(value);
  if (typeof value === "string") return goQuote(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(", ")}}`;
  if (!isObject(value)) return String(value);
  return `map[string]interface {}{${sorted(value)
    .map(([key, member]) => `${goQuote(key)}:${goSyntax(member)}`)
    .join(", ")}}`;
}
