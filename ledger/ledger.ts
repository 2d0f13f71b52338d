// Long: one interface between two planes; split over files nobody could read it as the contract that it is.
import type { Phase } from "../api/run-life.ts";
import type { RecordedStep, Task } from "../api/wire.ts";
import type { Instant } from "../lib/clock.ts";
import type { Json, JsonObject } from "../lib/json.ts";
import type { Micros } from "../lib/money.ts";
import type { Offboardings } from "./offboardings.ts";
import type { PairingDesk } from "./pairing-desk.ts";

/**
 * The transactional memory of Roster over Postgres. Every method is one transaction; every decision about an
 * authenticated principal commits its audit row in it. Throws `Problem`: LedgerUnavailable when Postgres cannot be
 * reached (callers deny), Recovering while ledger and cluster do not belong together, LeadershipLost when a fence is stale. "Now" is the ledger's: greatest(clock, last tick).
 * Long: the whole contract between the ledger and the planes, read in one place; no code.
 */
export interface Ledger extends AsyncDisposable {
  readonly leadership: Leadership;
  readonly catalog: Catalog;
  readonly bindings: Bindings;
  readonly runs: Runs;
  readonly guard: Guard;
  readonly money: Money;
  readonly documents: Documents;
  readonly audit: Audit;
  readonly feed: Feed;
  readonly schedules: Schedules;
  readonly pairing: PairingDesk;
  readonly offboardings: Offboardings;
  /** Resolves when Postgres answers within `timeoutMs`; throws LedgerUnavailable otherwise. */
  ping(timeoutMs?: number): Promise<void>;
  now(): Promise<Instant>;
  readonly id: string;
}

/** Proof of leadership: each fenced effect checks it in its own statement and throws LeadershipLost when stale. */
export interface Fence {
  readonly name: string;
  readonly epoch: number;
}

export interface Leadership {
  /**
   * Takes leadership of `name` for `ttlMs`, or renews `held`; undefined while somebody else holds it. Each taking is a new
   * epoch with an audit row. Without `held` a former process of the same holder is succeeded at once. Throws Recovering.
   */
  campaign(name: string, holder: string, ttlMs: number, held?: Fence): Promise<Fence | undefined>;
  resign(fence: Fence, holder: string): Promise<void>;
}

// ───────────────────────────── what is declared, as the ledger needs it

export interface RoleRecord {
  readonly uid: string;
  /** Namespace UID and name. */
  readonly tenant: string;
  readonly namespace: string;
  readonly name: string;
  /** sha256 of the pinned content. */
  readonly revision: string;
  /** The resolved AgentRoleSpec (contentFrom folded in). */
  readonly content: JsonObject;
  /** False: admits no new run; writes of running runs turn to ask. */
  readonly compiled: boolean;
  /** rule name → "file:line". */
  readonly sourceMap: Readonly<Record<string, string>>;
}

export interface TierRecord {
  readonly name: string;
  readonly uid: string;
  readonly model: string;
  /** Absent: the gateway's own default endpoint (operator configuration). */
  readonly baseURL?: string;
  readonly apiKeySecretRef?: { readonly namespace: string; readonly name: string; readonly key: string };
  /** Micro-USD per million tokens; a price that is unknown is absent, and the call is denied. */
  readonly prices: {
    readonly input?: Micros;
    readonly cachedInput?: Micros;
    readonly cacheWrite?: Micros;
    readonly output?: Micros;
  };
  readonly maxOutputTokens: number;
  readonly minOutputTokens: number;
  readonly contextWindow?: number;
  readonly tokensPerKilobyte: number;
  readonly timeoutSeconds: number;
  readonly concurrency: number;
  readonly allowedFields: readonly string[];
  readonly fallbacks: readonly string[];
  /** Namespaces that may use it; undefined means all. */
  readonly namespaces?: readonly string[];
  readonly ready: boolean;
}

export interface ToolServerRecord {
  readonly uid: string;
  readonly tenant: string;
  readonly namespace: string;
  readonly name: string;
  readonly spec: JsonObject;
  readonly ready: boolean;
}

/** What the gateway learned from a tool server's own list, kept so that the controller can show it. */
export interface ToolCatalogEntry {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  readonly schemaHash: string;
  readonly state: "Admitted" | "Quarantined";
}

