import { isObject } from "../../lib/json.ts";
import { goJson, goQuote } from "../schema/field-errors.ts";
import type { ListAtom } from "./atom.ts";

/**
 * One step of a path, as managedFields writes it: `f:name` a member, `k:{"name":"a"}` an item of a list-type map,
 * `v:"a"` an item of a set. The text is canonical, so equal steps are equal strings.
 */
export type PathElement = string;

export const fieldElement = (name: string): PathElement => `f:${name}`;

/** The identity of a list's item, or why it has none. */
export function itemElement(list: ListAtom, item: unknown): { element: PathElement } | { problem: string } {
  if (!list.associative) return { problem: "invalid indexing of non-associative list" };
  return list.keys.length > 0 ? keyElement(list, item) : valueElement(item);
}

function keyElement(list: ListAtom, item: unknown): { element: PathElement } | { problem: string } {
  if (item === null || item === undefined) return { problem: "associative list with keys may not have a null element" };
  if (!isObject(item)) return { problem: "associative list with keys may not have non-map elements" };
  const keys: Record<string, unknown> = {};
  for (const name of list.keys) {
    const value = Object.hasOwn(item, name) ? item[name] : list.element.map?.fields.get(name)?.default;
    if (value !== undefined) keys[name] = value;
  }
  if (Object.keys(keys).length > 0) return { element: `k:${goJson(keys)}` };
  const names = list.keys.map((name) => JSON.stringify(name)).join(" ");
  return {
    problem: `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
  };
}

function valueElement(item: unknown): { element: PathElement } | { problem: string } {
  if (item === null || item === undefined)
    return { problem: "associative list without keys has an element that's an explicit null" };
  if (Array.isArray(item)) return { problem: "not supported: associative list with lists as elements" };
  if (isObject(item)) return { problem: "associative list without keys has an element that's a map type" };
  return { element: `v:${goJson(item)}` };
}

/** How messages show a step: `.name`, `[name="a"]`, `[="a"]`. */
export function showElement(element: PathElement): string {
  const rest = element.slice(2);
  if (element.startsWith("f:")) return `.${rest}`;
  if (element.startsWith("v:")) return `[=${showValue(JSON.parse(rest))}]`;
  if (element.startsWith("i:")) return `[${rest}]`;
  const keys = JSON.parse(rest) as Record<string, unknown>;
  return `[${Object.entries(keys)
    .map(([name, value]) => `${name}=${showValue(value)}`)
    .join(",")}]`;
}

function showValue(value: unknown): string {
  if (typeof value === "string") return goQuote(value);
  if (Array.isArray(value)) return `[${value.map(showValue).join(",")}]`;
  if (!isObject(value)) return String(value);
  return Object.entries(value)
    .map(([key, member]) => `${key}=${showValue(member)}`)
    .join("");
}

const rank: Readonly<Record<string, number>> = { f: 0, k: 1, v: 2, i: 3 };

/** The order in which managedFields lists steps. */
export function compareElements(a: PathElement, b: PathElement): number {
  if (a.charCodeAt(0) !== b.charCodeAt(0)) return rank[a[0]!]! - rank[b[0]!]!;
  if (a.startsWith("v:") || a.startsWith("k:")) {
    const [x, y] = [JSON.parse(a.slice(2)) as unknown, JSON.parse(b.slice(2)) as unknown];
    if (typeof x === "number" && typeof y === "number") return x - y;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}
