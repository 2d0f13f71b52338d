// Generated from crds/agentbudget.yaml by scripts/generate.ts. Edit that file and run `npm run generate`.
import type { Condition, Resource } from "../resource.ts";

/** AgentBudget limits what a selection of bindings may spend together. Money is reserved before a call and settled after it; 100 % always stops. */
export interface AgentBudget extends Resource {
  readonly spec: AgentBudgetSpec;
  readonly status?: AgentBudgetStatus;
}

/** Whose money, how much and when. */
export interface AgentBudgetSpec {
  /** Which bindings of the namespace share it: exactly one of all, roleRef and team. */
  readonly select: AgentBudgetSelect;
  /** IANA zone in which windows start. Absent means UTC. */
  readonly timeZone?: string;
  /** One amount per window. */
  readonly limits: readonly AgentBudgetLimit[];
  /** What happens before 100 %. */
  readonly thresholds?: readonly AgentBudgetThreshold[];
}

/** Which bindings of the namespace share it: exactly one of all, roleRef and team. */
export interface AgentBudgetSelect {
  /** Every binding. */
  readonly all?: Readonly<Record<string, never>>;
  /** Bindings of one role. */
  readonly roleRef?: AgentBudgetSelectRoleRef;
  /** Bindings whose spec.team is this. */
  readonly team?: string;
}

/** Bindings of one role. */
export interface AgentBudgetSelectRoleRef {
  /** Name of an AgentRole. */
  readonly name: string;
}

/** One limit. */
export interface AgentBudgetLimit {
  /** Calendar window: a day, a week from Monday, a month. */
  readonly window: "Day" | "Week" | "Month";
  /** USD with at most six fraction digits. "0" means zero. */
  readonly amount: string;
}

/** One threshold. */
export interface AgentBudgetThreshold {
  /** Share of the limit that is spent or held. */
  readonly percent: number;
  /** Notify tells people; Degrade uses the next cheaper tier. */
  readonly then: "Notify" | "Degrade";
}

/** What the controller observed. Written by Roster only. */
export interface AgentBudgetStatus {
  /** Generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** Text for people. */
  readonly summary?: AgentBudgetStatusSummary;
  /** The current windows. */
  readonly windows?: readonly AgentBudgetStatusWindow[];
  /** When the sums were taken. */
  readonly asOf?: string;
  /** What is true about the object. See docs/reference for each type. */
  readonly conditions?: readonly Condition[];
}

/** Text for people. */
export interface AgentBudgetStatusSummary {
  /** Whose money it is. */
  readonly selects?: string;
  /** The window with the least left, and its limit. */
  readonly tightest?: string;
  /** USD spent in it. */
  readonly spent?: string;
  /** USD left in it. */
  readonly remaining?: string;
  /** When it ends. */
  readonly resetsAt?: string;
}

/** One window. */
export interface AgentBudgetStatusWindow {
  /** Which window. */
  readonly window: "Day" | "Week" | "Month";
  /** When it began. */
  readonly start?: string;
  /** USD that may be spent. */
  readonly limit?: string;
  /** USD charged. */
  readonly spent?: string;
  /** USD reserved for calls in flight. */
  readonly held?: string;
  /** USD left. */
  readonly remaining?: string;
  /** When it ends. */
  readonly resetsAt?: string;
}
