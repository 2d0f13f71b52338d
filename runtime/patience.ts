import { problem } from "../api/reasons.ts";
import type { Clock } from "../lib/clock.ts";
import { Problem } from "../lib/problem.ts";

// Together about six seconds: longer than a gateway or Postgres takes to come back, shorter than people wait.
const pausesMs: readonly number[] = [100, 200, 400, 800, 1_600, 3_000];

/**
 * Repeats a call while the gateway or its ledger is away. Safe for every call of a run: the gateway knows each step by its
 * id and answers from the journal what already happened. Retries of model and tool are the gateway's, under the role's
 * numbers; they are not repeated here. Throws the last problem, or the signal's reason.
 */
export async function patiently<T>(
  call: () => Promise<T>,
  {
    clock,
    signal,
    random = Math.random,
  }: { readonly clock: Clock; readonly signal: AbortSignal; readonly random?: () => number },
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await call();
    } catch (thrown) {
      signal.throwIfAborted();
      const pause = pausesMs[attempt];
      if (pause === undefined || !isAway(thrown)) throw thrown;
      await clock.sleep(pause * (0.5 + random()), signal);
    }
  }
}

const away: ReadonlySet<string> = new Set([
  "GatewayUnavailable",
  "LedgerUnavailable",
  "KubeUnavailable",
  "InternalError",
]);

/** Whether the problem is that the gateway cannot work now, rather than its answer. */
export function isAway(thrown: unknown): boolean {
  return thrown instanceof Problem && away.has(thrown.reason);
}

/** The problem of a connection that failed. */
export function unreachable(cause: unknown): Problem {
  return problem("GatewayUnavailable", "the gateway cannot be reached", { cause });
}
