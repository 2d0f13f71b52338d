// Generated from crds/agenttrigger.yaml by scripts/generate.ts. Edit that file and run `npm run generate`.
import type { JsonObject } from "../../lib/json.ts";
import type { Condition, Resource } from "../resource.ts";

/** AgentTrigger is how work arrives - on a schedule, by a webhook or by a chat message. All make the same run against the same role. */
export interface AgentTrigger extends Resource {
  readonly spec: AgentTriggerSpec;
  readonly status?: AgentTriggerStatus;
}

/** When, for whom and what. */
export interface AgentTriggerSpec {
  /** How work arrives. Immutable. */
  readonly type: "Schedule" | "Webhook" | "Chat";
  /** Who gets the work: every Ready binding of a role, those of one team, or one binding. */
  readonly target: AgentTriggerTarget;
  /** What each run is given. */
  readonly task: AgentTriggerTask;
  /** Suspended makes no runs. After it the next fire is strictly later. Absent means Active. */
  readonly state?: "Active" | "Suspended";
  /** Which runs show as AgentRun objects. The ledger keeps all. */
  readonly window?: AgentTriggerWindow;
  /** Fires by the clock. */
  readonly schedule?: AgentTriggerSchedule;
  /** Fires by a verified HTTP request. */
  readonly webhook?: AgentTriggerWebhook;
  /** Fires by a chat message; the thread is the run's session. */
  readonly chat?: AgentTriggerChat;
}

/** Who gets the work: every Ready binding of a role, those of one team, or one binding. */
export interface AgentTriggerTarget {
  /** Bindings of this role. */
  readonly roleRef?: AgentTriggerTargetRoleRef;
  /** Only bindings of this team. */
  readonly team?: string;
  /** This binding alone. */
  readonly bindingRef?: AgentTriggerTargetBindingRef;
}

/** Bindings of this role. */
export interface AgentTriggerTargetRoleRef {
  /** Name of an AgentRole in the same namespace. */
  readonly name: string;
}

/** This binding alone. */
export interface AgentTriggerTargetBindingRef {
  /** Name of an AgentBinding in the same namespace. */
  readonly name: string;
}

/** What each run is given. */
export interface AgentTriggerTask {
  /** What kind of work it is. */
  readonly intent?: string;
  /** The request in words. {{ binding.subject.name }}, {{ binding.parameters.x }} and {{ event.x }} are filled in. */
  readonly text?: string;
  /** Input that fits the role's contract. Untrusted unless listed in trustedFields. */
  readonly payload?: JsonObject;
  /** Payload fields that count as written by the trigger's author. */
  readonly trustedFields?: readonly string[];
}

/** Which runs show as AgentRun objects. The ledger keeps all. */
export interface AgentTriggerWindow {
  /** Always shows every run, Attention only those that wait or failed. Absent means Always. */
  readonly show?: "Always" | "Attention";
  /** Succeeded windows kept per binding. Absent means 3. */
  readonly keepSucceeded?: number;
  /** Failed windows kept per binding. Absent means 10. */
  readonly keepFailed?: number;
}

/** Fires by the clock. */
export interface AgentTriggerSchedule {
  /** Five fields as a Kubernetes CronJob reads them: minute, hour, day of month, month, day of week. */
  readonly cron: string;
  /** Each binding's own zone. */
  readonly timeZoneFrom?: "Binding";
  /** One IANA zone for all. Absent and without timeZoneFrom means UTC. */
  readonly timeZone?: string;
  /** A fire missed by more than this is skipped. Absent means 900. */
  readonly startingDeadlineSeconds?: number;
  /** Forbid skips a fire while the previous run of the same binding is unfinished. Absent means Forbid. */
  readonly concurrency?: "Allow" | "Forbid";
  /** Each binding is delayed by a fixed part of this. Absent means 0. */
  readonly jitterSeconds?: number;
}

/** Fires by a verified HTTP request. */
export interface AgentTriggerWebhook {
  /** How the request is signed. */
  readonly scheme: "StandardWebhooks" | "GitHub";
  /** Secrets that may have signed it; several while rotating. */
  readonly secretRefs: readonly AgentTriggerWebhookSecretRef[];
  /** CEL over event. Absent means always; an error means no. */
  readonly when?: string;
  /** CEL over event that names the subject the event is for. An event for nobody is refused and counted. */
  readonly bindTo: string;
  /** Only these subjects may be named. Absent means any with a binding. */
  readonly subjects?: readonly string[];
}

/** One Secret. */
export interface AgentTriggerWebhookSecretRef {
  /** Name of the Secret. */
  readonly name: string;
  /** Key in the Secret. */
  readonly key: string;
}

/** Fires by a chat message; the thread is the run's session. */
export interface AgentTriggerChat {
  /** Where messages come from. */
  readonly channel: "HTTP" | "Slack";
  /** CEL over event that names the subject who wrote. */
  readonly bindTo: string;
}

/** What the controller observed. Written by Roster only. */
export interface AgentTriggerStatus {
  /** Generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** Text for people. */
  readonly summary?: AgentTriggerStatusSummary;
  /** Earliest next fire of any binding. */
  readonly nextFire?: string;
  /** Latest fire of any binding. */
  readonly lastFire?: string;
  /** Runs made. */
  readonly fired?: number;
  /** Runs that a rule answered at no cost. */
  readonly ruleAnswered?: number;
  /** Events and fires refused. */
  readonly refused?: number;
  /** What is true about the object. See docs/reference for each type. */
  readonly conditions?: readonly Condition[];
}

/** Text for people. */
export interface AgentTriggerStatusSummary {
  /** How work arrives, with the schedule. */
  readonly type?: string;
  /** Who gets it and how many they are. */
  readonly target?: string;
  /** Where events are sent. */
  readonly url?: string;
}
