import { digest, type Json } from "../lib/json.ts";
import type { SettleOp } from "./combiner.ts";
import { denialOf } from "./draft-permit.ts";
import type { Draft } from "./guard-draft.ts";
import type { Call } from "./guard-reads.ts";

/** Drafts the end of a call: its money, and its step where this is the call the step waits for. Repeating it changes nothing. */
export function draftSettlement(draft: Draft, op: SettleOp, call: Call | undefined): void {
  if (!call) return;
  const { settlement } = op;
  switch (settlement.kind) {
    case "dispute":
      if (call.state === "open") dispute(draft, op, call);
      return;
    case "abandon":
      if (call.state === "open" || call.state === "disputed") abandon(draft, op, call, settlement);
      return;
    case "happened":
      if (call.state !== "settled") happened(draft, op, call, settlement.result);
  }
}

function dispute(draft: Draft, op: SettleOp, call: Call): void {
  // Where no money is held there is nothing to argue about.
  const state = call.amount > 0n ? "disputed" : "released";
  endCall(draft, op, { state, disputed_at: state === "disputed" ? draft.now : null });
  if (state === "disputed") record(draft, op, call, "dispute", "OutcomeUnknown", 0n, 0n);
}

function abandon(
  draft: Draft,
  op: SettleOp,
  call: Call,
  how: { readonly how: "release" | "charge"; readonly error: string },
): void {
  const spent = how.how === "charge" ? call.amount : 0n;
  const state = how.how === "charge" ? "charged" : "released";
  draft.moveMoney(call.accounts, -call.amount, spent, how.how);
  endCall(draft, op, { state, charged: `${spent}`, estimated: how.how === "charge" });
  if (how.how === "release") draft.freeCap(op.callId);
  record(draft, op, call, how.how, state === "charged" ? "Estimated" : "Released", -call.amount, spent);
  if (spent > 0n) draft.countRun(call.runId, { cost: spent });
  if (call.stepCallId !== op.callId || call.stepState !== "intended") return;
  draft.endStep({
    run_id: call.runId,
    step: call.step,
    action: call.action,
    state: "refused",
    // A tool that failed is an answer to the model; a model call that failed is none.
    complete: call.kind !== "model",
    refusal: denialOf(how.error),
    charged: call.amount > 0n ? `${spent}` : null,
    finished_at: draft.now,
    error: how.error.slice(0, 1000),
  });
}

function happened(
  draft: Draft,
  op: SettleOp,
  call: Call,
  result: Extract<SettleOp["settlement"], { kind: "happened" }>["result"],
): void {
  const heldNow = call.state === "open" || call.state === "disputed" ? call.amount : 0n;
  // A charge that was estimated or given up before is corrected to what is known now.
  const charge = result.charge ?? call.amount;
  const spent = charge - call.charged;
  const kind = charge > call.amount ? "overrun" : spent < 0n ? "credit" : "charge";
  draft.moveMoney(call.accounts, -heldNow, spent, kind);
  const estimated = result.estimated ?? (result.charge === undefined && call.amount > 0n);
  endCall(draft, op, { state: "settled", charged: `${charge}`, estimated });
  record(draft, op, call, kind, estimated ? "Estimated" : "Settled", -heldNow, spent);
  const usage = result.usage;
  const mine = call.stepCallId === op.callId && (call.stepState === "intended" || call.stepState === "uncertain");
  draft.countRun(call.runId, {
    cost: spent,
    input: usage?.inputTokens ?? 0,
    output: usage?.outputTokens ?? 0,
    steps: mine ? 1 : 0,
    ...(mine && call.kind === "model" ? { tier: call.name } : {}),
  });
  if (!mine) return;
  draft.endStep({
    run_id: call.runId,
    step: call.step,
    action: call.action,
    state: "happened",
    complete: true,
    response: draft.body(op.scope.bindingUid, result.response).toString("base64"),
    response_digest: digest(result.response as Json),
    charged: call.pathId === null ? null : `${charge}`,
    tokens_in: usage?.inputTokens ?? null,
    tokens_out: usage?.outputTokens ?? null,
    finished_at: draft.now,
    error: result.error ?? (result.isError ? "the answer is an error" : null),
  });
}

function endCall(draft: Draft, op: SettleOp, fields: Readonly<Record<string, unknown>>): void {
  draft.endCall({
    call_id: op.callId,
    charged: null,
    estimated: false,
    disputed_at: null,
    finished_at: draft.now,
    ...fields,
  });
}

function record(
  draft: Draft,
  op: SettleOp,
  call: Call,
  action: string,
  reason: string,
  held: bigint,
  spent: bigint,
): void {
  draft.record({
    principal: "gateway",
    action,
    decision: "allow",
    reason,
    bindingUid: op.scope.bindingUid,
    runId: call.runId,
    facts: { step: call.action < 0 ? `${call.step}` : `${call.step}.${call.action}`, name: call.name },
    ...(call.pathId === null
      ? {}
      : { money: { callId: op.callId, payerId: op.scope.payerId, pathId: call.pathId, held, spent } }),
  });
}
