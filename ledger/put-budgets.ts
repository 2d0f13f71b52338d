import { each, type Outcome, reachOf, shares } from "./batch.ts";
import type { BudgetDefinition, Fence } from "./ledger.ts";
import { authority, fenced, type Ports } from "./ports.ts";
import { putBudget, selectionOf } from "./put-budget.ts";
import { literals, type Tx } from "./sql.ts";

export interface PutRequest {
  readonly fence: Fence;
  readonly budget: BudgetDefinition;
}

/**
 * Puts definitions in force. Those of newly hired bindings share one transaction: nothing was spent that they would have to
 * take over. The others, and all when that transaction fails for a reason of one of them, have one each. A leadership that
 * is over, or a tenant that somebody keeps locked, fails its own and no others.
 */
export async function putBudgets(ports: Ports, requests: readonly PutRequest[]): Promise<readonly Outcome<boolean>[]> {
  const inForce = await listInForce(ports.db, requests);
  const leadership = (request: PutRequest) =>
    inForce.has(request) ? "" : `${request.fence.name}/${request.fence.epoch}`;
  return shares(requests, leadership, (share) =>
    inForce.has(share[0]!) ? each(share, async () => false) : putUnder(ports, share),
  );
}

/** Under one leadership: those that are not in force. */
async function putUnder(ports: Ports, requests: readonly PutRequest[]): Promise<readonly Outcome<boolean>[]> {
  const together = distinct(requests.filter(({ budget }) => budget.select.kind === "binding"));
  let done: ReadonlySet<PutRequest> = new Set();
  if (together.length > 0) {
    try {
      done = await putNew(ports, together);
    } catch (thrown) {
      const reach = reachOf(thrown);
      const tenantOf = ({ budget }: PutRequest) => budget.tenant;
      if (reach === "some" && new Set(requests.map(tenantOf)).size > 1)
        return shares(requests, tenantOf, (share) => putUnder(ports, share));
      if (reach !== "one") return requests.map(() => ({ thrown }));
    }
  }
  return each(requests, async (request) => {
    if (!done.has(request)) await putAlone(ports, request);
    return true;
  });
}

/** Those that are in force just so: a new leader puts every definition again, and nearly all are. */
async function listInForce(db: Ports["db"], requests: readonly PutRequest[]): Promise<ReadonlySet<PutRequest>> {
  const budgets = requests.map(({ budget }) => budget);
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
  return new Set(same.map(({ ord }) => requests[Number(ord) - 1]!));
}

async function putAlone(ports: Ports, { fence, budget }: PutRequest): Promise<void> {
  // No guard transaction that the budget covers runs meanwhile: what is spent and held is what is read here.
  const tenant = literals([authority.tenant(budget.tenant)]);
  const only = await onlyBinding(ports.db, budget);
  const locks =
    only === undefined
      ? `change_authority(${tenant})`
      : `hold_authority(${tenant}), change_authority(${literals([authority.binding(only)])})`;
  await ports.db.tx((tx) => putBudget(ports, tx, budget), { first: `${fenced(fence)}, ${locks}`, patient: true });
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
function distinct(requests: readonly PutRequest[]): readonly PutRequest[] {
  return [
    ...new Map(
      requests.toReversed().map((request) => [`${request.budget.tenant}/${request.budget.key}`, request]),
    ).values(),
  ];
}

/** Puts those that the ledger has never seen, for bindings whose person never called anything; answers which. */
async function putNew(ports: Ports, requests: readonly PutRequest[]): Promise<ReadonlySet<PutRequest>> {
  const { fence } = requests[0]!;
  const budgets = requests.map(({ budget }) => budget);
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
    patient: true,
  });
  return new Set(requests.filter(({ budget }) => done.has(`${budget.tenant}/${budget.key}`)));
}
