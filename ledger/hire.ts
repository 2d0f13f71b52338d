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
 * Hires or updates each binding. Those that do not get in each other's way share one transaction, in which each is answered
 * by itself; the others, and all when that transaction fails for a reason of one of them, have one each, after it. A
 * leadership that is over, or a tenant that somebody keeps locked, fails its own and no others.
 */
export function hireAll(ports: Ports, requests: readonly HireRequest[]): Promise<readonly Outcome<Hired>[]> {
  const leadership = ({ fence }: HireRequest) => `${fence.name}/${fence.epoch}`;
  return shares(requests, leadership, (share) => hireUnder(ports, share));
}

/** Under one leadership. */
async function hireUnder(ports: Ports, requests: readonly HireRequest[]): Promise<readonly Outcome<Hired>[]> {
  const { fence } = requests[0]!;
  const together = distinct(requests);
  const outcomes = new Map<HireRequest, Outcome<Hired>>();
  try {
    const byUid = await hireTogether(
      ports,
      together.map(({ binding }) => binding),
      fence,
    );
    for (const request of together) outcomes.set(request, byUid.get(request.binding.uid)!);
  } catch (thrown) {
    const reach = reachOf(thrown);
    const tenantOf = ({ binding }: HireRequest) => binding.tenant;
    if (reach === "some" && new Set(requests.map(tenantOf)).size > 1)
      return shares(requests, tenantOf, (share) => hireUnder(ports, share));
    // One by one they would all wait for the same lock, each with a connection of its own.
    if (reach !== "one" || requests.length === 1) return requests.map(() => ({ thrown }));
  }
  const left = requests.filter((request) => !outcomes.has(request));
  const late = await each(left, ({ binding }) => hireAlone(ports, binding, fence));
  for (const [index, request] of left.entries()) outcomes.set(request, late[index]!);
  return requests.map((request) => outcomes.get(request)!);
}

