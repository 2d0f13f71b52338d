import { problem } from "../api/reasons.ts";
import type { Clock } from "../lib/clock.ts";

// A caller must hear "no" within three seconds of the ledger going away; a healthy answer takes milliseconds.
export const ledgerTimeMs = 2_500;

/**
 * Waits for the ledger, but not for long: throws LedgerUnavailable after `ledgerTimeMs`. The statement may still commit
 * afterwards; every ledger method is idempotent or leaves what the sweeper ends.
 */
export async function withinLedgerTime<T>(
  ports: { readonly clock: Clock },
  answer: Promise<T>,
  ms: number = ledgerTimeMs,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  using _timer = ports.clock.after(ms, () =>
    late.reject(problem("LedgerUnavailable", `the ledger did not answer within ${ms} ms`)),
  );
  return await Promise.race([answer, late.promise]);
}
