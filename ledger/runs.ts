import { admit } from "./admit.ts";
import { claim } from "./claim.ts";
import { makeFinish } from "./finish.ts";
import type { RunRecord, Runs } from "./ledger.ts";
import { fenced, type Ports } from "./ports.ts";
import { recordRevocations } from "./revocations.ts";
import { listRuns, readChanged } from "./run-lists.ts";
import { epochLost, move } from "./run-moves.ts";
import { runColumns, toRun } from "./run-rows.ts";
import type { Row } from "./sql.ts";
import { trace } from "./trace.ts";

export function makeRuns(ports: Ports): Runs {
  const { db, time, keys } = ports;
  const toRuns = (rows: readonly Row[]): Promise<RunRecord[]> => Promise.all(rows.map((row) => toRun(row, keys)));
  const findWhere = async (where: string, values: readonly unknown[]) =>
    (await toRuns(await db.query(`select ${runColumns} from runs r where ${where} limit 1`, values)))[0];
  const { succeed, sweepLeases } = makeFinish(ports);
  return {
    admit: (fence, request) => admit(ports, fence, request),
    claim: (worker) => claim(ports, worker),
    async beat(runId, epoch, leaseMs) {
      const rows = await db.query(
        "update runs set lease_until = $3 where id = $1 and epoch = $2 and phase = 'Running' returning 1",
        [runId, epoch, time.now() + leaseMs],
      );
      if (rows.length === 0) throw epochLost();
    },
    async release(runId, epoch, why) {
      await db.tx(async (tx) => {
        await move(ports, tx, runId, {
          event: why,
          epoch,
          principal: "worker",
          reason: "Queued",
          message: why === "release" ? "the worker let go" : "the worker was lost",
        }).catch((thrown) => {
          // A former owner that lets go changes nothing.
          if ((thrown as { reason?: string }).reason !== "EpochLost") throw thrown;
        });
      });
    },
    sweepLeases,
    succeed,
    async fail(runId, epoch, reason, message) {
      await db.tx((tx) => move(ports, tx, runId, { event: "fail", epoch, principal: "gateway", reason, message }));
    },
    async park(runId, epoch, waitingFor, message) {
      await db.tx((tx) =>
        move(ports, tx, runId, {
          event: "park",
          epoch,
          principal: "gateway",
          reason: waitingFor.type === "Approval" ? "ApprovalRequired" : "Waiting",
          message,
          waitingFor,
        }),
      );
    },
    async wake(runId) {
      await db.tx((tx) =>
        move(ports, tx, runId, {
          event: "wake",
          principal: "ledger",
          reason: "Queued",
          message: "what it waited for is there",
        }),
      );
    },
    async cancel(runId, by, why = `cancelled by ${by}`) {
      await db.tx(async (tx) => {
        const was = await move(ports, tx, runId, {
          event: "cancel",
          principal: by,
          reason: "Cancelled",
          message: why,
        });
        if (was !== "Running") return;
        await recordRevocations(tx, time.now(), [{ runId }], "Cancelled");
        tx.wake("authority");
      });
    },
    find: (runId) => findWhere("r.id = $1", [runId]),
    findByObject: (tenant, objectName) =>
      findWhere("r.tenant = $1 and r.object_name = $2 order by r.created_at desc, r.id desc", [tenant, objectName]),
    list: async (filter) => toRuns(await listRuns(db, filter)),
    changedSince: async (cursor, limit) => toRuns(await readChanged(db, cursor, limit, () => ports.poke(["runs"]))),
    async markWindow(runId, state) {
      // "gone" is final: a window that a person deleted is never shown again.
      await db.query("update runs set window_state = $2 where id = $1 and window_state is distinct from 'gone'", [
        runId,
        state,
      ]);
    },
    async isWindowGone(runId) {
      const [row] = await db.query("select window_state from runs where id = $1", [runId]);
      return row?.window_state === "gone";
    },
    async triggerSummary(triggerUid) {
      const [row] = await db.query(
        `select count(*) filter (where phase <> 'Refused') as fired, count(*) filter (where phase = 'Refused') as refused,
                count(*) filter (where phase = 'Succeeded' and tier is null) as by_rule,
                max(created_at) filter (where phase <> 'Refused') as last_fire
           from runs where trigger_uid = $1`,
        [triggerUid],
      );
      return {
        fired: Number(row!.fired),
        ruleAnswered: Number(row!.by_rule),
        refused: Number(row!.refused),
        ...(row!.last_fire === null ? {} : { lastFire: Number(row!.last_fire) }),
      };
    },
    async cursor(name) {
      // A ledger copied into another server counts transactions anew; a cursor from before would wait for ever.
      const [row] = await db.query<{ position: bigint }>(
        "select position from cursors where name = $1 and position <= pg_current_xact_id()::text::bigint",
        [name],
      );
      return Number(row?.position ?? 0n);
    },
    async saveCursor(fence, name, cursor) {
      await db.tx(
        (tx) =>
          tx.query(
            `insert into cursors (name, position) values ($1, $2)
             on conflict (name) do update set position = greatest(cursors.position, excluded.position)`,
            [name, cursor],
          ),
        { first: fenced(fence) },
      );
    },
    trace: (runId) => trace(ports, runId),
  };
}
