import { type Reason, reasons } from "../api/reasons.ts";
import type { Instant } from "../lib/clock.ts";
import { formatUsd, type Micros, roundUp, scaledCost } from "../lib/money.ts";
import type { GuardRequest } from "./ledger.ts";

/** What the transaction read about one request, under its locks. */
export interface Known {
  readonly now: Instant;
  /** Why nothing may run at all: ledger and cluster do not belong together. */
  readonly recovering?: string;
  readonly token?: {
    readonly runId: string;
    readonly epoch: number;
    readonly expiresAt: Instant;
    readonly revoked: boolean;
  };
  readonly run?: {
    readonly phase: string;
    readonly reason: string;
    readonly epoch: number;
    readonly leaseUntil: Instant;
    readonly deadline: Instant;
  };
  readonly binding?: {
    readonly name: string;
    readonly state: "active" | "suspended" | "revoked";
    readonly stoppedBy?: string;
    readonly authoritySeq: number;
    readonly roleName: string;
    readonly roleGone: boolean;
  };
  readonly step?: {
    readonly state: "intended" | "happened" | "uncertain" | "refused";
    readonly digest: string;
    readonly epoch: number;
    readonly callId: string;
    readonly held: Micros;
    readonly response?: Buffer;
  };
  /** Something before this step is not complete. */
  readonly blocked: boolean;
  readonly capUsed: number;
}

export interface Balance {
  readonly label: string;
  readonly win: string;
  readonly ceiling: Micros;
  readonly spent: Micros;
  readonly held: Micros;
  readonly frozen: boolean;
}

export type Refusal = {
  readonly outcome: "refused";
  readonly reason: Reason;
  readonly message: string;
  readonly level?: string;
  /** `nothing`: no principal is known, or nothing was decided. `step`: the refusal is the step's outcome. */
  readonly leaves: "nothing" | "audit" | "step";
};

/** Authority: whether this token may act at all at this moment. Undefined means yes. */
export function refuseCaller(request: GuardRequest, known: Known): Refusal | undefined {
  const { token, run, binding, now } = known;
  const no = (reason: Reason, message: string, leaves: Refusal["leaves"] = "audit"): Refusal => ({
    outcome: "refused",
    reason,
    message,
    leaves,
  });
  if (known.recovering !== undefined) return no("Recovering", known.recovering, token && binding ? "audit" : "nothing");
  if (!token || token.runId !== request.id.runId || !run || !binding)
    return no("Unauthenticated", "the token is unknown or belongs to another run", "nothing");
  if (binding.state === "revoked") return no("TokenRevoked", `AgentBinding "${binding.name}" was fired`);
  if (token.revoked) return no("TokenRevoked", "the token was revoked");
  if (token.expiresAt <= now) return no("TokenRevoked", "the token has expired");
  if (token.epoch !== run.epoch || run.phase !== "Running")
    return no("EpochLost", "another worker owns the run now, or it is over");
  if (run.leaseUntil <= now) return no("EpochLost", "the lease of the run has ended");
  if (run.deadline <= now) return no("TimeLimit", "the run passed its deadline");
  if (binding.state === "suspended") return no("BindingSuspended", `AgentBinding "${binding.name}" is suspended`);
  if (binding.stoppedBy !== undefined)
    return no("Stopped", `AgentStop "${binding.stoppedBy}" covers AgentBinding "${binding.name}"`);
  if (binding.roleGone) return no("RoleNotFound", `AgentRole "${binding.roleName}" was deleted`);
  if (request.authoritySeq !== undefined && request.authoritySeq !== binding.authoritySeq)
    return no("Conflict", "the role or the binding changed since the verdict; judge again", "nothing");
  return undefined;
}

export type Journal =
  | { readonly kind: "new" }
  /** Our own commit whose confirmation was lost. */
  | { readonly kind: "ours" }
  | { readonly kind: "recorded" }
  | { readonly kind: "diverged"; readonly message: string }
  | { readonly kind: "inFlight" }
  | { readonly kind: "repeat"; readonly formerCallId: string }
  | { readonly kind: "uncertain"; readonly mark: boolean };

