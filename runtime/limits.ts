import { problem } from "../api/reasons.ts";
import type { Claim } from "../api/wire.ts";
import type { Ports } from "./ports.ts";
import type { Turn } from "./stages.ts";

const defaultMaxSteps = 20;
const defaultMaxActiveSeconds = 600;

/** Throws StepLimit or TimeLimit where the role's stopping rules end the run before another model call. */
export function checkLimits(turn: Turn, ports: Ports): void {
  const maxSteps = turn.claim.role.spec.limits?.maxSteps ?? defaultMaxSteps;
  if (turn.step >= maxSteps) throw problem("StepLimit", `the run took ${maxSteps} model steps without finishing`);
  if (ports.remainingMs() <= 0) throw outOfTime(turn.claim);
}

/** The problem of a run whose time is up. */
export function outOfTime(claim: Claim) {
  return problem("TimeLimit", `the run reached its deadline or ${maxActiveSeconds(claim)} active seconds`);
}

/** Seconds that one owner may work on the run. */
export function maxActiveSeconds(claim: Claim): number {
  return claim.role.spec.limits?.maxActiveSeconds ?? defaultMaxActiveSeconds;
}
