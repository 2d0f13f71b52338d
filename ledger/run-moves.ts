import { problem } from "../api/reasons.ts";
import { isFinished, type Phase, type RunEvent, runLife } from "../api/run-life.ts";
import type { Ports } from "./ports.ts";
import { changed } from "./run-rows.ts";
import type { Tx } from "./sql.ts";

/** Who moves a run: an owner proves its epoch, anybody else has none. */
interface Move {
  readonly event: RunEvent;
  readonly epoch?: number | undefined;
  readonly principal: string;
  readonly reason: string;
  readonly message: string;
  readonly waitingFor?: { readonly type: string; readonly name: string };
}

/**
 * Moves a run along `runLife`. Answers the phase it was in, undefined where the event changes nothing. Throws EpochLost where an epoch is given and
 * another one owns the run, or the run is over.
 */
export async function move({ time, audit }: Ports, tx: Tx, runId: string, what: Move): Promise<Phase | undefined> {
  const [run] = await tx.query<{ phase: Phase; epoch: bigint; tenant: string; binding_uid: string }>(
    "select phase, epoch, tenant, binding_uid from runs where id = $1 for no key update",
    [runId],
  );
  if (!run) throw problem("NotFound", "no such run");
  if (what.epoch !== undefined && Number(run.epoch) !== what.epoch) throw epochLost();
  const next = runLife[run.phase][what.event];
  if (next === "same") return undefined;
  if (next === "never") {
    if (what.epoch !== undefined) throw epochLost();
    if (isFinished(run.phase)) return undefined;
    throw problem("Conflict", `a ${run.phase} run cannot ${what.event}`);
  }
  const now = time.now();
  await tx.query(
    `update runs set phase = $2, reason = $3, message = $4, lease_until = null, waiting_type = $5, waiting_name = $6,
       waiting_since = $7, queued_at = case when $2 = 'Queued' then $8 else queued_at end, finished_at = $9, ${changed}
     where id = $1`,
    [
      runId,
      next,
      what.reason,
      what.message,
      what.waitingFor?.type ?? null,
      what.waitingFor?.name ?? null,
      what.waitingFor ? now : null,
      now,
      isFinished(next) ? now : null,
    ],
  );
  await audit.write(tx, {
    at: now,
    tenant: run.tenant,
    principal: what.principal,
    action: what.event,
    decision: next,
    reason: what.reason,
    bindingUid: run.binding_uid,
    runId,
    facts: { from: run.phase, epoch: Number(run.epoch) },
  });
  // A place in the lane may have become free.
  tx.wake("runs", "queue");
  return run.phase;
}

export function epochLost(): Error {
  return problem("EpochLost", "another worker owns the run now, or it is over");
}
