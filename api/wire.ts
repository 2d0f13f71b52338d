import type { Json, JsonObject } from "../lib/json.ts";
import type { AgentRoleSpec } from "./generated/agent-role.ts";

/**
 * What runtime and gateway say to each other over HTTP. The runtime never imports the gateway: these types and the
 * paths below are all they share. Any other agent framework may speak the same words.
 *
 *   POST /runtime/v1/claims                worker token; `ClaimRequest`; answers an NDJSON stream of `ClaimEvent`. The stream stays open
 *                                          as long as the run is owned: closing it gives the lease up at once.
 *   POST /runtime/v1/runs/{id}/beat        run token; renews the lease (call at leaseMs / 3). 204, or 409 EpochLost.
 *   POST /runtime/v1/runs/{id}/finish      run token; `FinishRequest` → `FinishAnswer`
 *   POST /runtime/v1/runs/{id}/fail        run token; `FailRequest` → 204
 *   POST /runtime/v1/runs/{id}/release     run token; the worker stops, the run goes back to the queue → 204
 *   POST /v1/chat/completions              run token; OpenAI's request, `model` is the name of a ModelTier; header
 *                                          `x-roster-step: <model step>` (0, 1, 2 …). Answers OpenAI's response or error envelope.
 *   GET  /v1/models                        run token; the tiers the run may use
 *   POST /mcp                              run token; MCP streamable HTTP, stateless, JSON answers. A `tools/call` carries
 *                                          `_meta: { "roster.dev/step": "<model step>.<action index>" }`. Action index -1 is not
 *                                          used; action 0 is the first tool call after model step k.
 *   POST /introspect                       RFC 7662, operator token
 *   POST /revoke                           RFC 7009
 *   GET  /v1/namespaces/{ns}/runs/{name}/trace   a person's Kubernetes bearer token; `Trace`
 *   GET  /v1/namespaces/{ns}/runs?binding=&phase=&limit=   the same; whoever may list AgentRuns there; `RunList`
 *   GET  /v1/offboardings, /v1/namespaces/{ns}/offboardings   the same; whoever may list AgentBindings there; `OffboardingList`
 *   GET  /v1/ledger                        the same; whoever may get the ConfigMap roster-ledger; `LedgerStatus`
 *   POST /v1/ledger/accept, /v1/ledger/adopt   whoever may update it; `LedgerChoice` → `LedgerSettled`
 *   GET  /healthz  /readyz  /metrics
 *
 * Errors outside OpenAI's and MCP's own envelopes are RFC 9457 problem details: { type, title, status, detail, reason, hint }.
 */
export const stepMeta = "roster.dev/step";
export const parkedMeta = "roster.dev/parked";
export const stepHeader = "x-roster-step";

/** Body of `POST /runtime/v1/claims`. `worker` names the worker in trace and audit; it grants nothing. */
export interface ClaimRequest {
  readonly worker: string;
}

export type ClaimEvent =
  | { readonly type: "idle" }
  | { readonly type: "claimed"; readonly claim: Claim }
  | { readonly type: "cut"; readonly reason: string; readonly message: string };

export interface Task {
  readonly intent?: string;
  readonly text?: string;
  readonly payload?: JsonObject;
}

/** Everything a worker needs to run, and all that it learns. No secret but the run token. */
export interface Claim {
  readonly runId: string;
  readonly epoch: number;
  /** `rst_…`, valid for this epoch of this run only. */
  readonly token: string;
  readonly leaseMs: number;
  /** Unix ms; at and after it the run ends with TimeLimit. */
  readonly deadline: number;
  /** The ledger's time at the claim, Unix ms. */
  readonly now: number;
  /** When the run was admitted, Unix ms. The same for every owner, so that a prompt can say the time and be rebuilt exactly. */
  readonly createdAt: number;
  readonly role: { readonly name: string; readonly revision: string; readonly spec: AgentRoleSpec };
  readonly binding: {
    readonly name: string;
    readonly namespace: string;
    readonly subject: { readonly kind: string; readonly name: string };
    readonly team?: string;
    readonly account: { readonly id: string; readonly email?: string; readonly displayName?: string };
    readonly timeZone: string;
    readonly parameters: JsonObject;
  };
  readonly task: Task;
  readonly origin: { readonly type: string };
  readonly traceparent: string;
  /** The pinned catalog that this run may call, builtins (`memory.*`, `artifact.*`, `skill.*`) included. */
  readonly tools: readonly ToolDescriptor[];
  /** Steps recorded by former owners of the run, in order; only the complete ones. */
  readonly transcript: readonly RecordedStep[];
}

export interface ToolDescriptor {
  /** `<server>.<tool>` */
  readonly action: string;
  readonly description: string;
  readonly effect: "Read" | "Write" | "Destructive";
  readonly inputSchema: JsonObject;
}

