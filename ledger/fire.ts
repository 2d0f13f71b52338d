import { newId } from "../lib/ids.ts";
import type { AuditEntry } from "./audit-writer.ts";
import type { BindingState, FireOutcome } from "./ledger.ts";
import { authority, type Ports } from "./ports.ts";
import { recordRevocations } from "./revocations.ts";
import { literals, type Row, type Tx } from "./sql.ts";

interface Context {
  readonly tenant: string;
  readonly namespace: string;
  readonly name: string;
  readonly by: string;
}

/**
 * Step 1 of firing: after this commit no *intended* row of the binding commits, its tokens are dead, its runs are over,
 * its schedules are gone, and what must be revoked elsewhere is in the outbox. Revocation is monotone, so any replica
 * may do it and it may run any number of times. A UID that was never hired gets a tombstone, so it never will be.
 */
export async function fire(ports: Ports, uid: string, context: Context): Promise<FireOutcome> {
  const { db, time, audit } = ports;
  return db.tx(
    async (tx) => {
      const now = time.now();
      const [binding] = await tx.query("select * from bindings where uid = $1 for update", [uid]);
      if (binding?.state === "revoked") return { alreadyRevoked: true, tokens: 0, queuedCancelled: 0, runningCut: 0 };
      if (!binding) await bury(tx, uid, context, now);
      const runs = await endRuns(tx, uid, now);
      // Runs first: a claim in flight holds its run, so its token is visible by now.
      const tokens = await tx.query(
        "update tokens set revoked_at = $2 where binding_uid = $1 and revoked_at is null returning 1",
        [uid, now],
      );
      await tx.query("delete from schedules where binding_uid = $1", [uid]);
      await tx.query(
        `update bindings set state = 'revoked', fired_at = $2, authority_seq = nextval('authority_seq') where uid = $1`,
        [uid, now],
      );
      await tx.query("select refresh_lanes($1)", [[uid]]);
      if (binding) await enqueueDownstream(ports, tx, binding, now);
      const queuedCancelled = runs.filter((run) => run.was !== "Running").length;
      const entry = (action: string, more: Partial<AuditEntry>): AuditEntry => ({
        at: now,
        tenant: context.tenant,
        principal: context.by,
        action,
        decision: "revoke",
        reason: "Fired",
        bindingUid: uid,
        ...more,
      });
      await audit.write(
        tx,
        entry("fire", {
          facts: {
            binding: context.name,
            tokens: tokens.length,
            queuedCancelled,
            runningCut: runs.length - queuedCancelled,
          },
        }),
        ...runs.map((run) => entry("cancel", { runId: run.id, facts: { was: run.was } })),
      );
      const seq = await recordRevocations(tx, now, [{ bindingUid: uid }], "Fired");
      await tx.query("update bindings set revocation_seq = $2 where uid = $1", [uid, seq]);
      tx.wake("authority", "bindings", "runs", "queue");
      return {
        alreadyRevoked: false,
        tokens: tokens.length,
        queuedCancelled,
        runningCut: runs.length - queuedCancelled,
      };
    },
    { first: `change_authority(${literals([authority.binding(uid)])})` },
  );
}

async function bury(tx: Tx, uid: string, context: Context, now: number): Promise<void> {
  await tx.query(
    `insert into bindings (uid, tenant, namespace, name, role_uid, role_name, subject_kind, subject_name, spec, effective,
       time_zone, credentials, account_id, state, authority_seq, hired_at)
     values ($1, $2, $3, $4, '', '', '', '', '{}', '{"state":"Suspended","autonomyBand":"Observe"}', 'UTC', '[]', $5,
       'revoked', nextval('authority_seq'), $6)`,
    [uid, context.tenant, context.namespace, context.name, newId(now), now],
  );
}

async function endRuns(tx: Tx, uid: string, now: number): Promise<readonly { id: string; was: string }[]> {
  const open = await tx.query<{ id: string; was: string }>(
    `select id, phase as was from runs where binding_uid = $1 and phase in ('Queued', 'Running', 'Waiting')
      order by id for no key update`,
    [uid],
  );
  if (open.length > 0)
    await tx.query(
      `update runs set phase = 'Cancelled', reason = 'Fired', message = 'the binding was deleted', epoch = epoch + 1,
         lease_until = null, waiting_type = null, waiting_name = null, waiting_since = null, finished_at = $2,
         change_seq = pg_current_xact_id()::text::bigint
       where id = any ($1)`,
      [open.map((run) => run.id), now],
    );
  return open;
}

/** Sealed now: what revoking takes must not depend on objects that may be gone by the time it is done. */
async function enqueueDownstream({ keys }: Ports, tx: Tx, binding: Row, now: number): Promise<void> {
  const credentials = binding.credentials as BindingState["credentials"];
  for (const credential of credentials) {
    const id = newId(now);
    await tx.query(
      `insert into downstream (id, binding_uid, namespace, server, material, created_at, next_at)
       values ($1, $2, $3, $4, $5, $6, $6)`,
      [id, binding.uid, binding.namespace, credential.server, keys.sealMaster(JSON.stringify(credential), id), now],
    );
  }
}