export interface Catalog {
  ensureTenant(tenant: string, namespace: string): Promise<void>;
  /** Raises the role's authority_seq when the content changed. Idempotent. */
  putRole(fence: Fence, role: RoleRecord): Promise<void>;
  /** The role is gone: stops new calls of its bindings; revokes nothing else. */
  dropRole(fence: Fence, uid: string): Promise<void>;
  findRole(tenant: string, name: string): Promise<RoleRecord | undefined>;
  findRevision(tenant: string, revision: string): Promise<RoleRecord | undefined>;
  putTier(fence: Fence, tier: TierRecord): Promise<void>;
  dropTier(fence: Fence, name: string): Promise<void>;
  findTier(name: string): Promise<TierRecord | undefined>;
  listTiers(): Promise<readonly TierRecord[]>;
  putToolServer(fence: Fence, server: ToolServerRecord): Promise<void>;
  dropToolServer(fence: Fence, uid: string): Promise<void>;
  findToolServer(tenant: string, name: string): Promise<ToolServerRecord | undefined>;
  listToolServers(tenant: string): Promise<readonly ToolServerRecord[]>;
  /** Called by the gateway after it listed a server's tools. The pinned hash is the first one seen unless the spec pins one. */
  recordTools(serverUid: string, protocolVersion: string, tools: readonly ToolCatalogEntry[]): Promise<void>;
  listTools(
    serverUid: string,
  ): Promise<{ readonly protocolVersion?: string; readonly tools: readonly ToolCatalogEntry[] }>;
  /** AgentStop rows; each covers all, a role, a binding or a team of one tenant. Raises authority_seq of all it covers. */
  putStop(stop: {
    readonly uid: string;
    readonly tenant: string;
    readonly name: string;
    readonly scope: JsonObject;
    readonly reason: string;
  }): Promise<void>;
  /** Lifts a stop for good, also one that nobody has put yet. */
  dropStop(fence: Fence, uid: string): Promise<void>;
  /** UIDs of the stops in force. */
  listStops(tenant: string): Promise<readonly string[]>;
}

// ───────────────────────────── bindings

export interface BindingRecord {
  readonly uid: string;
  readonly tenant: string;
  readonly namespace: string;
  readonly name: string;
  readonly roleUid: string;
  readonly roleName: string;
  readonly subject: { readonly kind: string; readonly name: string };
  readonly team?: string;
  /** The AgentBindingSpec. */
  readonly spec: JsonObject;
  /** What is in force: state, autonomyBand; computed by the reconciler. */
  readonly effective: { readonly state: "Active" | "Suspended"; readonly autonomyBand: string };
  readonly timeZone: string;
  /** Names of Secrets whose deletion must wait for revocation, and what revoking downstream will take. */
  readonly credentials: readonly {
    readonly server: string;
    readonly secretName: string;
    readonly key: string;
    readonly revocation?: JsonObject;
  }[];
}

export interface BindingState extends BindingRecord {
  readonly accountId: string;
  readonly state: "active" | "suspended" | "revoked";
  readonly authoritySeq: number;
  readonly stoppedBy?: string;
  readonly hiredAt: Instant;
}

export interface FireOutcome {
  readonly alreadyRevoked: boolean;
  readonly tokens: number;
  readonly queuedCancelled: number;
  readonly runningCut: number;
}

export interface OffboardingStatus {
  /** Gateways that have neither acknowledged the revocation nor let their self-fencing lease end. */
  readonly gatewaysPending: readonly string[];
  readonly downstream: readonly {
    readonly server: string;
    readonly state: "pending" | "done" | "handedOn";
    readonly outcome?: "IssuerAcknowledged" | "Introspected" | "ExpiresAt" | "SecretRemoved";
    readonly attempts: number;
    readonly lastError?: string;
  }[];
  readonly firedAt: Instant;
}

