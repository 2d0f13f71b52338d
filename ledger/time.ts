import type { Clock, Instant } from "../lib/clock.ts";
import { type LedgerMemory, tickColumns } from "./memory.ts";
import type { Db } from "./sql.ts";

const tickMs = 1_000;

/**
 * The ledger's "now": greatest(own clock, last tick), so that a clock set back, a slower machine or a restart never
 * makes time go backwards: an expired window stays expired. Ticks are stored each second and read by every process.
 */
export class LedgerTime implements Disposable {
  readonly #clock: Clock;
  readonly #db: Db;
  readonly #memory: LedgerMemory;
  #latched: Instant = 0;
  #timer: Disposable | undefined;

  constructor(clock: Clock, db: Db, memory: LedgerMemory) {
    this.#clock = clock;
    this.#db = db;
    this.#memory = memory;
  }

  /** Never earlier than any answer before it in this process, nor than the last tick read. */
  now(): Instant {
    this.#latched = Math.max(this.#latched, Math.floor(this.#clock.now()));
    return this.#latched;
  }

  /** Stores our time where it is the latest, and takes over a later one. */
  async tick(): Promise<Instant> {
    const [row] = await this.#db.query<{ last_tick: bigint }>(
      `update meta set last_tick = greatest(last_tick, $1) returning last_tick, ${tickColumns}`,
      [this.now()],
    );
    if (row) this.#memory.advance(row);
    this.#latched = Math.max(this.#latched, Number(row?.last_tick ?? 0n));
    return this.#latched;
  }

  /** Ticks until disposed. A tick that fails is made up for by the next. */
  run(): void {
    this.#timer = this.#clock.after(tickMs, () => {
      this.tick()
        .catch(() => {})
        .finally(() => {
          if (this.#timer) this.run();
        });
    });
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}
