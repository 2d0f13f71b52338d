import type { Phase } from "../api/run-life.ts";
import type { Task } from "../api/wire.ts";
import type { JsonObject } from "../lib/json.ts";
import { type Keys, unseal } from "./keys.ts";
import type { RunRecord } from "./ledger.ts";
import type { Row } from "./sql.ts";

/** Everything of a run that a `RunRecord` needs. */
export const runColumns = `r.*, (
  select coalesce(jsonb_agg(jsonb_build_object('name', a.name, 'sha256', a.sha256, 'bytes', a.bytes) order by a.name), '[]')
    from (select distinct on (name) name, sha256, bytes from artifacts where run_id = r.id order by name, at desc, sha256) a
) as artifacts`;

/** Marks a change that the projector must see. */
export const changed = "change_seq = pg_current_xact_id()::text::bigint";

export const taskContext = (runId: string): string => `task/${runId}`;

export async function toRun(row: Row, keys: Keys): Promise<RunRecord> {
  const key = await keys.find(row.binding_uid as string);
  // Erased content leaves a run that can still be counted and shown.
  const task = key
    ? (JSON.parse(unseal(key, row.task as Buffer, taskContext(row.id as string)).toString()) as Task)
    : {};
  return {
    id: row.id as string,
    tenant: row.tenant as string,
    namespace: row.namespace as string,
    objectName: row.object_name as string,
    ...(row.object_uid === null ? {} : { objectUid: row.object_uid as string }),
    bindingUid: row.binding_uid as string,
    bindingName: row.binding_name as string,
    roleName: row.role_name as string,
    roleRevision: row.role_revision as string,
    phase: row.phase as Phase,
    reason: row.reason as string,
    message: row.message as string,
    ...(row.waiting_type === null
      ? {}
      : {
          waitingFor: {
            type: row.waiting_type as string,
            name: row.waiting_name as string,
            since: Number(row.waiting_since),
          },
        }),
    origin: row.origin as JsonObject,
    requestedBy: row.requested_by as string,
    task,
    epoch: Number(row.epoch),
    ...(row.rung === null ? {} : { rung: row.rung as string }),
    ...(row.tier === null ? {} : { tier: row.tier as string }),
    steps: row.steps as number,
    tokens: { input: Number(row.tokens_in), output: Number(row.tokens_out) },
    cost: row.cost as bigint,
    traceId: row.trace_id as string,
    verified: row.verified as RunRecord["verified"],
    artifacts: row.artifacts as RunRecord["artifacts"],
    createdAt: Number(row.created_at),
    ...(row.started_at === null ? {} : { startedAt: Number(row.started_at) }),
    ...(row.finished_at === null ? {} : { finishedAt: Number(row.finished_at) }),
    deadline: Number(row.deadline),
    ...(row.trigger_uid === null ? {} : { triggerUid: row.trigger_uid as string }),
    ...(row.projection === null ? {} : { window: row.projection as JsonObject }),
    ...(row.window_state === null ? {} : { windowState: row.window_state as NonNullable<RunRecord["windowState"]> }),
    changeSeq: Number(row.change_seq),
  };
}
