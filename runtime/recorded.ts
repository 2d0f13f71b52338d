import { problem } from "../api/reasons.ts";
import type { Claim, RecordedStep, ToolResult } from "../api/wire.ts";
import { isObject, type JsonObject } from "../lib/json.ts";
import { type Message, type TierChoice, type Turn, toFunction, toMessage } from "./stages.ts";

/** The recorded answer of a model step, if a former owner of the run got it. It is used, never asked for again. */
export function findCompletion(claim: Claim, step: number): JsonObject | undefined {
  const found = modelSteps(claim).find((row) => row.step === step);
  return found?.response as JsonObject | undefined;
}

/** The recorded result of an action, if a former owner of the run got it. */
export function findResult(claim: Claim, step: number, index: number): ToolResult | undefined {
  const found = claim.transcript.find((row) => row.kind === "tool" && row.step === step && row.action === index);
  return found?.kind === "tool" ? found.result : undefined;
}

/**
 * The turn of the last recorded model step, as it was asked then: messages, tools and tier are taken from the journal and
 * not assembled again, so that a tool list or a policy that changed meanwhile does not rewrite the past. A run without
 * recorded steps begins at the turn given. Throws JournalDiverged for a journal that cannot be this run's.
 */
export function resume(first: Turn): Turn {
  const past = modelSteps(first.claim);
  const last = past.at(-1);
  if (!last) return first;
  const asked = past.map(readRequest);
  const now = asked.at(-1) as Asked;
  let repairs = 0;
  for (const [i, { model, messages }] of asked.entries()) {
    const before = asked[i - 1];
    if (!before) continue;
    const corrected = messages.slice(before.messages.length).some(({ role }) => role === "user");
    if (model !== before.model) repairs = 0;
    else if (corrected) repairs += 1;
  }
  const rung = first.tiers.findIndex(({ tier }) => tier === now.model);
  const tiers = first.tiers.slice(rung) as unknown as readonly [TierChoice, ...TierChoice[]];
  if (rung < 0) throw diverged(`step ${last.step} asked tier "${now.model}", which is not on the run's ladder`);
  return { ...first, step: last.step, messages: now.messages, tools: now.tools, tiers, repairs };
}

type ModelStep = RecordedStep & { readonly kind: "model" };

function modelSteps(claim: Claim): readonly ModelStep[] {
  return claim.transcript.filter((row) => row.kind === "model").sort((a, b) => a.step - b.step);
}

interface Asked {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly tools: readonly JsonObject[];
}

function readRequest({ step, request }: ModelStep): Asked {
  const { model, messages, tools } = isObject(request) ? request : {};
  if (typeof model !== "string" || !Array.isArray(messages) || !messages.every(isObject)) {
    throw diverged(`step ${step} has no readable request`);
  }
  return {
    model,
    // Built anew in one order of members: a journal may give them back in another.
    messages: messages.map((message) => toMessage(message)),
    tools: Array.isArray(tools)
      ? tools.filter(isObject).map(({ function: fn }) => toFunction(isObject(fn) ? fn : {}))
      : [],
  };
}

function diverged(what: string) {
  return problem("JournalDiverged", `the transcript does not fit the run: ${what}`);
}
