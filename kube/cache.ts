import type { Resource, Stored } from "../api/resource.ts";
import { isObject } from "../lib/json.ts";
import { Sharing } from "./share.ts";

/** What changed in a cache. `own`: by a write of this process, which it therefore knows already. */
export interface Change<O extends Resource> {
  readonly key: string;
  readonly before: Stored<O> | undefined;
  readonly after: Stored<O> | undefined;
  readonly own: boolean;
  /** Part of a first complete list: not news, only there. */
  readonly initial: boolean;
  /** It is gone only as far as a list lacks it: nobody saw it being deleted. */
  readonly missed: boolean;
}

/** Names the values under which an object is found; a pure function of the object. */
export type IndexBy<O extends Resource> = (object: Stored<O>) => readonly string[];

/** `namespace/name`, or `name` for cluster-scoped objects. */
export function keyOf(object: { readonly metadata: { readonly namespace?: string; readonly name: string } }): string {
  return toKey(object.metadata.namespace, object.metadata.name);
}

export function toKey(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** The parts of a key. */
export function fromKey(key: string): { readonly namespace: string | undefined; readonly name: string } {
  const slash = key.indexOf("/");
  return slash === -1
    ? { namespace: undefined, name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

const asSeen: { readonly own: boolean; readonly initial: boolean; readonly missed: boolean } = {
  own: false,
  initial: false,
  missed: false,
};

/**
 * The objects of one kind as last seen, by key and by named indexes. Every read and every change is O(what it touches).
 * Reads its own writes: `assume` stores a write's answer at once, and older events that are still on their way are
 * dropped. managedFields are not kept (half of an object's size, and nobody here reads them).
 */
export class Cache<O extends Resource> {
  readonly #objects = new Map<string, Stored<O>>();
  readonly #indexes = new Map<string, { readonly by: IndexBy<O>; readonly keys: Keys }>();
  readonly #sharing = new Sharing();
  readonly #listeners = new Set<(change: Change<O>) => void>();
  /** Versions of own writes that the watch has not confirmed yet. */
  readonly #assumed = new Map<string, string>();
  readonly #namespaces: ReadonlySet<string> | undefined;
  /** The newest version that each watch has brought: one watch of the whole kind (""), or one per namespace. */
  readonly #latest = new Map<string, string>();
  readonly #synced = new Set<string>();

  /** `namespaces`: each is listed and watched by itself, and nothing outside of them is ever held. */
  constructor(indexes: Readonly<Record<string, IndexBy<O>>> = {}, namespaces?: readonly string[]) {
    this.#namespaces = namespaces && new Set(namespaces);
    this.addIndex("namespace", (object) => [object.metadata.namespace ?? ""]);
    for (const [name, by] of Object.entries(indexes)) this.addIndex(name, by);
  }

  /** Adds an index; objects that are there already are entered. The same name twice keeps the first. */
  addIndex(name: string, by: IndexBy<O>): void {
    if (this.#indexes.has(name)) return;
    const index = { by, keys: new Map() as Keys };
    this.#indexes.set(name, index);
    for (const [key, object] of this.#objects) enter(index.keys, by(object), key);
  }

  /** True once a complete list was taken in, of each namespace where they are listed one by one. */
  get synced(): boolean {
    return this.#synced.size === (this.#namespaces?.size ?? 1);
  }

  /** True once everything of this namespace was taken in. */
  isSynced(namespace: string): boolean {
    return this.#synced.has(this.#scopeOf(namespace));
  }

  get size(): number {
    return this.#objects.size;
  }

  find(key: string): Stored<O> | undefined {
    return this.#objects.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  values(): IterableIterator<Stored<O>> {
    return this.#objects.values();
  }

  /** Keys of the objects that an index holds under a value. Throws for an index that was never added. */
  keysBy(index: string, value: string): readonly string[] {
    return listKeys(this.#index(index).get(value));
  }

  countBy(index: string, value: string): number {
    const found = this.#index(index).get(value);
    return found instanceof Set ? found.size : found === undefined ? 0 : 1;
  }

  listBy(index: string, value: string): readonly Stored<O>[] {
    return this.keysBy(index, value).map((key) => this.#objects.get(key)!);
  }

  /** Calls `listener` after each change, in order. It must not throw and must not wait. */
  subscribe(listener: (change: Change<O>) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Takes in one watch event. */
  observe(type: "ADDED" | "MODIFIED" | "DELETED", object: Stored<O>): void {
    const key = keyOf(object);
    const scope = this.#scopeOf(object.metadata.namespace);
    if (compareVersions(object.metadata.resourceVersion, this.#latest.get(scope) ?? "") > 0)
      this.#latest.set(scope, object.metadata.resourceVersion);
    const assumed = this.#assumed.get(key);
    if (assumed !== undefined) {
      if (compareVersions(object.metadata.resourceVersion, assumed) < 0) return;
      this.#assumed.delete(key);
    }
    const known = this.#objects.get(key);
    if (type === "DELETED") {
      // The end of a former one says nothing of the one that bears its name now.
      const isFormer = known?.metadata.uid !== object.metadata.uid && known !== undefined && isNoNewer(object, known);
      if (known !== undefined && !isFormer) this.#set(key, undefined, asSeen);
      return;
    }
    // What is no newer than what we know has been overtaken on its way, or comes twice.
    if (known !== undefined && isNoNewer(object, known)) return;
    this.#set(key, slim(object, this.#sharing), asSeen);
  }

  /**
   * Takes in a complete list, of one namespace where they are listed one by one: what it lacks is gone, unless this
   * process wrote it after the list was taken.
   */
  replaceAll(items: readonly Stored<O>[], resourceVersion: string, namespace?: string): void {
    const scope = this.#scopeOf(namespace);
    const initial = !this.#synced.has(scope);
    this.#synced.add(scope);
    // A server that was restored from an older copy: what we remember of our writes never happened there.
    if (compareVersions(resourceVersion, this.#latest.get(scope) ?? "") < 0) this.#assumed.clear();
    this.#latest.set(scope, resourceVersion);
    const listed = new Set<string>();
    for (const item of items) {
      const key = keyOf(item);
      listed.add(key);
      if (this.#isAhead(key, resourceVersion)) continue;
      if (this.#objects.get(key)?.metadata.resourceVersion === item.metadata.resourceVersion) continue;
      this.#set(key, slim(item, this.#sharing), { ...asSeen, initial });
    }
    for (const key of scope === "" ? [...this.#objects.keys()] : this.keysBy("namespace", scope)) {
      if (listed.has(key) || this.#isAhead(key, resourceVersion)) continue;
      this.#set(key, undefined, { ...asSeen, initial, missed: true });
    }
  }

  /**
   * Takes in the answer of a write of this process, so that the next read sees it. An answer that comes after the
   * watch has passed it is ignored: the object may have been deleted since.
   */
  assume(object: Stored<O>): void {
    const key = keyOf(object);
    const latest = this.#latest.get(this.#scopeOf(object.metadata.namespace)) ?? "";
    if (compareVersions(object.metadata.resourceVersion, latest) <= 0 && latest !== "") return;
    if (object.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0) return;
    this.#assumed.set(key, object.metadata.resourceVersion);
    this.#set(key, slim(object, this.#sharing), { ...asSeen, own: true });
  }

  #scopeOf(namespace: string | undefined): string {
    return this.#namespaces === undefined ? "" : (namespace ?? "");
  }

  #isAhead(key: string, resourceVersion: string): boolean {
    const assumed = this.#assumed.get(key);
    if (assumed === undefined) return false;
    if (compareVersions(assumed, resourceVersion) > 0) return true;
    this.#assumed.delete(key);
    return false;
  }

  #set(key: string, after: Stored<O> | undefined, how: typeof asSeen): void {
    const before = this.#objects.get(key);
    for (const { by, keys } of this.#indexes.values()) {
      const left = before === undefined ? [] : by(before);
      const entered = after === undefined ? [] : by(after);
      if (left.length === entered.length && left.every((value, at) => value === entered[at])) continue;
      leave(keys, left, key);
      enter(keys, entered, key);
    }
    if (after === undefined) this.#objects.delete(key);
    else this.#objects.set(key, after);
    for (const listener of this.#listeners) listener({ key, before, after, ...how });
  }

  #index(name: string): Keys {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new Error(`the cache has no index "${name}"`);
    return index.keys;
  }
}

function isNoNewer(a: Stored, b: Stored): boolean {
  const [one, other] = [a.metadata.resourceVersion, b.metadata.resourceVersion];
  return one === other || compareVersions(one, other) < 0;
}

/** Keys under a value: nearly all values have one, and a set of one is larger than the object that it leads to. */
type Keys = Map<string, string | Set<string>>;

function enter(keys: Keys, values: readonly string[], key: string): void {
  for (const value of values) {
    const found = keys.get(value);
    if (found === undefined || found === key) keys.set(value, key);
    else if (typeof found === "string") keys.set(value, new Set([found, key]));
    else found.add(key);
  }
}

function leave(keys: Keys, values: readonly string[], key: string): void {
  for (const value of values) {
    const found = keys.get(value);
    if (found === key) keys.delete(value);
    if (!(found instanceof Set)) continue;
    found.delete(key);
    if (found.size === 0) keys.delete(value);
  }
}

function listKeys(found: string | Set<string> | undefined): readonly string[] {
  if (found === undefined) return [];
  return typeof found === "string" ? [found] : [...found];
}

/** What is kept of an object: nothing that nobody reads, and one copy of what it has in common with others. */
function slim<O extends Resource>(object: Stored<O>, sharing: Sharing): Stored<O> {
  const { managedFields: _, ...metadata } = object.metadata;
  const { spec, status } = object as { readonly spec?: unknown; readonly status?: unknown };
  const { namespace, labels, finalizers } = metadata;
  return {
    ...object,
    apiVersion: sharing.text(object.apiVersion),
    kind: sharing.text(object.kind),
    metadata: {
      ...metadata,
      ...(namespace === undefined ? {} : { namespace: sharing.text(namespace) }),
      ...(labels === undefined ? {} : { labels: sharing.part(labels) }),
      ...(finalizers === undefined ? {} : { finalizers: sharing.part(finalizers) }),
    },
    ...(isObject(spec) ? { spec: shareMembers(spec, (name) => name.endsWith("Ref"), sharing) } : {}),
    ...(isObject(status) ? { status: shareMembers(status, () => true, sharing) } : {}),
  };
}

function shareMembers(
  object: Readonly<Record<string, unknown>>,
  isCommon: (name: string) => boolean,
  sharing: Sharing,
): Record<string, unknown> {
  const shared: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(object)) {
    if (typeof value !== "object" || value === null || !isCommon(name)) shared[name] = value;
    else shared[name] = Array.isArray(value) ? value.map((item) => sharing.part(item)) : sharing.part(value);
  }
  return shared;
}

/**
 * Orders two resourceVersions of one kind (KEP-5504: decimal numbers of any length, comparable within a resource).
 * 0 where a server's versions are no numbers: then nothing is ever taken for older.
 */
export function compareVersions(a: string, b: string): number {
  if (!/^[1-9][0-9]*$/.test(a) || !/^[1-9][0-9]*$/.test(b)) return 0;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
