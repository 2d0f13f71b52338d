import { problem } from "../api/reasons.ts";
import { Batch } from "./batch.ts";
import type { Combiner } from "./combiner.ts";
import type { BudgetDefinition, BudgetState, BudgetWindow, Money } from "./ledger.ts";
import { authority, fenced, type Ports } from "./ports.ts";
import { type PutRequest, putBudgets } from "./put-budgets.ts";
import { literals } from "./sql.ts";
import { isTimeZone } from "./time-zone.ts";

const disputeAfterMs = 15 * 60_000;
const chargeAfterMs = 60 * 60_000;
const sweepBatch = 500;
// Long enough to share a commit among many, short enough that its locks are not noticed.
const batchSize = 256;

/** Budgets and what is left of them. Holds and charges are the guard's. */
export function makeMoney(ports: Ports, combiner: Combiner): Money {
  const { db, time } = ports;
  const puts = new Batch({ most: batchSize, perform: (asked: readonly PutRequest[]) => putBudgets(ports, asked) });
  const actives = new Batch({
    most: batchSize,
    async perform(asked: readonly { readonly tenant: string; readonly key: string }[]) {
      const rows = await db.query<{ ord: bigint }>(
        `select q.ord from unnest($1::text[], $2::text[]) with ordinality as q (tenant, key, ord)
           join budgets b on b.tenant = q.tenant and b.key = q.key and b.active`,
        [asked.map(({ tenant }) => tenant), asked.map(({ key }) => key)],
      );
      const active = new Set(rows.map(({ ord }) => Number(ord)));
      return asked.map((_, index) => ({ value: active.has(index + 1) }));
    },
  });
  const rooms = new Batch({
    most: batchSize,
    async perform(uids: readonly string[]) {
      const rows = await db.query<{ uid: string; label: string; remaining: bigint }>(
        `select distinct on (b.uid) b.uid, o.label,
                case when o.frozen then 0 else greatest(0, o.ceiling - o.spent - o.held) end::bigint as remaining
           from bindings b cross join lateral budgets_over(b.tenant, $2, b.uid, b.role_name, b.team, '') o
          where b.uid = any ($1) order by b.uid, 3`,
        [uids, time.now()],
      );
      const found = new Map(rows.map(({ uid, label, remaining }) => [uid, { remaining, level: label }]));
      return uids.map((uid) => ({ value: found.get(uid) }));
    },
  });
  return {
    async putBudget(fence, budget) {
      check(budget);
      return puts.add({ fence, budget });
    },

    async dropBudget(fence, tenant, key) {
      // Most bindings have no budget of their own, and the lock below stops the tenant.
      if (!(await actives.add({ tenant, key }))) return false;
      await db.tx(
        async (tx) => {
          await tx.query("update budgets set active = false where tenant = $1 and key = $2", [tenant, key]);
          tx.wake("money");
        },
        { first: `${fenced(fence)}, change_authority(${literals([authority.tenant(tenant)])})` },
      );
      return true;
    },

    async budget(tenant, key) {
      const rows = await db.query(
        `select l.win, w.starts_at, w.resets_at, coalesce(a.ceiling, l.amount) as ceiling, coalesce(a.spent, 0) as spent,
                coalesce(a.held, 0) as held, coalesce(a.frozen, false) as frozen
           from budgets b join limits l on l.budget_id = b.id and l.active
           cross join lateral window_bounds(l.win, $3, b.time_zone) w
           left join accounts a on a.limit_id = l.id and a.generation = b.generation and a.run_id = ''
            and a.starts_at <= $3 and a.resets_at > $3 and l.win <> 'Run'
          where b.tenant = $1 and b.key = $2 and b.active
          order by array_position(array['Run', 'Day', 'Week', 'Month'], l.win)`,
        [tenant, key, time.now()],
      );
      return rows.map(
        (row): BudgetState => ({
          window: row.win as BudgetWindow,
          start: Number(row.starts_at),
          resetsAt: Number(row.resets_at),
          limit: row.ceiling as bigint,
          spent: row.spent as bigint,
          held: row.held as bigint,
          frozen: row.frozen as boolean,
        }),
      );
    },

    headroom: (bindingUid) => rooms.add(bindingUid),

    async sweep() {
      const now = time.now();
      // Open without an owner: the run went on or ended, or nobody settled for long. What became of it is unknown.
      const unknown = await db.query<{ call_id: string }>(
        `select c.call_id from calls c join runs r on r.id = c.run_id
          where c.state = 'open' and (r.epoch <> c.epoch or r.phase <> 'Running' or c.created_at <= $1)
          order by c.created_at limit $2`,
        [now - disputeAfterMs, sweepBatch],
      );
      const overdue = await db.query<{ call_id: string }>(
        `select call_id from calls where state = 'disputed' and disputed_at <= $1 order by disputed_at limit $2`,
        [now - chargeAfterMs, sweepBatch],
      );
      await Promise.all([
        ...unknown.map((row) => combiner.settle(row.call_id, { kind: "dispute" })),
        ...overdue.map((row) =>
          combiner.settle(row.call_id, { kind: "abandon", how: "charge", error: "outcome unknown for an hour" }),
        ),
      ]);
      return unknown.length + overdue.length;
    },

    async drift() {
      const [row] = await db.query<{ drift: bigint }>(
        `with entries as (
           select account, sum(e.held) as held, sum(e.spent) as spent
             from (select path_id, sum(held_delta) as held, sum(spent_delta) as spent from audit
                    where path_id is not null group by path_id) e
             join paths p on p.id = e.path_id cross join lateral unnest(p.accounts) account
            group by account)
         select coalesce(sum(abs(a.held - coalesce(e.held, 0)) + abs(a.spent - coalesce(e.spent, 0))), 0)::bigint as drift
           from accounts a left join entries e on e.account = a.id`,
      );
      return row!.drift;
    },
  };
}

function check(budget: BudgetDefinition): void {
  const wrong = (what: string) => problem("InvalidRequest", `${budget.label}: ${what}`);
  if (!isTimeZone(budget.timeZone)) {
    throw wrong(`time zone "${budget.timeZone}" is not an IANA zone such as "Europe/Lisbon"`);
  }
  const windows = new Set<string>();
  for (const { window, amount } of budget.limits) {
    if (windows.has(window)) throw wrong(`window ${window} has two limits`);
    windows.add(window);
    if (amount < 0n || amount > 9_000_000_000_000_000n) throw wrong(`the limit of window ${window} is out of range`);
  }
}
