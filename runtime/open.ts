import type { Claim } from "../api/wire.ts";
import type { JsonObject } from "../lib/json.ts";
import { compileRouter, route } from "../policy/router.ts";
import { openingMessages, toFunctions } from "./prompt.ts";
import type { Turn } from "./stages.ts";

/** Where a run begins: with a model, or with a rule of the role that needs none. */
export type Opened =
  | Turn
  | { readonly stage: "ruled"; readonly rung: string; readonly kind: "answer"; readonly output: JsonObject[string] }
  | { readonly stage: "ruled"; readonly rung: string; readonly kind: "drop"; readonly reason: string }
  | {
      readonly stage: "ruled";
      readonly rung: string;
      readonly kind: "call";
      readonly action: string;
      readonly arguments: JsonObject;
    }
  | { readonly stage: "nobody"; readonly reason: string };

/**
 * Routes the task and builds the first turn. Pure, and the same for every owner of the run: the time it judges by is the
 * admission's. Throws PolicyInvalid for a router that does not compile.
 */
export function open(claim: Claim): Opened {
  const { role, binding, task } = claim;
  const routed = route(compileRouter(role.spec), {
    task,
    binding,
    run: { id: claim.runId, origin: claim.origin.type },
    now: claim.createdAt,
  });
  if (routed.kind === "none") return { stage: "nobody", reason: routed.reason };
  if (routed.kind !== "tier") return { stage: "ruled", ...routed };
  return {
    stage: "turn",
    claim,
    step: 0,
    messages: openingMessages(claim),
    tools: toFunctions(claim.tools),
    tiers: routed.tiers,
    repairs: 0,
  };
}
