import { problem } from "../../api/reasons.ts";
import type { Json } from "../../lib/json.ts";
import type { Micros } from "../../lib/money.ts";
import { backoffMs } from "../models/settle.ts";
import type { Ports } from "../ports.ts";
import { shownWords } from "../shown.ts";
import type { Finding, Permit, Receipt } from "../stages.ts";
import { specOf } from "../standing.ts";
import { toTraceparent } from "../traceparent.ts";
import type { ToolFacts } from "./facts.ts";
import { toSent } from "./judge.ts";
import { boundResult, toErrorResult } from "./result.ts";
import { isTransient } from "./toolbox.ts";

const callTimeoutMs = 60_000;
const defaultTransientRetries = 2;

/** Sends the one call that a permit allows. The inbound bearer never travels; the session has the binding's own. Never throws. */
export async function performTool(permit: Permit<ToolFacts>, ports: Ports): Promise<Receipt<ToolFacts>> {
  const { facts, call } = permit.judged.known;
  const { session, unavailable, manifest, server } = facts;
  if (!session) {
    const why = unavailable ?? problem("ToolUnavailable", `there is no session with server "${server?.name ?? ""}"`);
    return { stage: "performed", permit, outcome: "failed", why, sent: "none" };
  }
  if (permit.signal.aborted) {
    return { stage: "performed", permit, outcome: "failed", why: permit.signal.reason, sent: "none" };
  }
  const timeout = new AbortController();
  using _timer = ports.clock.after(callTimeoutMs, () =>
    timeout.abort(problem("ToolUnavailable", `"${facts.action}" took longer than ${callTimeoutMs / 1000} s`)),
  );
  const answer = await session.call(manifest!.name, toSent(facts, call.id), {
    signal: AbortSignal.any([permit.signal, timeout.signal]),
    traceparent: toTraceparent(call.caller.token.run.traceId, permit.callId),
  });
  if ("result" in answer) {
    const result = boundResult(answer.result);
    return {
      stage: "performed",
      permit,
      outcome: "answered",
      response: result as unknown as Json,
      isError: result.isError === true,
    };
  }
  if (answer.stale) ports.toolbox.discard(server!, call.caller.token.binding);
  return { stage: "performed", permit, outcome: "failed", why: answer.why, sent: answer.sent };
}

/**
 * Decides what a tool's answer or silence is worth. A call that may have arrived and may not be repeated stays
 * uncertain; one that may be repeated is, as often as the role allows; what remains is told to the model as data. Pure
 * but for jitter.
 */
export function settleTool(receipt: Receipt<ToolFacts>): Finding<ToolFacts> {
  if (receipt.outcome === "answered") {
    const { response, isError } = receipt;
    return { stage: "verified", receipt, settle: "happened", response, isError, ...chargeOf(receipt) };
  }
  const { why, sent, permit } = receipt;
  const { repeat, known } = permit.judged;
  const ended = permit.signal.aborted;
  if (sent === "unknown" && repeat === "never") {
    return {
      stage: "verified",
      receipt,
      settle: "uncertain",
      why: problem("OutcomeUnknown", `"${known.facts.action}" may have happened: ${shownWords(why)}`),
    };
  }
  const abandoned = { stage: "verified", receipt, settle: "abandoned", money: "release", why } as const;
  if (ended) return abandoned;
  const retries = specOf(known.call.caller.token.pinnedRole).retries?.transient ?? defaultTransientRetries;
  if (isTransient(why) && permit.attempt <= retries) return { ...abandoned, againAfterMs: backoffMs(permit.attempt) };
  // Out of retries, the failure is an answer: the model may choose another way, and the journal shows it.
  const result = toErrorResult(why);
  return {
    stage: "verified",
    receipt,
    settle: "happened",
    response: result as unknown as Json,
    isError: true,
    error: shownWords(why),
    ...chargeOf(receipt),
  };
}

/** A tool's price is due where the call may have arrived. Nothing is held, and so nothing charged, for tools without one. */
function chargeOf(receipt: Receipt<ToolFacts>): { readonly charge?: Micros } {
  const { held } = receipt.permit;
  if (held === 0n) return {};
  return { charge: receipt.outcome === "answered" || receipt.sent === "unknown" ? held : 0n };
}
