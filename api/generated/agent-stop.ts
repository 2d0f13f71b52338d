// Generated from crds/agentstop.yaml by scripts/generate.ts. Edit that file and run `npm run generate`.
import type { Condition, Resource } from "../resource.ts";

/** AgentStop is the kill switch. While it exists nothing that it covers makes a call; deleting it resumes. It overrides everything and is never kept in git. */
export interface AgentStop extends Resource {
  readonly spec: AgentStopSpec;
  readonly status?: AgentStopStatus;
}

/** What stops and why. Immutable. */
export interface AgentStopSpec {
  /** What stops: exactly one of all, roleRef, bindingRef and team, in this namespace. */
  readonly scope: AgentStopScope;
  /** Why it was stopped. Shown on what it stops. */
  readonly reason: string;
  /** Who asked for it. */
  readonly requestedBy?: string;
}

/** What stops: exactly one of all, roleRef, bindingRef and team, in this namespace. */
export interface AgentStopScope {
  /** Every binding. */
  readonly all?: Readonly<Record<string, never>>;
  /** Bindings of one role. */
  readonly roleRef?: AgentStopScopeRoleRef;
  /** One binding. */
  readonly bindingRef?: AgentStopScopeBindingRef;
  /** Bindings whose spec.team is this. */
  readonly team?: string;
}

/** Bindings of one role. */
export interface AgentStopScopeRoleRef {
  /** Name of an AgentRole. */
  readonly name: string;
}

/** One binding. */
export interface AgentStopScopeBindingRef {
  /** Name of an AgentBinding. */
  readonly name: string;
}

/** What the controller observed. Written by Roster only. */
export interface AgentStopStatus {
  /** Generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** Text for people. */
  readonly summary?: AgentStopStatusSummary;
  /** What is true about the object. See docs/reference for each type. */
  readonly conditions?: readonly Condition[];
}

/** Text for people. */
export interface AgentStopStatusSummary {
  /** What it stops and how many bindings that is. */
  readonly stops?: string;
}
