import type { JsonObject } from "../lib/json.ts";
import type { BindingState } from "./ledger.ts";
import type { Row } from "./sql.ts";

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
