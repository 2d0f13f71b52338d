import { Problem } from "../lib/problem.ts";
import { each, type Outcome } from "./batch.ts";
import type { BudgetDefinition, Fence } from "./ledger.ts";
import { authority, fenced, type Ports } from "./ports.ts";
import { putBudget, selectionOf } from "./put-budget.ts";
import { literals, type Tx } from "./sql.ts";

export interface PutRequest {
  readonly fence: Fence;
  readonly budget: BudgetDefinition;
}

const hopeless: ReadonlySet<string> = new Set(["LeadershipLost", "LedgerUnavailable"]);

/**
 * Puts definitions in force. Those of newly hired bindings share one transaction: nothing was spent that they would have to
 * take over. The others, and all when that transaction fails for a reason of one of them, have one each.
 */
export async function putBudgets(ports: Ports, requests: readonly PutRequest[]): Promise<readonly Outcome<boolean>[]> {
  const [{ fence }] = requests as readonly [PutRequest];
  const inForce = await listInForce(
    ports.db,
    requests.map(({ budget }) => budget),
  );
  const wanted = requests.filter(({ budget }) => !inForce.has(budget));
  const together = wanted.filter(
    ({ budget, fence: own }) => own.epoch === fence.epoch && budget.select.kind === "binding",
  );
  let done: ReadonlySet<BudgetDefinition> = new Set();
  if (together.length > 1) {
    try {
      done = await putNew(ports, distinct(together.map(({ budget }) => budget)), fence);
    } catch (thrown) {
      if (thrown instanceof Problem && hopeless.has(thrown.reason)) return requests.map(() => ({ thrown }));
    }
  }
  return each(requests, async (request) => {
    if (inForce.has(request.budget)) return false;
    if (!done.has(request.budget)) await putAlone(ports, request);
    return true;
  });
}

/** Those that are in force just so: a new leader puts every definition again, and nearly all are. */
async function listInForce(
  db: Ports["db"],
  budgets: readonly BudgetDefinition[],
): Promise<ReadonlySet<BudgetDefinition>> {
  const rows = await db.query<{
    ord: bigint;
    label: string;
    time_zone: string;
    kind: string;
    value: string;
    limits: string[];
  }>(
    `select q.ord, b.label, b.time_zone, b.select_kind as kind, b.select_value as value,
            array(select l.win || ' ' || l.amount from limits l where l.budget_id = b.id and l.active) as limits
       from unnest($1::text[], $2::text[]) with ordinality as q (tenant, key, ord)
       join budgets b on b.tenant = q.tenant and b.key = q.key and b.active`,
    [budgets.map(({ tenant }) => tenant), budgets.map(({ key }) => key)],
  );
  const same = rows.filter(({ ord, limits, ...row }) => {
    const budget = budgets[Number(ord) - 1]!;
    const { kind, value } = selectionOf(budget);
    const wanted = budget.limits.map(({ window, amount }) => `${window} ${amount}`);
    return (
      row.label === budget.label &&
      row.time_zone === budget.timeZone &&
      row.kind === kind &&
      row.value === value &&
      wanted.length === limits.length &&
      wanted.every((limit) => limits.includes(limit))
    );
  });
  return new Set(same.map(({ ord }) => budgets[Number(ord) - 1]!));
}

async function putAlone(ports: Ports, { fence, budget }: PutRequest): Promise<void> {
  // No guard transaction that the budget covers runs meanwhile: what is spent and held is what is read here.
  const tenant = literals([authority.tenant(budget.tenant)]);
  const only = await onlyBinding(ports.db, budget);
  const locks =
    only === undefined
      ? `change_authority(${tenant})`
      : `hold_authority(${tenant}), change_authority(${literals([authority.binding(only)])})`;
  await ports.db.tx((tx) => putBudget(ports, tx, budget), { first: `${fenced(fence)}, ${locks}` });
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

/** Two definitions of one key in one batch: the later one is put by itself, after the first. */
function distinct(budgets: readonly BudgetDefinition[]): readonly BudgetDefinition[] {
  return [...new Map(budgets.toReversed().map((budget) => [`${budget.tenant}/${budget.key}`, budget])).values()];
}

/** Puts those that the ledger has never seen, for bindings whose person never called anything; answers which. */
async function putNew(
  ports: Ports,
  budgets: readonly BudgetDefinition[],
  fence: Fence,
): Promise<ReadonlySet<BudgetDefinition>> {
  const uidOf = ({ select }: BudgetDefinition) => (select.kind === "binding" ? select.bindingUid : "");
  const tenants = literals(budgets.map(({ tenant }) => authority.tenant(tenant)));
  const bindings = literals(budgets.map((budget) => authority.binding(uidOf(budget))));
  const put = async (tx: Tx) => {
    const asked = budgets.map((budget, ord) => ({
      ord,
      tenant: budget.tenant,
      key: budget.key,
      label: budget.label,
      time_zone: budget.timeZone,
      uid: uidOf(budget),
      wins: budget.limits.map(({ window }) => window),
      amounts: budget.limits.map(({ amount }) => amount.toString()),
    }));
    const rows = await tx.query<{ tenant: string; key: string }>(
      `with asked as (
         select q.* from jsonb_to_recordset($1::jsonb) as q (
           ord int, tenant text, key text, label text, time_zone text, uid text, wins text[], amounts bigint[])
           join bindings b on b.uid = q.uid
          where not exists (select from calls c where c.payer_id = b.payer_id)
       ), put as (
         insert into budgets (tenant, key, label, time_zone, select_kind, select_value)
         select tenant, key, label, time_zone, 'binding', uid from asked order by tenant, key
         on conflict (tenant, key) do nothing
         returning id, tenant, key
       ), limited as (
         insert into limits (budget_id, win, amount)
         select put.id, l.win, l.amount from put join asked using (tenant, key)
           cross join lateral unnest(asked.wins, asked.amounts) as l (win, amount)
       )
       select tenant, key from put`,
      [JSON.stringify(asked)],
    );
    if (rows.length > 0) tx.wake("money");
    return new Set(rows.map(({ tenant, key }) => `${tenant}/${key}`));
  };
  const done = await ports.db.tx(put, {
    first: `${fenced(fence)}, hold_authority(${tenants}), change_authority(${bindings})`,
  });
  return new Set(budgets.filter(({ tenant, key }) => done.has(`${tenant}/${key}`)));
}
