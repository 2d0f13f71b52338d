import { dispositionOf } from "../../api/reasons.ts";
import { statusOf } from "../../kube/connect.ts";
import type { Again } from "../../kube/workqueue.ts";
import type { Instant } from "../../lib/clock.ts";
import { Problem } from "../../lib/problem.ts";

export const conflictMs = 250;
/** The longest wait for somebody else's server: however long it was away, all is tried again soon after it is back. */
export const outageMs = 5_000;
// For what is waited for without a watch; everything else wakes the key itself.
const waitingMs = 60_000;

/** A conflict, or an object that went away under us: both are settled by reading again. */
export function isStale(thrown: unknown): boolean {
  return thrown instanceof Problem && (thrown.reason === "Conflict" || statusOf(thrown) === 404);
}

/** When a key is worked on again whose work ended so. */
export function againAfter(thrown: unknown, now: Instant): Again {
  const disposition = dispositionOf(thrown);
  // 401, 403: the API server refuses us, not the object; a right is granted again, or its caches are cold after a restart.
  const passes = disposition === "transient" || [401, 403].includes(statusOf(thrown) ?? 0);
  if (passes) return { kind: "backoff", capMs: outageMs };
  switch (disposition) {
    case "stalled":
    case "denied":
    case "fine":
    case "uncertain":
      return { kind: "done" };
    case "waiting":
      return { kind: "at", at: now + waitingMs };
    default:
      return { kind: "backoff" };
  }
}
