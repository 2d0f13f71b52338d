import type { Holds } from "./agent-binding/holds.ts";
import { agentBinding } from "./agent-binding/reconciler.ts";
import { agentBudget } from "./agent-budget/reconciler.ts";
import { agentRole } from "./agent-role/reconciler.ts";
import { agentRun } from "./agent-run/reconciler.ts";
import { agentStop } from "./agent-stop/reconciler.ts";
import { agentTrigger } from "./agent-trigger/reconciler.ts";
import type { AnyReconciler } from "./kit/reconciler.ts";
import { modelTier } from "./model-tier/reconciler.ts";
import { toolServer } from "./tool-server/reconciler.ts";

/** One reconciler per kind, in the order in which they build on each other. */
export function reconcilers(holds: Pick<Holds, "on">): readonly AnyReconciler[] {
  return [modelTier, toolServer, agentRole, agentBudget, agentStop, agentBinding(holds), agentTrigger, agentRun];
}
