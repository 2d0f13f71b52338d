import type { Environment } from "@marcbachmann/cel-js";
import { meter } from "../cost.ts";

// Positions count Unicode code points, as cel-go does; most strings have none beyond the BMP and need no array.
const chars = (text: string): readonly string[] | string => (/[\ud800-\udfff]/.test(text) ? Array.from(text) : text);
const cut = (text: readonly string[] | string, from: number, to?: number): string =>
  typeof text === "string" ? text.slice(from, to) : text.slice(from, to).join("");
const count = (text: string): number => chars(text).length;

function position(text: readonly string[] | string, index: bigint, max = text.length): number {
  const at = Number(index);
  if (at < 0 || at > max) throw new Error(`index out of range: ${index}`);
  return at;
}

function indexOf(text: string, part: string, from: number): bigint {
  const all = chars(text);
  const units = typeof all === "string" ? from : cut(all, 0, from).length;
  const found = text.indexOf(part, units);
  return BigInt(found < 0 ? -1 : typeof all === "string" ? found : count(text.slice(0, found)));
}

function lastIndexOf(text: string, part: string, from?: number): bigint {
  const all = chars(text);
  const units = from === undefined || typeof all === "string" ? from : cut(all, 0, from).length;
  const found = text.lastIndexOf(part, units ?? Number.POSITIVE_INFINITY);
  return BigInt(found < 0 ? -1 : typeof all === "string" ? found : count(text.slice(0, found)));
}

const lower = (text: string): string => text.replace(/[A-Z]+/g, (run) => run.toLowerCase());
const upper = (text: string): string => text.replace(/[a-z]+/g, (run) => run.toUpperCase());

function replace(text: string, what: string, by: string, limit: bigint): string {
  const parts = text.split(what);
  const times = limit < 0n ? parts.length - 1 : Math.min(parts.length - 1, Number(limit));
  // Before it is built: the result may be the product of two inputs.
  meter.charge((text.length + times * by.length) * 0.1);
  return (
    parts.slice(0, times + 1).join(by) +
    parts
      .slice(times + 1)
      .map((part) => what + part)
      .join("")
  );
}

function split(text: string, by: string, limit = -1n): string[] {
  if (limit === 0n) return [];
  const parts = by === "" ? Array.from(text) : text.split(by);
  if (limit < 0n || BigInt(parts.length) <= limit) return parts;
  const n = Number(limit);
  return [...parts.slice(0, n - 1), parts.slice(n - 1).join(by)];
}

function join(list: readonly unknown[], by = ""): string {
  for (const item of list) if (typeof item !== "string") throw new Error("join(): list must contain only strings");
  meter.charge(list.length * (1 + by.length * 0.1));
  return list.join(by);
}

/** As Go's strings.TrimSpace. A regular expression would try the end from each blank of a long gap between words. */
function trim(text: string): string {
  const isSpace = (at: number): boolean => /[\s\u0085]/.test(text.charAt(at));
  let [start, end] = [0, text.length];
  while (start < end && isSpace(start)) start++;
  while (end > start && isSpace(end - 1)) end--;
  return text.slice(start, end);
}

/** cel-go's string extension, version 2. */
export function addStrings(env: Environment): void {
  env
    .registerFunction("string.k8s_charAt(int): string", (text: string, index: bigint) => {
      const all = chars(text);
      const at = position(all, index);
      return cut(all, at, at + 1);
    })
    .registerFunction("string.k8s_indexOf(string): int", (text: string, part: string) => indexOf(text, part, 0))
    .registerFunction("string.k8s_indexOf(string, int): int", (text: string, part: string, from: bigint) =>
      indexOf(text, part, position(chars(text), from)),
    )
    .registerFunction("string.k8s_lastIndexOf(string): int", (text: string, part: string) => lastIndexOf(text, part))
    .registerFunction("string.k8s_lastIndexOf(string, int): int", (text: string, part: string, from: bigint) =>
      lastIndexOf(text, part, position(chars(text), from)),
    )
    .registerFunction("string.k8s_substring(int): string", (text: string, from: bigint) => {
      const all = chars(text);
      return cut(all, position(all, from));
    })
    .registerFunction("string.k8s_substring(int, int): string", (text: string, from: bigint, to: bigint) => {
      const all = chars(text);
      if (from > to) throw new Error(`invalid substring range. start: ${from}, end: ${to}`);
      return cut(all, position(all, from), position(all, to));
    })
    .registerFunction("string.k8s_lowerAscii(): string", lower)
    .registerFunction("string.k8s_upperAscii(): string", upper)
    .registerFunction("string.k8s_trim(): string", trim)
    .registerFunction("string.k8s_replace(string, string): string", (text: string, what: string, by: string) =>
      replace(text, what, by, -1n),
    )
    .registerFunction(
      "string.k8s_replace(string, string, int): string",
      (text: string, what: string, by: string, limit: bigint) => replace(text, what, by, limit),
    )
    .registerFunction("string.k8s_split(string): list<string>", (text: string, by: string) => split(text, by))
    .registerFunction("string.k8s_split(string, int): list<string>", split)
    .registerFunction("list<string>.k8s_join(): string", (list: unknown[]) => join(list))
    .registerFunction("list<string>.k8s_join(string): string", join)
    .registerFunction("string.format(list<dyn>): string", format);
  class Strings {}
  env.registerType("kubernetes.StringsNamespace", Strings as never);
  env.registerConstant("strings", "kubernetes.StringsNamespace", new Strings());
  env.registerFunction("kubernetes.StringsNamespace.quote(string): string", (_: unknown, text: string) => quote(text));
}

const escapes: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

function quote(text: string): string {
  return `"${text.replace(/[\p{Cc}\\"]/gu, (char) => escapes[char] ?? char)}"`;
}

function format(template: string, values: readonly unknown[]): string {
  let next = 0;
  return template.replace(/%(?:\.(\d{1,3}))?(.)?/gs, (_, precision: string | undefined, verb: string | undefined) => {
    if (verb === "%") return "%";
    if (verb === undefined) throw new Error("could not parse formatting clause: unexpected end of string");
    if (next >= values.length) throw new Error(`index ${next} out of range`);
    return formatOne(verb, precision, values[next++]);
  });
}

function formatOne(verb: string, precision: string | undefined, value: unknown): string {
  const digits = precision === undefined ? 6 : Math.min(Number(precision), 100);
  if (verb === "s") return show(value);
  if (verb === "d" && (typeof value === "bigint" || typeof value === "number")) return String(value);
  if (verb === "f" && typeof value !== "object") return Number(value).toFixed(digits);
  if (verb === "e")
    return Number(value)
      .toExponential(digits)
      .replace(/e([+-])(\d)$/, "e$10$2");
  if (verb === "b") return typeof value === "boolean" ? (value ? "1" : "0") : BigInt(value as bigint).toString(2);
  if (verb === "o" && typeof value === "bigint") return value.toString(8);
  if (verb === "x" || verb === "X") {
    const hex = typeof value === "bigint" ? value.toString(16) : Buffer.from(value as string).toString("hex");
    return verb === "X" ? hex.toUpperCase() : hex;
  }
  throw new Error(`unrecognized formatting clause "${verb}"`);
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (typeof value !== "object" || value === null || value.constructor !== Object) return String(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${key}: ${show(member)}`).join(", ")}}`;
}