export type RecordedStep =
  | { readonly kind: "model"; readonly step: number; readonly request: Json; readonly response: Json }
  | {
      readonly kind: "tool";
      readonly step: number;
      readonly action: number;
      readonly name: string;
      readonly arguments: Json;
      readonly result: ToolResult;
    };

/** MCP's CallToolResult, the part that is used. */
export interface ToolResult {
  readonly isError?: boolean;
  readonly content: readonly { readonly type: string; readonly text?: string; readonly [key: string]: unknown }[];
  readonly structuredContent?: JsonObject;
  readonly _meta?: JsonObject;
}

export interface FinishRequest {
  readonly output: Json;
  /** Name of the rung that answered, and its tier where it was one. */
  readonly rung: string;
  readonly tier?: string;
  /** `Dropped` where a rule dropped the event. */
  readonly reason?: "Succeeded" | "Dropped";
}

export type FinishAnswer =
  | { readonly outcome: "finished"; readonly phase: string }
  | { readonly outcome: "invalid"; readonly reason: string; readonly message: string };

export interface FailRequest {
  readonly reason: string;
  readonly message: string;
}

/** What `roster trace` prints: names, numbers and digests, never bodies. Money is a decimal string in USD. */
export interface Trace {
  readonly run: {
    readonly id: string;
    readonly name: string;
    readonly namespace: string;
    readonly binding: string;
    readonly role: string;
    readonly roleRevision: string;
    readonly phase: string;
    readonly reason: string;
    readonly message: string;
    readonly rung?: string;
    readonly tier?: string;
    readonly traceId: string;
    readonly createdAt: string;
    readonly startedAt?: string;
    readonly finishedAt?: string;
    readonly tokens: { readonly input: number; readonly output: number };
    readonly cost: string;
  };
  readonly steps: readonly TraceStep[];
  readonly artifacts: readonly { readonly name: string; readonly sha256: string; readonly bytes: number }[];
}

export interface TraceStep {
  /** "0" for a model call, "0.1" for the second action after it. */
  readonly step: string;
  readonly kind: "model" | "tool" | "memory" | "artifact" | "skill" | "final";
  /** Tier or action name. */
  readonly name: string;
  readonly state: "intended" | "happened" | "uncertain" | "refused";
  readonly verdict?: "allow" | "ask" | "deny";
  /** Rule name with file:line where known. */
  readonly rule?: string;
  readonly epoch: number;
  readonly requestSha256: string;
  readonly responseSha256?: string;
  readonly tokens?: { readonly input: number; readonly output: number };
  readonly hold?: string;
  readonly cost?: string;
  readonly startedAt: string;
  readonly durationMs?: number;
  readonly error?: string;
}

/** Whether ledger and cluster belong together, as `roster ledger status` shows it. */
export interface LedgerStatus {
  /** New: the first controller has not paired them yet. */
  readonly state: "Paired" | "New" | "Recovering";
  readonly cause?: string;
  readonly message?: string;
  readonly since?: string;
  readonly ledger: {
    readonly id: string;
    readonly epoch: number;
    /** The cluster that it belongs to, by the UID of its kube-system. */
    readonly cluster?: string;
    readonly sealed: number;
    readonly agents: number;
    readonly openRuns: number;
  };
  readonly cluster: {
    readonly id: string;
    /** What the cluster remembers of its ledger; absent where it remembers none. */
    readonly remembers?: { readonly ledger: string; readonly seq: number };
  };
}

/** The state that a person looked at: anything else is refused. */
export interface LedgerChoice {
  readonly ledger: string;
  readonly epoch: number;
}

/** What became of what was under way. */
export interface LedgerSettled {
  readonly tokens: number;
  readonly uncertain: number;
  readonly cancelled: number;
}

/** What remains to be revoked at issuers, as `roster offboarding ls` shows it. */
export interface OffboardingList {
  readonly items: readonly {
    readonly namespace: string;
    readonly binding: string;
    readonly bindingUid: string;
    readonly role: string;
    readonly subject: string;
    readonly server: string;
    readonly state: "Pending" | "HandedOn";
    readonly attempts: number;
    readonly firedAt: string;
    readonly nextAttempt: string;
    readonly lastError?: string;
  }[];
  /** There are more than are shown. */
  readonly more: boolean;
}

/** The runs of a namespace, newest first, as `roster runs` shows them. Money is a decimal string in USD. */
export interface RunList {
  readonly items: readonly {
    readonly id: string;
    readonly name: string;
    readonly binding: string;
    readonly role: string;
    readonly origin: string;
    readonly phase: string;
    readonly reason: string;
    readonly tier?: string;
    readonly steps: number;
    readonly cost: string;
    /** Request: an AgentRun that a person made. Shown: a window. None: only here. */
    readonly window: "Request" | "Shown" | "None";
    readonly createdAt: string;
    readonly finishedAt?: string;
  }[];
  readonly more: boolean;
}
