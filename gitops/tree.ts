import type { Json } from "../lib/json.ts";
import type { Position } from "./finding.ts";
import { toSnake } from "./spelling.ts";

/** A YAML value that still knows where it was written, so that whatever is wrong with it can be shown there. */
export type Tree = ScalarTree | MapTree | ListTree;

export interface ScalarTree {
  readonly kind: "scalar";
  readonly at: Position;
  readonly value: string | number | boolean | null;
  /** As written in the file: `1.50` stays "1.50", whatever number it reads as. */
  readonly text: string;
}

export interface MapTree {
  readonly kind: "map";
  readonly at: Position;
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  /** Of the key, which is where a person looks for an unknown or misplaced one. */
  readonly at: Position;
  readonly tree: Tree;
}

export interface ListTree {
  readonly kind: "list";
  readonly at: Position;
  readonly items: readonly Tree[];
}

export function scalar(value: ScalarTree["value"], at: Position): ScalarTree {
  return { kind: "scalar", at, value, text: String(value) };
}

export function mapOf(entries: Iterable<readonly [string, Entry]>, at: Position): MapTree {
  return { kind: "map", at, entries: new Map(entries) };
}

/** A plain value as if all of it were written at one place. */
export function fromJson(value: Json, at: Position): Tree {
  if (typeof value !== "object" || value === null) return scalar(value, at);
  if (Array.isArray(value)) return { kind: "list", at, items: value.map((item) => fromJson(item, at)) };
  return mapOf(
    Object.entries(value).map(([key, member]) => [key, { at, tree: fromJson(member, at) }]),
    at,
  );
}

/** The plain value, positions forgotten. */
export function toJson(tree: Tree): Json {
  if (tree.kind === "scalar") return tree.value;
  if (tree.kind === "list") return tree.items.map(toJson);
  return Object.fromEntries([...tree.entries].map(([key, entry]) => [key, toJson(entry.tree)]));
}

/** What the value is called in a message to a person. */
export function typeOf(tree: Tree): string {
  if (tree.kind === "map") return "an object";
  if (tree.kind === "list") return "a list";
  if (tree.value === null) return "empty";
  return typeof tree.value === "string" ? "text" : `the ${typeof tree.value} ${tree.text}`;
}

/** The place of a field path such as `spec.budget.day` or `spec.tools[2].name`, or of its nearest known parent. */
export function locate(tree: Tree, path: string): Position {
  let here = tree;
  let at = tree.at;
  for (const [, name, index] of path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)) {
    if (index !== undefined && here.kind === "list") {
      const item = here.items[Number(index)];
      if (!item) return at;
      here = item;
      at = item.at;
    } else if (name !== undefined && here.kind === "map") {
      const entry = here.entries.get(name) ?? here.entries.get(toSnake(name));
      if (!entry) return at;
      here = entry.tree;
      at = entry.at;
    } else return at;
  }
  return at;
}
