import { problem } from "../api/reasons.ts";
import type { Claim } from "../api/wire.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { messageOf, Problem } from "../lib/problem.ts";
import { type ClaimStream, openClaimStream } from "./claim-stream.ts";
import { runClaim } from "./run.ts";

export interface WorkerOptions {
  readonly gatewayUrl: string;
  readonly workerToken: string;
  /** Names the worker in trace and audit. */
  readonly id: string;
  /** Runs at a time. Each is a slot of its own that holds one tenant's run and nothing between two. */
  readonly concurrency: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Jitter, in [0, 1). Absent: chance. */
  readonly random?: () => number;
}

const maxPauseMs = 5_000;

/**
 * Starts the slots of a worker. Each asks for a run, works on it, and asks again; a gateway that is away is asked with
 * growing pauses. Disposing gives running runs back to the queue and resolves when every slot is still.
 */
export function startWorker(options: WorkerOptions): AsyncDisposable {
  const stopping = new AbortController();
  const slots = Array.from({ length: options.concurrency }, (_, index) => runSlot(index, options, stopping.signal));
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort(problem("EpochLost", "the worker stops"));
      await Promise.all(slots);
    },
  };
}

async function runSlot(index: number, options: WorkerOptions, stop: AbortSignal): Promise<void> {
  const { clock, log, random = Math.random } = options;
  const worker = options.concurrency === 1 ? options.id : `${options.id}.${index}`;
  let failures = 0;
  let told = "";
  while (!stop.aborted) {
    const asked = clock.now();
    try {
      await using stream = await openClaimStream(
        { url: options.gatewayUrl, workerToken: options.workerToken, worker },
        stop,
      );
      if (told !== "") log.info("the gateway is back");
      told = "";
      const claim = await nextClaim(stream);
      if (claim) await work(claim, stream, { ...options, stop });
      // A stream that ends at once without work would be asked for again in a tight loop.
      failures = claim || clock.now() - asked > 1_000 ? 0 : failures + 1;
    } catch (thrown) {
      if (stop.aborted) return;
      failures += 1;
      const why = messageOf(thrown);
      // Said once per cause, not once per attempt.
      if (why !== told)
        log.warn("cannot ask for work", { why, reason: thrown instanceof Problem ? thrown.reason : "bug" });
      told = why;
    }
    if (failures > 0) {
      const pause = Math.min(maxPauseMs, 100 * 2 ** Math.min(failures, 6)) * (0.5 + random() / 2);
      await clock.sleep(pause, stop).catch(() => undefined);
    }
  }
}

async function nextClaim(stream: ClaimStream): Promise<Claim | undefined> {
  for (;;) {
    const event = await stream.next();
    if (event === undefined) return undefined;
    if (event.type === "claimed") return event.claim;
  }
}

/**
 * Works on a claim while watching its stream: a cut, or the end of the stream, ends the work. A stream that ends without
 * a cut means that its gateway is gone: the run is given back through whichever gateway answers, before its lease ends.
 */
async function work(
  claim: Claim,
  stream: ClaimStream,
  { stop, ...options }: WorkerOptions & { readonly stop: AbortSignal },
): Promise<void> {
  const log = options.log.with({ run: claim.runId, epoch: claim.epoch, binding: claim.binding.name });
  const cut = new AbortController();
  const watching = watchCut(stream, cut);
  log.info("run claimed", { role: claim.role.name, recorded: claim.transcript.length });
  await runClaim(claim, { gatewayUrl: options.gatewayUrl, cut: cut.signal, stop, clock: options.clock, log });
  await stream[Symbol.asyncDispose]();
  await watching;
}

async function watchCut(stream: ClaimStream, cut: AbortController): Promise<void> {
  try {
    for (;;) {
      const event = await stream.next();
      if (event === undefined) break;
      if (event.type === "cut") return cut.abort(problem("EpochLost", event.message));
    }
    cut.abort(problem("GatewayUnavailable", "the claim stream ended"));
  } catch (thrown) {
    cut.abort(problem("GatewayUnavailable", `the claim stream broke: ${messageOf(thrown)}`));
  }
}
