import type { KubeClient } from "../kube/client.ts";
import { mirrorLease } from "../kube/lease.ts";
import type { Fence, Ledger } from "../ledger/ledger.ts";
import { unlessAborted } from "../lib/abort.ts";
import type { Clock, Instant } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { messageOf } from "../lib/problem.ts";

export interface LeaderPorts {
  readonly ledger: Ledger;
  readonly kube: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly identity: string;
  /** Resolves when everything was read once. */
  readonly read: Promise<void>;
  /** Brings everything that leading rests on up to date: what was read before the election may be older than its effects. */
  prepare(): Promise<void>;
  /** Called whenever this process comes to lead, also again after a pause: everything has to be looked at. */
  elected(fence: Fence): void;
}

const name = "controller";
// A dead leader is replaced within this and a standby's turn; a living one that cannot reach Postgres can do no harm meanwhile.
const ttlMs = 3_000;
const beatMs = 1_000;
const standbyMs = 250;
// Long for the largest fleet to be listed anew. Whoever takes longer may be the only one who cannot read.
const prepareMs = 30_000;
// Time enough for any standby to win; where there is none, or none that can, it is tried again.
const restMs = 10_000;
// People look at the Lease, nothing depends on it.
const mirrorMs = 10_000;

/**
 * Campaigns for leadership for as long as it lives.
 *
 * ```
 *  standby ──campaign won──► preparing ──caches are younger than the election──► leading ──renewed each beat──► leading
 *     ▲                          │                                                  │
 *     └──────────────────────────┴── not renewed within the ttl, or another epoch ──┘
 * ```
 * Who is not prepared within `prepareMs` resigns and rests before it stands again: a replica that can read may lead.
 * `fence` is undefined outside `leading`; the ledger checks it again in every statement, so a leader that was paused
 * past its ttl does nothing even before it notices.
 */
export class Leader implements AsyncDisposable {
  readonly #ports: LeaderPorts;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  readonly #stood = Promise.withResolvers<void>();
  /** The last that was won, whether it still holds or not: a lost one is not won back as if it were ours. */
  #won: Fence | undefined;
  #until: Instant = 0;
  /** Set once prepared. */
  #fence: Fence | undefined;
  /** The epoch that everything was brought up to date for. */
  #prepared: number | undefined;
  /** Until when that has to be done; while it is being done. */
  #prepareBy: Instant | undefined;
  #restUntil: Instant = 0;
  #mirroredAt: Instant = Number.NEGATIVE_INFINITY;
  #failure = "";

  constructor(ports: LeaderPorts) {
    this.#ports = ports;
    this.#ended = this.#run();
  }

  /** Resolves when it has stood for the first time, whatever came of it: what is read from now on is younger than that. */
  get stood(): Promise<void> {
    return this.#stood.promise;
  }

  get fence(): Fence | undefined {
    return this.#holds ? this.#fence : undefined;
  }

  get #holds(): boolean {
    return this.#ports.clock.now() < this.#until;
  }

  /** Gives leadership up, so that another replica need not wait for the ttl. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#ended;
    this.#fence = undefined;
    if (this.#won === undefined) return;
    await this.#ports.ledger.leadership.resign(this.#won, this.#ports.identity).catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { clock } = this.#ports;
    while (!this.#stop.signal.aborted) {
      if (this.#prepareBy !== undefined && clock.now() >= this.#prepareBy) await this.#yield();
      if (clock.now() >= this.#restUntil) await this.#campaign();
      this.#stood.resolve();
      // Who did not win at once reads first: one who cannot read would only keep out a standby who can.
      if (this.#won === undefined) await unlessAborted(this.#ports.read, this.#stop.signal);
      await clock.sleep(this.#holds ? beatMs : standbyMs, this.#stop.signal).catch(() => undefined);
    }
  }

  async #campaign(): Promise<void> {
    const { ledger, clock, log, identity } = this.#ports;
    // From before the question, so that the answer's way back shortens our own view of the ttl and never lengthens it.
    const asked = clock.now();
    // A leader that was paused past its ttl dropped what came due meanwhile, even if nobody took over.
    const held = this.#holds;
    try {
      const fence = await ledger.leadership.campaign(name, identity, ttlMs, this.#won);
      const fresh = fence !== undefined && (!held || fence.epoch !== this.#won?.epoch);
      if (fresh || fence === undefined) this.#fence = this.#prepareBy = undefined;
      this.#until = fence === undefined ? 0 : asked + ttlMs;
      this.#won = fence ?? this.#won;
      if (fresh) void this.#begin(fence);
      if (this.#fence !== undefined) this.#mirror(this.#fence);
      this.#failure = "";
    } catch (thrown) {
      const error = messageOf(thrown);
      // While ledger and cluster are out of step this is so for as long as a person takes.
      if (error !== this.#failure) log.warn("cannot renew leadership", { error });
      this.#failure = error;
    }
  }

  /** Leads from when everything was prepared, if this leadership is still the one that was won. */
  async #begin(fence: Fence): Promise<void> {
    const { clock, log, prepare, elected } = this.#ports;
    // Where nobody else led in between, nothing was put in force that our caches could be too old for.
    if (this.#prepared !== fence.epoch) {
      this.#prepareBy = clock.now() + prepareMs;
      try {
        await prepare();
      } catch (thrown) {
        // As unprepared as one that never ends.
        log.warn("cannot prepare to lead", { error: messageOf(thrown) });
        return;
      }
      if (this.#won !== fence) return;
      this.#prepared = fence.epoch;
      this.#prepareBy = undefined;
    }
    if (this.#won !== fence || !this.#holds || this.#fence === fence || this.#stop.signal.aborted) return;
    this.#fence = fence;
    log.info("leading", { epoch: fence.epoch });
    elected(fence);
    this.#mirror(fence);
  }

  /** Lets somebody else lead who may be better placed. */
  async #yield(): Promise<void> {
    const { ledger, clock, log, identity } = this.#ports;
    log.warn("not prepared to lead in time, somebody else may", { seconds: prepareMs / 1_000 });
    this.#prepareBy = undefined;
    this.#fence = undefined;
    this.#until = 0;
    this.#restUntil = clock.now() + restMs;
    // Where it does not arrive, the ttl says the same a little later.
    await ledger.leadership.resign(this.#won!, identity).catch(() => undefined);
  }

  #mirror(fence: Fence): void {
    const { kube, clock, identity, log } = this.#ports;
    if (clock.now() - this.#mirroredAt < mirrorMs) return;
    this.#mirroredAt = clock.now();
    const lease = {
      namespace: "roster-system",
      name: "roster-controller",
      holder: identity,
      epoch: fence.epoch,
      ttlMs,
    };
    mirrorLease(kube, clock, lease).catch((thrown: unknown) => {
      log.debug("the Lease does not show who leads", { error: messageOf(thrown) });
    });
  }
}
