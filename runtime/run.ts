import { problem } from "../api/reasons.ts";
import type { Claim } from "../api/wire.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { messageOf } from "../lib/problem.ts";
import { conclude } from "./conclude.ts";
import { beat, type RunAddress, sendFail, sendFinish, sendRelease } from "./control.ts";
import { maxActiveSeconds, outOfTime } from "./limits.ts";
import { loop } from "./loop.ts";
import { openModelClient } from "./model-client.ts";
import { isAway, patiently } from "./patience.ts";
import type { Ports } from "./ports.ts";
import type { Ending } from "./stages.ts";
import { openToolClient } from "./tool-client.ts";

/**
 * Works on one claim: beats while it works, and says at the end what is to be said. `cut` aborts when the gateway takes
 * the run away, `stop` when this worker is told to go. Keeps nothing: clients and tokens end with it. Never throws.
 */
export async function runClaim(
  claim: Claim,
  {
    gatewayUrl,
    cut,
    stop,
    clock,
    log,
  }: {
    readonly gatewayUrl: string;
    readonly cut: AbortSignal;
    readonly stop: AbortSignal;
    readonly clock: Clock;
    readonly log: Log;
  },
): Promise<Ending> {
  const run: RunAddress = { gatewayUrl, runId: claim.runId, token: claim.token };
  const over = new AbortController();
  const lost = new AbortController();
  const signal = AbortSignal.any([cut, stop, lost.signal, over.signal]);
  const began = clock.now();
  const remainingMs = () => {
    const elapsed = clock.now() - began;
    // Both ends of this subtraction are the ledger's, so the worker's clock need not be right, only steady.
    return Math.min(claim.deadline - claim.now, maxActiveSeconds(claim) * 1000) - elapsed;
  };
  await using tools = openToolClient(gatewayUrl, claim.token);
  // The gateway ends the claim stream with the run, and that must not cut off its answer to the last word.
  const lastWord = AbortSignal.any([stop, over.signal]);
  const ports = openPorts({ claim, run, tools, remainingMs, signal, lastWord, clock, log });
  const beating = keepLease(claim, run, lost, { signal, clock });
  try {
    const ending = await loop(claim, ports);
    log.info("run ended", { stage: ending.stage });
    return ending;
  } catch (thrown) {
    return await end(signal.aborted ? signal.reason : thrown, { claim, ports, run, stop, log });
  } finally {
    over.abort(problem("EpochLost", "this owner is done with the run"));
    await beating;
  }
}

async function end(
  thrown: unknown,
  at: {
    readonly claim: Claim;
    readonly ports: Ports;
    readonly run: RunAddress;
    readonly stop: AbortSignal;
    readonly log: Log;
  },
): Promise<Ending> {
  const { ports, run, stop, log } = at;
  if (stop.aborted) {
    // Closing the stream says the same; saying it is quicker and shows in the trace as a release.
    await sendRelease(run, AbortSignal.timeout(2_000)).catch(() => undefined);
    return { stage: "dropped", reason: "WorkerStopped" };
  }
  const conclusion = conclude(thrown);
  if (conclusion.say === "nothing") {
    log.info("run let go", { reason: conclusion.ending.stage === "dropped" ? conclusion.ending.reason : "" });
    return conclusion.ending;
  }
  try {
    if (conclusion.say === "release") {
      log.warn("run given back", { why: messageOf(thrown) });
      const signal = AbortSignal.timeout(5_000);
      await patiently(() => sendRelease(run, signal), { clock: ports.clock, signal });
      return conclusion.ending;
    }
    const { failure, bug } = conclusion;
    if (bug !== undefined) log.error("the loop failed", { stack: bug instanceof Error ? bug.stack : String(bug) });
    await ports.fail(failure);
    log.info("run failed", { reason: failure.reason });
    return { stage: "failed", ...failure };
  } catch (late) {
    // Nobody can be told now: the lease ends with the stream and the run goes back to the queue.
    log.warn("could not say how the run ended", { why: messageOf(late) });
    return { stage: "dropped", reason: "GatewayUnavailable" };
  }
}

function openPorts(at: {
  readonly claim: Claim;
  readonly run: RunAddress;
  readonly tools: ReturnType<typeof openToolClient>;
  readonly remainingMs: () => number;
  readonly signal: AbortSignal;
  readonly lastWord: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
}): Ports {
  const { claim, run, tools, remainingMs, signal, lastWord, clock, log } = at;
  const ask = openModelClient(run.gatewayUrl, run.token);
  const patient = <T>(call: () => Promise<T>, until = signal) => patiently(call, { clock, signal: until });
  // The gateway ends calls at the deadline too; a second later means that it did not answer.
  const timeoutMs = () => {
    const left = remainingMs();
    if (left <= 0) throw outOfTime(claim);
    return left + 1_000;
  };
  return {
    complete: (step, request) => patient(() => ask(step, request, signal, timeoutMs())),
    call: (step, index, action, args) =>
      patient(() => tools.call(`${step}.${index}`, action, args, { signal, timeoutMs: timeoutMs() })),
    finish: (request) => patient(() => sendFinish(run, request, lastWord), lastWord),
    fail: (request) => patient(() => sendFail(run, request, lastWord), lastWord),
    remainingMs,
    signal,
    clock,
    log,
  };
}

/** Renews the lease until the run is over. Gives the run up when it is lost, or when no beat arrived for a whole lease. */
async function keepLease(
  claim: Claim,
  run: RunAddress,
  lost: AbortController,
  { signal, clock }: { readonly signal: AbortSignal; readonly clock: Clock },
): Promise<void> {
  let heldUntil = clock.now() + claim.leaseMs;
  while (!signal.aborted) {
    try {
      await clock.sleep(claim.leaseMs / 3, signal);
      await beat(run, AbortSignal.any([signal, AbortSignal.timeout(claim.leaseMs / 3)]));
      heldUntil = clock.now() + claim.leaseMs;
    } catch (thrown) {
      if (signal.aborted) return;
      const away = isAway(thrown) || (thrown instanceof DOMException && thrown.name === "TimeoutError");
      if (away && clock.now() < heldUntil) continue;
      lost.abort(away ? problem("EpochLost", "the lease could not be renewed in time") : thrown);
    }
  }
}
