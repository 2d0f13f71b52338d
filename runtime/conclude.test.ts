import { describe, expect, it } from "vitest";
import { problem, type Reason, reasons } from "../api/reasons.ts";
import { conclude } from "./conclude.ts";

const table: Record<string, [Reason, "nothing" | "release" | "fail"]> = {
  "money is gone: the run fails and says so": ["BudgetExhausted", "fail"],
  "the provider refused: the run fails": ["ModelRejected", "fail"],
  "the provider stayed away after the gateway's retries: the run fails": ["ModelUnavailable", "fail"],
  "fired: nothing more is said with a revoked token": ["TokenRevoked", "nothing"],
  "another worker owns the run: nothing is said": ["EpochLost", "nothing"],
  "a person must approve: the gateway parked it": ["ApprovalRequired", "nothing"],
  "nobody knows whether it happened: the gateway parked it": ["OutcomeUnknown", "nothing"],
  "the journal says otherwise: the gateway parked it": ["JournalDiverged", "nothing"],
  "the gateway is away: the run goes back to the queue": ["GatewayUnavailable", "release"],
  "the ledger is away: the run goes back to the queue": ["LedgerUnavailable", "release"],
  "the answer stayed invalid: the run fails": ["OutputInvalid", "fail"],
  "a tier is missing: waiting without a waker would be for ever": ["TierNotFound", "fail"],
};

describe("conclude", () => {
  it.each(Object.entries(table))("%s", (_, [reason, say]) => {
    expect(conclude(problem(reason, "because")).say).toBe(say);
  });

  it("has an answer for every reason", () => {
    for (const reason of Object.keys(reasons)) expect(conclude(problem(reason as Reason, "x"))).toHaveProperty("say");
  });

  it("fails a run on a bug of ours without quoting it", () => {
    const bug = new TypeError("cannot read 'content of a mail'");
    expect(conclude(bug)).toEqual({
      say: "fail",
      failure: { reason: "InternalError", message: "the runtime failed on this run; its log has the cause" },
      bug,
    });
  });
});
