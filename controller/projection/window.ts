import type { AgentRun } from "../../api/generated/agent-run.ts";
import { apiVersionOf, kinds } from "../../api/kinds.ts";
import type { Stored } from "../../api/resource.ts";
import { isFinished } from "../../api/run-life.ts";
import type { RunRecord } from "../../ledger/ledger.ts";
import { isObject, type Json } from "../../lib/json.ts";
import { taskDigest } from "../../policy/admission.ts";

/** Labels by which windows are found. */
export const bindingLabel = "roster.dev/binding";
export const roleLabel = "roster.dev/role";
export const triggerLabel = "roster.dev/trigger";

export interface WindowPolicy {
  readonly show: "Always" | "Attention";
  readonly keepSucceeded: number;
  readonly keepFailed: number;
}

const defaults: WindowPolicy = { show: "Always", keepSucceeded: 3, keepFailed: 10 };

/** What a run's trigger asked about windows. */
export function policyOf(run: Pick<RunRecord, "window">): WindowPolicy {
  const { window } = run;
  if (!isObject(window)) return defaults;
  const count = (value: unknown, fallback: number) => (typeof value === "number" && value >= 0 ? value : fallback);
  return {
    show: window.show === "Attention" ? "Attention" : "Always",
    keepSucceeded: count(window.keepSucceeded, defaults.keepSucceeded),
    keepFailed: count(window.keepFailed, defaults.keepFailed),
  };
}

/** True for a run that a person should look at. */
export function needsAttention(run: RunRecord): boolean {
  return run.phase === "Waiting" || run.phase === "Failed" || run.phase === "Refused";
}

/** The window onto a run: who, how it came, a digest of the task. It goes with its binding. */
export function toWindow(run: RunRecord, binding: Stored): AgentRun {
  const trigger = typeof run.origin.trigger === "string" ? run.origin.trigger : undefined;
  return {
    apiVersion: apiVersionOf(kinds.AgentRun),
    kind: kinds.AgentRun.kind,
    metadata: {
      name: run.objectName,
      namespace: run.namespace,
      labels: {
        "app.kubernetes.io/managed-by": "roster",
        [bindingLabel]: run.bindingName,
        [roleLabel]: run.roleName,
        ...(trigger === undefined ? {} : { [triggerLabel]: trigger }),
      },
      ownerReferences: [
        {
          apiVersion: binding.apiVersion,
          kind: binding.kind,
          name: binding.metadata.name,
          uid: binding.metadata.uid,
          controller: true,
          blockOwnerDeletion: false,
        },
      ],
    },
    spec: {
      bindingRef: { name: run.bindingName },
      requestedBy: run.requestedBy,
      task: taskDigest(run.task),
      runID: run.id,
      origin: originOf(run.origin),
    },
  };
}

type Origin = NonNullable<AgentRun["spec"]["origin"]>;

function originOf(origin: { readonly [key: string]: Json }): Origin {
  const text = (field: string) => (typeof origin[field] === "string" ? { [field]: origin[field] } : {});
  return {
    type: origin.type as Origin["type"],
    ...text("trigger"),
    ...text("scheduledAt"),
    ...text("eventID"),
    ...text("run"),
  };
}

/** Windows of one binding and trigger beyond what is kept, oldest first. Unfinished ones always stay. */
export function toPrune(windows: readonly Stored<AgentRun>[], policy: WindowPolicy): readonly Stored<AgentRun>[] {
  const finished = windows.filter(({ status }) => status?.phase !== undefined && isFinished(status.phase));
  const good = finished.filter(({ status }) => status?.phase === "Succeeded");
  const bad = finished.filter(({ status }) => status?.phase !== "Succeeded");
  return [...beyond(good, policy.keepSucceeded), ...beyond(bad, policy.keepFailed)];
}

function beyond(windows: readonly Stored<AgentRun>[], keep: number): readonly Stored<AgentRun>[] {
  const newestFirst = [...windows].sort((a, b) => (rank(a) < rank(b) ? 1 : -1));
  return newestFirst.slice(keep).reverse();
}

/** Ids of runs are made in order of time (UUID version 7), to the millisecond; creation timestamps only to the second. */
function rank({ spec }: AgentRun): string {
  return spec.runID ?? "";
}
