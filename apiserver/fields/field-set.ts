import { isObject } from "../../lib/json.ts";
import type { Atom } from "./atom.ts";
import { compareElements, type PathElement, showElement } from "./path-element.ts";

export type Path = readonly PathElement[];

/**
 * A set of paths into an object: a tree whose nodes may be members themselves. Immutable but for `insert` while it is
 * being built; every operation answers a new set.
 */
export class FieldSet {
  readonly members = new Set<PathElement>();
  readonly children = new Map<PathElement, FieldSet>();
  #fields: Record<string, unknown> | undefined;

  static of(...paths: readonly Path[]): FieldSet {
    const set = new FieldSet();
    for (const path of paths) set.insert(path);
    return set;
  }

  /** Reads what `toFields` wrote, and writes it as it was; undefined when it is something else. */
  static stored(fields: unknown): FieldSet | undefined {
    const set = FieldSet.parse(fields);
    if (set) set.#fields = fields as Record<string, unknown>;
    return set;
  }

  /** Reads `fieldsV1`; undefined when it is not one. */
  static parse(fields: unknown): FieldSet | undefined {
    if (!isObject(fields)) return undefined;
    const set = new FieldSet();
    for (const [key, below] of Object.entries(fields)) {
      if (key === ".") continue;
      if (key[1] !== ":" || !"fkvi".includes(key[0]!) || !isObject(below)) return undefined;
      const child = FieldSet.parse(below);
      if (!child) return undefined;
      if (Object.keys(below).length === 0 || "." in below) set.members.add(key);
      if (!child.empty) set.children.set(key, child);
    }
    return set;
  }

  get empty(): boolean {
    return this.members.size === 0 && [...this.children.values()].every((child) => child.empty);
  }

  insert(path: Path): void {
    let at: FieldSet = this;
    if (path.length === 0) return;
    this.#fields = undefined;
    for (const element of path.slice(0, -1)) {
      let next = at.children.get(element);
      if (!next) {
        next = new FieldSet();
        at.children.set(element, next);
      }
      at = next;
    }
    at.members.add(path.at(-1)!);
  }

  below(element: PathElement): FieldSet | undefined {
    const child = this.children.get(element);
    return child?.empty ? undefined : child;
  }

  union(other: FieldSet): FieldSet {
    const result = new FieldSet();
    for (const set of [this, other]) for (const member of set.members) result.members.add(member);
    for (const key of new Set([...this.children.keys(), ...other.children.keys()])) {
      const [a, b] = [this.children.get(key), other.children.get(key)];
      result.children.set(key, a && b ? a.union(b) : (a ?? b)!);
    }
    return result;
  }

  intersection(other: FieldSet): FieldSet {
    const result = new FieldSet();
    for (const member of this.members) if (other.members.has(member)) result.members.add(member);
    for (const [key, child] of this.children) {
      const shared = other.children.get(key);
      if (shared) result.#keep(key, child.intersection(shared));
    }
    return result;
  }

  /** Without the paths of `other`; what lies below such a path stays. */
  difference(other: FieldSet): FieldSet {
    const result = new FieldSet();
    for (const member of this.members) if (!other.members.has(member)) result.members.add(member);
    for (const [key, child] of this.children) {
      const taken = other.children.get(key);
      result.#keep(key, taken ? child.difference(taken) : child);
    }
    return result;
  }

  /** Without the paths of `other` and all that lies below them. */
  without(other: FieldSet): FieldSet {
    const result = new FieldSet();
    for (const member of this.members) if (!other.members.has(member)) result.members.add(member);
    for (const [key, child] of this.children) {
      if (other.members.has(key)) continue;
      const taken = other.children.get(key);
      result.#keep(key, taken ? child.without(taken) : child);
    }
    return result;
  }

  /** With each declared field that has something below it as a member of its own. */
  withNamedFields(atom: Atom | undefined): FieldSet {
    const result = new FieldSet();
    for (const member of this.members) result.members.add(member);
    for (const [key, child] of this.children) {
      const field = key.startsWith("f:") ? atom?.map?.fields.get(key.slice(2)) : undefined;
      if (field) result.members.add(key);
      const next = key.startsWith("f:") ? (field?.atom ?? atom?.map?.element) : atom?.list?.element;
      result.children.set(key, child.withNamedFields(next));
    }
    return result;
  }

  /** All paths: at each level the members first, then what is below. */
  *paths(prefix: Path = []): Generator<Path> {
    for (const member of [...this.members].sort(compareElements)) yield [...prefix, member];
    for (const key of [...this.children.keys()].sort(compareElements))
      yield* this.children.get(key)!.paths([...prefix, key]);
  }

  /** True when the two have no path in common. */
  isDisjoint(other: FieldSet): boolean {
    for (const member of other.members) if (this.members.has(member)) return false;
    for (const [key, child] of other.children) if (this.children.get(key)?.isDisjoint(child) === false) return false;
    return true;
  }

  /** As `fieldsV1`. */
  toFields(): Record<string, unknown> {
    if (this.#fields) return this.#fields;
    const result: Record<string, unknown> = {};
    const keys = new Set([
      ...this.members,
      ...[...this.children].filter(([, child]) => !child.empty).map(([key]) => key),
    ]);
    for (const key of inOrder(keys)) {
      const below = this.children.get(key);
      const inner = below && !below.empty ? below.toFields() : {};
      result[key] = this.members.has(key) && Object.keys(inner).length > 0 ? { ".": {}, ...inner } : inner;
    }
    return result;
  }

  #keep(key: PathElement, child: FieldSet): void {
    if (!child.empty) this.children.set(key, child);
  }
}

/** Fields alone, as nearly everywhere, are in the order of their text. */
function inOrder(keys: ReadonlySet<PathElement>): readonly PathElement[] {
  const list = [...keys];
  return list.every((key) => key.startsWith("f:")) ? list.sort() : list.sort(compareElements);
}

export const showPath = (path: Path): string => path.map(showElement).join("");
