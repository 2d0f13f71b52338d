// Generated from crds/agentbinding.yaml by scripts/generate.ts. Edit that file and run `npm run generate`.
import type { JsonObject } from "../../lib/json.ts";
import type { Condition, Resource } from "../resource.ts";

/** AgentBinding is one role held by one subject, with an account, tokens, credentials, memory and money of its own. Creating it hires the agent; deleting it fires the agent and revokes all it held. */
export interface AgentBinding extends Resource {
  readonly spec: AgentBindingSpec;
  readonly status?: AgentBindingStatus;
}

/** Who works for whom, with what. */
export interface AgentBindingSpec {
  /** The role, in the same namespace. Immutable. */
  readonly roleRef: AgentBindingRoleRef;
  /** Whom the agent works for. Immutable; one binding per role and subject. */
  readonly subject: AgentBindingSubject;
  /** Team that budgets and stops select on. Immutable. */
  readonly team?: string;
  /** The agent's own account elsewhere. */
  readonly account?: AgentBindingAccount;
  /** IANA zone of the subject. Schedules and daily windows follow it. Absent means UTC. */
  readonly timeZone?: string;
  /** Which Secret opens which tool server for this agent. Only the gateway reads it. */
  readonly credentials?: readonly AgentBindingCredential[];
  /** Preferences of this subject: visible to soul, task text, router and policy. */
  readonly parameters?: JsonObject;
  /** Limits of this binding. The smaller of these and the role's counts. "0" means zero. */
  readonly budget?: AgentBindingBudget;
  /** May only tighten what the role allows. */
  readonly autonomyBand?: "Observe" | "Low" | "Moderate" | "High";
  /** Suspended admits no run and lets nothing more happen; the account stays. Absent means Active. */
  readonly state?: "Active" | "Suspended";
  /** Memory of the agent. */
  readonly memory?: AgentBindingMemory;
  /** Only for agents that Roster does not run itself. */
  readonly access?: AgentBindingAccess;
  /** What a worker may hold at a time. Absent means Shared. */
  readonly isolation?: "Shared" | "Subject" | "Run";
  /** UID of a deleted binding of the same role and subject whose memory is taken over while it is kept. Immutable. */
  readonly adoptFrom?: string;
}

/** The role, in the same namespace. Immutable. */
export interface AgentBindingRoleRef {
  /** Name of an AgentRole. */
  readonly name: string;
}

/** Whom the agent works for. Immutable; one binding per role and subject. */
export interface AgentBindingSubject {
  /** What the subject is. */
  readonly kind: "User" | "Team" | "Service";
  /** Name of the subject as the identity provider knows it. */
  readonly name: string;
}

/** The agent's own account elsewhere. */
export interface AgentBindingAccount {
  /** Mail address of the agent. */
  readonly email?: string;
  /** Name shown to people. */
  readonly displayName?: string;
}

/** One credential. */
export interface AgentBindingCredential {
  /** Name of a ToolServer in the same namespace. */
  readonly server: string;
  /** A Secret of type roster.dev/credential in the same namespace that consents by annotations. */
  readonly secretRef: AgentBindingCredentialSecretRef;
  /** How the credential is revoked at its issuer when the agent is fired. */
  readonly revocation?: AgentBindingCredentialRevocation;
}

/** A Secret of type roster.dev/credential in the same namespace that consents by annotations. */
export interface AgentBindingCredentialSecretRef {
  /** Name of the Secret. */
  readonly name: string;
  /** Key in the Secret. */
  readonly key: string;
}

/** How the credential is revoked at its issuer when the agent is fired. */
export interface AgentBindingCredentialRevocation {
  /** The protocol. */
  readonly type: "RFC7009";
  /** The issuer's revocation endpoint. */
  readonly url: string;
}

/** Limits of this binding. The smaller of these and the role's counts. "0" means zero. */
export interface AgentBindingBudget {
  /** USD per run. */
  readonly run?: string;
  /** USD per day. */
  readonly day?: string;
  /** USD per week from Monday. */
  readonly week?: string;
  /** USD per calendar month. */
  readonly month?: string;
}

/** Memory of the agent. */
export interface AgentBindingMemory {
  /** How long memory is kept after the agent is fired. Absent means 7776000. */
  readonly retentionSeconds?: number;
}

/** Only for agents that Roster does not run itself. */
export interface AgentBindingAccess {
  /** Secret to write a binding token to. None is made without it. */
  readonly tokenSecretName?: string;
}

/** What the controller observed. Written by Roster only. */
export interface AgentBindingStatus {
  /** Generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** Account of the agent in the ledger. */
  readonly accountID?: string;
  /** Revision of the role that new runs are admitted with. */
  readonly roleRevision?: string;
  /** What is in force once role, binding, stops and safety are taken together. */
  readonly effective?: AgentBindingStatusEffective;
  /** Sums for people, refreshed at most once a minute. */
  readonly summary?: AgentBindingStatusSummary;
  /** When the sums were taken. */
  readonly asOf?: string;
  /** What is true about the object. See docs/reference for each type. */
  readonly conditions?: readonly Condition[];
}

/** What is in force once role, binding, stops and safety are taken together. */
export interface AgentBindingStatusEffective {
  /** State in force. */
  readonly state?: "Active" | "Suspended" | "Stopped" | "Revoked";
  /** Band in force. */
  readonly autonomyBand?: "Observe" | "Low" | "Moderate" | "High";
  /** Limits in force. */
  readonly budget?: AgentBindingStatusEffectiveBudget;
  /** Why it is less than the spec says. */
  readonly because?: string;
}

/** Limits in force. */
export interface AgentBindingStatusEffectiveBudget {
  /** USD per run. */
  readonly run?: string;
  /** USD per day. */
  readonly day?: string;
  /** USD per week. */
  readonly week?: string;
  /** USD per month. */
  readonly month?: string;
}

/** Sums for people, refreshed at most once a minute. */
export interface AgentBindingStatusSummary {
  /** Runs by outcome. */
  readonly runs?: string;
  /** USD spent today of the daily limit. */
  readonly today?: string;
  /** How and when the last run ended. */
  readonly last?: string;
}
