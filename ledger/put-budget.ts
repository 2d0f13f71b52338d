import type { BudgetDefinition } from "./ledger.ts";
import { pathOf } from "./paths.ts";
import type { Ports } from "./ports.ts";
import type { Tx } from "./sql.ts";

/**
 * Puts a definition in force. Runs alone in its tenant (the caller holds the lock that guard transactions share), so it
 * can count what the covered bindings spent and hold in the current windows and take over their open holds. A limit below
 * what is spent is a limit: the account stands above it and buys nothing more.
 */
export async function putBudget(ports: Ports, tx: Tx, budget: BudgetDefinition): Promise<void> {
  const { kind, value } = selectionOf(budget);
  const [was] = await tx.query(
    "select id, time_zone, select_kind, select_value, label, active from budgets where tenant = $1 and key = $2",
    [budget.tenant, budget.key],
  );
  const moved = was !== undefined && was.time_zone !== budget.timeZone;
  const [row] = await tx.query<{ id: bigint; generation: number }>(
    `insert into budgets (tenant, key, label, time_zone, select_kind, select_value) values ($1, $2, $3, $4, $5, $6)
     on conflict (tenant, key) do update set label = $3, time_zone = $4, select_kind = $5, select_value = $6, active = true,
       generation = budgets.generation + $7::int
     returning id, generation`,
    [budget.tenant, budget.key, budget.label, budget.timeZone, kind, value, moved ? 1 : 0],
  );
  await tx.query("update limits set active = false where budget_id = $1 and win <> all ($2)", [
    row!.id,
    budget.limits.map((limit) => limit.window),
  ]);
  const fresh = !was?.active || moved || was.select_kind !== kind || was.select_value !== value;
  for (const { window, amount } of budget.limits) {
    const [before] = await tx.query("select active, amount from limits where budget_id = $1 and win = $2", [
      row!.id,
      window,
    ]);
    const [limit] = await tx.query<{ id: bigint }>(
      `insert into limits (budget_id, win, amount) values ($1, $2, $3)
       on conflict (budget_id, win) do update set amount = $3, active = true returning id`,
      [row!.id, window, amount],
    );
    if (before?.amount !== amount)
      // A raised limit is a person's decision: it also ends a freeze, where there is room again.
      await tx.query(
        `update accounts set ceiling = $2, frozen = frozen and spent + held > $2 where limit_id = $1 and generation = $3
            and resets_at > $4`,
        [limit!.id, amount, row!.generation, ports.time.now()],
      );
    if (fresh || !before?.active)
      if (window !== "Run") await backfill(ports, tx, budget, { id: limit!.id, generation: row!.generation, window });
  }
  tx.wake("money");
}

/** How a selection is stored. */
export function selectionOf(budget: BudgetDefinition): { readonly kind: string; readonly value: string } {
  switch (budget.select.kind) {
    case "binding":
      return { kind: "binding", value: budget.select.bindingUid };
    case "role":
      return { kind: "role", value: budget.select.roleName };
    case "team":
      return { kind: "team", value: budget.select.team };
    case "all":
      return { kind: "all", value: "" };
  }
}

/** Whose money a selection covers, by names: what an earlier binding for the same person spent counts. */
const payersOf = `select p.id from payers p where p.tenant = $1 and case $2
  when 'all' then true
  when 'role' then p.role_name = $3
  when 'team' then p.team = $3
  else p.id = (select payer_id from bindings where uid = $3) end`;

async function backfill(
  { time, audit }: Ports,
  tx: Tx,
  budget: BudgetDefinition,
  limit: { readonly id: bigint; readonly generation: number; readonly window: string },
): Promise<void> {
  const now = time.now();
  const { kind, value } = selectionOf(budget);
  const [account] = await tx.query<{ id: bigint; starts_at: bigint; spent: bigint; held: bigint }>(
    `insert into accounts (limit_id, generation, starts_at, resets_at, ceiling)
     select l.id, $2, w.starts_at, w.resets_at, l.amount from limits l cross join lateral window_bounds(l.win, $3, $4) w
      where l.id = $1
     on conflict (limit_id, generation, run_id, starts_at) do update set resets_at = excluded.resets_at
     returning id, starts_at, spent, held`,
    [limit.id, limit.generation, now, budget.timeZone],
  );
  const id = account!.id;
  const [past] = await tx.query<{ spent: bigint }>(
    // By the time of the hold: that is the window a settlement goes to.
    `select coalesce(sum(charged), 0)::bigint as spent from calls where payer_id in (${payersOf}) and created_at >= $4`,
    [budget.tenant, kind, value, account!.starts_at],
  );
  const open = await tx.query<{ call_id: string; amount: bigint; accounts: bigint[] }>(
    `select c.call_id, c.amount, p.accounts from calls c join paths p on p.id = c.path_id
      where c.payer_id in (${payersOf}) and c.state in ('open', 'disputed') and c.created_at >= $4 order by c.call_id for update of c`,
    [budget.tenant, kind, value, account!.starts_at],
  );
  for (const call of open) {
    if (call.accounts.includes(id)) continue;
    // Its settlement goes through this account too.
    const path = pathOf([...call.accounts, id]);
    await tx.query("insert into paths (id, accounts) values ($1, $2) on conflict do nothing", [path.id, path.accounts]);
    await tx.query("update calls set path_id = $2 where call_id = $1", [call.call_id, path.id]);
  }
  const held = open.reduce((sum, call) => sum + call.amount, 0n);
  // An account that lived before may know more than the rows of the calls: a wider selection never forgets.
  const missing = past!.spent - account!.spent;
  const spent = account!.spent + (missing > 0n ? missing : 0n);
  if (spent === account!.spent && held === account!.held) return;
  await tx.query("update accounts set spent = $2, held = $3, entry_kind = 'backfill' where id = $1", [id, spent, held]);
  const alone = pathOf([id]);
  await tx.query("insert into paths (id, accounts) values ($1, $2) on conflict do nothing", [alone.id, alone.accounts]);
  await audit.write(tx, {
    at: now,
    tenant: budget.tenant,
    principal: "controller",
    action: "backfill",
    decision: "allow",
    reason: "Funded",
    facts: { budget: budget.key, window: limit.window },
    money: { pathId: alone.id, held: held - account!.held, spent: spent - account!.spent },
  });
}
