import type { AgentBudget } from "../../api/generated/agent-budget.ts";
import { kinds } from "../../api/kinds.ts";
import { driven, reads } from "../kit/access.ts";
import type { Reconciler } from "../kit/reconciler.ts";
import { decide, keyOf, release, type Snapshot } from "./decide.ts";

/** Brings selecting budgets into force. The projector wakes them when money was spent. */
export const agentBudget: Reconciler<AgentBudget, Snapshot> = {
  kind: kinds.AgentBudget,
  owns: [],
  finalizer: "roster.dev/ledger",
  watches: [],
  access: [...driven(kinds.AgentBudget), ...reads(kinds.Namespace)],
  async gather(budget, view) {
    const tenant = view.tenantOf(budget.metadata.namespace!);
    return { budget, tenant, states: await view.ledger.money.budget(tenant, keyOf(budget)) };
  },
  decide,
  release,
};
