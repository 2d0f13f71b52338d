import type {
  AgentBudget,
  AgentBudgetSelect,
  AgentBudgetStatusSummary,
  AgentBudgetStatusWindow,
} from "../../api/generated/agent-budget.ts";
import type { Stored } from "../../api/resource.ts";
import type { BudgetDefinition, BudgetState } from "../../ledger/ledger.ts";
import { type Instant, toRfc3339 } from "../../lib/clock.ts";
import { formatUsd, parseUsd } from "../../lib/money.ts";
import { again, met, type Plan, recheck, settled, sooner, unmet } from "../kit/reconciler.ts";
import { paceSums } from "../kit/sums.ts";

export interface Snapshot {
  readonly budget: Stored<AgentBudget>;
  readonly tenant: string;
  /** What the ledger has in force; empty before the first time. */
  readonly states: readonly BudgetState[];
}

/** Puts the limits in force and shows what is left of them, at most once a minute. */
export function decide({ budget, tenant, states }: Snapshot, now: Instant): Plan<AgentBudget> {
  const definition = toDefinition(budget, tenant);
  const writes = [
    {
      kind: "ledger",
      effect: "ensureTenant",
      args: { tenant, namespace: budget.metadata.namespace! },
      once: `tenant/${tenant}`,
    },
    { kind: "ledger", effect: "putBudget", args: definition, once: `budget/${budget.metadata.uid}` },
  ] as const;
  const ready = met("Ready", "Ready", `in force for ${describe(budget.spec.select)}`);
  if (!inForce(definition, states)) return { writes, conditions: [ready], status: {}, next: again };

  const { status } = budget;
  const paced = paceSums({
    of: budget,
    shown: { windows: status?.windows, summary: status?.summary },
    fresh: sums(budget, states),
    asOf: status?.asOf,
    now,
    changed: status?.observedGeneration !== budget.metadata.generation,
  });
  const resets = states.map((state) => state.resetsAt).filter((at) => at > now);
  const next = resets.length === 0 ? settled : recheck(Math.min(...resets) + 1_000);
  return { writes, conditions: [ready], status: paced.fields, next: sooner(paced.next, next) };
}

/** The limits are gone; what was spent stays in the ledger under the budget's name. */
export function release({ budget, tenant }: Snapshot): Plan<AgentBudget> {
  return {
    writes: [{ kind: "ledger", effect: "dropBudget", args: { tenant, key: keyOf(budget) } }],
    conditions: [unmet("Ready", "Settled", "no longer in force")],
    status: {},
    next: settled,
  };
}

/** The ledger's key of a budget: its name, so that deleting it and creating it again buys nothing. */
export function keyOf(budget: Stored<AgentBudget>): string {
  return `budget/${budget.metadata.name}`;
}

function toDefinition(budget: Stored<AgentBudget>, tenant: string): BudgetDefinition {
  const { select, limits, timeZone } = budget.spec;
  return {
    key: keyOf(budget),
    tenant,
    label: `AgentBudget ${budget.metadata.name}`,
    timeZone: timeZone ?? "UTC",
    limits: limits.map(({ window, amount }) => ({ window, amount: parseUsd(amount) })),
    select:
      select.roleRef !== undefined
        ? { kind: "role", roleName: select.roleRef.name }
        : select.team !== undefined
          ? { kind: "team", team: select.team }
          : { kind: "all" },
  };
}

function inForce(definition: BudgetDefinition, states: readonly BudgetState[]): boolean {
  return definition.limits.every(({ window, amount }) =>
    states.some((state) => state.window === window && state.limit === amount),
  );
}

function describe(select: AgentBudgetSelect): string {
  if (select.roleRef !== undefined) return `role ${select.roleRef.name}`;
  if (select.team !== undefined) return `team ${select.team}`;
  return "all bindings";
}

function sums(
  budget: Stored<AgentBudget>,
  states: readonly BudgetState[],
): { readonly windows: readonly AgentBudgetStatusWindow[]; readonly summary: AgentBudgetStatusSummary } {
  const windows = budget.spec.limits.flatMap(({ window }): AgentBudgetStatusWindow[] => {
    const state = states.find((one) => one.window === window);
    if (state === undefined) return [];
    const left = remaining(state);
    return [
      {
        window,
        start: toRfc3339(state.start),
        limit: formatUsd(state.limit),
        spent: formatUsd(state.spent),
        held: formatUsd(state.held),
        remaining: formatUsd(left),
        resetsAt: toRfc3339(state.resetsAt),
      },
    ];
  });
  const tightest = [...states].sort((a, b) => (remaining(a) < remaining(b) ? -1 : 1))[0];
  return {
    windows,
    summary: {
      selects: describe(budget.spec.select),
      ...(tightest === undefined
        ? {}
        : {
            tightest: `${tightest.window} ${formatUsd(tightest.limit)}`,
            spent: formatUsd(tightest.spent),
            remaining: formatUsd(remaining(tightest)),
            resetsAt: toRfc3339(tightest.resetsAt),
          }),
    },
  };
}

function remaining(state: BudgetState): bigint {
  const left = state.limit - state.spent - state.held;
  return left > 0n ? left : 0n;
}
