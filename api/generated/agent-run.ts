// Generated from crds/agentrun.yaml by scripts/generate.ts. Edit that file and run `npm run generate`.
import type { JsonObject } from "../../lib/json.ts";
import type { Condition, Resource } from "../resource.ts";

/** AgentRun is a request for one piece of work, or (with spec.runID, which only Roster sets) a window onto a run in the ledger. Deleting it cancels a run that is not finished. */
export interface AgentRun extends Resource {
  readonly spec: AgentRunSpec;
  readonly status?: AgentRunStatus;
}

/** What is asked. Immutable but for desiredState. */
export interface AgentRunSpec {
  /** Who works. Immutable. */
  readonly bindingRef: AgentRunBindingRef;
  /** Who asks. Must be the user who creates the object. */
  readonly requestedBy?: string;
  /** The work. A request carries it; a window carries its digest only. */
  readonly task?: AgentRunTask;
  /** The run in the ledger. Only Roster sets it. */
  readonly runID?: string;
  /** How the work arrived. Anything but Person is set by Roster only. */
  readonly origin?: AgentRunOrigin;
  /** The run fails when it is not finished by then. Absent means the role's limits. */
  readonly deadlineSeconds?: number;
  /** The object is removed this long after the run finished. The ledger keeps the run. */
  readonly ttlSecondsAfterFinished?: number;
  /** Set Cancelled to end the run. Defaults to "Running". */
  readonly desiredState?: "Running" | "Cancelled";
}

/** Who works. Immutable. */
export interface AgentRunBindingRef {
  /** Name of an AgentBinding in the same namespace. */
  readonly name: string;
}

/** The work. A request carries it; a window carries its digest only. */
export interface AgentRunTask {
  /** What kind of work it is. */
  readonly intent?: string;
  /** The request in words. */
  readonly text?: string;
  /** Input that fits the role's contract. */
  readonly payload?: JsonObject;
  /** Digest of the task. Set on windows. */
  readonly sha256?: string;
}

/** How the work arrived. Anything but Person is set by Roster only. */
export interface AgentRunOrigin {
  /** How it arrived. */
  readonly type: "Person" | "Schedule" | "Webhook" | "Chat" | "Agent";
  /** Name of the AgentTrigger. */
  readonly trigger?: string;
  /** The instant of the schedule. */
  readonly scheduledAt?: string;
  /** Id of the event. */
  readonly eventID?: string;
  /** The run that handed the work over. */
  readonly run?: string;
}

/** What the ledger knows of the run. Never a transcript, a prompt or a tool's output. */
export interface AgentRunStatus {
  /** Generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** Where the run stands. */
  readonly phase?: "Queued" | "Running" | "Waiting" | "Succeeded" | "Failed" | "Cancelled" | "Refused";
  /** What a Waiting run waits for. */
  readonly waitingFor?: AgentRunStatusWaitingFor;
  /** The rung that answered. */
  readonly rung?: string;
  /** The model tier of that rung. */
  readonly tier?: string;
  /** Calls made. */
  readonly steps?: number;
  /** Model tokens used. */
  readonly tokens?: AgentRunStatusTokens;
  /** USD spent. */
  readonly cost?: AgentRunStatusCost;
  /** Revision of the role that the run is pinned to. */
  readonly roleRevision?: string;
  /** The run in the ledger. */
  readonly runID?: string;
  /** W3C trace id. */
  readonly traceID?: string;
  /** What the run left behind. */
  readonly outcome?: AgentRunStatusOutcome;
  /** Why the run stands where it stands. See docs/reference/reasons.md. */
  readonly reason?: string;
  /** The same in one sentence. */
  readonly message?: string;
  /** When a worker first had it. */
  readonly startedAt?: string;
  /** When it ended. */
  readonly finishedAt?: string;
  /** What is true about the object. See docs/reference for each type. */
  readonly conditions?: readonly Condition[];
}

/** What a Waiting run waits for. */
export interface AgentRunStatusWaitingFor {
  /** Approval, Budget, Agent, Reply or another kind of waker. */
  readonly type: string;
  /** Which one. */
  readonly name?: string;
  /** Since when. */
  readonly since?: string;
}

/** Model tokens used. */
export interface AgentRunStatusTokens {
  /** Tokens read. */
  readonly input?: number;
  /** Tokens written. */
  readonly output?: number;
}

/** USD spent. */
export interface AgentRunStatusCost {
  /** By this run. */
  readonly own?: string;
  /** By runs it handed work to. */
  readonly delegated?: string;
}

/** What the run left behind. */
export interface AgentRunStatusOutcome {
  /** Content-addressed outputs. */
  readonly artifacts?: readonly AgentRunStatusOutcomeArtifact[];
  /** Whether an observer other than the agent confirmed the outcome. */
  readonly verified?: "True" | "False" | "Unknown";
}

/** One artifact. */
export interface AgentRunStatusOutcomeArtifact {
  /** Its name. */
  readonly name: string;
  /** Its digest. */
  readonly sha256?: string;
  /** Its size. */
  readonly bytes?: number;
}
