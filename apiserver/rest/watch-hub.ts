import type { Change } from "../store/entry.ts";
import type { Store } from "../store/store.ts";
import type { WatchSession } from "./watch-session.ts";

/** Sessions that are written to before other requests get their turn: a write to a TLS socket costs about 0.1 ms. */
const sessionsPerTurn = 50;

/**
 * Hands published changes to the watches of their kind. Changes of one commit reach a client in one write, and a
 * thousand clients are written to in slices, so that a busy kind does not stall the server.
 */
export class WatchHub implements Disposable {
  readonly #sessions = new Map<string, Set<WatchSession>>();
  readonly #due = new Set<WatchSession>();
  readonly #subscription: Disposable;
  readonly #history: Store["history"];
  #scheduled = false;

  constructor(store: Store) {
    this.#history = store.history;
    this.#subscription = store.subscribe((change) => this.#publish(change));
  }

  /** Offers every change of a bucket to a session from now on, until disposed. */
  add(bucket: string, session: WatchSession): Disposable {
    const sessions = this.#sessions.get(bucket) ?? new Set();
    this.#sessions.set(bucket, sessions.add(session));
    return {
      [Symbol.dispose]: () => {
        sessions.delete(session);
        this.#due.delete(session);
      },
    };
  }

  /** Ends the watches of a bucket: its kind is served no more. */
  end(bucket: string): void {
    for (const session of this.#sessions.get(bucket) ?? []) session.end();
  }

  /** Ends every watch. */
  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    for (const sessions of this.#sessions.values()) for (const session of sessions) session.end();
  }

  #publish(change: Change): void {
    for (const session of this.#sessions.get(change.entry.bucket) ?? []) {
      session.offer(change, this.#history.compacted);
      this.#due.add(session);
    }
    if (this.#due.size === 0 || this.#scheduled) return;
    this.#scheduled = true;
    // After the last change of this commit was published.
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    let left = sessionsPerTurn;
    for (const session of this.#due) {
      this.#due.delete(session);
      session.flush();
      if (--left === 0) break;
    }
    this.#scheduled = this.#due.size > 0;
    if (this.#scheduled) setImmediate(() => this.#flush());
  }
}
