import { problem } from "../api/reasons.ts";
import { newId } from "../lib/ids.ts";
import { canonicalJson, type JsonObject } from "../lib/json.ts";
import { sealDocument } from "./documents.ts";
import { claimDownstream, offboarding, reportDownstream } from "./downstream.ts";
import { fire } from "./fire.ts";
import type { BindingRecord, BindingState, Bindings } from "./ledger.ts";
import { authority, fenced, type Ports } from "./ports.ts";
import { recordRevocations } from "./revocations.ts";
import { literals, type Row, type Tx } from "./sql.ts";
import { summaries } from "./summaries.ts";

/** `b.*` and the role's authority: a role tightened is authority changed. */
export const bindingColumns =
  "b.*, greatest(b.authority_seq, coalesce((select authority_seq from roles where uid = b.role_uid), 0)) as seq";

export function toBinding(row: Row): BindingState {
  return {
    uid: row.uid as string,
    tenant: row.tenant as string,
    namespace: row.namespace as string,
    name: row.name as string,
    roleUid: row.role_uid as string,
    roleName: row.role_name as string,
    subject: { kind: row.subject_kind as string, name: row.subject_name as string },
    ...(row.team === null ? {} : { team: row.team as string }),
    spec: row.spec as JsonObject,
    effective: row.effective as BindingState["effective"],
    timeZone: row.time_zone as string,
    credentials: row.credentials as BindingState["credentials"],
    accountId: row.account_id as string,
    state: row.state as BindingState["state"],
    authoritySeq: Number(row.seq),
    ...(row.stopped_by === null ? {} : { stoppedBy: row.stopped_by as string }),
    hiredAt: Number(row.hired_at),
  };
}

export function makeBindings(ports: Ports): Bindings {
  const { db } = ports;
  const find = async (where: string, values: readonly unknown[]) =>
    (await db.query(`select ${bindingColumns} from bindings b where ${where}`, values)).map(toBinding);
  return {
    hire: (fence, binding) =>
      db.tx((tx) => hire(ports, tx, binding), {
        // Shared with other hires, exclusive with a stop: a binding hired during a stop sees it or is seen by it.
        first: `${fenced(fence)}, hold_authority(${literals([authority.tenant(binding.tenant)])})`,
      }),
    seed: (bindingUid, documents) => seed(ports, bindingUid, documents),
    fire: (bindingUid, context) => fire(ports, bindingUid, context),
    offboarding: (bindingUid) => offboarding(ports, bindingUid),
    claimDownstream: (worker, limit, held = []) => claimDownstream(ports, worker, limit, held),
    reportDownstream: (id, result) => reportDownstream(ports, id, result),
    find: async (uid) => (await find("b.uid = $1", [uid]))[0],
    findByName: async (tenant, name) =>
      (await find("b.tenant = $1 and b.name = $2 and b.state <> 'revoked'", [tenant, name]))[0],
    list: (tenant) => find("b.tenant = $1 and b.state <> 'revoked' order by b.name", [tenant]),
    summaries: (uids) => summaries(ports, uids),
  };
}

async function hire(ports: Ports, tx: Tx, binding: BindingRecord): Promise<{ accountId: string; changed: boolean }> {
  const { time, keys, audit } = ports;
  const [known] = await tx.query(`select ${bindingColumns} from bindings b where b.uid = $1 for update of b`, [
    binding.uid,
  ]);
  if (known?.state === "revoked")
    throw problem("Revoked", `AgentBinding "${binding.name}" was fired; create it again to hire anew`);
  if (known && sameBinding(toBinding(known), binding)) return { accountId: known.account_id as string, changed: false };
  await refuseDuplicate(tx, binding);
  const state = binding.effective.state === "Suspended" ? "suspended" : "active";
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
  await audit.write(tx, {
    at: time.now(),
    tenant: binding.tenant,
    principal: "controller",
    action: known ? "update" : "hire",
    decision: "allow",
    reason: state === "suspended" ? "Suspended" : "Ready",
    bindingUid: binding.uid,
    facts: {
      binding: binding.name,
      role: binding.roleName,
      subject: `${binding.subject.kind}/${binding.subject.name}`,
    },
  });
  if (known?.state === "active" && state === "suspended")
    await recordRevocations(tx, time.now(), [{ bindingUid: binding.uid }], "Suspended");
  tx.wake("bindings", "authority", "queue");
  return { accountId: row!.account_id, changed: true };
}

async function refuseDuplicate(tx: Tx, binding: BindingRecord): Promise<void> {
  // Two hires of the same name or subject at once: the second waits here and then sees the first.
  await tx.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [
    `hire/${binding.tenant}/${binding.roleName}/${binding.subject.kind}/${binding.subject.name}`,
  ]);
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

async function seed(
  { db, keys, time }: Ports,
  bindingUid: string,
  documents: readonly { readonly path: string; readonly content: string }[],
): Promise<void> {
  if (documents.length === 0) return;
  const key = await keys.get(bindingUid);
  await db.tx(
    async (tx) => {
      for (const { path, content } of documents)
        await tx.query(
          `insert into documents (binding_uid, path, version, bytes, sealed, at)
         select $1, $2, 1, $3, $4, $5 where not exists (select from documents where binding_uid = $1 and path = $2)
         on conflict do nothing`,
          [bindingUid, path, Buffer.byteLength(content), sealDocument(key, bindingUid, path, 1, content), time.now()],
        );
    },
    { content: [bindingUid] },
  );
}
