import { hintOf, problem, type Reason, reasons } from "../../api/reasons.ts";
import type { FailRequest } from "../../api/wire.ts";
import type { StepRecord } from "../../ledger/ledger.ts";
import { isObject, type Json } from "../../lib/json.ts";
import type { Caller } from "../identity/authenticate.ts";
import { withinLedgerTime } from "../ledger-time.ts";
import type { Ports } from "../ports.ts";
import { defaultMaxSteps, specOf } from "../standing.ts";

/**
 * Ends a run as failed. Its message becomes status, event and trace, which everybody in the namespace may read, and the
 * runtime is not trusted with a mailbox to write there from: the words are the gateway's own, found by the reason in what
 * it told this run before. Throws EpochLost, LedgerUnavailable.
 */
export async function failRun(caller: Caller, request: FailRequest, ports: Ports): Promise<void> {
  const { run } = caller.token;
  const traced = await withinLedgerTime(ports, ports.ledger.runs.trace(run.id));
  const message = explain(request, {
    steps: traced?.steps ?? [],
    told: ports.owned.told(run.id),
    maxSteps: specOf(caller.token.pinnedRole).limits?.maxSteps ?? defaultMaxSteps,
  });
  await withinLedgerTime(ports, ports.ledger.runs.fail(run.id, run.epoch, request.reason, message));
}

interface Facts {
  readonly steps: readonly StepRecord[];
  /** Why the last answer was not accepted. */
  readonly told: string | undefined;
  readonly maxSteps: number;
}

/** One sentence for a failure: why the answer was not accepted, what the last call was refused with, or the reason's own. */
export function explain({ reason, message }: FailRequest, { steps, told, maxSteps }: Facts): string {
  if (told !== undefined && message.includes(told)) return told;
  const last = steps.at(-1);
  const refused = last?.state === "refused" ? last.error : undefined;
  // A denied tool call ends no run; what comes after it has a reason of its own.
  if (refused !== undefined && (last?.kind === "model" || refused.startsWith(`${reason}: `))) {
    return refused.replace(/^[A-Z][A-Za-z]+: /, "");
  }
  switch (reason) {
    case "StepLimit":
      return `the run took ${maxSteps} model steps without finishing`;
    case "TimeLimit":
      return "the run reached its deadline, or the seconds that its role gives it";
    case "NoProgress":
      return "the run repeated a call with the same arguments and result";
    case "OutputInvalid":
      return "the answer does not fit the role's output contract";
    case "InternalError":
      return "the runtime failed on this run; its log has the cause";
    default:
      return hintOf(reason);
  }
}

/** Checks the body of a failure. The reason must be in the table, because it becomes a condition and a metric label. Throws InvalidRequest. */
export function parseFail(body: Json): FailRequest & { readonly reason: Reason } {
  if (!isObject(body)) throw problem("InvalidRequest", "body must be a JSON object");
  const { reason, message = "" } = body;
  if (typeof reason !== "string" || !Object.hasOwn(reasons, reason)) {
    throw problem("InvalidRequest", "reason must be one of the reasons in docs/reference/reasons.md");
  }
  if (typeof message !== "string") throw problem("InvalidRequest", "message must be text");
  return { reason: reason as Reason, message };
}
