// Generated from crds/agentrole.yaml by scripts/generate.ts. Edit that file and run `npm run generate`.
import type { JsonObject } from "../../lib/json.ts";
import type { Condition, Resource } from "../resource.ts";

/** AgentRole is a job that agents hold - its soul, skills, model tiers, permissions, contract, limits and money. One role is shared by all its bindings. */
export interface AgentRole extends Resource {
  readonly spec: AgentRoleSpec;
  readonly status?: AgentRoleStatus;
}

/** What the role is and may do. */
export interface AgentRoleSpec {
  /** Semantic version of the role's contract. */
  readonly version?: string;
  /** Who answers for the role: disputes, safety stops and overruns go there. */
  readonly owner?: AgentRoleOwner;
  /** Script does one narrow thing. Product needs memory, scoped rights, passing evals and tracing above the band Observe. */
  readonly purpose?: "Script" | "Product";
  /** What the role is for, so that its fitness can be judged. */
  readonly outcome?: AgentRoleOutcome;
  /** How much the role may do alone: Observe reads only, Low asks for every write, Moderate runs listed writes, High the same without hourly caps. Absent means Observe. */
  readonly autonomyBand?: "Observe" | "Low" | "Moderate" | "High";
  /** Class of rights. ReadOnly and Coordinator may hold no write. */
  readonly rights?: "ReadOnly" | "BoundedMutator" | "HighImpact" | "Coordinator";
  /** The system prompt: judgement and tone, never permissions. */
  readonly soul?: string;
  /** ConfigMaps whose keys add content: SOUL.md, skills.<name>, scripts.<name>, memory.<path>. */
  readonly contentFrom?: readonly AgentRoleContentFromItem[];
  /** What the role knows how to do: descriptions are in the prompt, bodies are read on demand. */
  readonly skills?: readonly AgentRoleSkill[];
  /** JavaScript that runs in a sandbox without input or output of its own. */
  readonly scripts?: readonly AgentRoleScript[];
  /** Documents that each new binding starts with. A document that exists is never overwritten. */
  readonly memorySeed?: readonly AgentRoleMemorySeedItem[];
  /** Slots of the role and the ModelTier that fills each. */
  readonly modelTiers?: Readonly<Record<string, string>>;
  /** The ladder of rungs. Absent means one tier rung "work" in slot draft (or the first slot by name). */
  readonly router?: AgentRoleRouter;
  /** Business verbs: one word for one or more tools, so that permission lists read like a job description. */
  readonly actions?: readonly AgentRoleAction[];
  /** What agents of the role may do: denied by default; deny beats ask beats allow. Reads default to the Read tools of the servers that the binding has credentials for. */
  readonly permissions?: AgentRolePermissions;
  /** What the role promises: checked by the gateway, not by the agent. */
  readonly contract?: AgentRoleContract;
  /** Who may hand work to this role. */
  readonly accepts?: AgentRoleAccepts;
  /** Roles this role may hand work to. Rights and money only shrink on the way. */
  readonly handoffs?: readonly AgentRoleHandoff[];
  /** Whom to turn to when the role cannot go on. */
  readonly escalation?: AgentRoleEscalation;
  /** Retries by what the failure means. Absent means the built-in number. */
  readonly retries?: AgentRoleRetries;
  /** Where a run stops. Absent means the built-in limit. */
  readonly limits?: AgentRoleLimits;
  /** Limits of money. Absent means inherit, "0" means zero. */
  readonly budget?: AgentRoleBudget;
  /** Stopping rules. They act by themselves; widening again is a person's change. */
  readonly safety?: readonly AgentRoleSafetyItem[];
}

/** Who answers for the role: disputes, safety stops and overruns go there. */
export interface AgentRoleOwner {
  /** Name of the owning group. */
  readonly group?: string;
  /** Name of the owning person. */
  readonly user?: string;
}

/** What the role is for, so that its fitness can be judged. */
export interface AgentRoleOutcome {
  /** The outcome in one sentence. */
  readonly statement: string;
  /** Measures of the outcome. */
  readonly kpis?: readonly AgentRoleOutcomeKpi[];
}

/** One measure. */
export interface AgentRoleOutcomeKpi {
  /** Name of the measure. */
  readonly name: string;
  /** What is measured and how. */
  readonly description?: string;
}

/** One source of content. */
export interface AgentRoleContentFromItem {
  /** A ConfigMap in the role's namespace. */
  readonly configMapRef: AgentRoleContentFromItemConfigMapRef;
}

/** A ConfigMap in the role's namespace. */
export interface AgentRoleContentFromItemConfigMapRef {
  /** Name of the ConfigMap. */
  readonly name: string;
}

