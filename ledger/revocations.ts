import type { Instant } from "../lib/clock.ts";
import type { Tx } from "./sql.ts";

/**
 * Tells gateways what to cut. The lock makes numbers follow commits, so a gateway's cursor skips none; it is taken last
 * in the transaction, because every revocation waits for it. Answers the last number.
 */
export async function recordRevocations(
  tx: Tx,
  at: Instant,
  what: readonly { readonly bindingUid?: string; readonly runId?: string }[],
  reason: string,
): Promise<number> {
  if (what.length === 0) return 0;
  await tx.query("select pg_advisory_xact_lock(hashtextextended('revocations', 0))");
  const rows = await tx.query<{ seq: bigint }>(
    `insert into revocations (at, binding_uid, run_id, reason)
     select $1, binding_uid, run_id, $4 from unnest($2::text[], $3::text[]) as x (binding_uid, run_id) returning seq`,
    [at, what.map((one) => one.bindingUid ?? null), what.map((one) => one.runId ?? null), reason],
  );
  return Number(rows.at(-1)?.seq ?? 0n);
}
