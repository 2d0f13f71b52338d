import type { KubeClient } from "../../kube/client.ts";
import { askCluster } from "../../kube/ledger-mark.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { messageOf } from "../../lib/problem.ts";

export interface PairerPorts {
  readonly ledger: Ledger;
  readonly kube: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
}

const againMs = 1_000;

/**
 * Sees that ledger and cluster belong together before this gateway serves, and again while something speaks against it:
 * another process began recovery, or a connection led to an older copy. Costs nothing while all is well.
 */
export class GatewayPairer implements Disposable {
  readonly #ports: PairerPorts;
  #timer: Disposable | undefined;
  #round: Promise<void> | undefined;
  #stopped = false;
  #said = "";

  private constructor(ports: PairerPorts) {
    this.#ports = ports;
  }

  /** Resolves after the first comparison. One that failed is tried again; until then everything is denied. */
  static async open(ports: PairerPorts): Promise<GatewayPairer> {
    const pairer = new GatewayPairer(ports);
    await pairer.look();
    return pairer;
  }

  /** True where calls may be served as far as this goes. */
  get clear(): boolean {
    const { pairing } = this.#ports.ledger;
    return pairing.closed === undefined && pairing.last !== undefined && pairing.last.kind !== "recovering";
  }

  /** Compares now, and goes on by itself until all is well. Never throws. */
  look(): Promise<void> {
    this.#round ??= this.#once().finally(() => {
      this.#round = undefined;
      this.#wait();
    });
    return this.#round;
  }

  /** The lease, a guard transaction or a connection said that something is wrong. */
  doubt(): void {
    if (!this.#stopped) void this.look();
  }

  async #once(): Promise<void> {
    const { ledger, kube, log } = this.#ports;
    try {
      const verdict = await ledger.pairing.check(() => askCluster(kube));
      this.#say(verdict.kind === "recovering" ? verdict.message : "");
    } catch (thrown) {
      const error = messageOf(thrown);
      if (!this.clear) ledger.pairing.close(`ledger and cluster were not compared yet: ${error}`);
      log.debug("cannot compare ledger and cluster", { error });
    }
  }

  #wait(): void {
    if (this.#stopped) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#ports.clock.after(againMs, () => (this.clear ? this.#wait() : void this.look()));
  }

  #say(why: string): void {
    if (why === this.#said) return;
    this.#said = why;
    if (why === "") this.#ports.log.info("ledger and cluster belong together");
    else this.#ports.log.error(`recovering, every call is denied: ${why}`, { next: "roster ledger status" });
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#timer?.[Symbol.dispose]();
  }
}
