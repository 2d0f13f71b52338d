import { problem } from "../api/reasons.ts";
import { isObject, type JsonObject } from "../lib/json.ts";
import type { Fence } from "./ledger.ts";
import { authority, fenced, type Ports } from "./ports.ts";
import { recordRevocations } from "./revocations.ts";
import type { Tx } from "./sql.ts";

interface Stop {
  readonly uid: string;
  readonly tenant: string;
  readonly name: string;
  readonly scope: JsonObject;
  readonly reason: string;
}

const covers = `tenant = $1 and state <> 'revoked' and
  ($2 = 'all' or ($2 = 'role' and role_name = $3) or ($2 = 'binding' and name = $3) or ($2 = 'team' and team = $3))`;

/** Putting and lifting one stop wait for each other, whoever comes first. */
const one = "select pg_advisory_xact_lock(hashtextextended('stop/' || $1, 0))";

/**
 * The kill switch: from this commit no *intended* row of a covered binding commits. Needs no leadership. Idempotent. Does
 * nothing for a stop that was lifted: whoever brings it lags behind.
 */
export async function putStop({ db, time, audit }: Ports, stop: Stop): Promise<void> {
  const { kind, value } = scopeOf(stop);
  await db.tx(async (tx) => {
    await tx.query(one, [stop.uid]);
    await tx.query("select change_authority($1)", [[authority.tenant(stop.tenant)]]);
    const [known] = await tx.query(
      `select from stops where uid = $1 and kind = $2 and value = $3 and reason = $4
       union all select from ended_stops where uid = $1`,
      [stop.uid, kind, value, stop.reason],
    );
    if (known) return;
    await tx.query(
      `insert into stops (uid, tenant, name, kind, value, reason) values ($1, $2, $3, $4, $5, $6)
       on conflict (uid) do update set kind = $4, value = $5, reason = $6`,
      [stop.uid, stop.tenant, stop.name, kind, value, stop.reason],
    );
    const stopped = await tx.query<{ uid: string }>(
      `update bindings set stopped_by = $4, authority_seq = nextval('authority_seq') where ${covers} returning uid`,
      [stop.tenant, kind, value, stop.name],
    );
    const uids = stopped.map((row) => row.uid);
    await tx.query("select refresh_lanes($1)", [uids]);
    await audit.write(tx, {
      at: time.now(),
      tenant: stop.tenant,
      principal: `AgentStop ${stop.name}`,
      action: "stop",
      decision: "revoke",
      reason: "Stopped",
      facts: { scope: kind, value, bindings: uids.length },
    });
    await recordRevocations(
      tx,
      time.now(),
      uids.map((bindingUid) => ({ bindingUid })),
      "Stopped",
    );
    tx.wake("authority", "bindings");
  });
}

/**
 * Lifts a stop for good: what no other stop covers may act again. Also one that was never put, so that it does not come
 * into force late. Idempotent. Throws LeadershipLost.
 */
export async function dropStop({ db, time, audit }: Ports, fence: Fence, uid: string): Promise<void> {
  const lift = async (tx: Tx) => {
    await tx.query(one, [uid]);
    await tx.query("insert into ended_stops (uid, at) values ($1, $2) on conflict do nothing", [uid, time.now()]);
    const [stop] = await tx.query<{ tenant: string; name: string }>("select tenant, name from stops where uid = $1", [
      uid,
    ]);
    if (!stop) return;
    await tx.query("select change_authority($1)", [[authority.tenant(stop.tenant)]]);
    await tx.query("delete from stops where uid = $1", [uid]);
    const freed = await tx.query<{ uid: string }>(
      `update bindings set stopped_by = stop_over(tenant, role_name, name, team), authority_seq = nextval('authority_seq')
        where tenant = $1 and stopped_by = $2 returning uid`,
      [stop.tenant, stop.name],
    );
    await tx.query("select refresh_lanes($1)", [freed.map((row) => row.uid)]);
    await audit.write(tx, {
      at: time.now(),
      tenant: stop.tenant,
      principal: `AgentStop ${stop.name}`,
      action: "resume",
      decision: "allow",
      reason: "NotStopped",
      facts: { bindings: freed.length },
    });
    tx.wake("authority", "bindings", "queue");
  };
  await db.tx(lift, { first: fenced(fence) });
}

/** UIDs of the stops in force over a tenant. */
export async function listStops({ db }: Ports, tenant: string): Promise<readonly string[]> {
  const rows = await db.query<{ uid: string }>("select uid from stops where tenant = $1", [tenant]);
  return rows.map(({ uid }) => uid);
}

function scopeOf(stop: Stop): { readonly kind: string; readonly value: string } {
  const { scope } = stop;
  const nameOf = (value: unknown) => (isObject(value) && typeof value.name === "string" ? value.name : undefined);
  const role = nameOf(scope.roleRef);
  const binding = nameOf(scope.bindingRef);
  if (role !== undefined) return { kind: "role", value: role };
  if (binding !== undefined) return { kind: "binding", value: binding };
  if (typeof scope.team === "string") return { kind: "team", value: scope.team };
  if (isObject(scope.all)) return { kind: "all", value: "" };
  throw problem("InvalidRequest", `AgentStop "${stop.name}": spec.scope must be one of all, roleRef, bindingRef, team`);
}
