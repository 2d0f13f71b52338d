import type { Ledger } from "../../ledger/ledger.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { messageOf } from "../../lib/problem.ts";

export type Claimed = NonNullable<Awaited<ReturnType<Ledger["runs"]["claim"]>>>;

interface Waiter {
  readonly worker: string;
  /** Takes the run; false when the worker is gone meanwhile. */
  take(claimed: Claimed): boolean;
  /** Tells the worker to look elsewhere. */
  dismiss(): void;
}

export interface ClaimDeskPorts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly identity: string;
  readonly runLeaseMs: number;
  /** False: nobody gets a run now. */
  readonly mayServe: () => boolean;
}

// The feed wakes us within a millisecond; this is for the wake-up that got lost.
const pollMs = 2_000;

/**
 * Hands runs to waiting workers, first come, first served, one claim at a time per gateway: a crowd of idle workers
 * costs the ledger one query per wake-up, not one each. Sleeps while nobody waits.
 */
export class ClaimDesk {
  readonly #ports: ClaimDeskPorts;
  readonly #waiters: Waiter[] = [];
  readonly #subscription: Disposable;
  #poll: Disposable | undefined;
  #running = false;
  #again = false;
  #closed = false;

  constructor(ports: ClaimDeskPorts) {
    this.#ports = ports;
    this.#subscription = ports.ledger.feed.subscribe("queue", () => this.#wake());
  }

  /** Waits in line until disposed or served. */
  wait(waiter: Waiter): Disposable {
    this.#waiters.push(waiter);
    this.#wake();
    return {
      [Symbol.dispose]: () => {
        const index = this.#waiters.indexOf(waiter);
        if (index >= 0) this.#waiters.splice(index, 1);
      },
    };
  }

  /** Sends away whoever waits. */
  dismiss(): void {
    for (const waiter of this.#waiters.splice(0)) waiter.dismiss();
  }

  #wake(): void {
    this.#again = true;
    if (!this.#running) void this.#serve();
  }

  async #serve(): Promise<void> {
    this.#running = true;
    while (this.#again && !this.#closed) {
      this.#again = false;
      while (this.#waiters.length > 0 && (await this.#serveOne()));
    }
    this.#running = false;
    this.#poll?.[Symbol.dispose]();
    if (this.#waiters.length > 0 && !this.#closed) this.#poll = this.#ports.clock.after(pollMs, () => this.#wake());
  }

  async #serveOne(): Promise<boolean> {
    const { ledger, identity, runLeaseMs, log, mayServe } = this.#ports;
    const waiter = this.#waiters[0];
    if (!waiter || !mayServe()) return false;
    try {
      const claimed = await ledger.runs.claim({ id: waiter.worker, gateway: identity, leaseMs: runLeaseMs });
      if (!claimed) return false;
      const index = this.#waiters.indexOf(waiter);
      if (index >= 0) this.#waiters.splice(index, 1);
      // It may have hung up while the claim committed.
      if (index < 0 || !waiter.take(claimed)) await ledger.runs.release(claimed.run.id, claimed.run.epoch, "leaseLost");
      return true;
    } catch (thrown) {
      log.warn("cannot claim a run", { error: messageOf(thrown) });
      return false;
    }
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#subscription[Symbol.dispose]();
    this.#poll?.[Symbol.dispose]();
  }
}