export interface Bindings {
  /** Hires or updates. A narrowing raises authority_seq. Idempotent. Throws DuplicateBinding; Revoked for a tombstoned UID. */
  hire(fence: Fence, binding: BindingRecord): Promise<{ readonly accountId: string; readonly changed: boolean }>;
  /** Seeds memory documents that do not exist yet. */
  seed(bindingUid: string, documents: readonly { readonly path: string; readonly content: string }[]): Promise<void>;
  /**
   * Step 1 of firing, one transaction, by any replica: tokens revoked, queued runs cancelled, running runs cut, seq and
   * epoch raised, schedules disarmed, audit rows written, downstream revocations put in the outbox. Idempotent; also
   * tombstones a UID that was never hired.
   */
  fire(
    bindingUid: string,
    context: { readonly tenant: string; readonly namespace: string; readonly name: string; readonly by: string },
  ): Promise<FireOutcome>;
  offboarding(bindingUid: string): Promise<OffboardingStatus | undefined>;
  /** Downstream revocations due now but in no `held` namespace, claimed for one attempt each. The caller performs them and reports. */
  claimDownstream(
    worker: string,
    limit: number,
    held?: readonly string[],
  ): Promise<
    readonly {
      readonly id: string;
      readonly bindingUid: string;
      readonly namespace: string;
      readonly server: string;
      readonly material: JsonObject;
    }[]
  >;
  reportDownstream(id: string, result: { readonly outcome: string } | { readonly error: string }): Promise<void>;
  find(uid: string): Promise<BindingState | undefined>;
  findByName(tenant: string, name: string): Promise<BindingState | undefined>;
  list(tenant: string): Promise<readonly BindingState[]>;
  /** Where somebody is hired: UIDs of namespaces, with the names that they had. */
  listTenants(): Promise<readonly { readonly tenant: string; readonly namespace: string }[]>;
  /** Sums for status, per binding: runs by phase today, cost today (binding's zone), last run. */
  summaries(uids: readonly string[]): Promise<ReadonlyMap<string, BindingSummary>>;
}

export interface BindingSummary {
  readonly runs: number;
  readonly active: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly spentToday: Micros;
  readonly last?: {
    readonly runId: string;
    readonly phase: Phase;
    readonly reason: string;
    readonly finishedAt?: Instant;
  };
}

// ───────────────────────────── runs

export interface AdmitRequest {
  readonly tenant: string;
  readonly bindingUid: string;
  /** Makes admission idempotent: `request:<AgentRun UID>`, `schedule:<trigger UID>:<binding UID>:<RFC 3339 instant>`. */
  readonly key: string;
  readonly origin: {
    readonly type: "Person" | "Schedule" | "Webhook" | "Chat" | "Agent";
    readonly [key: string]: Json;
  };
  readonly requestedBy: string;
  /** When it was asked for, or the instant of its schedule: what is older than a recovery is refused. */
  readonly madeAt?: Instant;
  readonly task: Task;
  /** Name of the AgentRun where a person made one; otherwise the window's name is derived from the row id. */
  readonly objectName?: string;
  readonly objectUid?: string;
  readonly deadlineSeconds?: number;
  readonly traceparent?: string;
  /** Forbid: refused (ConcurrencyForbidden) while another run of the same trigger and binding is unfinished. */
  readonly concurrency?: "Allow" | "Forbid";
  readonly triggerUid?: string;
  readonly window?: {
    readonly show: "Always" | "Attention";
    readonly keepSucceeded: number;
    readonly keepFailed: number;
  };
}

export interface RunRecord {
  readonly id: string;
  readonly tenant: string;
  readonly namespace: string;
  readonly objectName: string;
  /** UID of the AgentRun a person made; absent for windows. */
  readonly objectUid?: string;
  readonly bindingUid: string;
  readonly bindingName: string;
  readonly roleName: string;
  readonly roleRevision: string;
  readonly phase: Phase;
  readonly reason: string;
  readonly message: string;
  readonly waitingFor?: { readonly type: string; readonly name: string; readonly since: Instant };
  readonly origin: JsonObject;
  readonly requestedBy: string;
  readonly task: Task;
  readonly epoch: number;
  readonly rung?: string;
  readonly tier?: string;
  readonly steps: number;
  readonly tokens: { readonly input: number; readonly output: number };
  readonly cost: Micros;
  readonly traceId: string;
  readonly verified: "True" | "False" | "Unknown";
  readonly artifacts: readonly { readonly name: string; readonly sha256: string; readonly bytes: number }[];
  readonly createdAt: Instant;
  readonly startedAt?: Instant;
  readonly finishedAt?: Instant;
  readonly deadline: Instant;
  readonly triggerUid?: string;
  readonly window?: JsonObject;
  /** What `markWindow` said last; absent: no window was made yet. */
  readonly windowState?: "shown" | "gone";
  /** Raised on every change; the projector's cursor. */
  readonly changeSeq: number;
}

export type Admission =
  | { readonly outcome: "queued" | "existing"; readonly run: RunRecord }
  /** Refused runs leave a row (phase Refused) so that the request can show why. */
  | { readonly outcome: "refused"; readonly run: RunRecord };