/** One skill. */
export interface AgentRoleSkill {
  /** Name of the skill. */
  readonly name: string;
  /** When to use it. Part of the prompt. */
  readonly description: string;
  /** The instructions. Read on demand. */
  readonly body?: string;
}

/** One script. */
export interface AgentRoleScript {
  /** Name of the script. */
  readonly name: string;
  /** JavaScript source. */
  readonly source: string;
}

/** One document. */
export interface AgentRoleMemorySeedItem {
  /** Path of the document. */
  readonly path: string;
  /** Text of the document. */
  readonly content: string;
}

/** The ladder of rungs. Absent means one tier rung "work" in slot draft (or the first slot by name). */
export interface AgentRoleRouter {
  /** Tried in order; the first that answers wins. */
  readonly rungs?: readonly AgentRoleRouterRung[];
}

/** One rung. */
export interface AgentRoleRouterRung {
  /** Name of the rung. Shown in status and trace. */
  readonly name: string;
  /** What the rung is. */
  readonly type: "Rule" | "Cache" | "Tier";
  /** CEL over task, binding and parameters. Absent means always; an error means no. */
  readonly when?: string;
  /** What a rule does: exactly one of drop, call, answer and goto. */
  readonly rule?: AgentRoleRouterRungRule;
  /** Answers with a verified answer to the same input. */
  readonly cache?: AgentRoleRouterRungCache;
  /** Asks a model. */
  readonly tier?: AgentRoleRouterRungTier;
}

/** What a rule does: exactly one of drop, call, answer and goto. */
export interface AgentRoleRouterRungRule {
  /** Ends the run without an answer. */
  readonly drop?: AgentRoleRouterRungRuleDrop;
  /** Calls one action, under the same policy as a model's call, and ends the run. */
  readonly call?: AgentRoleRouterRungRuleCall;
  /** Ends the run with an answer. */
  readonly answer?: AgentRoleRouterRungRuleAnswer;
  /** Continues at a later rung. */
  readonly goto?: AgentRoleRouterRungRuleGoto;
}

/** Ends the run without an answer. */
export interface AgentRoleRouterRungRuleDrop {
  /** Why such work is dropped. */
  readonly reason?: string;
}

/** Calls one action, under the same policy as a model's call, and ends the run. */
export interface AgentRoleRouterRungRuleCall {
  /** <server>.<tool> */
  readonly action: string;
  /** Arguments of the call; each value is a CEL expression over the task. */
  readonly arguments?: Readonly<Record<string, string>>;
}

/** Ends the run with an answer. */
export interface AgentRoleRouterRungRuleAnswer {
  /** CEL expression whose value is the final answer. */
  readonly output: string;
}

/** Continues at a later rung. */
export interface AgentRoleRouterRungRuleGoto {
  /** Name of a later rung. */
  readonly rung: string;
}

/** Answers with a verified answer to the same input. */
export interface AgentRoleRouterRungCache {
  /** How long an answer may be used again. */
  readonly ttlSeconds: number;
}

/** Asks a model. */
export interface AgentRoleRouterRungTier {
  /** Slot of modelTiers. */
  readonly slot: string;
  /** Outcomes that move the run to the next rung. */
  readonly escalateOn?: readonly ("OutputInvalid" | "LowConfidence")[];
}

/** One verb. */
export interface AgentRoleAction {
  /** The verb. */
  readonly name: string;
  /** Tools the verb stands for. */
  readonly tools: readonly string[];
}

/** What agents of the role may do: denied by default; deny beats ask beats allow. Reads default to the Read tools of the servers that the binding has credentials for. */
export interface AgentRolePermissions {
  /** Actions the agent performs alone (band Moderate and above). */
  readonly writeAutonomous?: readonly AgentRolePermissionsWriteAutonomou[];
  /** Actions that a person approves first. */
  readonly writeRequiresApproval?: readonly AgentRolePermissionsWriteRequiresApprovalItem[];
  /** Actions that nobody may approve. */
  readonly deny?: readonly AgentRolePermissionsDenyItem[];
}

/** One allow rule. */
export interface AgentRolePermissionsWriteAutonomou {
  /** Name of the rule. Shown in every verdict. */
  readonly name: string;
  /** <server>.<tool> or a verb of spec.actions. */
  readonly action: string;
  /** CEL over arguments. Absent means always; an error means no match. */
  readonly when?: string;
  /** Calls in any hour per binding; more are asked for. Not applied in band High. */
  readonly maxPerHour?: number;
}

