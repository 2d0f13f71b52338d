import type { AgentRoleSpec } from "../api/generated/agent-role.ts";
import { problem, type Reason } from "../api/reasons.ts";
import type { RoleRecord } from "../ledger/ledger.ts";
import type { Instant } from "../lib/clock.ts";
import type { Call } from "./stages.ts";

/** Steps of a run whose role states no limit. */
export const defaultMaxSteps = 50;

/** The resolved spec of a role as the ledger keeps it; the CRD's schema held when it was written. */
export function specOf(role: RoleRecord): AgentRoleSpec {
  return role.content as unknown as AgentRoleSpec;
}

/**
 * Refusals that hold for every kind of call: the agent is stopped, the run's time or steps are used up, or the step
 * belongs to another run. Pure. The worker keeps the same limits; this is for the one that does not.
 */
export function standingRefusal(
  call: Call,
  now: Instant,
): { readonly reason: Reason; readonly message: string } | undefined {
  const { run, pinnedRole, stopped } = call.caller.token;
  if (stopped !== undefined) return refuse("Stopped", `the agent is stopped: ${stopped}`);
  if (run.phase !== "Running") return refuse("EpochLost", `the run is ${run.phase}, not Running`);
  if (now >= run.deadline) return refuse("TimeLimit", "the run's deadline passed");
  const maxSteps = specOf(pinnedRole).limits?.maxSteps ?? defaultMaxSteps;
  if (call.id.step >= maxSteps) return refuse("StepLimit", `step ${call.id.step} is above the run's ${maxSteps} steps`);
  return undefined;
}

function refuse(reason: Reason, message: string) {
  return { reason: problem(reason, message).reason as Reason, message };
}
