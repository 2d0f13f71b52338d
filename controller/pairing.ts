import type { Stored } from "../api/resource.ts";
import type { KubeClient } from "../kube/client.ts";
import { statusOf } from "../kube/connect.ts";
import type { EventRecorder } from "../kube/events.ts";
import { askCluster, tellCluster } from "../kube/ledger-mark.ts";
import type { Fence, Ledger } from "../ledger/ledger.ts";
import type { Clock, Instant } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { messageOf } from "../lib/problem.ts";
import { type Mark, type Pairing, sameMark } from "../policy/pairing.ts";
import { type Loop, startLoop } from "./loop.ts";

export interface PairerPorts {
  readonly kube: KubeClient;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventRecorder;
  fence(): Fence | undefined;
}

const turnMs = 1_000;
// A healthy pair is compared this often: a restored cluster shows by nothing else while nobody works.
const compareMs = 5_000;

/**
 * Watches that ledger and cluster belong together, and as the leader tells the cluster how far the ledger is, at most each
 * second and only when it moved on. Until they were compared once, the ledger is closed to this process.
 */
export class Pairer implements AsyncDisposable {
  readonly #ports: PairerPorts;
  #loop: Loop | undefined;
  #told: { readonly mark: Mark; readonly object: Stored } | undefined;
  #object: Stored | undefined;
  #comparedAt: Instant = Number.NEGATIVE_INFINITY;
  #epoch: number | undefined;
  #said = "";

  private constructor(ports: PairerPorts) {
    this.#ports = ports;
  }

  /** Compares once; an API server or a ledger that is away is asked again until it answers, and nothing runs before. */
  static async start(ports: PairerPorts): Promise<Pairer> {
    const pairer = new Pairer(ports);
    try {
      await pairer.#compare();
    } catch (thrown) {
      ports.ledger.pairing.close(`ledger and cluster were not compared yet: ${messageOf(thrown)}`);
      ports.log.warn("ledger and cluster were not compared yet", { error: messageOf(thrown) });
    }
    pairer.#loop = startLoop("comparing ledger and cluster", turnMs, ports, () => pairer.#turn());
    return pairer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop?.[Symbol.asyncDispose]();
  }

  async #turn(): Promise<void> {
    const { ledger, clock, fence } = this.#ports;
    const leading = fence();
    const fresh = leading !== undefined && leading.epoch !== this.#epoch;
    if (fresh) this.#told = undefined;
    const due = clock.now() - this.#comparedAt >= compareMs;
    if (due || fresh || ledger.pairing.closed !== undefined || ledger.pairing.last?.kind !== "paired") {
      const verdict = await this.#compare();
      if (verdict.kind === "recovering" || leading === undefined) return;
      if (verdict.kind === "new") await this.#pair(leading);
    }
    this.#epoch = leading?.epoch;
    if (leading !== undefined) await this.#tell(leading);
  }

  async #compare(): Promise<Pairing> {
    const { kube, ledger, clock } = this.#ports;
    const verdict = await ledger.pairing.check(async () => {
      const answer = await askCluster(kube);
      this.#object = answer.object;
      return answer;
    });
    this.#comparedAt = clock.now();
    this.#show(verdict);
    return verdict;
  }

  async #pair(leading: Fence): Promise<void> {
    const { kube, ledger, log } = this.#ports;
    await ledger.pairing.pair(leading, (await askCluster(kube)).cluster);
    log.info("ledger and cluster belong together from now on", { ledger: ledger.id });
  }

  async #tell(leading: Fence): Promise<void> {
    const { kube, ledger } = this.#ports;
    const mark = await ledger.pairing.head();
    if (this.#told !== undefined && sameMark(this.#told.mark, mark)) return;
    try {
      const object = await tellCluster(kube, mark, this.#told?.object ?? this.#object);
      this.#told = { mark, object };
      this.#object = object;
      await ledger.pairing.marked(leading, mark.seq);
    } catch (thrown) {
      this.#told = undefined;
      // Somebody else told it, or it went: compared again in the next turn, which is how a restored cluster shows.
      if (![404, 409].includes(statusOf(thrown) ?? 0)) throw thrown;
      this.#comparedAt = Number.NEGATIVE_INFINITY;
    }
  }

  #show(verdict: Pairing): void {
    const { log, events } = this.#ports;
    const said = verdict.kind === "recovering" ? `${verdict.cause}: ${verdict.message}` : "";
    if (said === this.#said) return;
    this.#said = said;
    if (verdict.kind !== "recovering") {
      log.info("ledger and cluster belong together");
      return;
    }
    log.error(`recovering, nothing runs: ${verdict.message}`, {
      cause: verdict.cause,
      next: "roster ledger status",
    });
    if (this.#object === undefined) return;
    events.record({
      regarding: this.#object,
      type: "Warning",
      reason: "Recovering",
      action: "Compare",
      note: `${verdict.message}; nothing runs until \`roster ledger accept\` or \`roster ledger adopt\``,
    });
  }
}
