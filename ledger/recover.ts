import type { Cause } from "../policy/pairing.ts";
import type { Quieted } from "./pairing-desk.ts";
import type { Ports } from "./ports.ts";
import { move } from "./run-moves.ts";
import type { Tx } from "./sql.ts";

/** What an unknown outcome waits for, as `waitingFor` shows it. */
const recovery = { type: "Outcome", name: "recovery" } as const;

/**
 * Begins recovery in the ledger, for everybody. Idempotent. Waits for guard transactions, claims and admissions under way,
 * so that none commits afterwards. Does nothing and answers false where recovery ended since the epoch that was judged: a
 * person has decided meanwhile.
 */
export async function recover(
  ports: Ports,
  { cause, message, epoch }: { readonly cause: Cause; readonly message: string; readonly epoch: number },
): Promise<boolean> {
  return ports.db.tx(
    async (tx) => {
      const [standing] = await tx.query("select since, epoch from pairing for update");
      if (standing!.since !== null) return true;
      if (Number(standing!.epoch) !== epoch) return false;
      const now = ports.time.now();
      await tx.query(
        "update pairing set epoch = greatest(epoch + 1, $1), since = $1, cause = $2, message = $3, not_before = $1",
        [now, cause, message],
      );
      const quieted = await quiet(ports, tx);
      await ports.audit.write(tx, {
        at: now,
        principal: "ledger",
        action: "recover",
        decision: "revoke",
        reason: "Recovering",
        facts: { cause, ...quieted },
      });
      return true;
    },
    { first: alone, evenClosed: true },
  );
}

/**
 * Nobody else is in a guard transaction, and no fenced effect is under way. Leadership first and pairing after it, as in fenced
 * effects and campaigns.
 */
export const alone =
  "pg_advisory_xact_lock(hashtextextended('leader/controller', 0)), pg_advisory_xact_lock(hashtextextended('pairing', 0))";

/**
 * Ends all authority: tokens are revoked, leadership is stale, runs that were worked on wait for a person, the others are
 * cancelled with their approvals, and schedules begin anew from now.
 */
export async function quiet(ports: Ports, tx: Tx): Promise<Quieted> {
  const now = ports.time.now();
  await tx.query("update leaders set epoch = epoch + 1, until = 0, holder = ''");
  // Counted by the server: there may be many. What has expired is worth nothing already.
  const [revoked] = await tx.query<{ tokens: bigint }>(
    `with gone as (update tokens set revoked_at = $1 where revoked_at is null and expires_at > $1 returning 1)
     select count(*) as tokens from gone`,
    [now],
  );
  // A living gateway may have seen higher numbers than an older copy knows, and would skip new ones below them. What was
  // acknowledged was another history.
  await tx.query("update gateways set ack_seq = 0");
  await tx.query(
    `select setval(sequence, greatest(nextval(sequence), $1))
       from (select pg_get_serial_sequence('revocations', 'seq')::regclass as sequence) of`,
    [now],
  );
  const open = await tx.query<{ id: string; phase: string; waiting_type: string | null }>(
    "select id, phase, waiting_type from runs where phase in ('Queued', 'Running', 'Waiting') order by id for no key update",
  );
  let uncertain = 0;
  let cancelled = 0;
  for (const run of open) {
    if (run.phase === "Running") {
      uncertain += 1;
      await tx.query("update steps set state = 'uncertain' where run_id = $1 and state = 'intended'", [run.id]);
      await move(ports, tx, run.id, {
        event: "park",
        principal: "ledger",
        reason: "OutcomeUnknown",
        message: "ledger and cluster were paired anew while it ran; look at its trace, then cancel it or ask again",
        waitingFor: recovery,
      });
      continue;
    }
    // Uncertain already: a person looks at it in any case.
    if (run.waiting_type === "Outcome" || run.waiting_type === "Journal") continue;
    cancelled += 1;
    await move(ports, tx, run.id, {
      event: "cancel",
      principal: "ledger",
      reason: "OlderThanRecovery",
      message: "it was asked for before ledger and cluster were paired anew, and may have been done already",
    });
  }
  await tx.query("update runs set epoch = epoch + 1 where id = any ($1)", [open.map((run) => run.id)]);
  await tx.query("update schedules set armed_at = greatest(armed_at, $1)", [now]);
  tx.wake("authority", "runs", "queue", "bindings");
  return { tokens: Number(revoked!.tokens), uncertain, cancelled };
}
