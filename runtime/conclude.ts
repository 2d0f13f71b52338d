import { dispositionOf } from "../api/reasons.ts";
import { Problem } from "../lib/problem.ts";
import type { Ending, Failure } from "./stages.ts";

/** What is to be said about a run that ended by throwing. */
export type Conclusion =
  | { readonly say: "nothing"; readonly ending: Ending }
  /** Back into the queue: the work itself did not fail. */
  | { readonly say: "release"; readonly ending: Ending }
  | { readonly say: "fail"; readonly failure: Failure; readonly bug?: unknown };

/** Words for "this run is not yours any more". Nothing more is said with its token. */
const gone: ReadonlySet<string> = new Set([
  "TokenRevoked",
  "EpochLost",
  "Unauthenticated",
  "Revoked",
  "Fired",
  "Stopped",
  "Suspended",
  "BindingSuspended",
  "Cancelled",
]);

/**
 * Decides by disposition what is said about anything thrown in the loop: the one place that does. `denied` and `stalled`
 * fail the run in one plain sentence; what the gateway parked or took away is dropped silently; an absent gateway costs
 * the run its place on this worker, not its life.
 */
export function conclude(thrown: unknown): Conclusion {
  const reason = thrown instanceof Problem ? thrown.reason : "InternalError";
  const dropped: Ending = { stage: "dropped", reason };
  if (!(thrown instanceof Problem)) {
    return {
      say: "fail",
      failure: { reason: "InternalError", message: "the runtime failed on this run; its log has the cause" },
      bug: thrown,
    };
  }
  const failure = { reason, message: thrown.message };
  if (gone.has(reason) || reason === "ApprovalRequired") return { say: "nothing", ending: dropped };
  switch (dispositionOf(thrown)) {
    case "uncertain":
      return { say: "nothing", ending: dropped };
    case "transient":
      // What the provider did was already retried by the gateway, as often as the role says.
      if (reason === "ModelUnavailable" || reason === "RateLimited" || reason === "ToolUnavailable")
        return { say: "fail", failure };
      return { say: "release", ending: dropped };
    case "denied":
    case "stalled":
    // What a run waits for without a waker would wait for ever.
    case "waiting":
    case "fine":
      return { say: "fail", failure };
    default:
      return { say: "fail", failure, bug: thrown };
  }
}
