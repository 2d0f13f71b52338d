import type { Clock, Instant } from "../lib/clock.ts";
import { backoffMs } from "./backoff.ts";

/** When a key should be worked on again: never by itself, at a time, or with growing waits. */
export type Again =
  | { readonly kind: "done" }
  | { readonly kind: "at"; readonly at: Instant }
  | { readonly kind: "now" }
  /** `capMs`: the longest wait; a minute otherwise. */
  | { readonly kind: "backoff"; readonly capMs?: number };

export interface WorkqueueOptions {
  readonly clock: Clock;
  readonly concurrency: number;
  /** How many of these may be keys that were added with `low`; the rest is kept for news. Absent: all. */
  readonly lowConcurrency?: number;
  /** Works on one key. Its answer says when again; a throw is a bug and waits like `backoff`. */
  work(key: string): Promise<Again>;
  /** Told of throws, so that none is lost. */
  failed(key: string, thrown: unknown): void;
  readonly random?: () => number;
}

const backoff = { baseMs: 50, capMs: 60_000 };

/**
 * Keys that wait for work: each at most once, each worked on by one worker at a time. First those that were begun and go on
 * at once, then news in order of arrival, then those added with `low`, on a part of the workers: a fleet that is looked at
 * anew keeps no news waiting. A key added while it is worked on is worked on once more afterwards. A key waits for at most
 * one time: the earlier of two wins.
 */
export class Workqueue implements AsyncDisposable {
  readonly #options: WorkqueueOptions;
  readonly #random: () => number;
  /** Begun and to be gone on with at once: first, so that what is begun is finished before more is begun. */
  readonly #begun = new Set<string>();
  readonly #high = new Set<string>();
  readonly #low = new Set<string>();
  readonly #working = new Set<string>();
  /** Those of them that nobody waits for; one that goes on at once counts as news. */
  readonly #workingLow = new Set<string>();
  readonly #dirty = new Set<string>();
  readonly #timers = new Map<string, { readonly at: Instant; readonly timer: Disposable }>();
  readonly #failures = new Map<string, number>();
  #idle: (() => void)[] = [];
  #stopped = false;
  #paused = false;

  constructor(options: WorkqueueOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
  }

  /** Adds a key to be worked on as soon as a worker is free. */
  add(key: string, options: { readonly low?: boolean } = {}): void {
    if (this.#stopped) return;
    if (this.#working.has(key)) {
      this.#dirty.add(key);
      return;
    }
    if (this.#begun.has(key) || this.#high.has(key)) return;
    if (options.low) {
      this.#low.add(key);
    } else {
      this.#low.delete(key);
      this.#high.add(key);
    }
    this.#dispatch();
  }

  /** Adds a key at a time; at once when that is past. */
  addAt(key: string, at: Instant): void {
    if (this.#stopped) return;
    const waiting = this.#timers.get(key);
    if (waiting !== undefined && waiting.at <= at) return;
    waiting?.timer[Symbol.dispose]();
    this.#timers.delete(key);
    const ms = at - this.#options.clock.now();
    if (ms <= 0) {
      this.add(key);
      return;
    }
    // setTimeout overflows after 24.8 days and fires at once: wake daily and look again.
    const timer = this.#options.clock.after(Math.min(ms, 86_400_000), () => {
      this.#timers.delete(key);
      this.addAt(key, at);
    });
    this.#timers.set(key, { at, timer });
  }

  /** Drops what waits for a key: its time and its count of failures. */
  forget(key: string): void {
    this.#timers.get(key)?.timer[Symbol.dispose]();
    this.#timers.delete(key);
    this.#failures.delete(key);
  }

  /** Holds keys back until `resume`: what is being worked on is finished. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#dispatch();
  }

  /** Failures in a row of a key. */
  failuresOf(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** Keys that wait for a worker or are being worked on; those that wait for a time do not count. */
  get depth(): number {
    return this.#begun.size + this.#high.size + this.#low.size + this.#working.size;
  }

  /** Resolves when nothing waits for a worker and nothing is being worked on. */
  async idle(): Promise<void> {
    if (this.depth === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Takes no more keys and waits for those being worked on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    for (const { timer } of this.#timers.values()) timer[Symbol.dispose]();
    this.#timers.clear();
    this.#begun.clear();
    this.#high.clear();
    this.#low.clear();
    this.#dirty.clear();
    await this.idle();
  }

  get #lowConcurrency(): number {
    return this.#options.lowConcurrency ?? this.#options.concurrency;
  }

  #dispatch(): void {
    while (!this.#paused && this.#working.size < this.#options.concurrency) {
      const news = first(this.#begun) ?? first(this.#high);
      const key = news ?? (this.#workingLow.size < this.#lowConcurrency ? first(this.#low) : undefined);
      if (key === undefined) break;
      if (news === undefined) this.#workingLow.add(key);
      this.#begun.delete(key);
      this.#high.delete(key);
      this.#low.delete(key);
      this.#working.add(key);
      void this.#work(key);
    }
    if (this.depth === 0) {
      const waiting = this.#idle;
      this.#idle = [];
      for (const resolve of waiting) resolve();
    }
  }

  async #work(key: string): Promise<void> {
    let again: Again;
    try {
      again = await this.#options.work(key);
    } catch (thrown) {
      this.#options.failed(key, thrown);
      again = { kind: "backoff" };
    }
    this.#working.delete(key);
    this.#workingLow.delete(key);
    const dirty = this.#dirty.delete(key);
    if (!this.#stopped) this.#later(key, again, dirty);
    this.#dispatch();
  }

  #later(key: string, again: Again, dirty: boolean): void {
    if (again.kind === "backoff") {
      const failures = this.failuresOf(key) + 1;
      this.#failures.set(key, failures);
      // News cuts the wait short once; a key that is news all the time still backs off between its failures.
      if (dirty && failures < 3) this.#high.add(key);
      else {
        const wait = { ...backoff, capMs: again.capMs ?? backoff.capMs };
        this.addAt(key, this.#options.clock.now() + backoffMs(failures - 1, wait, this.#random));
      }
      return;
    }
    if (again.kind === "now") {
      this.#begun.add(key);
      return;
    }
    this.forget(key);
    if (dirty) this.#high.add(key);
    if (again.kind === "at") this.addAt(key, again.at);
  }
}

function first(set: Set<string>): string | undefined {
  return set.values().next().value;
}
