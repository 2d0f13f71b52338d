import { randomBytes } from "node:crypto";
import { problem, type Reason } from "../api/reasons.ts";
import { newId, shortId } from "../lib/ids.ts";
import type { JsonObject } from "../lib/json.ts";
import { formatUsd } from "../lib/money.ts";
import { limitOf } from "./catalog.ts";
import { seal } from "./keys.ts";
import type { Admission, AdmitRequest, Fence } from "./ledger.ts";
import { authority, fenced, type Ports } from "./ports.ts";
import { runColumns, taskContext, toRun } from "./run-rows.ts";
import { literals, type Row, type Tx } from "./sql.ts";

/**
 * The one way a run comes to be. Idempotent by key: the second call answers the first one's run. A refusal is a row too,
 * so that whoever asked can be shown why. Throws InvalidRequest, BindingNotFound, LeadershipLost, Recovering.
 */
export async function admit(ports: Ports, fence: Fence | undefined, request: AdmitRequest): Promise<Admission> {
  check(request);
  const { db, keys, time, audit } = ports;
  const key = await keys.find(request.bindingUid);
  const locks = `hold_authority(${literals([authority.tenant(request.tenant), authority.binding(request.bindingUid)])}), assert_paired()`;
  const answer = await db.tx(
    async (tx) => {
      // The lane's lock makes the limits below exact: two admissions do not both see the last free place.
      await tx.query("select from lanes where binding_uid = $1 for update", [request.bindingUid]);
      const existing = await findByKey(tx, request);
      if (existing) return { outcome: "existing" as const, row: existing };
      const [binding] = await tx.query(
        `select b.*, r.revision, r.compiled, r.dropped, v.content, l.queued + l.waiting as backlog, l.max_waiting,
                (select not_before from pairing) as not_before
           from bindings b left join roles r on r.uid = b.role_uid
           left join revisions v on v.role_uid = r.uid and v.revision = r.revision
           left join lanes l on l.binding_uid = b.uid
          where b.uid = $1 and b.tenant = $2`,
        [request.bindingUid, request.tenant],
      );
      if (!binding || !key || binding.payer_id === null)
        throw problem("BindingNotFound", `cannot admit a run: the ledger knows no binding ${request.bindingUid}`);
      const now = time.now();
      const refusal = await judge(tx, request, binding, now);
      const id = newId(now);
      const content = (binding.content ?? {}) as JsonObject;
      const seconds = Math.min(request.deadlineSeconds ?? Number.POSITIVE_INFINITY, limitOf(content, "maxAgeSeconds"));
      const trace = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(request.traceparent ?? "");
      await tx.query(
        `insert into runs (id, tenant, namespace, object_name, object_uid, binding_uid, binding_name, role_uid, role_name,
           role_revision, payer_id, team, admit_key, phase, reason, message, origin, requested_by, task, trace_id,
           parent_span, created_at, queued_at, deadline, trigger_uid, projection, finished_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $22,
           $23, $24, $25, $26)`,
        [
          id,
          request.tenant,
          binding.namespace,
          request.objectName ?? `${binding.name}-${shortId(id)}`,
          request.objectUid ?? null,
          request.bindingUid,
          binding.name,
          binding.role_uid,
          binding.role_name,
          binding.revision ?? "",
          binding.payer_id,
          binding.team,
          request.key,
          refusal ? "Refused" : "Queued",
          refusal?.reason ?? "Queued",
          refusal?.message ?? "",
          JSON.stringify(request.origin),
          request.requestedBy,
          seal(key, Buffer.from(JSON.stringify(request.task)), taskContext(id)),
          trace?.[1] ?? randomBytes(16).toString("hex"),
          trace?.[2] ?? null,
          now,
          now + seconds * 1000,
          request.triggerUid ?? null,
          request.window ? JSON.stringify(request.window) : null,
          refusal ? now : null,
        ],
      );
      await audit.write(tx, {
        at: now,
        tenant: request.tenant,
        principal: request.requestedBy,
        action: "admit",
        decision: refusal ? "deny" : "allow",
        reason: refusal?.reason ?? "Queued",
        bindingUid: request.bindingUid,
        runId: id,
        facts: {
          origin: request.origin.type,
          roleRevision: (binding.revision as string | null) ?? "",
          prices: await pricesOf(tx, content),
        },
      });
      tx.wake("runs", "queue");
      const row = await findByKey(tx, request);
      return { outcome: refusal ? ("refused" as const) : ("queued" as const), row: row! };
    },
    { first: fence ? `${fenced(fence)}, ${locks}` : locks },
  );
  return { outcome: answer.outcome, run: await toRun(answer.row, keys) };
}

