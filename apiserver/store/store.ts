import { setImmediate as nextTurn } from "node:timers/promises";
import { problem } from "../../api/reasons.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { failure } from "../http/status.ts";
import { type Bucket, newBucket, putEntry, range, removeEntry } from "./bucket.ts";
import { type Batch, openDatabase, type Row } from "./database.ts";
import { type Change, type Entry, encode, type KubeObject, parse } from "./entry.ts";
import { defaultHistory, History, type HistoryLimits } from "./history.ts";
import { LogWriter } from "./log-writer.ts";

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

/** As much as etcd takes by default, less what it adds to an object on its way. */
const maxObjectBytes = 1_572_864 - 256;

interface Waiting {
  readonly change: Change | undefined;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

const empty = newBucket();

/**
 * All objects: the latest of each in memory as bytes, every change in an append-only log, recent changes for watches
 * and lists at an older revision. A write is decided on the newest state, committed or about to be, and queued; all that
 * gathers while a commit is on its way to the disk goes into the next one. The disk is waited for by another thread, so
 * that readers are served meanwhile; they see a write only after its commit, in revision order.
 *
 * A failed commit rejects its writes and every queued one, since those were decided on it; nothing of it was visible.
 */
export class Store implements AsyncDisposable {
  readonly history: History;
  readonly #writer: LogWriter;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #buckets = new Map<string, Bucket>();
  readonly #listeners = new Set<(change: Change) => unknown>();
  readonly #pending = new Map<string, Change>();
  #queue: Waiting[] = [];
  #draining: Promise<void> | undefined;
  #forgotten: Change[] = [];
  #next: number;
  #revision: number;
  #closed = false;

  constructor(options: StoreOptions) {
    this.#clock = options.clock;
    this.#log = options.log;
    {
      using db = openDatabase(options.folder);
      this.history = new History(db.compacted, options.history ?? defaultHistory);
      // Revisions begin above 1 as in etcd, so that "0" and "1" never name a real state.
      this.#revision = Math.max(1, db.compacted);
      for (const row of db.rows()) this.#load(row, db.compacted);
    }
    this.#next = this.#revision + 1;
    this.#writer = new LogWriter(options.folder);
  }

  /** Resolves when the log is open for writing and nobody else can open it. Throws `KubeUnavailable`. */
  ready(): Promise<void> {
    return this.#writer.ready;
  }

  /** False when no write will be taken until the server is started anew. */
  get writable(): boolean {
    return !this.#closed && this.#writer.writable;
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
    if (this.#closed) throw problem("KubeUnavailable", "cannot write to the API server's store: it was closed");
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
    const bytes = encode(object);
    if (bytes.length > maxObjectBytes && "put" in decision) {
      this.#next--;
      throw failure(500, "", "etcdserver: request is too large");
    }
    const entry: Entry = { bucket, key, revision, bytes };
    const type = "remove" in decision ? "DELETED" : head ? "MODIFIED" : "ADDED";
    const change: Change = { type, entry, previous: head, at: this.#clock.now(), lines: new Map(), fresh: true };
    this.#pending.set(id, change);
    await this.#enqueue(change);
    return decision.answer ? decision.answer(entry) : (object as T);
  }

  /**
   * Calls `listener` with each committed change, in order. It must not throw. The writer of a change hears of it only
   * when the promises of listeners have settled: so a definition is served when its creation is answered.
   */
  subscribe(listener: (change: Change) => unknown): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** Forgets history up to a revision, as etcd's compaction does; older lists and watches get 410. */
  compact(through: number): void {
    this.#forgotten.push(...this.history.evict(this.#clock.now(), through));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#draining;
    this.#listeners.clear();
    await this.#writer[Symbol.asyncDispose]();
  }

  #enqueue(change: Change | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ change, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    // One commit for everything that this turn of the event loop brings.
    await nextTurn();
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      await this.#commit(batch);
    }
    this.#draining = undefined;
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const changes = batch.flatMap(({ change }) => change ?? []);
    if (changes.length > 0) {
      const forgotten = this.#forgotten;
      this.#forgotten = [];
      try {
        await this.#writer.append(batchOf(changes, forgotten, this.history.compacted));
      } catch (error) {
        this.#forgotten = [...forgotten, ...this.#forgotten];
        this.#refuse(batch, error);
        return;
      }
    }
    for (const change of changes) this.#apply(change);
    const followed = new Map<Change, Promise<unknown>>();
    for (const change of changes) {
      const work = [...this.#listeners].map((listener) => listener(change)).filter((it) => it instanceof Promise);
      if (work.length > 0) followed.set(change, Promise.allSettled(work));
    }
    for (const { change, resolve } of batch) {
      const work = change && followed.get(change);
      if (work) void work.then(resolve);
      else resolve();
    }
    this.#forgotten.push(...this.history.evict(this.#clock.now()));
  }

  /** Whatever was queued behind a failed commit was decided on states that will not be. */
  #refuse(batch: readonly Waiting[], error: unknown): void {
    const refused = [...batch, ...this.#queue];
    this.#queue = [];
    this.#pending.clear();
    this.#next = this.#revision + 1;
    this.#log.error("a commit failed; its writes are refused", { writes: refused.length, error: String(error) });
    for (const waiting of refused) waiting.reject(error);
  }

  #apply(change: Change): void {
    const { bucket: name, key, revision } = change.entry;
    const id = `${name}\0${key}`;
    // Unless a later write to the same object is already on its way.
    if (this.#pending.get(id) === change) this.#pending.delete(id);
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

  #load(row: Row, compacted: number): void {
    const bucket = this.#bucket(row.bucket);
    const previous = bucket.byKey.get(row.key);
    const bytes = Buffer.from(row.body.buffer, row.body.byteOffset, row.body.byteLength);
    const entry: Entry = { bucket: row.bucket, key: row.key, revision: row.revision, bytes };
    if (row.deleted) removeEntry(bucket, row.key);
    else putEntry(bucket, entry);
    this.#revision = Math.max(this.#revision, row.revision);
    if (row.revision <= compacted) return;
    const type = row.deleted ? "DELETED" : previous ? "MODIFIED" : "ADDED";
    this.history.push({ type, entry, previous, at: row.at, lines: new Map(), fresh: false });
  }
}

function batchOf(changes: readonly Change[], forgotten: readonly Change[], compacted: number): Batch {
  return {
    rows: changes.map(({ entry, type, at }) => ({
      revision: entry.revision,
      bucket: entry.bucket,
      key: entry.key,
      deleted: type === "DELETED" ? 1 : 0,
      at,
      body: entry.bytes,
    })),
    // Past the window nobody can ask for the state before a change, nor for a deletion itself.
    forget: forgotten.flatMap(({ previous, type, entry }) => [
      ...(previous ? [previous.revision] : []),
      ...(type === "DELETED" ? [entry.revision] : []),
    ]),
    compacted,
  };
}
