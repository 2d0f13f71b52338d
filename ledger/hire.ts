import { problem } from "../api/reasons.ts";
import { newId, sha256 } from "../lib/ids.ts";
import { canonicalJson } from "../lib/json.ts";
import { each, type Outcome, reachOf, shares } from "./batch.ts";
import { bindingColumns, toBinding } from "./binding-rows.ts";
import type { BindingRecord, BindingState, Fence } from "./ledger.ts";
import { authority, fenced, type Ports } from "./ports.ts";
import { recordRevocations } from "./revocations.ts";
import { literals, type Tx } from "./sql.ts";

/** One hire asked for, with the leadership that it was asked under. */
export interface HireRequest {
  readonly fence: Fence;
  readonly binding: BindingRecord;
}

export interface Hired {
  readonly accountId: string;
  readonly changed: boolean;
}

/** Shared with other hires, exclusive with a stop: a binding hired during a stop sees it or is seen by it. */
const first = (fence: Fence, bindings: readonly BindingRecord[]) =>
  `${fenced(fence)}, hold_authority(${literals(bindings.map(({ tenant }) => authority.tenant(tenant)))})`;

/** Of two hires for the same person at once the second waits, and then sees the first. In the order of the locks' numbers. */
const subjectsOf = (bindings: readonly BindingRecord[]) =>
  `(select count(pg_advisory_xact_lock(k)) from (
     select distinct hashtextextended(x, 0) as k from unnest(${literals(bindings.map(subjectKey))}) x order by 1) sorted)`;

/**
 * Hires or updates each binding. Newcomers that do not get in each other's way share one transaction; the others, and all
 * when that transaction fails for a reason of one of them, have one each, after it: an update that comes alone pays for a
 * transaction that finds out that it is one. A leadership that is over, or a tenant that somebody keeps locked, fails its
 * own and no others.
 */
export function hireAll(ports: Ports, requests: readonly HireRequest[]): Promise<readonly Outcome<Hired>[]> {
  const leadership = ({ fence }: HireRequest) => `${fence.name}/${fence.epoch}`;
  return shares(requests, leadership, (share) => hireUnder(ports, share));
}

/** Under one leadership. */
async function hireUnder(ports: Ports, requests: readonly HireRequest[]): Promise<readonly Outcome<Hired>[]> {
  const alone = ({ fence, binding }: HireRequest) =>
    ports.db.tx((tx) => hire(ports, tx, binding, fence), { first: first(fence, [binding]), patient: true });
  const { fence } = requests[0]!;
  const together = distinct(requests);
  const hired = new Map<HireRequest, Hired>();
  try {
    const bindings = together.map(({ binding }) => binding);
    const byUid = await ports.db.tx((tx) => hireNew(ports, tx, bindings, fence), {
      first: `${first(fence, bindings)}, ${subjectsOf(bindings)}`,
      patient: true,
    });
    for (const request of together) {
      const found = byUid.get(request.binding.uid);
      if (found !== undefined) hired.set(request, found);
    }
  } catch (thrown) {
    const reach = reachOf(thrown);
    const tenantOf = ({ binding }: HireRequest) => binding.tenant;
    if (reach === "some" && new Set(requests.map(tenantOf)).size > 1)
      return shares(requests, tenantOf, (share) => hireUnder(ports, share));
    // One by one they would all wait for the same lock, each with a connection of its own.
    if (reach !== "one") return requests.map(() => ({ thrown }));
  }
  return each(requests, async (request) => hired.get(request) ?? alone(request));
}

/** The first of those that share a UID, a name or a person. */
function distinct(requests: readonly HireRequest[]): readonly HireRequest[] {
  const taken = new Set<string>();
  return requests.filter(({ binding }) => {
    const claims = [binding.uid, `${binding.tenant}/${binding.name}`, subjectKey(binding)];
    if (claims.some((claim) => taken.has(claim))) return false;
    for (const claim of claims) taken.add(claim);
    return true;
  });
}

/** By digest: people's words have no place in a statement's text. */
const subjectKey = ({ tenant, roleName, subject }: BindingRecord) =>
  `hire/${sha256([tenant, roleName, subject.kind, subject.name].join("/"))}`;

