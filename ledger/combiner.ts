import { systemClock } from "../lib/clock.ts";
import { newId } from "../lib/ids.ts";
import { Problem } from "../lib/problem.ts";
import { runBatch } from "./guard-batch.ts";
import type { GuardRequest, Happened } from "./ledger.ts";
import type { Refusal } from "./permit.ts";
import type { Ports } from "./ports.ts";

/** What never changes about a run, so that it can be remembered. */
export interface Scope {
  readonly tenant: string;
  readonly runId: string;
  readonly bindingUid: string;
  readonly roleUid: string;
  readonly roleName: string;
  readonly team: string | null;
  readonly payerId: bigint;
}

export type Settlement =
  | { readonly kind: "happened"; readonly result: Happened }
  | { readonly kind: "abandon"; readonly how: "release" | "charge"; readonly error: string }
  /** Nobody knows what became of the call. The hold stays until somebody does, or an hour has passed. */
  | { readonly kind: "dispute" };

export type Permission =
  | {
      readonly outcome: "permitted";
      readonly callId: string;
      readonly maxOutputTokens: number;
      readonly held: bigint;
      readonly repeated: boolean;
    }
  | { readonly outcome: "recorded"; readonly response: Buffer }
  | { readonly outcome: "diverged"; readonly message: string }
  | { readonly outcome: "uncertain"; readonly message: string }
  | Refusal
  | { readonly outcome: "wait" };

interface Ticket<T> {
  readonly scope: Scope;
  readonly resolve: (value: T) => void;
  readonly reject: (thrown: unknown) => void;
}

export interface PermitOp extends Ticket<Permission> {
  readonly kind: "permit";
  /** Chosen here and not in the transaction: after a lost confirmation the same call asks again and knows itself. */
  readonly callId: string;
  readonly request: GuardRequest;
  /** After it a lack of money is final. */
  readonly giveUpAt: number;
}

export interface SettleOp extends Ticket<void> {
  readonly kind: "settle";
  readonly callId: string;
  readonly step: string;
  readonly settlement: Settlement;
}

export type Op = PermitOp | SettleOp;

const maxBatch = 128;
const waitForMoneyMs = 1_000;
const lookAgainMs = 50;
const findOutMs = 3_000;
const askAgainMs = 50;
const remembered = 20_000;

interface Lane {
  queue: Op[];
  /** Permits that would fit once open holds come back. */
  waiting: PermitOp[];
  running: boolean;
}

/**
 * Turns many concurrent holds and settlements of a tenant into few transactions: while one commits, the next batch
 * gathers. One transaction at a time per tenant and process; other processes are kept apart by locks in the ledger.
 * A lost connection is retried: every operation knows itself by its call id, so an unknown commit is no second one.
 */
export class Combiner {
  readonly #ports: Ports;
  readonly #lanes = new Map<string, Lane>();
  readonly #scopes = new Map<string, Scope>();
  readonly #calls = new Map<string, { readonly runId: string; readonly step: string }>();

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** Undefined where there is no such run. */
  async permit(request: GuardRequest): Promise<Permission | undefined> {
    const scope = await this.#scopeOf(request.id.runId);
    if (!scope) return undefined;
    const callId = newId(this.#ports.time.now());
    // Real time: this waits for other calls' answers, which no test clock moves.
    const giveUpAt = systemClock.now() + waitForMoneyMs;
    return new Promise((resolve, reject) =>
      this.#add({ kind: "permit", callId, request, scope, giveUpAt, resolve, reject }),
    );
  }

  /** False where there is no such call. */
  async settle(callId: string, settlement: Settlement): Promise<boolean> {
    const call = await this.#callOf(callId);
    const scope = call && (await this.#scopeOf(call.runId));
    if (!scope) return false;
    await new Promise<void>((resolve, reject) =>
      this.#add({ kind: "settle", callId, step: call.step, settlement, scope, resolve, reject }),
    );
    return true;
  }

  #add(op: Op): void {
    const lane = this.#lanes.get(op.scope.tenant) ?? { queue: [], waiting: [], running: false };
    this.#lanes.set(op.scope.tenant, lane);
    lane.queue.push(op);
    if (!lane.running) void this.#drain(lane);
  }

  async #drain(lane: Lane): Promise<void> {
    lane.running = true;
    // What arrives in the same turn of the event loop belongs together.
    await new Promise((resolve) => setImmediate(resolve));
    while (lane.queue.length > 0) {
      const { batch, rest } = choose(lane.queue);
      lane.queue = rest;
      await this.#perform(lane, batch);
    }
    lane.running = false;
  }