export interface Runs {
  /** The one way a run comes to be. Pins role revision, prices and policy digest. Fenced where a controller calls it. */
  admit(fence: Fence | undefined, request: AdmitRequest): Promise<Admission>;
  /** Claims the oldest claimable run (SKIP LOCKED), fair between bindings; issues its run token. */
  claim(worker: { readonly id: string; readonly gateway: string; readonly leaseMs: number }): Promise<
    | {
        readonly run: RunRecord;
        readonly token: string;
        readonly binding: BindingState;
        readonly role: RoleRecord;
        readonly transcript: readonly RecordedStep[];
      }
    | undefined
  >;
  /** Extends the lease; throws EpochLost when another epoch owns the run or it was cut. */
  beat(runId: string, epoch: number, leaseMs: number): Promise<void>;
  /** The claim stream closed or the worker lets go: back to the queue (leaseLost or release). No-op for a former epoch. */
  release(runId: string, epoch: number, why: "release" | "leaseLost"): Promise<void>;
  /** Leases past their end go back to the queue. Returns how many. */
  sweepLeases(): Promise<number>;
  succeed(
    runId: string,
    epoch: number,
    outcome: {
      readonly rung: string;
      readonly tier?: string;
      readonly reason: string;
      readonly message: string;
      readonly verified: "True" | "Unknown";
      readonly outputDigest: string;
      readonly output: Json;
    },
  ): Promise<void>;
  fail(runId: string, epoch: number | undefined, reason: string, message: string): Promise<void>;
  park(
    runId: string,
    epoch: number,
    waitingFor: { readonly type: string; readonly name: string },
    message: string,
  ): Promise<void>;
  wake(runId: string): Promise<void>;
  /** Ends a run that has not ended, whatever it does. `why` is one plain sentence for the person who looks at it. */
  cancel(runId: string, by: string, why?: string): Promise<void>;
  find(runId: string): Promise<RunRecord | undefined>;
  findByObject(tenant: string, objectName: string): Promise<RunRecord | undefined>;
  list(filter: {
    readonly tenant?: string;
    readonly bindingUid?: string;
    /** Also of bindings of that name that were fired. */
    readonly bindingName?: string;
    readonly triggerUid?: string;
    readonly phases?: readonly Phase[];
    readonly limit: number;
  }): Promise<readonly RunRecord[]>;
  /** Runs changed after a cursor, in change order, for the projector. */
  changedSince(cursor: number, limit: number): Promise<readonly RunRecord[]>;
  /** Marks a window as shown (created) or gone (deleted by a person: never shown again). */
  markWindow(runId: string, state: "shown" | "gone"): Promise<void>;
  isWindowGone(runId: string): Promise<boolean>;
  /** What a trigger did so far, from the rows of its runs. `lastFire` is the latest admission that was not refused. */
  triggerSummary(triggerUid: string): Promise<{
    readonly fired: number;
    readonly ruleAnswered: number;
    readonly refused: number;
    readonly lastFire?: Instant;
  }>;
  /** Where a reader of `changedSince` was, kept across restarts; 0 at first. Saving never moves it back. */
  cursor(name: string): Promise<number>;
  saveCursor(fence: Fence, name: string, cursor: number): Promise<void>;
  trace(runId: string): Promise<{ readonly run: RunRecord; readonly steps: readonly StepRecord[] } | undefined>;
}

// ───────────────────────────── the guard: authority + journal + money in one transaction

export interface StepId {
  readonly runId: string;
  /** Model step, from 0. */
  readonly step: number;
  /** -1 for the model call itself, otherwise the index of the action after it. */
  readonly action: number;
}

export type StepKind = "model" | "tool" | "memory" | "artifact" | "skill" | "final";

export interface GuardRequest {
  /** SHA-256 of the run token. */
  readonly tokenHash: string;
  readonly id: StepId;
  readonly kind: StepKind;
  /** Tier or action. */
  readonly name: string;
  /** Digest of the exact request; the same id with another digest is JournalDiverged. */
  readonly digest: string;
  readonly request: Json;
  readonly verdict: {
    readonly decision: "allow" | "ask" | "deny";
    readonly rule: string;
    readonly source?: string;
    readonly reason: string;
  };
  /** What may be repeated after a crash between intended and happened. */
  readonly repeat: "safe" | "keyed" | "spend" | "never";
  /** Worst case of a model call. Absent: nothing is held. */
  readonly money?: {
    /** Cost of everything but output, rounded up. */
    readonly fixed: Micros;
    readonly outputMicrosPerMillion: Micros;
    readonly maxOutputTokens: number;
    readonly minOutputTokens: number;
    readonly priceVersion: string;
  };
  /** At most this many calls of `capKey` by this binding in the last hour; check and count are one. */
  readonly cap?: { readonly key: string; readonly maxPerHour: number };
  /** `binding.authoritySeq` as `introspect` showed it to the verdict. Changed since: refused with `Conflict`, judge again. */
  readonly authoritySeq?: number;
  /** What the caller will answer where this is denied (a tool result); a resumed run then finds the same in its transcript. */
  readonly denial?: Json;
}