/** Hires those of `bindings` that the ledger has never seen and that no living one is a duplicate of; answers those. */
async function hireNew(
  { time, keys, audit }: Ports,
  tx: Tx,
  bindings: readonly BindingRecord[],
  fence: Fence,
): Promise<ReadonlyMap<string, Hired>> {
  const now = time.now();
  const asked = bindings.map((binding) => ({
    uid: binding.uid,
    tenant: binding.tenant,
    namespace: binding.namespace,
    name: binding.name,
    role_uid: binding.roleUid,
    role_name: binding.roleName,
    subject_kind: binding.subject.kind,
    subject_name: binding.subject.name,
    team: binding.team ?? null,
    spec: binding.spec,
    effective: binding.effective,
    time_zone: binding.timeZone,
    credentials: binding.credentials,
    account_id: newId(now),
    state: stateOf(binding),
  }));
  const taken = await tx.query<{ uid: string }>(
    // OFFSET has each looked up by itself: a plan from when there were few bindings would read all of them.
    `select q.uid
       from jsonb_to_recordset($1::jsonb) as q (
         uid text, tenant text, name text, role_name text, subject_kind text, subject_name text)
      cross join lateral (
        select from bindings b where b.uid = q.uid
        union all
        select from bindings b where b.tenant = q.tenant and b.name = q.name and b.state <> 'revoked'
        union all
        select from bindings b
         where b.tenant = q.tenant and b.role_name = q.role_name and b.subject_kind = q.subject_kind
           and b.subject_name = q.subject_name and b.state <> 'revoked'
        offset 0) b`,
    [JSON.stringify(asked)],
  );
  const refused = new Set(taken.map(({ uid }) => uid));
  const fresh = asked.filter(({ uid }) => !refused.has(uid));
  if (fresh.length === 0) return new Map();
  const uids = fresh.map(({ uid }) => uid);
  const wrapped = uids.map((uid) => keys.wrapNew(uid));
  const rows = await tx.query<{ uid: string; account_id: string }>(
    `with asked as (
       select * from jsonb_to_recordset($1::jsonb) as q (
         uid text, tenant text, namespace text, name text, role_uid text, role_name text, subject_kind text,
         subject_name text, team text, spec jsonb, effective jsonb, time_zone text, credentials jsonb, account_id text,
         state text)
     ), paying as (
       insert into payers (tenant, role_name, subject_kind, subject_name, team)
       select tenant, role_name, subject_kind, subject_name, team from asked order by 1, 2, 3, 4, 5
       on conflict (tenant, role_name, subject_kind, subject_name, team) do update set team = excluded.team
       returning *
     ), keyed as (
       insert into content_keys (binding_uid, wrapped) select * from unnest($3::text[], $4::bytea[]) on conflict do nothing
     )
     insert into bindings (uid, tenant, namespace, name, role_uid, role_name, subject_kind, subject_name, team, payer_id,
       spec, effective, time_zone, credentials, account_id, state, authority_seq, stopped_by, hired_at)
     select a.uid, a.tenant, a.namespace, a.name, a.role_uid, a.role_name, a.subject_kind, a.subject_name, a.team, p.id,
       a.spec, a.effective, a.time_zone, a.credentials, a.account_id, a.state, nextval('authority_seq'),
       stop_over(a.tenant, a.role_name, a.name, a.team), $2
       from asked a join paying p on p.tenant = a.tenant and p.role_name = a.role_name and p.subject_kind = a.subject_kind
        and p.subject_name = a.subject_name and p.team is not distinct from a.team
     returning uid, account_id`,
    [JSON.stringify(fresh), now, uids, wrapped],
  );
  await tx.query("select refresh_lanes($1)", [uids]);
  const records = bindings.filter(({ uid }) => !refused.has(uid));
  await audit.write(tx, ...records.map((binding) => entryOf(binding, "hire", now, fence)));
  tx.wake("bindings", "authority", "queue");
  return new Map(rows.map((row) => [row.uid, { accountId: row.account_id, changed: true }]));
}

