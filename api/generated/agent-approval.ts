// Generated from crds/agentapproval.yaml by scripts/generate.ts. Edit that file and run `npm run generate`.
import type { JsonObject } from "../../lib/json.ts";
import type { Condition, Resource } from "../resource.ts";

/** AgentApproval asks people to decide on one exact call of one run. Roster makes it; an approver writes spec.decision once; status.decision is the outcome. */
export interface AgentApproval extends Resource {
  readonly spec: AgentApprovalSpec;
  readonly status?: AgentApprovalStatus;
}

/** The request and the decision. */
export interface AgentApprovalSpec {
  /** What is asked. Made by Roster. Immutable. */
  readonly request: AgentApprovalRequest;
  /** What an approver decided. Written once. */
  readonly decision?: AgentApprovalDecision;
}

/** What is asked. Made by Roster. Immutable. */
export interface AgentApprovalRequest {
  /** The run that waits. */
  readonly runID: string;
  /** The step of it, such as 3.0. */
  readonly step: string;
  /** Whom the agent works for. */
  readonly subject: string;
  /** Name of the AgentBinding. */
  readonly requestedFor: string;
  /** Name of the AgentRole whose approvers count. */
  readonly role?: string;
  /** The permission rule that asks. */
  readonly rule: AgentApprovalRequestRule;
  /** The tool server. */
  readonly server: string;
  /** <server>.<tool> */
  readonly action: string;
  /** What kind of act it is. */
  readonly effect: "Read" | "Write" | "Destructive";
  /** Whom it touches. */
  readonly impact?: readonly string[];
  /** Whether it can be undone. */
  readonly reversible?: "True" | "False" | "Unknown";
  /** Digest over server key, tool schema, binding UID, run, step and the exact argument bytes. */
  readonly sha256: string;
  /** The arguments that the rule allows to be shown here. Approvers get the whole from the gateway. */
  readonly shown?: Readonly<Record<string, string>>;
  /** Size of the arguments. */
  readonly bytes?: number;
  /** What the agent recommends. */
  readonly recommendation?: string;
  /** What it is based on. */
  readonly evidence?: readonly string[];
  /** The state that was read just before. */
  readonly stateRead?: readonly string[];
  /** Expected effect on the role's measures. */
  readonly kpiImpact?: string;
  /** What else could be done. */
  readonly alternatives?: readonly string[];
  /** Where each argument came from. */
  readonly provenance?: readonly AgentApprovalRequestProvenanceItem[];
  /** What it costs. */
  readonly money?: AgentApprovalRequestMoney;
  /** Who may decide. */
  readonly approvers?: AgentApprovalRequestApprovers;
  /** Users who may not decide. */
  readonly excluded?: readonly string[];
  /** RFC 3339 time at which it is denied. */
  readonly expiresAt: string;
}

/** The permission rule that asks. */
export interface AgentApprovalRequestRule {
  /** Name of the rule. */
  readonly name: string;
  /** File and line where known. */
  readonly source?: string;
  /** Why it asks. */
  readonly reason?: string;
}

/** One argument. */
export interface AgentApprovalRequestProvenanceItem {
  /** Path of the argument. */
  readonly argument: string;
  /** Step that it was found in. */
  readonly source?: string;
  /** How far the source is trusted. */
  readonly trust: "Trusted" | "Untrusted" | "Unknown";
}

/** What it costs. */
export interface AgentApprovalRequestMoney {
  /** USD this call is expected to cost. */
  readonly estimate?: string;
  /** USD the run has spent. */
  readonly runSpent?: string;
  /** The level with the least left. */
  readonly tightest?: string;
}

/** Who may decide. */
export interface AgentApprovalRequestApprovers {
  /** Users who may decide. */
  readonly users?: readonly string[];
  /** Groups whose members may decide. */
  readonly groups?: readonly string[];
  /** How many different people must approve. */
  readonly distinct?: number;
}

/** What an approver decided. Written once. */
export interface AgentApprovalDecision {
  /** The decision. */
  readonly verdict: "Approve" | "Edit" | "Reject" | "Ask" | "Dismiss" | "Escalate";
  /** Who decides. Must be the user who writes it. */
  readonly by: string;
  /** The digest that was decided on. Must be that of the request. */
  readonly sha256: string;
  /** Why, or the question to ask. */
  readonly note?: string;
  /** Arguments to use instead. They get a new digest and a new verdict. */
  readonly replacement?: JsonObject;
}

/** The outcome. Written by Roster only. */
export interface AgentApprovalStatus {
  /** Generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** Where the decision stands. */
  readonly state?: "Pending" | "Approved" | "Consumed" | "Rejected" | "Asked" | "Dismissed" | "Expired" | "TooLate" | "Void";
  /** The decision that counted. */
  readonly decision?: AgentApprovalStatusDecision;
  /** What is true about the object. See docs/reference for each type. */
  readonly conditions?: readonly Condition[];
}

/** The decision that counted. */
export interface AgentApprovalStatusDecision {
  /** Who decided. */
  readonly by?: string;
  /** Through which door. */
  readonly via?: "Kubernetes" | "Gateway";
  /** When its ledger transaction committed. */
  readonly at?: string;
}