function check(request: AdmitRequest): void {
  const wrong = (what: string) => problem("InvalidRequest", `cannot admit a run: ${what}`);
  if (request.key.length === 0 || request.key.length > 500) throw wrong("key must have 1 to 500 characters");
  const { deadlineSeconds } = request;
  if (deadlineSeconds !== undefined && !(Number.isSafeInteger(deadlineSeconds) && deadlineSeconds > 0))
    throw wrong("deadlineSeconds must be a whole number above 0");
}

async function findByKey(tx: Tx, request: AdmitRequest): Promise<Row | undefined> {
  const [row] = await tx.query(`select ${runColumns} from runs r where r.tenant = $1 and r.admit_key = $2`, [
    request.tenant,
    request.key,
  ]);
  return row;
}

async function judge(
  tx: Tx,
  request: AdmitRequest,
  binding: Row,
  now: number,
): Promise<{ readonly reason: Reason; readonly message: string } | undefined> {
  const name = binding.name as string;
  if (request.madeAt !== undefined && request.madeAt < Number(binding.not_before))
    return {
      reason: "OlderThanRecovery",
      message: "it was asked for before ledger and cluster were paired anew, and may have been done already",
    };
  if (binding.state === "revoked") return { reason: "BindingNotReady", message: `AgentBinding "${name}" was deleted` };
  if (binding.state === "suspended")
    return { reason: "BindingSuspended", message: `AgentBinding "${name}" is suspended` };
  if (binding.stopped_by !== null)
    return { reason: "Stopped", message: `AgentStop "${binding.stopped_by}" covers AgentBinding "${name}"` };
  if (binding.revision === null || binding.dropped)
    return {
      reason: "BindingNotReady",
      message: `AgentRole "${binding.role_name}" of AgentBinding "${name}" is missing`,
    };
  if (!binding.compiled)
    return {
      reason: "BindingNotReady",
      message: `AgentRole "${binding.role_name}" has a policy that does not compile`,
    };
  if (request.concurrency === "Forbid" && request.triggerUid) {
    const [other] = await tx.query(
      `select object_name from runs where trigger_uid = $1 and binding_uid = $2 and phase in ('Queued', 'Running', 'Waiting') limit 1`,
      [request.triggerUid, request.bindingUid],
    );
    if (other)
      return {
        reason: "ConcurrencyForbidden",
        message: `run "${other.object_name}" of the same trigger is not finished`,
      };
  }
  if ((binding.backlog as number) >= (binding.max_waiting as number))
    return {
      reason: "TooManyWaiting",
      message: `AgentBinding "${name}" has ${binding.backlog} runs waiting, its limit is ${binding.max_waiting}`,
    };
  const [tightest] = await tx.query<{ label: string; win: string; ceiling: bigint; spent: bigint; frozen: boolean }>(
    `select label, win, ceiling, spent, frozen from budgets_over($1, $2, $3, $4, $5, '')
      order by frozen desc, ceiling - spent limit 1`,
    [request.tenant, now, request.bindingUid, binding.role_name, binding.team],
  );
  // Open holds are left out here: they may be given back before this run's first call.
  if (tightest && (tightest.frozen || tightest.spent >= tightest.ceiling))
    return {
      reason: "BudgetExhausted",
      message: tightest.frozen
        ? `${tightest.label} is frozen after a provider charged more than its limit (${tightest.win})`
        : `${tightest.label} has spent ${formatUsd(tightest.spent)} of ${formatUsd(tightest.ceiling)} USD (${tightest.win})`,
    };
  return undefined;
}

/** What the tiers of the role cost at admission, so that an audit can say which prices a run began with. */
async function pricesOf(tx: Tx, content: JsonObject): Promise<JsonObject> {
  const tiers = Object.values((content.modelTiers ?? {}) as Record<string, unknown>).filter(
    (name) => typeof name === "string",
  );
  const rows = await tx.query<{ name: string; prices: JsonObject }>(
    "select name, record -> 'prices' as prices from tiers where name = any ($1) and not dropped order by name",
    [tiers],
  );
  return Object.fromEntries(rows.map((row) => [row.name, row.prices]));
}
