import type { JsonObject } from "../lib/json.ts";
import type { Permission, PermitOp } from "./combiner.ts";
import type { Draft } from "./guard-draft.ts";
import { fund, type Known, type Refusal, readJournal, refuseCaller, refuseVerdict } from "./permit.ts";

/** Decides one request and drafts what the decision leaves behind. `final`: a lack of money is an answer now. */
export function draftPermit(draft: Draft, op: PermitOp, known: Known, position: number, final: boolean): Permission {
  const { request, scope, callId } = op;
  const refused = refuseCaller(request, known);
  if (refused) return refuse(draft, op, known, refused);
  const journal = readJournal(request, known, callId);
  switch (journal.kind) {
    case "recorded":
      return { outcome: "recorded", response: known.step!.response! };
    case "diverged":
      return { outcome: "diverged", message: journal.message };
    case "inFlight":
      return refuse(draft, op, known, {
        outcome: "refused",
        reason: "Conflict",
        message: "the step is in flight; ask again when it has ended",
        leaves: "nothing",
      });
    case "uncertain":
      if (journal.mark) markUncertain(draft, op);
      return {
        outcome: "uncertain",
        message: `${request.name} began before and may have happened; it is not repeated blindly`,
      };
    case "ours":
      return {
        outcome: "permitted",
        callId,
        maxOutputTokens: grantedTokens(op, known.step!.held),
        held: known.step!.held,
        repeated: false,
      };
    default:
  }
  const capKey = request.cap ? `${scope.payerId}/${request.cap.key}` : "";
  const verdict = refuseVerdict(request, { ...known, capUsed: known.capUsed + draft.capDrafted(capKey) });
  if (verdict) return refuse(draft, op, known, verdict);
  let hold = 0n;
  let maxOutputTokens = 0;
  let pathId: bigint | null = null;
  if (request.money) {
    const levels = draft.levels(position);
    const funding = fund(request.money, levels);
    if (funding.kind === "wait" && !final) return { outcome: "wait" };
    if (funding.kind !== "held") return refuse(draft, op, known, funding.refusal);
    ({ hold, maxOutputTokens } = funding);
    const accounts = levels.map((level) => level.id);
    pathId = draft.pathFor(accounts);
    draft.moveMoney(accounts, hold, 0n, "hold");
  }
  const repeated = journal.kind === "repeat";
  if (repeated)
    // What became of the first one is unknown: its money waits for an answer or the end of an hour.
    draft.endCall({
      call_id: journal.formerCallId,
      state: "disputed",
      disputed_at: draft.now,
      charged: null,
      estimated: false,
      finished_at: null,
    });
  if (request.cap) draft.useCap(scope.payerId, request.cap.key, callId);
  draft.putStep({
    ...stepFields(draft, op, known),
    state: "intended",
    complete: false,
    call_id: callId,
    held: request.money ? `${hold}` : null,
  });
  draft.putCall({
    call_id: callId,
    tenant: scope.tenant,
    run_id: scope.runId,
    binding_uid: scope.bindingUid,
    payer_id: `${scope.payerId}`,
    step: request.id.step,
    action: request.id.action,
    epoch: known.run!.epoch,
    amount: `${hold}`,
    path_id: pathId === null ? null : `${pathId}`,
    price_version: request.money?.priceVersion ?? null,
    created_at: draft.now,
  });
  draft.record({
    principal: principalOf(known),
    action: request.kind === "model" ? "model-call" : `${request.kind}-call`,
    decision: "allow",
    reason: request.verdict.rule,
    bindingUid: scope.bindingUid,
    runId: scope.runId,
    facts: {
      ...factsOf(op),
      repeated,
      maxOutputTokens,
      ...(request.money ? { priceVersion: request.money.priceVersion } : {}),
    },
    ...(pathId === null ? {} : { money: { callId, payerId: scope.payerId, pathId, held: hold, spent: 0n } }),
  });
  return { outcome: "permitted", callId, maxOutputTokens, held: hold, repeated };
}

function refuse(draft: Draft, op: PermitOp, known: Known, refusal: Refusal): Refusal {
  const { request, scope } = op;
  if (refusal.leaves === "nothing") return refusal;
  draft.record({
    principal: principalOf(known),
    action: request.kind === "model" ? "model-call" : `${request.kind}-call`,
    decision: request.verdict.decision === "ask" && refusal.leaves === "step" ? "ask" : "deny",
    reason: refusal.reason,
    bindingUid: scope.bindingUid,
    runId: scope.runId,
    facts: { ...factsOf(op), message: refusal.message, ...(refusal.level ? { level: refusal.level } : {}) },
  });
  if (refusal.leaves === "step")
    draft.putStep({
      ...stepFields(draft, op, known),
      state: "refused",
      // A denied tool call is an answer to the model, so the next step may follow. An unanswered question is not, and
      // neither is a model call without money.
      complete: request.kind !== "model" && request.verdict.decision !== "ask",
      refusal: request.denial ?? denialOf(refusal.message),
      call_id: null,
      held: null,
      finished_at: draft.now,
      error: `${refusal.reason}: ${refusal.message}`,
    });
  return refusal;
}

/** What a model sees of a denial where the caller did not say: an MCP tool result. */
export function denialOf(message: string): JsonObject {
  return { isError: true, content: [{ type: "text", text: message }] };
}

function markUncertain(draft: Draft, op: PermitOp): void {
  const { request } = op;
  draft.endStep({
    run_id: op.scope.runId,
    step: request.id.step,
    action: request.id.action,
    state: "uncertain",
    complete: false,
    error: "began in a former epoch; whether it happened is unknown",
  });
  draft.record({
    principal: "ledger",
    action: `${request.kind}-call`,
    decision: "uncertain",
    reason: "OutcomeUnknown",
    bindingUid: op.scope.bindingUid,
    runId: op.scope.runId,
    facts: factsOf(op),
  });
}

function stepFields(draft: Draft, op: PermitOp, known: Known): Readonly<Record<string, unknown>> {
  const { request, scope } = op;
  return {
    run_id: scope.runId,
    step: request.id.step,
    action: request.id.action,
    epoch: known.run!.epoch,
    kind: request.kind,
    name: request.name,
    verdict: request.verdict.decision,
    rule: request.verdict.rule,
    source: request.verdict.source ?? null,
    repeat: request.repeat,
    digest: request.digest,
    request: draft.body(scope.bindingUid, request.request).toString("base64"),
    started_at: draft.now,
  };
}

function principalOf(known: Known): string {
  return `AgentBinding ${known.binding?.name ?? ""}`;
}

function factsOf(op: PermitOp): JsonObject {
  const { request } = op;
  return {
    step: request.id.action < 0 ? `${request.id.step}` : `${request.id.step}.${request.id.action}`,
    name: request.name,
    digest: request.digest,
    rule: request.verdict.rule,
    ...(request.verdict.source ? { source: request.verdict.source } : {}),
  };
}

/** What a hold of this size was for: the same arithmetic backwards. */
function grantedTokens(op: PermitOp, held: bigint): number {
  const { money } = op.request;
  if (!money) return 0;
  if (money.outputMicrosPerMillion === 0n) return money.maxOutputTokens;
  const buys = Number(((held - money.fixed) * 1_000_000n) / money.outputMicrosPerMillion);
  return Math.min(buys, money.maxOutputTokens);
}