export type GuardAnswer =
  /** Intended is durable. Perform exactly once, then `happened` or `abandon`. */
  | {
      readonly outcome: "permitted";
      readonly callId: string;
      readonly maxOutputTokens: number;
      readonly held: Micros;
      readonly repeated: boolean;
    }
  /** The journal already has the answer. */
  | { readonly outcome: "recorded"; readonly response: Json }
  /** A deny or ask verdict, a level without money, a revoked token, a lost epoch, a cap. Recorded and audited where a principal is known. */
  | { readonly outcome: "refused"; readonly reason: string; readonly message: string; readonly level?: string }
  /** Intended by a former epoch and not repeatable: the caller parks the run. */
  | { readonly outcome: "uncertain"; readonly message: string };

export interface Happened {
  readonly callId: string;
  readonly response: Json;
  readonly isError: boolean;
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number };
  /** Charge; absent where nothing was held. More than the hold is recorded as an overrun and freezes the account. */
  readonly charge?: Micros;
  /** The charge is the hold value because usage was missing or absurd. */
  readonly estimated?: boolean;
  readonly error?: string;
}

/**
 * What the journal does with a step id: complete → `recorded` · another digest, or a step before the ones ahead of it are
 * complete → throws JournalDiverged · in flight in this epoch → refused with `Conflict` (at most one start per epoch) ·
 * intended by a former epoch → by `repeat`. A refused step may be asked for again with the same digest. `request` of
 * anything but a model call is its arguments: that is what the transcript shows.
 */
export interface Guard {
  /** Who a token belongs to and what it may do now; undefined when unknown, expired or revoked. Never cached beyond the call. */
  introspect(tokenHash: string): Promise<TokenState | undefined>;
  permit(request: GuardRequest): Promise<GuardAnswer>;
  /** Response durable and money settled in one transaction. Idempotent by callId. */
  happened(result: Happened): Promise<void>;
  /** The call failed before a byte was sent, or was cut: `release` frees the hold, `charge` charges it at hold value. */
  abandon(callId: string, how: "release" | "charge", error: string): Promise<void>;
  revokeToken(tokenHash: string, by: string): Promise<void>;
  /** This gateway lives and has applied revocations up to `seq`; its self-fencing lease ends `leaseMs` from now. Throws Recovering. */
  gatewayBeat(gateway: string, ackSeq: number, leaseMs: number): Promise<void>;
  /** Revocations after `seq`: bindings and runs to cut now. */
  revocationsSince(
    seq: number,
  ): Promise<
    readonly { readonly seq: number; readonly bindingUid?: string; readonly runId?: string; readonly reason: string }[]
  >;
}

export interface TokenState {
  readonly kind: "run" | "binding";
  readonly run: RunRecord;
  readonly binding: BindingState;
  /** Pinned at admission, and as it is now (undefined when the role is gone). */
  readonly pinnedRole: RoleRecord;
  readonly currentRole?: RoleRecord;
  readonly expiresAt: Instant;
  readonly stopped?: string;
}

export interface StepRecord {
  readonly id: StepId;
  readonly epoch: number;
  readonly kind: StepKind;
  readonly name: string;
  readonly state: "intended" | "happened" | "uncertain" | "refused";
  readonly verdict?: "allow" | "ask" | "deny";
  readonly rule?: string;
  readonly requestSha256: string;
  readonly responseSha256?: string;
  readonly tokens?: { readonly input: number; readonly output: number };
  readonly held?: Micros;
  readonly charged?: Micros;
  readonly startedAt: Instant;
  readonly finishedAt?: Instant;
  readonly error?: string;
}

// ───────────────────────────── money

export type BudgetWindow = "Run" | "Day" | "Week" | "Month";

