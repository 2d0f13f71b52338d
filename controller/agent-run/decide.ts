import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentRun } from "../../api/generated/agent-run.ts";
import { kinds } from "../../api/kinds.ts";
import type { Reason } from "../../api/reasons.ts";
import type { Stored } from "../../api/resource.ts";
import { isFinished } from "../../api/run-life.ts";
import type { RunRecord } from "../../ledger/ledger.ts";
import type { Instant } from "../../lib/clock.ts";
import type { Json } from "../../lib/json.ts";
import { admittedAnnotation, refuseRequest } from "../../policy/admission.ts";
import { again, met, type Plan, recheck, settled, unmet, type Write } from "../kit/reconciler.ts";
import { showRun } from "./show.ts";

export interface Snapshot {
  readonly object: Stored<AgentRun>;
  readonly tenant: string;
  /** The row that this object shows, where it is really this object's. */
  readonly run: RunRecord | undefined;
  readonly binding: Stored<AgentBinding> | undefined;
  /** Why the task does not fit the role's input contract. */
  readonly misfit: string | undefined;
}

// Somebody may apply a binding and a run of it together: the run waits this long for the agent to be hired.
const hirePatienceMs = 30_000;
const hireRecheckMs = 1_000;

/** Takes a request in once, or shows how the run behind the object goes. */
export function decide(snapshot: Snapshot, now: Instant): Plan<AgentRun> {
  const { object, run } = snapshot;
  if (run !== undefined) return follow(object, run, now);
  const shown = object.status?.phase;
  // What has ended stays as it is shown, also where the ledger was restored to before it began.
  if (shown !== undefined && isFinished(shown)) return ttl(object, keep(object), now);
  // Only Roster shows a phase.
  if (shown !== undefined) return lose(snapshot);
  const { spec, metadata } = object;
  const refusal = refuseRequest({
    runID: spec.runID,
    origin: spec.origin as { type: string } | undefined,
    requestedBy: spec.requestedBy,
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
  });
  if (refusal !== undefined) return refuse(snapshot, refusal.reason, refusal.message);
  if (spec.desiredState === "Cancelled") return refuse(snapshot, "Cancelled", "cancelled before it was admitted");
  const { binding } = snapshot;
  if (binding?.status?.accountID === undefined || binding.metadata.deletionTimestamp !== undefined) {
    const until = Date.parse(metadata.creationTimestamp!) + hirePatienceMs;
    if (now < until)
      return {
        writes: [],
        conditions: keep(object).conditions,
        status: {},
        next: recheck(Math.min(now + hireRecheckMs, until)),
      };
    const name = spec.bindingRef.name;
    return binding === undefined
      ? refuse(snapshot, "BindingNotFound", `AgentBinding "${name}" not found in namespace "${metadata.namespace}"`)
      : refuse(snapshot, "BindingNotReady", `AgentBinding "${name}" is not hired`);
  }
  if (snapshot.misfit !== undefined) return refuse(snapshot, "InputInvalid", snapshot.misfit);
  return { writes: [admit(snapshot, binding)], conditions: [], status: {}, next: again };
}

function admit({ object, tenant }: Snapshot, binding: Stored<AgentBinding>): Write {
  const { spec, metadata } = object;
  const { intent, text, payload } = spec.task ?? {};
  return {
    kind: "ledger",
    effect: "admit",
    args: {
      tenant,
      bindingUid: binding.metadata.uid,
      key: `request:${metadata.uid}`,
      origin: { type: "Person" },
      requestedBy: spec.requestedBy!,
      // The API tells whole seconds: the latest moment that this may be.
      madeAt: Date.parse(metadata.creationTimestamp!) + 999,
      task: {
        ...(intent === undefined ? {} : { intent }),
        ...(text === undefined ? {} : { text }),
        ...(payload === undefined ? {} : { payload }),
      },
      objectName: metadata.name,
      objectUid: metadata.uid,
      ...(spec.deadlineSeconds === undefined ? {} : { deadlineSeconds: spec.deadlineSeconds }),
    },
  };
}

function follow(object: Stored<AgentRun>, run: RunRecord, now: Instant): Plan<AgentRun> {
  const finished = isFinished(run.phase);
  if (object.spec.desiredState === "Cancelled" && !finished) {
    // Who may write the object may cancel, and the API does not tell a controller who wrote: naming the person who asked
    // for the run would accuse the wrong one.
    const why = "spec.desiredState is Cancelled";
    return {
      writes: [{ kind: "ledger", effect: "cancel", args: { runId: run.id, by: "kubernetes-api", why } }],
      conditions: [],
      status: {},
      next: again,
    };
  }
  const stamped = object.spec.runID !== undefined || object.metadata.annotations?.[admittedAnnotation] === run.id;
  const stamp: readonly Write[] = stamped ? [] : [{ kind: "annotate", annotations: { [admittedAnnotation]: run.id } }];
  const shown = showRun(run);
  const plan: Plan<AgentRun> = { writes: stamp, ...shown, next: settled };
  return finished ? ttl(object, plan, now) : plan;
}

/** Refused without a row: nothing that could run was asked for. The refusal is final and audited. */
function refuse({ object, tenant }: Snapshot, reason: Reason, message: string): Plan<AgentRun> {
  const facts: { readonly [key: string]: Json } = { object: object.metadata.name, uid: object.metadata.uid };
  const row = {
    tenant,
    principal: object.spec.requestedBy ?? "unknown",
    action: "request",
    decision: "deny",
    reason,
    facts,
  };
  return {
    writes: [{ kind: "ledger", effect: "recordRefusal", args: row, once: `refusal/${object.metadata.uid}` }],
    conditions: [met("Finished", reason, message), unmet("Succeeded", reason, message)],
    status: { phase: "Refused", reason, message },
    next: settled,
  };
}

/** It was admitted, and the ledger was restored to before that. */
function lose(snapshot: Snapshot): Plan<AgentRun> {
  const reason = "OutcomeUnknown";
  const message =
    "the ledger was restored to before this run: what it did is not known there, look before asking again";
  const plan = refuse(snapshot, reason, message);
  return { ...plan, status: { phase: "Failed", reason, message } };
}

/** The plan that changes nothing of what is shown. */
function keep(object: Stored<AgentRun>): Plan<AgentRun> {
  const conditions = (object.status?.conditions ?? []).map(({ type, status, reason, message }) => ({
    type,
    status,
    reason: reason as Reason,
    message,
  }));
  return { writes: [], conditions, status: {}, next: settled };
}

function ttl(object: Stored<AgentRun>, plan: Plan<AgentRun>, now: Instant): Plan<AgentRun> {
  const seconds = object.spec.ttlSecondsAfterFinished;
  if (seconds === undefined) return plan;
  const finishedAt = plan.status.finishedAt ?? object.status?.finishedAt ?? object.metadata.creationTimestamp!;
  const at = Date.parse(finishedAt) + seconds * 1000;
  if (at > now) return { ...plan, next: recheck(at) };
  const { name, namespace, uid } = object.metadata;
  return {
    ...plan,
    writes: [...plan.writes, { kind: "remove", ref: kinds.AgentRun, namespace, name, uid }],
    next: settled,
  };
}
