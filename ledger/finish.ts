import { problem } from "../api/reasons.ts";
import { sealBody } from "./bodies.ts";
import type { Runs } from "./ledger.ts";
import type { Ports } from "./ports.ts";
import { epochLost, move } from "./run-moves.ts";
import { changed } from "./run-rows.ts";

/** A run past its deadline is given this long to end by itself before it is ended. */
const graceMs = 30_000;
const sweepBatch = 500;

/** How runs end: with an answer, or by time. */
export function makeFinish(ports: Ports): Pick<Runs, "succeed" | "sweepLeases"> {
  const { db, time, keys } = ports;
  return {
    async succeed(runId, epoch, outcome) {
      const [known] = await db.query<{ binding_uid: string }>("select binding_uid from runs where id = $1", [runId]);
      if (!known) throw problem("NotFound", "no such run");
      const uid = known.binding_uid;
      const { root, blobs } = sealBody(await keys.get(uid), uid, outcome.output, () => false);
      await db.tx(
        async (tx) => {
          const [run] = await tx.query("select phase, epoch, output_digest from runs where id = $1 for no key update", [
            runId,
          ]);
          if (Number(run!.epoch) !== epoch) throw epochLost();
          // The answer was recorded and the confirmation was lost: telling it again changes nothing.
          if (run!.phase === "Succeeded" && run!.output_digest === outcome.outputDigest) return;
          const now = time.now();
          await move(ports, tx, runId, {
            event: "succeed",
            epoch,
            principal: "gateway",
            reason: outcome.reason,
            message: outcome.message,
          });
          await tx.query(
            `update runs set rung = $2, tier = $3, verified = $4, output_digest = $5, ${changed} where id = $1`,
            [runId, outcome.rung, outcome.tier ?? null, outcome.verified, outcome.outputDigest],
          );
          for (const blob of blobs)
            await tx.query("insert into blobs (binding_uid, id, sealed) values ($1, $2, $3) on conflict do nothing", [
              uid,
              blob.id,
              blob.sealed,
            ]);
          await tx.query(
            `insert into steps (run_id, step, action, epoch, kind, name, state, complete, repeat, digest, request, response,
             response_digest, started_at, finished_at)
           select $1, coalesce(max(step), -1) + 1, -1, $2, 'final', $3, 'happened', true, 'never', $4, $5, $5, $4, $6, $6
             from steps where run_id = $1`,
            [runId, epoch, outcome.rung, outcome.outputDigest, root, now],
          );
        },
        { content: [uid] },
      );
    },

    async sweepLeases() {
      return db.tx(async (tx) => {
        const now = time.now();
        const due = await tx.query<{ id: string; phase: string; late: boolean }>(
          `select id, phase, deadline <= $1 as late from runs
            where (phase = 'Running' and (lease_until <= $1 or deadline <= $2))
               or (phase in ('Queued', 'Waiting') and deadline <= $1)
            order by id limit $3 for no key update skip locked`,
          [now, now - graceMs, sweepBatch],
        );
        for (const { id, late } of due)
          await move(
            ports,
            tx,
            id,
            late
              ? { event: "fail", principal: "ledger", reason: "TimeLimit", message: "the run passed its deadline" }
              : { event: "leaseLost", principal: "ledger", reason: "Queued", message: "the worker was lost" },
          );
        return due.length;
      });
    },
  };
}