export interface BudgetDefinition {
  /** Stable and independent of UIDs: `binding/<role>/<subject kind>/<subject>`, `role/<role>`, `budget/<AgentBudget name>`, per tenant. */
  readonly key: string;
  readonly tenant: string;
  /** What a refusal calls it, e.g. `binding tess-ana`, `AgentBudget sales`. */
  readonly label: string;
  readonly timeZone: string;
  readonly limits: readonly { readonly window: BudgetWindow; readonly amount: Micros }[];
  readonly select:
    | { readonly kind: "binding"; readonly bindingUid: string }
    | { readonly kind: "role"; readonly roleName: string }
    | { readonly kind: "team"; readonly team: string }
    | { readonly kind: "all" };
}

export interface BudgetState {
  readonly window: BudgetWindow;
  readonly start: Instant;
  readonly resetsAt: Instant;
  readonly limit: Micros;
  readonly spent: Micros;
  readonly held: Micros;
  readonly frozen: boolean;
}

export interface Money {
  /**
   * Puts the definition in force from this commit on; a new or widened selection is backfilled for the current windows.
   * Idempotent; false where it was in force already.
   */
  putBudget(fence: Fence, budget: BudgetDefinition): Promise<boolean>;
  /** False where there was none. */
  dropBudget(fence: Fence, tenant: string, key: string): Promise<boolean>;
  budget(tenant: string, key: string): Promise<readonly BudgetState[]>;
  /** What a binding could still spend: the tightest level; undefined when no budget covers it (then every hold is refused). */
  headroom(bindingUid: string): Promise<{ readonly remaining: Micros; readonly level: string } | undefined>;
  /** Charges holds that were disputed for an hour, releases holds never sent. Returns how many. */
  sweep(): Promise<number>;
  /** Rebuilds balances from entries and compares; 0n means no drift. */
  drift(): Promise<Micros>;
}

// ───────────────────────────── documents, audit, feed, schedules

export interface Documents {
  list(
    bindingUid: string,
  ): Promise<readonly { readonly path: string; readonly version: number; readonly bytes: number }[]>;
  read(bindingUid: string, path: string): Promise<{ readonly content: string; readonly version: number } | undefined>;
  /** Compare-and-set: `expected` 0 creates. Throws Conflict. Idempotent by step id. */
  write(
    bindingUid: string,
    path: string,
    content: string,
    expected: number,
    by: StepId,
  ): Promise<{ readonly version: number }>;
  /** Content-addressed output of a run. Idempotent by (run, name, sha256). */
  putArtifact(
    runId: string,
    name: string,
    content: Uint8Array,
  ): Promise<{ readonly sha256: string; readonly bytes: number }>;
  readArtifact(runId: string, name: string): Promise<Uint8Array | undefined>;
}

export interface AuditRow {
  readonly seq: number;
  readonly at: Instant;
  readonly tenant?: string;
  readonly writer: string;
  readonly writerSeq: number;
  readonly principal: string;
  readonly action: string;
  readonly decision: string;
  readonly reason: string;
  readonly bindingUid?: string;
  readonly runId?: string;
  readonly facts: JsonObject;
}

export interface Audit {
  /** For decisions that have no other effect to commit with (a refused introspection by a known principal). */
  record(row: Omit<AuditRow, "seq" | "at" | "writer" | "writerSeq">): Promise<void>;
  list(filter: {
    readonly tenant?: string;
    readonly bindingUid?: string;
    readonly runId?: string;
    readonly after?: number;
    readonly limit: number;
  }): Promise<readonly AuditRow[]>;
  /** Chains rows that are committed and not yet sealed, in commit order. One sealer at a time. */
  seal(): Promise<number>;
  verify(): Promise<{ readonly ok: boolean; readonly rows: number; readonly firstBad?: number; readonly why?: string }>;
}

/** `queue`: work may be claimable · `runs`: rows changed · `authority`: revocations · `money`: balances moved · `bindings` · `tools`. */
export type Channel = "queue" | "runs" | "authority" | "money" | "bindings" | "tools";

export interface Feed {
  /** Calls `wake` soon after a commit on the channel (coalesced), and after every reconnect. Serves speed, not correctness. */
  subscribe(channel: Channel, wake: () => void): Disposable;
}

export interface Schedules {
  /** Last instant a (trigger, binding) fired, and since when it is armed with this fingerprint (cron, zone, hire, resume). */
  arm(
    fence: Fence,
    triggerUid: string,
    bindingUid: string,
    fingerprint: string,
  ): Promise<{ readonly lastFired?: Instant; readonly armedAt: Instant }>;
  fired(fence: Fence, triggerUid: string, bindingUid: string, at: Instant): Promise<void>;
  disarm(triggerUid: string, bindingUid?: string): Promise<void>;
}
