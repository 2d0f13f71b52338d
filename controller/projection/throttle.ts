import type { Clock } from "../../lib/clock.ts";

/** A token bucket per key. Keys that are full again are forgotten. */
export class Throttle {
  readonly #clock: Clock;
  readonly #rate: { readonly perSecond: number; readonly burst: number };
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(clock: Clock, rate: { readonly perSecond: number; readonly burst: number }) {
    this.#clock = clock;
    this.#rate = rate;
  }

  /** Takes one token; false when there is none. */
  take(key: string): boolean {
    const now = this.#clock.now();
    const bucket = this.#buckets.get(key) ?? { tokens: this.#rate.burst, at: now };
    const tokens = Math.min(this.#rate.burst, bucket.tokens + ((now - bucket.at) / 1000) * this.#rate.perSecond);
    this.#buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    if (this.#buckets.size > 1_000) this.#forgetFull(now);
    return tokens >= 1;
  }

  #forgetFull(now: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (bucket.tokens + ((now - bucket.at) / 1000) * this.#rate.perSecond >= this.#rate.burst)
        this.#buckets.delete(key);
    }
  }
}
