import { type Disposition, dispositionOf, hintOf, type Reason, reasons } from "../../api/reasons.ts";
import { redact } from "../../lib/log.ts";
import { Problem } from "../../lib/problem.ts";

// Only what a client acts on differently has a status of its own. 402 and not 429 for money: client libraries retry
// a 429 by themselves, and nothing changes until somebody raises a limit.
const statuses: Readonly<Record<string, number>> = {
  InvalidJson: 400,
  InvalidRequest: 400,
  ArgumentsInvalid: 400,
  Unauthenticated: 401,
  TokenRevoked: 401,
  BudgetExhausted: 402,
  NotFound: 404,
  TierNotFound: 404,
  EpochLost: 409,
  Conflict: 409,
  TooLarge: 413,
  ModelRejected: 422,
  RateLimited: 429,
  ModelUnavailable: 502,
  ToolUnavailable: 502,
  Fired: 401,
  Cancelled: 409,
  Recovering: 503,
};

const byDisposition: Readonly<Record<Disposition, number>> = {
  denied: 403,
  stalled: 403,
  waiting: 403,
  fine: 403,
  uncertain: 409,
  transient: 503,
};

/** The HTTP status that goes with a reason: its own, or its disposition's. */
export function statusOf(reason: string): number {
  if (reason === "InternalError" || !Object.hasOwn(reasons, reason)) return 500;
  return statuses[reason] ?? byDisposition[reasons[reason as Reason].disposition];
}

/** RFC 9457 problem details, with our `reason` and `hint`. */
export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly reason: string;
  readonly hint: string;
}

/**
 * What a client may know of anything thrown. A bug shows as InternalError without its message, which may quote what
 * it was working on.
 */
export function toProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem && dispositionOf(thrown) !== undefined) return thrown;
  return new Problem("InternalError", "the gateway failed on this request; its log has the cause", { cause: thrown });
}

/** Never throws. */
export function toProblemDetails(thrown: unknown): ProblemDetails {
  const known = toProblem(thrown);
  return {
    type: `https://roster.dev/reasons#${known.reason.toLowerCase()}`,
    title: known.reason,
    status: statusOf(known.reason),
    detail: redact(known.message),
    reason: known.reason,
    hint: hintOf(known.reason),
  };
}
