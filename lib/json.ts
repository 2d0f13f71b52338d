import { sha256 } from "./ids.ts";
import { Problem } from "./problem.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface JsonLimits {
  readonly maxBytes: number;
  readonly maxDepth: number;
}

const defaultLimits: JsonLimits = { maxBytes: 1_600_000, maxDepth: 100 };
const forbiddenKeys = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Parses JSON from outside: refuses what is too large, nested too deep, has a key twice or a key that pollutes
 * prototypes. Throws `InvalidJson`. Runs in linear time: one scan before `JSON.parse`, which recurses.
 */
export function parseJson(text: string, limits: Partial<JsonLimits> = {}): Json {
  const { maxBytes, maxDepth } = { ...defaultLimits, ...limits };
  if (text.length > maxBytes) throw new Problem("InvalidJson", `JSON is larger than ${maxBytes} bytes`);
  scan(text, maxDepth);
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new Problem("InvalidJson", `not valid JSON: ${(cause as Error).message}`, { cause });
  }
}

/** One pass over the text that tracks depth and the keys of each open object. Leaves syntax errors to JSON.parse. */
function scan(text: string, maxDepth: number): void {
  const keys: (Set<string> | null)[] = [];
  let expectKey = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x7b || char === 0x5b) {
      keys.push(char === 0x7b ? new Set() : null);
      if (keys.length > maxDepth) throw new Problem("InvalidJson", `JSON is nested deeper than ${maxDepth} levels`);
      expectKey = char === 0x7b;
    } else if (char === 0x7d || char === 0x5d) {
      keys.pop();
      expectKey = false;
    } else if (char === 0x2c) {
      expectKey = keys.at(-1) instanceof Set;
    } else if (char === 0x3a) {
      expectKey = false;
    } else if (char === 0x22) {
      const start = i++;
      while (i < text.length && text.charCodeAt(i) !== 0x22) i += text.charCodeAt(i) === 0x5c ? 2 : 1;
      if (expectKey) checkKey(text.slice(start, i + 1), keys.at(-1)!);
    }
  }
}

function checkKey(quoted: string, seen: Set<string>): void {
  let key: string;
  try {
    key = quoted.includes("\\") ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
  } catch {
    return;
  }
  if (forbiddenKeys.has(key)) throw new Problem("InvalidJson", `JSON has the forbidden key "${key}"`);
  if (seen.has(key)) throw new Problem("InvalidJson", `JSON has the key "${key.slice(0, 100)}" twice in one object`);
  seen.add(key);
}

/** Canonical JSON (RFC 8785): sorted keys, no white space, shortest numbers. Throws on values JSON cannot hold. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new Problem("InvalidJson", `JSON cannot hold the number ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value))
    return `[${value.map((item) => canonicalJson(item === undefined ? null : item)).join(",")}]`;
  if (typeof value === "object") {
    const object = value as Record<string, unknown>;
    // RFC 8785 sorts by UTF-16 code units, which is what the default comparison does.
    const members = Object.keys(object)
      .filter((key) => object[key] !== undefined)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(object[key])}`);
    return `{${members.join(",")}}`;
  }
  throw new Problem("InvalidJson", `JSON cannot hold a ${typeof value}`);
}

/** SHA-256 (hex) over the canonical form. */
export function digest(value: unknown): string {
  return sha256(canonicalJson(value));
}

/** A deep copy of a JSON value; scalars as they are. Several times as fast as `structuredClone`, which serialises. */
export function copyJson<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => copyJson<unknown>(item)) as T;
  const copy: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    // Assigning it would set the prototype instead.
    if (key === "__proto__") Object.defineProperty(copy, key, { value: copyJson(member), ...asAssigned });
    else copy[key] = copyJson(member);
  }
  return copy as T;
}

const asAssigned = { enumerable: true, writable: true, configurable: true };

/** True for a JSON object (not null, not a list). */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
