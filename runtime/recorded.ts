import type { Claim, RecordedStep, ToolResult } from "../api/wire.ts";
import { isObject, type JsonObject } from "../lib/json.ts";
import type { Message } from "./stages.ts";

/** The recorded answer of a model step, if a former owner of the run got it. It is used, never asked for again. */
export function findCompletion(claim: Claim, step: number): JsonObject | undefined {
  return findModel(claim, step)?.response as JsonObject | undefined;
}

/** The recorded result of an action, if a former owner of the run got it. */
export function findResult(claim: Claim, step: number, index: number): ToolResult | undefined {
  const found = claim.transcript.find((row) => row.kind === "tool" && row.step === step && row.action === index) as
    | (RecordedStep & { kind: "tool" })
    | undefined;
  return found?.result;
}

/**
 * The message that a former owner put after an answer that was not accepted. Taken from the journal instead of asked for
 * again, so that the rebuilt requests are the recorded ones whatever the check would say today.
 */
export function findRepair(
  claim: Claim,
  step: number,
): { readonly message: Message; readonly tier: string } | undefined {
  const next = findModel(claim, step + 1);
  const request = isObject(next?.request) ? next.request : undefined;
  const last = Array.isArray(request?.messages) ? (request.messages.at(-1) as Message | undefined) : undefined;
  return last && typeof request?.model === "string" ? { message: last, tier: request.model } : undefined;
}

function findModel(claim: Claim, step: number): (RecordedStep & { kind: "model" }) | undefined {
  return claim.transcript.find((row) => row.kind === "model" && row.step === step) as
    | (RecordedStep & { kind: "model" })
    | undefined;
}