  async #perform(lane: Lane, batch: readonly Op[]): Promise<void> {
    let unknownSince: number | undefined;
    for (;;) {
      try {
        const outcomes = await runBatch(this.#ports, batch);
        this.#settleTickets(lane, batch, outcomes);
        return;
      } catch (thrown) {
        const unreachable = thrown instanceof Problem && thrown.reason === "LedgerUnavailable";
        // Real time: this waits for a database to come back.
        const now = systemClock.now();
        // Broken off in the middle: it may be committed. Asking again finds out, for as long as a restart takes.
        if (unreachable && thrown.details.sent !== false) unknownSince ??= now;
        if (unreachable && unknownSince !== undefined && now - unknownSince < findOutMs) {
          await systemClock.sleep(askAgainMs);
          continue;
        }
        if (unreachable || batch.length === 1) {
          for (const op of batch) op.reject(thrown);
          return;
        }
        // One of them cannot be stored. Alone, only that one fails.
        for (const op of batch) await this.#perform(lane, [op]);
        return;
      }
    }
  }

  #settleTickets(lane: Lane, batch: readonly Op[], outcomes: readonly (Permission | undefined)[]): void {
    let freed = false;
    for (const [index, op] of batch.entries()) {
      const outcome = outcomes[index];
      if (op.kind === "settle") {
        freed = true;
        this.#calls.delete(op.callId);
        op.resolve();
      } else if (outcome?.outcome === "wait") {
        lane.waiting.push(op);
      } else if (outcome) {
        if (outcome.outcome === "permitted") this.#rememberCall(outcome.callId, op);
        op.resolve(outcome);
      }
    }
    if (lane.waiting.length === 0) return;
    if (freed) this.#again(lane);
    else systemClock.after(lookAgainMs, () => this.#again(lane));
  }

  #again(lane: Lane): void {
    const waiting = lane.waiting;
    lane.waiting = [];
    lane.queue.push(...waiting);
    if (!lane.running && lane.queue.length > 0) void this.#drain(lane);
  }

  #rememberCall(callId: string, op: PermitOp): void {
    if (this.#calls.size >= remembered) this.#calls.delete(this.#calls.keys().next().value!);
    this.#calls.set(callId, { runId: op.scope.runId, step: stepOf(op) });
  }

  async #callOf(callId: string): Promise<{ readonly runId: string; readonly step: string } | undefined> {
    const known = this.#calls.get(callId);
    if (known) return known;
    const [row] = await this.#ports.db.query("select run_id, step, action from calls where call_id = $1", [callId]);
    return row && { runId: row.run_id as string, step: `${row.run_id}/${row.step}/${row.action}` };
  }

  async #scopeOf(runId: string): Promise<Scope | undefined> {
    const known = this.#scopes.get(runId);
    if (known) return known;
    const [row] = await this.#ports.db.query(
      "select tenant, binding_uid, role_uid, role_name, team, payer_id from runs where id = $1",
      [runId],
    );
    if (!row) return undefined;
    const scope: Scope = {
      tenant: row.tenant as string,
      runId,
      bindingUid: row.binding_uid as string,
      roleUid: row.role_uid as string,
      roleName: row.role_name as string,
      team: row.team as string | null,
      payerId: row.payer_id as bigint,
    };
    if (this.#scopes.size >= remembered) this.#scopes.delete(this.#scopes.keys().next().value!);
    this.#scopes.set(runId, scope);
    return scope;
  }
}

function stepOf(op: PermitOp): string {
  const { id } = op.request;
  return `${id.runId}/${id.step}/${id.action}`;
}

/**
 * The longest prefix that one transaction can decide from what it reads at its start: of one run either permits or
 * settlements, and each step and call once. The others keep their order for the next one.
 */
function choose(queue: readonly Op[]): { readonly batch: readonly Op[]; readonly rest: Op[] } {
  const batch: Op[] = [];
  const rest: Op[] = [];
  const kinds = new Map<string, Op["kind"]>();
  const steps = new Set<string>();
  for (const op of queue) {
    const run = op.scope.runId;
    const step = op.kind === "permit" ? stepOf(op) : op.step;
    if (batch.length < maxBatch && (kinds.get(run) ?? op.kind) === op.kind && !steps.has(step)) {
      kinds.set(run, op.kind);
      steps.add(step);
      batch.push(op);
    } else {
      // A later operation of this run must not overtake this one.
      kinds.set(run, op.kind === "permit" ? "settle" : "permit");
      steps.add(step);
      rest.push(op);
    }
  }
  return { batch, rest };
}
