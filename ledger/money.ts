import { problem } from "../api/reasons.ts";
import type { Combiner } from "./combiner.ts";
import type { BudgetDefinition, BudgetState, BudgetWindow, Money } from "./ledger.ts";
import { authority, fenced, type Ports } from "./ports.ts";
import { putBudget } from "./put-budget.ts";
import { literals } from "./sql.ts";

const disputeAfterMs = 15 * 60_000;
const chargeAfterMs = 60 * 60_000;
const sweepBatch = 500;

/** Budgets and what is left of them. Holds and charges are the guard's. */
export function makeMoney(ports: Ports, combiner: Combiner): Money {
  const { db, time } = ports;
  return {
    async putBudget(fence, budget) {
      check(budget);
      // No guard transaction that the budget covers runs meanwhile: what is spent and held is what is read here.
      const tenant = literals([authority.tenant(budget.tenant)]);
      const only = await onlyBinding(db, budget);
      const locks =
        only === undefined
          ? `change_authority(${tenant})`
          : `hold_authority(${tenant}), change_authority(${literals([authority.binding(only)])})`;
      await db.tx((tx) => putBudget(ports, tx, budget), { first: `${fenced(fence)}, ${locks}` });
    },

    async dropBudget(fence, tenant, key) {
      await db.tx(
        async (tx) => {
          await tx.query("update budgets set active = false where tenant = $1 and key = $2", [tenant, key]);
          tx.wake("money");
        },
        { first: `${fenced(fence)}, change_authority(${literals([authority.tenant(tenant)])})` },
      );
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

    async headroom(bindingUid) {
      const [row] = await db.query<{ label: string; remaining: bigint }>(
        `select o.label, case when o.frozen then 0 else greatest(0, o.ceiling - o.spent - o.held) end::bigint as remaining
           from bindings b cross join lateral budgets_over(b.tenant, $2, b.uid, b.role_name, b.team, '') o
          where b.uid = $1 order by 2 limit 1`,
        [bindingUid, time.now()],
      );
      return row && { remaining: row.remaining, level: row.label };
    },

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

/**
 * The one binding whose calls a budget is about; undefined where it may be several. A predecessor of the binding for the
 * same person was fired before this one was hired, so whether it left calls does not change any more. Hiring many agents
 * at once would queue for the tenant otherwise, each with a commit of its own.
 */
async function onlyBinding(db: Ports["db"], { select }: BudgetDefinition): Promise<string | undefined> {
  if (select.kind !== "binding") return undefined;
  const [earlier] = await db.query(
    `select 1 from bindings b where b.uid = $1
        and exists (select from calls c where c.payer_id = b.payer_id and c.binding_uid <> b.uid)`,
    [select.bindingUid],
  );
  return earlier === undefined ? select.bindingUid : undefined;
}

function check(budget: BudgetDefinition): void {
  const wrong = (what: string) => problem("InvalidRequest", `${budget.label}: ${what}`);
  try {
    // Postgres also takes abbreviations and POSIX rules, which mean something else than they seem to.
    new Intl.DateTimeFormat("en", { timeZone: budget.timeZone });
  } catch {
    throw wrong(`time zone "${budget.timeZone}" is not an IANA zone such as "Europe/Lisbon"`);
  }
  const windows = new Set<string>();
  for (const { window, amount } of budget.limits) {
    if (windows.has(window)) throw wrong(`window ${window} has two limits`);
    windows.add(window);
    if (amount < 0n || amount > 9_000_000_000_000_000n) throw wrong(`the limit of window ${window} is out of range`);
  }
}
