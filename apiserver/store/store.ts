import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { type Bucket, newBucket, putEntry, range, removeEntry } from "./bucket.ts";
import { type Database, openDatabase } from "./database.ts";
import { type Change, type Entry, encode, type KubeObject, parse } from "./entry.ts";
import { defaultHistory, History, type HistoryLimits } from "./history.ts";

export interface StoreOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly history?: HistoryLimits;
}

/** What a writer decided on the newest state, committed or about to be. */
export type Decision<T> =
  | { readonly put: KubeObject; readonly answer?: (stored: Entry) => T }
  | { readonly remove: KubeObject; readonly answer?: (stored: Entry) => T }
  | { readonly keep: T };

interface Waiting {
  readonly change: Change | undefined;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

const empty = newBucket();

/**
 * All objects: the latest of each in memory as bytes, every change in an append-only log, recent changes for watches
 * and lists at an older revision. A write is decided on the newest state, queued, and committed together with all
 * others of the same turn of the event loop; readers see it only after the commit, in revision order.
 *
 * A failed commit rejects every queued write, and nothing of it was ever visible.
 */
export class Store implements AsyncDisposable {
  readonly history: History;
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #buckets = new Map<string, Bucket>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #pending = new Map<string, Change>();
  #queue: Waiting[] = [];
  #forgotten: Change[] = [];
  #next: number;
  #revision: number;
  #closed = false;

  constructor(options: StoreOptions) {
    this.#db = openDatabase(options.folder);
    this.#clock = options.clock;
    this.#log = options.log;
    this.history = new History(this.#db.compacted, options.history ?? defaultHistory);
    // Revisions begin above 1 as in etcd, so that "0" and "1" never name a real state.
    this.#revision = Math.max(1, this.#db.compacted);
    for (const row of this.#db.rows()) this.#load(row);
    this.#next = this.#revision + 1;
  }

  /** The revision of the newest committed change. */
  get revision(): number {
    return this.#revision;
  }

  /** The latest committed entry. */
  find(bucket: string, key: string): Entry | undefined {
    return this.#buckets.get(bucket)?.byKey.get(key);
  }

  /** Committed entries in key order, as references: the caller may walk them in slices while writes go on. */
  list(bucket: string, namespace?: string, after?: string): Entry[] {
    return range(this.#buckets.get(bucket) ?? empty, namespace, after);
  }

  /** The state of a bucket as it was at a revision that the history still covers. */
  listAt(revision: number, bucket: string, namespace?: string, after?: string): Entry[] {
    const current = this.list(bucket, namespace, after);
    const then = new Map<string, Entry | undefined>();
    for (const change of revision < this.#revision ? this.history.since(revision) : []) {
      const { key } = change.entry;
      if (change.entry.bucket === bucket && !then.has(key)) then.set(key, change.previous);
    }
    if (then.size === 0) return current;
    const entries = current.filter((entry) => !then.has(entry.key));
    for (const [key, entry] of then) {
      const inRange = (!namespace || key.startsWith(`${namespace}/`)) && (after === undefined || key > after);
      if (entry && inRange) entries.push(entry);
    }
    return entries.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** The number of committed entries. */
  count(bucket: string): number {
    return this.#buckets.get(bucket)?.sorted.length ?? 0;
  }

  /** The names of the buckets that hold anything. */
  buckets(): string[] {
    return [...this.#buckets.keys()].filter((name) => this.count(name) > 0);
  }

  /**
   * Decides on the newest state of one object and makes the decision durable. `decide` runs once, synchronously, and
   * may throw; it gets its own copy. Resolves after the commit that holds the write (or, for `keep`, after the commit
   * that holds the state which was looked at).
   */
  async write<T = KubeObject>(
    bucket: string,
    key: string,
    decide: (current: KubeObject | undefined, entry: Entry | undefined) => Decision<T>,
  ): Promise<T> {
    const id = `${bucket}\0${key}`;
    const pending = this.#pending.get(id);
    const head = pending ? (pending.type === "DELETED" ? undefined : pending.entry) : this.find(bucket, key);
    const decision = decide(head && parse(head), head);
    if ("keep" in decision) {
      if (pending) await this.#enqueue(undefined);
      return decision.keep;
    }
    const object = "put" in decision ? decision.put : decision.remove;
    const revision = this.#next++;
    object.metadata.resourceVersion = String(revision);
    const entry: Entry = { bucket, key, revision, bytes: encode(object) };
    const type = "remove" in decision ? "DELETED" : head ? "MODIFIED" : "ADDED";
    const change: Change = { type, entry, previous: head, at: this.#clock.now(), lines: new Map(), fresh: true };
    this.#pending.set(id, change);
    await this.#enqueue(change);
    return decision.answer ? decision.answer(entry) : (object as T);
  }

  /** Calls `listener` with each committed change, in order. It must not throw. */
  subscribe(listener: (change: Change) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** Forgets history up to a revision, as etcd's compaction does; older lists and watches get 410. */
  compact(through: number): void {
    this.#forgotten.push(...this.history.evict(this.#clock.now(), through));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    this.#listeners.clear();
    this.#db[Symbol.dispose]();
  }

  #enqueue(change: Change | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#queue.push({ change, resolve, reject }) > 1) return;
      // One commit for everything that this turn of the event loop brings.
      setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    const queue = this.#queue;
    if (queue.length === 0) return;
    this.#queue = [];
    this.#pending.clear();
    const changes = queue.flatMap(({ change }) => change ?? []);
    try {
      if (changes.length > 0) this.#db.append(changes, this.#forgotten, this.history.compacted);
    } catch (error) {
      this.#next = this.#revision + 1;
      this.#log.error("a commit failed; its writes are refused", { writes: changes.length, error: String(error) });
      for (const waiting of queue) waiting.reject(error);
      return;
    }
    this.#forgotten = [];
    for (const change of changes) this.#apply(change);
    for (const waiting of queue) waiting.resolve();
    for (const change of changes) for (const listener of this.#listeners) listener(change);
    this.#forgotten.push(...this.history.evict(this.#clock.now()));
  }

  #apply(change: Change): void {
    const { bucket: name, key, revision } = change.entry;
    const bucket = this.#bucket(name);
    if (change.type === "DELETED") removeEntry(bucket, key);
    else putEntry(bucket, change.entry);
    this.#revision = revision;
    this.history.push(change);
  }

  #bucket(name: string): Bucket {
    const found = this.#buckets.get(name);
    if (found) return found;
    const made = newBucket();
    this.#buckets.set(name, made);
    return made;
  }

  #load(row: { revision: number; bucket: string; key: string; deleted: number; at: number; body: Uint8Array }): void {
    const bucket = this.#bucket(row.bucket);
    const previous = bucket.byKey.get(row.key);
    const bytes = Buffer.from(row.body.buffer, row.body.byteOffset, row.body.byteLength);
    const entry: Entry = { bucket: row.bucket, key: row.key, revision: row.revision, bytes };
    if (row.deleted) removeEntry(bucket, row.key);
    else putEntry(bucket, entry);
    this.#revision = Math.max(this.#revision, row.revision);
    if (row.revision <= this.#db.compacted) return;
    const type = row.deleted ? "DELETED" : previous ? "MODIFIED" : "ADDED";
    this.history.push({ type, entry, previous, at: row.at, lines: new Map(), fresh: false });
  }
}