/** One ask rule. */
export interface AgentRolePermissionsWriteRequiresApprovalItem {
  /** Name of the rule. Shown in every verdict. */
  readonly name: string;
  /** <server>.<tool> or a verb of spec.actions. */
  readonly action: string;
  /** CEL over arguments. Absent means always; an error means no match. */
  readonly when?: string;
  /** Reads made just before the act that must confirm it. */
  readonly requires?: readonly AgentRolePermissionsWriteRequiresApprovalItemRequire[];
  /** Who may approve. Absent means the binding's own subject. */
  readonly approvers?: AgentRolePermissionsWriteRequiresApprovalItemApprovers;
  /** Arguments that may appear on the AgentApproval. The rest is shown by the gateway only. */
  readonly show?: readonly string[];
  /** After this the request is denied. Absent means 28800. */
  readonly expiresAfterSeconds?: number;
}

/** One read and what it must show. */
export interface AgentRolePermissionsWriteRequiresApprovalItemRequire {
  /** The Read tool to call: <server>.<tool> */
  readonly read: string;
  /** Arguments of the read; each value is a CEL expression over arguments. */
  readonly arguments?: Readonly<Record<string, string>>;
  /** CEL over result that must be true. */
  readonly expect: string;
  /** What to say when it is not. */
  readonly message?: string;
}

/** Who may approve. Absent means the binding's own subject. */
export interface AgentRolePermissionsWriteRequiresApprovalItemApprovers {
  /** Whether the binding's own subject may approve. */
  readonly subject?: "Allowed" | "Excluded";
  /** Users who may approve. */
  readonly users?: readonly string[];
  /** Groups whose members may approve. */
  readonly groups?: readonly string[];
  /** How many different people must approve. Absent means 1. */
  readonly distinct?: number;
}

/** One deny rule. */
export interface AgentRolePermissionsDenyItem {
  /** Name of the rule. Shown in every verdict. */
  readonly name: string;
  /** <server>.<tool> or a verb of spec.actions. */
  readonly action: string;
  /** CEL over arguments and provenance. Absent means always; an error means deny. */
  readonly when?: string;
  /** Told to the agent and to people. */
  readonly reason?: string;
}

/** What the role promises: checked by the gateway, not by the agent. */
export interface AgentRoleContract {
  /** What the role reads. */
  readonly reads?: readonly string[];
  /** What the role writes. */
  readonly writes?: readonly string[];
  /** JSON Schema (2020-12) of task.payload. */
  readonly input?: JsonObject;
  /** JSON Schema (2020-12) of the final answer. */
  readonly output?: JsonObject;
  /** Must hold at admission. */
  readonly preconditions?: readonly AgentRoleContractPrecondition[];
  /** Must hold for the final answer. */
  readonly postconditions?: readonly AgentRoleContractPostcondition[];
  /** What a run must leave behind. */
  readonly evidence?: readonly AgentRoleContractEvidenceItem[];
  /** Must hold at every step. */
  readonly invariants?: readonly AgentRoleContractInvariant[];
  /** Known ways to fail, for people and for escalation. */
  readonly failureModes?: readonly AgentRoleContractFailureMode[];
}

/** One condition. */
export interface AgentRoleContractPrecondition {
  /** CEL over task and parameters. */
  readonly rule: string;
  /** What to say when it does not hold. */
  readonly message?: string;
}

/** One condition. */
export interface AgentRoleContractPostcondition {
  /** CEL over output and task. */
  readonly rule: string;
  /** What to say when it does not hold. */
  readonly message?: string;
}

/** One piece of evidence. */
export interface AgentRoleContractEvidenceItem {
  /** What it is. */
  readonly kind: "Artifact";
  /** Its name. */
  readonly name: string;
}

/** One condition. */
export interface AgentRoleContractInvariant {
  /** CEL expression. */
  readonly rule: string;
  /** What to say when it does not hold. */
  readonly message?: string;
}

/** One way to fail. */
export interface AgentRoleContractFailureMode {
  /** Name of the failure. */
  readonly name: string;
  /** How it shows and what to do. */
  readonly description?: string;
}

/** Who may hand work to this role. */
export interface AgentRoleAccepts {
  /** Roles that may hand over. */
  readonly from?: readonly AgentRoleAcceptsFromItem[];
  /** Intents that are accepted. */
  readonly intents?: readonly string[];
}

/** One sender. */
export interface AgentRoleAcceptsFromItem {
  /** Name of an AgentRole. */
  readonly role: string;
}

/** One receiver. */
export interface AgentRoleHandoff {
  /** Name of the receiving AgentRole. */
  readonly to: string;
  /** Intents that may be handed over. */
  readonly intents?: readonly string[];
  /** Actions the sender lends to the receiver for this work. */
  readonly lends?: readonly string[];
  /** Most USD that one handoff may spend. */
  readonly maxBudget?: string;
}

