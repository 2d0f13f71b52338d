import type { Phase } from "../api/run-life.ts";
import type { BindingSummary } from "./ledger.ts";
import type { Ports } from "./ports.ts";

/** Sums of today, each binding's own today. Money is summed by payer: an earlier incarnation's spending counts. */
export async function summaries(
  { db, time }: Ports,
  uids: readonly string[],
): Promise<ReadonlyMap<string, BindingSummary>> {
  const rows = await db.query(
    // A day's bounds are asked for once for each zone. OFFSET has lanes looked up one by one: a plan from when there were few
    // would read all of them.
    `with asked as materialized (
       select uid, payer_id, time_zone from bindings where uid = any ($1)
     ), days as materialized (
       select z.time_zone, w.starts_at
         from (select distinct time_zone from asked) z cross join lateral window_bounds('Day', $2, z.time_zone) w
     )
     select b.uid, coalesce(today.runs, 0) as runs, coalesce(today.succeeded, 0) as succeeded,
            coalesce(today.failed, 0) as failed, coalesce(l.queued + l.running + l.waiting, 0) as active,
            coalesce(money.spent, 0)::bigint as spent, last.id, last.phase, last.reason, last.finished_at
       from asked b
       join days w on w.time_zone = b.time_zone
       left join lateral (select * from lanes where binding_uid = b.uid offset 0) l on true
       left join lateral (
         select count(*)::int as runs, (count(*) filter (where phase = 'Succeeded'))::int as succeeded,
                (count(*) filter (where phase in ('Failed', 'Refused')))::int as failed
           from runs where binding_uid = b.uid and created_at >= w.starts_at) today on true
       left join lateral (
         select sum(charged) as spent from calls where payer_id = b.payer_id and created_at >= w.starts_at
       ) money on true
       left join lateral (
         select id, phase, reason, finished_at from runs where binding_uid = b.uid order by created_at desc, id desc limit 1
       ) last on true`,
    [uids, time.now()],
  );
  return new Map(
    rows.map((row) => [
      row.uid as string,
      {
        runs: row.runs as number,
        active: row.active as number,
        succeeded: row.succeeded as number,
        failed: row.failed as number,
        spentToday: row.spent as bigint,
        ...(row.id === null
          ? {}
          : {
              last: {
                runId: row.id as string,
                phase: row.phase as Phase,
                reason: row.reason as string,
                ...(row.finished_at === null ? {} : { finishedAt: Number(row.finished_at) }),
              },
            }),
      },
    ]),
  );
}
