import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../lib/json.ts";
import { type Atom, deduce, type ListAtom, memberAtom, sameShape } from "./atom.ts";
import { FieldSet, type Path } from "./field-set.ts";
import { fieldElement, itemElement, type PathElement } from "./path-element.ts";

/** What differs between two objects; a container that is new or gone is named itself, beside what it holds. */
export interface Comparison {
  readonly removed: FieldSet;
  readonly modified: FieldSet;
  readonly added: FieldSet;
}

export function compareValues(before: unknown, after: unknown, atom: Atom): Comparison {
  const comparison = { removed: new FieldSet(), modified: new FieldSet(), added: new FieldSet() };
  if (before !== undefined || after !== undefined) compare(before, after, atom, [], comparison);
  return comparison;
}

/** Without what lies in `ignored` and below. */
export function ignoring(comparison: Comparison, ignored: FieldSet): Comparison {
  return {
    removed: comparison.removed.without(ignored),
    modified: comparison.modified.without(ignored),
    added: comparison.added.without(ignored),
  };
}

function compare(before: unknown, after: unknown, given: Atom, path: Path, into: Comparison): void {
  if (before === after) return;
  const left = deduce(given, before);
  const right = deduce(given, after);
  let leaf: boolean;
  if (after === undefined) leaf = visit(left, before, after, path, into);
  else if (before === undefined || sameShape(left, right)) leaf = visit(right, before, after, path, into);
  else {
    visit(left, before, after, path, into);
    leaf = visit(right, before, after, path, into);
  }
  if (leaf) return;
  if (before === undefined) into.added.insert(path);
  else if (after === undefined) into.removed.insert(path);
}

/** True when the value was treated as one leaf. */
function visit(atom: Atom, before: unknown, after: unknown, path: Path, into: Comparison): boolean {
  if (atom.map) {
    const lhs = isObject(before) ? before : undefined;
    const rhs = isObject(after) ? after : undefined;
    const keys = new Set([...Object.keys(lhs ?? {}), ...Object.keys(rhs ?? {})]);
    if (atom.map.atomic || keys.size === 0) return compareLeaf(before, after, path, into);
    for (const key of keys) {
      const a = member(lhs, key);
      const b = member(rhs, key);
      // Most of an object stays as it is: what its schema says of equal scalars need not be known.
      if (a !== b) compare(a, b, memberAtom(atom.map, key), [...path, fieldElement(key)], into);
    }
    return false;
  }
  if (atom.scalar || !atom.list) return compareLeaf(before, after, path, into);
  const lhs = Array.isArray(before) ? before : [];
  const rhs = Array.isArray(after) ? after : [];
  if (!atom.list.associative || (lhs.length === 0 && rhs.length === 0)) return compareLeaf(before, after, path, into);
  compareItems(atom.list, lhs, rhs, path, into);
  return false;
}

const member = (object: Record<string, unknown> | undefined, key: string): unknown =>
  object && Object.hasOwn(object, key) ? object[key] : undefined;

function compareLeaf(before: unknown, after: unknown, path: Path, into: Comparison): true {
  if (before === undefined) into.added.insert(path);
  else if (after === undefined) into.removed.insert(path);
  else if (!isDeepStrictEqual(before, after)) into.modified.insert(path);
  return true;
}

function compareItems(
  list: ListAtom,
  before: readonly unknown[],
  after: readonly unknown[],
  path: Path,
  into: Comparison,
): void {
  const lhs = byElement(list, before);
  const rhs = byElement(list, after);
  for (const element of new Set([...lhs.keys(), ...rhs.keys()])) {
    const at = [...path, element];
    const [a, b] = [lhs.get(element) ?? [], rhs.get(element) ?? []];
    if (a.length <= 1 && b.length <= 1) compare(a[0], b[0], list.element, at, into);
    else if (a.length >= 2 && b.length >= 2) {
      if (!isDeepStrictEqual(a, b)) into.modified.insert(at);
    } else if (a.length >= 2) {
      if (b.length > 0) compare(undefined, b[0], list.element, at, into);
      into.removed.insert(at);
    } else {
      if (a.length > 0) compare(a[0], undefined, list.element, at, into);
      into.added.insert(at);
    }
  }
}

function byElement(list: ListAtom, items: readonly unknown[]): Map<PathElement, unknown[]> {
  const found = new Map<PathElement, unknown[]>();
  for (const item of items) {
    const identity = itemElement(list, item);
    if (!("element" in identity)) continue;
    const same = found.get(identity.element);
    if (same) same.push(item);
    else found.set(identity.element, [item]);
  }
  return found;
}
