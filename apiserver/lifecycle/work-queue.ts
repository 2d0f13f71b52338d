import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { messageOf } from "../../lib/problem.ts";

const retryMs = 250;
const maxRetryMs = 30_000;
// Work that finds nothing to do waits for nothing, so the event loop is let go on after this many keys.
const turnEvery = 250;

/**
 * A queue of keys, each worked on once at a time, in order of arrival. A key added while it is worked on is done again
 * afterwards; one that fails is tried again later, more and more seldom, and never given up.
 */
export class WorkQueue implements AsyncDisposable {
  readonly #work: (key: string) => Promise<void>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #waiting = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Set<Disposable>();
  readonly #later = new Set<string>();
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: { readonly work: (key: string) => Promise<void>; readonly clock: Clock; readonly log: Log }) {
    this.#work = options.work;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  add(key: string): void {
    if (this.#closed) return;
    this.#waiting.add(key);
    this.#running ??= this.#run();
  }

  /** Adds the key after a while, once however often it is said meanwhile: for what comes in thousands. */
  addLater(key: string, ms: number): void {
    if (this.#closed || this.#later.has(key)) return;
    this.#later.add(key);
    this.#after(ms, () => {
      this.#later.delete(key);
      this.add(key);
    });
  }

  /** Resolves when nothing is left to do now; keys that wait for another try are not waited for. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#waiting.clear();
    for (const timer of this.#timers) timer[Symbol.dispose]();
    await this.#running;
  }

  async #run(): Promise<void> {
    // The first step is asynchronous, so that a listener of the store never works inside a commit.
    await Promise.resolve();
    let count = 0;
    for (const key of this.#waiting) {
      this.#waiting.delete(key);
      try {
        await this.#work(key);
        this.#failures.delete(key);
      } catch (error) {
        this.#retry(key, error);
      }
      if (++count % turnEvery === 0) await nextTurn();
      if (this.#closed) break;
    }
    this.#running = undefined;
  }

  #retry(key: string, error: unknown): void {
    if (this.#closed) return;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.#log.warn("housekeeping will be tried again", {
      key: key.replaceAll("\0", " "),
      failures,
      error: messageOf(error),
    });
    this.#after(Math.min(maxRetryMs, retryMs * 2 ** (failures - 1)), () => this.add(key));
  }

  #after(ms: number, act: () => void): void {
    const timer = this.#clock.after(ms, () => {
      this.#timers.delete(timer);
      act();
    });
    this.#timers.add(timer);
  }
}