/** Whom to turn to when the role cannot go on. */
export interface AgentRoleEscalation {
  /** Roles asked before people. */
  readonly peers?: readonly string[];
  /** The people asked last. */
  readonly human?: AgentRoleEscalationHuman;
  /** What must have been tried before a person is asked. */
  readonly after?: readonly ("OwnTactics" | "Peers")[];
}

/** The people asked last. */
export interface AgentRoleEscalationHuman {
  /** Group name. */
  readonly group?: string;
}

/** Retries by what the failure means. Absent means the built-in number. */
export interface AgentRoleRetries {
  /** Retries of transient failures. */
  readonly transient?: number;
  /** Waits for a provider that asked for them. */
  readonly rateLimited?: number;
  /** Repair turns for an answer that does not fit. */
  readonly invalidOutput?: number;
}

/** Where a run stops. Absent means the built-in limit. */
export interface AgentRoleLimits {
  /** Model steps of a run. Absent means 20. */
  readonly maxSteps?: number;
  /** Time spent running. Absent means 600. */
  readonly maxActiveSeconds?: number;
  /** Time from admission to end with waits. Absent means 86400. */
  readonly maxAgeSeconds?: number;
  /** Length of a chain of handoffs. Absent means 3. */
  readonly maxDelegationDepth?: number;
  /** Runs of one binding at a time. Absent means 2. */
  readonly maxConcurrentRuns?: number;
  /** Runs of one binding that wait or queue. Absent means 20. */
  readonly maxWaitingRuns?: number;
}

/** Limits of money. Absent means inherit, "0" means zero. */
export interface AgentRoleBudget {
  /** Limits of each binding. */
  readonly perBinding?: AgentRoleBudgetPerBinding;
  /** Limits of all bindings of the role together. */
  readonly total?: AgentRoleBudgetTotal;
  /** IANA zone in which the windows of total start. Absent means UTC. Windows of a binding start in the binding's zone. */
  readonly timeZone?: string;
}

/** Limits of each binding. */
export interface AgentRoleBudgetPerBinding {
  /** USD per run. */
  readonly run?: string;
  /** USD per day. */
  readonly day?: string;
  /** USD per week from Monday. */
  readonly week?: string;
  /** USD per calendar month. */
  readonly month?: string;
}

/** Limits of all bindings of the role together. */
export interface AgentRoleBudgetTotal {
  /** USD per day. */
  readonly day?: string;
  /** USD per week from Monday. */
  readonly week?: string;
  /** USD per calendar month. */
  readonly month?: string;
}

/** One rule. */
export interface AgentRoleSafetyItem {
  /** Name of the rule. */
  readonly name: string;
  /** What is watched. */
  readonly metric: "ErrorRate" | "CostPerRun" | "RunCostTimesP95" | "QualityGateFailures" | "Complaints" | "ContractViolations";
  /** The rule acts above this decimal number. */
  readonly above: string;
  /** How far back it looks. Absent means 3600. */
  readonly windowSeconds?: number;
  /** Fewer runs than this are no evidence. Absent means 20. */
  readonly minRuns?: number;
  /** What happens. */
  readonly then: "Notify" | "Degrade" | "Narrow" | "Stop";
}

/** What the controller observed. Written by Roster only. */
export interface AgentRoleStatus {
  /** Generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** SHA-256 of the pinned content. Runs keep the revision they were admitted with. */
  readonly revision?: string;
  /** Sums for people, refreshed at most once a minute. */
  readonly summary?: AgentRoleStatusSummary;
  /** Fitness from verified outcomes. */
  readonly scorecard?: AgentRoleStatusScorecard;
  /** When the sums were taken. */
  readonly asOf?: string;
  /** What is true about the object. See docs/reference for each type. */
  readonly conditions?: readonly Condition[];
}

/** Sums for people, refreshed at most once a minute. */
export interface AgentRoleStatusSummary {
  /** Ready bindings of all bindings. */
  readonly bindings?: string;
  /** Permission rules in force by sort. */
  readonly rules?: string;
  /** USD spent today. */
  readonly today?: string;
  /** USD per verified success. */
  readonly perSuccess?: string;
  /** Credentials of fired agents whose issuers have not confirmed the revocation. Absent where there are none. */
  readonly offboarding?: string;
}

/** Fitness from verified outcomes. */
export interface AgentRoleStatusScorecard {
  /** Runs started. */
  readonly started?: number;
  /** Runs whose outcome an observer confirmed. */
  readonly verified?: number;
  /** Runs and calls refused. */
  readonly refused?: number;
  /** USD per verified success. */
  readonly costPerSuccess?: string;
}
