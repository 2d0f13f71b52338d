import { problem } from "../../api/reasons.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Clock, Instant } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { messageOf, Problem } from "../../lib/problem.ts";
import type { Metrics } from "../metrics.ts";
import type { OpenCalls } from "./open-calls.ts";

/**
 * This gateway's right to serve, in two states:
 *
 *   held ──(no beat committed for leaseMs)──► fenced ──(a beat commits)──► held
 *
 * Fenced: everything open is cut and every call is denied, because a revocation may have happened that nobody could
 * tell us. It is fenced at once when the ledger is recovering. The finalizer of a fired binding waits for our acknowledgement
 * or for the end of this lease, whichever is first; both sides count from the beat's start, so ours always ends earlier.
 */
export class AuthorityLease {
  readonly #ports: LeasePorts;
  readonly #subscription: Disposable;
  #seq = 0;
  /** Why it is fenced, where that is not that the ledger is away. */
  #denial: Problem | undefined;
  #provenAt: Instant;
  #fenced = true;
  #closed = false;
  #timer: Disposable | undefined;
  #expiry: Disposable | undefined;
  #round: Promise<void> | undefined;
  #again = false;

  private constructor(ports: LeasePorts) {
    this.#ports = ports;
    this.#provenAt = ports.clock.now();
    this.#subscription = ports.ledger.feed.subscribe("authority", () => this.#wake());
  }

  /** Resolves when the first beat committed or failed; a gateway that starts without its ledger starts fenced. */
  static async open(ports: LeasePorts): Promise<AuthorityLease> {
    const lease = new AuthorityLease(ports);
    await lease.#beat();
    return lease;
  }

  get held(): boolean {
    return !this.#fenced && this.#ports.clock.now() < this.#provenAt + this.#ports.leaseMs;
  }

  /** Throws LedgerUnavailable while fenced; Recovering while ledger and cluster do not belong together. */
  assertHeld(): void {
    if (!this.held) throw this.#denial ?? away();
  }

  #wake(): void {
    if (this.#round) this.#again = true;
    else void this.#beat();
  }

  /** Reads what was revoked, cuts it, and only then acknowledges. One at a time. */
  #beat(): Promise<void> {
    this.#round ??= this.#once().finally(() => {
      this.#round = undefined;
      if (this.#closed) return;
      if (this.#again) {
        this.#again = false;
        void this.#beat();
        return;
      }
      this.#timer?.[Symbol.dispose]();
      this.#timer = this.#ports.clock.after(this.#ports.leaseMs / 4, () => this.#wake());
    });
    return this.#round;
  }

  async #once(): Promise<void> {
    const { ledger, clock, identity, leaseMs, log } = this.#ports;
    try {
      let startedAt: Instant;
      for (;;) {
        startedAt = clock.now();
        const some = await ledger.guard.revocationsSince(this.#seq);
        if (some.length === 0) break;
        for (const revoked of some) {
          this.#cut(revoked);
          this.#seq = Math.max(this.#seq, revoked.seq);
        }
      }
      await ledger.guard.gatewayBeat(identity, this.#seq, leaseMs);
      this.#prove(startedAt);
    } catch (thrown) {
      if (thrown instanceof Problem && thrown.reason === "Recovering") {
        this.#deny(thrown);
        return;
      }
      log.warn("could not renew the authority lease", { error: messageOf(thrown) });
      if (!this.held) this.#fence();
    }
  }

  #cut(revoked: { readonly bindingUid?: string; readonly runId?: string; readonly reason: string }): void {
    const { bindingUid, runId, reason } = revoked;
    // A row that names neither would cut everything here; it is for somebody else.
    if (bindingUid === undefined && runId === undefined) return;
    const count = this.#ports.open.cut(
      { ...(bindingUid === undefined ? {} : { bindingUid }), ...(runId === undefined ? {} : { runId }) },
      revocation(reason),
    );
    if (count > 0) this.#ports.log.info("cut what was revoked", { count, reason });
  }

  /** At once and not at the lease's end: nothing that this ledger says is to be believed. */
  #deny(why: Problem): void {
    if (this.#closed) return;
    this.#denial = why;
    // An older copy counts revocations anew from where it was, so what was seen is not what it holds. Read from the start:
    // all is cut by then, and cutting twice does nothing.
    this.#seq = 0;
    this.#ports.metrics.gauge("recovering", 1);
    this.#ports.metrics.gauge("fenced", 1);
    this.#fenced = true;
    this.#ports.open.cutAll(why);
    this.#ports.doubt();
  }

  #prove(startedAt: Instant): void {
    this.#denial = undefined;
    this.#ports.metrics.gauge("recovering", 0);
    if (this.#fenced) this.#ports.log.info("authority lease held");
    this.#fenced = false;
    this.#provenAt = startedAt;
    this.#ports.metrics.gauge("fenced", 0);
    this.#expiry?.[Symbol.dispose]();
    const left = startedAt + this.#ports.leaseMs - this.#ports.clock.now();
    this.#expiry = this.#ports.clock.after(Math.max(0, left), () => this.#fence());
  }

  #fence(): void {
    if (this.#closed) return;
    this.#ports.metrics.gauge("fenced", 1);
    if (!this.#fenced) this.#ports.log.error("fenced: the ledger could not be reached for a whole lease; all is cut");
    this.#fenced = true;
    this.#ports.open.cutAll(away());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#subscription[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
    this.#expiry?.[Symbol.dispose]();
    await this.#round;
  }
}

export interface LeasePorts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly open: OpenCalls;
  readonly metrics: Metrics;
  readonly identity: string;
  readonly leaseMs: number;
  /** Something speaks against this ledger: it is to be compared with the cluster. */
  doubt(): void;
}

/** The problem that a cut stream ends with. */
function revocation(reason: string): Problem {
  return problem("TokenRevoked", `the agent's authority ended: ${reason}`);
}

function away(): Problem {
  return problem("LedgerUnavailable", "the gateway cannot reach the ledger; everything is denied until it can");
}