/** Hires or updates one, whatever the ledger knows of it. Throws DuplicateBinding; Revoked for a tombstone. */
async function hire(ports: Ports, tx: Tx, binding: BindingRecord, fence: Fence): Promise<Hired> {
  const { time, keys, audit } = ports;
  const [known] = await tx.query(`select ${bindingColumns} from bindings b where b.uid = $1 for update of b`, [
    binding.uid,
  ]);
  if (known?.state === "revoked")
    throw problem("Revoked", `AgentBinding "${binding.name}" was fired; create it again to hire anew`);
  if (known && sameBinding(toBinding(known), binding)) return { accountId: known.account_id as string, changed: false };
  await refuseDuplicate(tx, binding);
  const state = stateOf(binding);
  const [payer] = await tx.query<{ id: bigint }>(
    `insert into payers (tenant, role_name, subject_kind, subject_name, team) values ($1, $2, $3, $4, $5)
     on conflict (tenant, role_name, subject_kind, subject_name, team) do update set team = $5 returning id`,
    [binding.tenant, binding.roleName, binding.subject.kind, binding.subject.name, binding.team ?? null],
  );
  if (known) await tx.query("select change_authority($1)", [[authority.binding(binding.uid)]]);
  const [row] = await tx.query<{ account_id: string }>(
    `insert into bindings (uid, tenant, namespace, name, role_uid, role_name, subject_kind, subject_name, team, payer_id,
       spec, effective, time_zone, credentials, account_id, state, authority_seq, stopped_by, hired_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, nextval('authority_seq'),
       stop_over($2, $6, $4, $9), $17)
     on conflict (uid) do update set namespace = $3, role_uid = $5, spec = $11, effective = $12, time_zone = $13,
       credentials = $14, state = $16, authority_seq = excluded.authority_seq, stopped_by = excluded.stopped_by
     returning account_id`,
    [
      binding.uid,
      binding.tenant,
      binding.namespace,
      binding.name,
      binding.roleUid,
      binding.roleName,
      binding.subject.kind,
      binding.subject.name,
      binding.team ?? null,
      payer!.id,
      JSON.stringify(binding.spec),
      JSON.stringify(binding.effective),
      binding.timeZone,
      JSON.stringify(binding.credentials),
      newId(time.now()),
      state,
      time.now(),
    ],
  );
  await keys.ensure(tx, binding.uid);
  await tx.query("select refresh_lanes($1)", [[binding.uid]]);
  await audit.write(tx, entryOf(binding, known ? "update" : "hire", time.now(), fence));
  if (known?.state === "active" && state === "suspended")
    await recordRevocations(tx, time.now(), [{ bindingUid: binding.uid }], "Suspended");
  tx.wake("bindings", "authority", "queue");
  return { accountId: row!.account_id, changed: true };
}

async function refuseDuplicate(tx: Tx, binding: BindingRecord): Promise<void> {
  await tx.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [subjectKey(binding)]);
  const [other] = await tx.query(
    `select name, role_name = $2 and subject_kind = $3 and subject_name = $4 as by_subject from bindings
      where tenant = $1 and uid <> $6 and state <> 'revoked'
        and ((role_name = $2 and subject_kind = $3 and subject_name = $4) or name = $5)`,
    [binding.tenant, binding.roleName, binding.subject.kind, binding.subject.name, binding.name, binding.uid],
  );
  if (!other) return;
  throw problem(
    "DuplicateBinding",
    other.by_subject
      ? `AgentBinding "${other.name}" already binds role "${binding.roleName}" to ${binding.subject.kind} "${binding.subject.name}"`
      : `an earlier AgentBinding "${binding.name}" has not been fired yet`,
  );
}

function sameBinding(known: BindingState, wanted: BindingRecord): boolean {
  const part = (one: BindingRecord) =>
    canonicalJson({
      namespace: one.namespace,
      roleUid: one.roleUid,
      spec: one.spec,
      effective: one.effective,
      timeZone: one.timeZone,
      credentials: one.credentials,
    });
  return part(known) === part(wanted);
}

const stateOf = ({ effective }: BindingRecord) => (effective.state === "Suspended" ? "suspended" : "active");

/** The epoch shows under whose leadership it was: rows of an epoch never follow the row of the next one's election. */
function entryOf(binding: BindingRecord, action: "hire" | "update", at: number, fence: Fence) {
  return {
    at,
    tenant: binding.tenant,
    principal: "controller",
    action,
    decision: "allow",
    reason: stateOf(binding) === "suspended" ? "Suspended" : "Ready",
    bindingUid: binding.uid,
    facts: {
      binding: binding.name,
      role: binding.roleName,
      subject: `${binding.subject.kind}/${binding.subject.name}`,
      epoch: fence.epoch,
    },
  };
}