async function hireAlone(ports: Ports, binding: BindingRecord, fence: Fence): Promise<Hired> {
  const outcome = (await hireTogether(ports, [binding], fence)).get(binding.uid)!;
  if ("thrown" in outcome) throw outcome.thrown;
  return outcome.value;
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

/** Hires or updates bindings of which no two share a UID, a name or a person; an outcome for each, by UID. */
function hireTogether(
  ports: Ports,
  bindings: readonly BindingRecord[],
  fence: Fence,
): Promise<ReadonlyMap<string, Outcome<Hired>>> {
  return ports.db.tx(
    async (tx) => {
      const now = ports.time.now();
      const asked = bindings.map((binding) => toAsked(binding, now));
      const { known, refused } = await meet(tx, asked);
      const wanted = asked.filter(({ uid }) => !refused.has(uid));
      const fresh = wanted.filter(({ uid }) => !known.has(uid));
      const changed = wanted.filter(({ uid, binding }) => known.has(uid) && !sameBinding(known.get(uid)!, binding));
      const outcomes = new Map<string, Outcome<Hired>>(refused);
      for (const [uid, { accountId }] of known)
        if (!refused.has(uid)) outcomes.set(uid, { value: { accountId, changed: false } });
      // Whoever is fired before their update is not among its rows.
      for (const { uid, binding } of changed) outcomes.set(uid, { thrown: fired(binding) });
      const rows = [...(await insert(ports, tx, fresh, now)), ...(await update(ports, tx, changed))];
      if (rows.length === 0) return outcomes;
      for (const row of rows) outcomes.set(row.uid, { value: { accountId: row.account_id, changed: true } });
      const uids = rows.map(({ uid }) => uid);
      await tx.query("select refresh_lanes($1)", [uids]);
      const written = new Set(uids);
      const updated = changed.filter(({ uid }) => written.has(uid));
      await ports.audit.write(
        tx,
        ...fresh.map(({ binding }) => entryOf(binding, "hire", now, fence)),
        ...updated.map(({ binding }) => entryOf(binding, "update", now, fence)),
      );
      const suspended = updated.filter(({ uid, state }) => state === "suspended" && known.get(uid)!.state === "active");
      await recordRevocations(
        tx,
        now,
        suspended.map(({ uid }) => ({ bindingUid: uid })),
        "Suspended",
      );
      tx.wake("bindings", "authority", "queue");
      return outcomes;
    },
    { first: `${first(fence, bindings)}, ${subjectsOf(bindings)}`, patient: true },
  );
}

/** A binding as statements take it. */
function toAsked(binding: BindingRecord, now: number) {
  return {
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
    binding,
  };
}

type Asked = ReturnType<typeof toAsked>;

const askedColumns = `uid text, tenant text, namespace text, name text, role_uid text, role_name text, subject_kind text,
  subject_name text, team text, spec jsonb, effective jsonb, time_zone text, credentials jsonb, account_id text, state text`;

const parameter = (asked: readonly Asked[]) => JSON.stringify(asked.map(({ binding, ...columns }) => columns));

/** What the ledger has of those that are asked for, and who cannot be hired, with the reason. */
async function meet(tx: Tx, asked: readonly Asked[]) {
  const found = await tx.query<{ uid: string; known: boolean; name: string; by_subject: boolean }>(
    // OFFSET has each looked up by itself: a plan from when there were few bindings would read all of them.
    `select q.uid, b.known, b.name, b.by_subject
       from jsonb_to_recordset($1::jsonb) as q (${askedColumns})
      cross join lateral (
        select true as known, b.name, false as by_subject from bindings b where b.uid = q.uid
        union all
        select false, b.name, false from bindings b
         where b.tenant = q.tenant and b.name = q.name and b.state <> 'revoked' and b.uid <> q.uid
        union all
        select false, b.name, true from bindings b
         where b.tenant = q.tenant and b.role_name = q.role_name and b.subject_kind = q.subject_kind
           and b.subject_name = q.subject_name and b.state <> 'revoked' and b.uid <> q.uid
        offset 0) b`,
    [parameter(asked)],
  );
  const wanted = new Map(asked.map(({ uid, binding }) => [uid, binding]));
  const others = found.filter((one) => !one.known);
  const refused = new Map(
    others.map(({ uid, name, by_subject }) => [uid, { thrown: duplicate(wanted.get(uid)!, name, by_subject) }]),
  );
  const uids = found.filter((one) => one.known).map(({ uid }) => uid);
  const rows =
    uids.length > 0 ? await tx.query(`select ${bindingColumns} from bindings b where b.uid = any ($1)`, [uids]) : [];
  const known = new Map(rows.map((row) => [row.uid as string, toBinding(row)]));
  for (const [uid, binding] of known) {
    if (binding.state === "revoked") refused.set(uid, { thrown: fired(binding) });
    // Who stays as they are is nobody's duplicate anew.
    else if (sameBinding(binding, wanted.get(uid)!)) refused.delete(uid);
  }
  return { known, refused };
}

const fired = ({ name }: BindingRecord) =>
  problem("Revoked", `AgentBinding "${name}" was fired; create it again to hire anew`);

function duplicate({ roleName, subject, name }: BindingRecord, other: string, bySubject: boolean) {
  return problem(
    "DuplicateBinding",
    bySubject
      ? `AgentBinding "${other}" already binds role "${roleName}" to ${subject.kind} "${subject.name}"`
      : `an earlier AgentBinding "${name}" has not been fired yet`,
  );
}

type Written = { readonly uid: string; readonly account_id: string };

async function insert(ports: Ports, tx: Tx, fresh: readonly Asked[], now: number): Promise<readonly Written[]> {
  if (fresh.length === 0) return [];
  const uids = fresh.map(({ uid }) => uid);
  return tx.query<Written>(
    `with asked as (
       select * from jsonb_to_recordset($1::jsonb) as q (${askedColumns})
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
    [parameter(fresh), now, uids, uids.map((uid) => ports.keys.wrapNew(uid))],
  );
}

/** What may change of a binding, where it was not fired. Calls in flight under the former authority end before it. */
async function update(ports: Ports, tx: Tx, changed: readonly Asked[]): Promise<readonly Written[]> {
  if (changed.length === 0) return [];
  const uids = changed.map(({ uid }) => uid);
  await tx.query("select change_authority($1)", [uids.map(authority.binding)]);
  await ports.keys.ensure(tx, uids);
  return tx.query<Written>(
    `update bindings b set namespace = q.namespace, role_uid = q.role_uid, spec = q.spec, effective = q.effective,
       time_zone = q.time_zone, credentials = q.credentials, state = q.state, authority_seq = nextval('authority_seq'),
       stopped_by = stop_over(b.tenant, b.role_name, b.name, b.team)
      from jsonb_to_recordset($1::jsonb) as q (${askedColumns})
      where b.uid = q.uid and b.state <> 'revoked' returning b.uid, b.account_id`,
    [parameter(changed)],
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
