import type { IncomingMessage, ServerResponse } from "node:http";
import { problem } from "../../api/reasons.ts";
import type { ClaimEvent } from "../../api/wire.ts";
import { isObject } from "../../lib/json.ts";
import { messageOf, type Problem } from "../../lib/problem.ts";
import { parseBody, readBody } from "../http/body.ts";
import { requireListed } from "../identity/bearer.ts";
import type { Ports } from "../ports.ts";
import type { ClaimDesk, Claimed } from "./claim-desk.ts";
import { toClaim } from "./to-claim.ts";

// Often enough that proxies keep the connection and both ends notice a dead one.
const keepAliveMs = 5_000;

/**
 * POST /runtime/v1/claims: one stream of `ClaimEvent`s per run. States: waiting → claimed → ended. The stream is the
 * lease: when its socket closes, the run goes back to the queue at once; when the run is revoked, a `cut` event ends it.
 * Throws before the first byte only.
 */
export async function serveClaims(
  request: IncomingMessage,
  response: ServerResponse,
  desk: ClaimDesk,
  ports: Ports,
): Promise<void> {
  requireListed(request.headers.authorization, {
    prefix: "rsw_",
    name: "worker",
    hashes: ports.config.workerTokenHashes,
  });
  ports.lease.assertHeld();
  if (ports.drain.begun) throw problem("GatewayUnavailable", "the gateway is stopping");
  const worker = readWorker(parseBody(await readBody(request, 10_000)));
  response.writeHead(200, {
    "content-type": "application/x-ndjson",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  new ClaimStream(response, worker, desk, ports).start();
}

function readWorker(body: unknown): string {
  const worker = isObject(body) ? body.worker : undefined;
  if (typeof worker === "string" && /^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/.test(worker)) return worker;
  throw problem("InvalidRequest", "worker must be a name of letters, digits, dots and dashes, at most 100 characters");
}

/** One stream. Ends once: by the client, by a cut, by the run's end, or with the server. */
class ClaimStream {
  readonly #response: ServerResponse;
  readonly #worker: string;
  readonly #desk: ClaimDesk;
  readonly #ports: Ports;
  #place: Disposable | undefined;
  #keepAlive: Disposable | undefined;
  #claimed: Claimed | undefined;
  #watch: Disposable | undefined;
  #ended = false;

  constructor(response: ServerResponse, worker: string, desk: ClaimDesk, ports: Ports) {
    this.#response = response;
    this.#worker = worker;
    this.#desk = desk;
    this.#ports = ports;
  }

  start(): void {
    this.#response.once("close", () => this.#close());
    this.#say({ type: "idle" });
    this.#armKeepAlive();
    this.#place = this.#desk.wait({
      worker: this.#worker,
      take: (claimed) => this.#take(claimed),
      dismiss: () => this.#end(),
    });
  }

  #take(claimed: Claimed): boolean {
    if (this.#ended || this.#response.destroyed) return false;
    this.#claimed = claimed;
    const { run, binding } = claimed;
    // Watched before the claim is told: a revocation in between must find it.
    this.#watch = this.#ports.open.add({ bindingUid: binding.uid, runId: run.id, cut: (why) => this.#cut(why) });
    this.#ports.owned.add(run.id, run.epoch, () => this.#end());
    void this.#tell(claimed);
    return true;
  }

  async #tell(claimed: Claimed): Promise<void> {
    try {
      const claim = await toClaim(claimed, this.#ports);
      if (!this.#ended) this.#say({ type: "claimed", claim });
    } catch (thrown) {
      this.#ports.log.warn("cannot hand a run out", { run: claimed.run.id, error: messageOf(thrown) });
      // Ending without a word gives the lease up; the run is claimed again later.
      this.#end();
    }
  }

  #cut(why: Problem): void {
    this.#say({ type: "cut", reason: why.reason, message: why.message });
    this.#end();
  }

  #say(event: ClaimEvent): void {
    if (!this.#ended && !this.#response.destroyed) this.#response.write(`${JSON.stringify(event)}\n`);
  }

  #armKeepAlive(): void {
    this.#keepAlive = this.#ports.clock.after(keepAliveMs, () => {
      this.#say({ type: "idle" });
      if (!this.#ended) this.#armKeepAlive();
    });
  }

  #end(): void {
    if (!this.#ended) this.#response.end();
    this.#close();
  }

  /** Gives up what the stream held. A run that finished or parked meanwhile is not touched by the release. */
  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#place?.[Symbol.dispose]();
    this.#keepAlive?.[Symbol.dispose]();
    this.#watch?.[Symbol.dispose]();
    if (!this.#claimed) return;
    const { id, epoch } = this.#claimed.run;
    if (this.#ports.owned.drop(id, epoch)) this.#ports.owned.returning(this.#giveBack(id, epoch));
  }

  async #giveBack(id: string, epoch: number): Promise<void> {
    try {
      await this.#ports.ledger.runs.release(id, epoch, "leaseLost");
    } catch (thrown) {
      this.#ports.log.warn("cannot give a run back; its lease will end by itself", {
        run: id,
        error: messageOf(thrown),
      });
    }
  }
}