/** What the journal says about a step that is asked for (again). */
export function readJournal(request: GuardRequest, known: Known, callId: string): Journal {
  const { step } = known;
  const { id } = request;
  const name = id.action < 0 ? `${id.step}` : `${id.step}.${id.action}`;
  if (step && step.digest !== request.digest)
    return { kind: "diverged", message: `step ${name} was recorded with another request` };
  switch (step?.state) {
    case "happened":
      return { kind: "recorded" };
    case "uncertain":
      return { kind: "uncertain", mark: false };
    case "intended":
      if (step.callId === callId) return { kind: "ours" };
      if (step.epoch === known.run?.epoch) return { kind: "inFlight" };
      return request.repeat === "never"
        ? { kind: "uncertain", mark: true }
        : { kind: "repeat", formerCallId: step.callId };
    default:
      return known.blocked
        ? { kind: "diverged", message: `step ${name} was asked for before the steps ahead of it are complete` }
        : { kind: "new" };
  }
}

/** A verdict that is not "allow", or a cap that is used up. */
export function refuseVerdict(request: GuardRequest, known: Known): Refusal | undefined {
  const { verdict, cap } = request;
  if (verdict.decision !== "allow") {
    const reason: Reason =
      verdict.reason in reasons
        ? (verdict.reason as Reason)
        : verdict.decision === "ask"
          ? "ApprovalRequired"
          : "PolicyDenied";
    return {
      outcome: "refused",
      reason,
      message: `${request.name}: ${verdict.reason} (rule "${verdict.rule}")`,
      leaves: "step",
    };
  }
  if (cap && known.capUsed >= cap.maxPerHour)
    return {
      outcome: "refused",
      reason: "PolicyDenied",
      message: `${request.name}: at most ${cap.maxPerHour} times an hour (rule "${verdict.rule}")`,
      leaves: "step",
    };
  return undefined;
}

export type Funding =
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "held"; readonly hold: Micros; readonly maxOutputTokens: number }
  /** It would fit if holds that are open now came back. */
  | { readonly kind: "wait"; readonly refusal: Refusal };

/**
 * The hold for the worst case, or for the longest answer that the tightest level still buys, but never for less than
 * `minOutputTokens`, and never a smaller hold for the same answer.
 */
export function fund(money: NonNullable<GuardRequest["money"]>, levels: readonly Balance[]): Funding {
  const costOf = (tokens: number) => money.fixed + roundUp(scaledCost(BigInt(tokens), money.outputMicrosPerMillion));
  const refuse = (message: string, level?: string, kind: "refused" | "wait" = "refused"): Funding => ({
    kind,
    refusal: {
      outcome: "refused",
      reason: "BudgetExhausted",
      message,
      ...(level === undefined ? {} : { level }),
      leaves: "step",
    },
  });
  if (levels.length === 0) return refuse("no budget covers this binding; give it, its role or its namespace one");
  const frozen = levels.find((level) => level.frozen);
  if (frozen)
    return refuse(
      `${frozen.label} is frozen after a provider charged more than its limit (${frozen.win})`,
      frozen.label,
    );
  const freeOf = (level: Balance) => level.ceiling - level.spent - level.held;
  const tightest = levels.reduce((least, level) => (freeOf(level) < freeOf(least) ? level : least));
  const free = freeOf(tightest);
  if (costOf(money.maxOutputTokens) <= free)
    return { kind: "held", hold: costOf(money.maxOutputTokens), maxOutputTokens: money.maxOutputTokens };
  const least = Math.min(money.minOutputTokens, money.maxOutputTokens);
  if (costOf(least) > free) {
    const fits = levels.every((level) => costOf(least) <= freeOf(level) + level.held);
    return refuse(
      `${tightest.label} has ${formatUsd(free > 0n ? free : 0n)} of ${formatUsd(tightest.ceiling)} USD left (${tightest.win}); the call needs at least ${formatUsd(costOf(least))}`,
      tightest.label,
      fits ? "wait" : "refused",
    );
  }
  // The price is above zero here: at no price the longest answer would have fitted. Floor, so that the cost fits.
  const buys = Number(((free - money.fixed) * 1_000_000n) / money.outputMicrosPerMillion);
  return { kind: "held", hold: costOf(buys), maxOutputTokens: buys };
}
