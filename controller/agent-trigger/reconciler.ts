import type { AgentTrigger } from "../../api/generated/agent-trigger.ts";
import { kinds } from "../../api/kinds.ts";
import { driven, reads } from "../kit/access.ts";
import type { Reconciler } from "../kit/reconciler.ts";
import { decide, release, type Snapshot } from "./decide.ts";
import { isWorking, targetsOf } from "./targets.ts";

/** Shows whether and when triggers fire. The pulse wakes them when their bindings or runs changed. */
export const agentTrigger: Reconciler<AgentTrigger, Snapshot> = {
  kind: kinds.AgentTrigger,
  owns: ["SecretFound", "TargetsFound"],
  finalizer: "roster.dev/ledger",
  watches: [
    {
      kind: kinds.AgentRole,
      keys: ({ metadata }, view) => view.keysBy(kinds.AgentTrigger, "role", `${metadata.namespace}/${metadata.name}`),
      relevant: (before, after) => (before === undefined) !== (after === undefined),
    },
  ],
  access: [...driven(kinds.AgentTrigger), ...[kinds.AgentRole, kinds.AgentBinding].flatMap(reads)],
  async gather(trigger, view) {
    const { roleRef } = trigger.spec.target;
    const targets = targetsOf(trigger, view);
    const working = targets.filter(isWorking);
    const role =
      roleRef === undefined ? undefined : view.find(kinds.AgentRole, trigger.metadata.namespace, roleRef.name);
    return {
      trigger,
      targets: {
        exists: role !== undefined || targets.length > 0,
        ready: working.length,
        timeZones: [...new Set(working.map(({ spec }) => spec.timeZone ?? "UTC"))].sort(),
      },
      summary: await view.ledger.runs.triggerSummary(trigger.metadata.uid),
    };
  },
  decide,
  release,
};
