import { describe, expect, it } from "vitest";
import type { StepRecord } from "../../ledger/ledger.ts";
import { explain, parseFail } from "./fail.ts";

const step = (kind: StepRecord["kind"], state: StepRecord["state"], error?: string) =>
  ({ kind, state, ...(error === undefined ? {} : { error }) }) as StepRecord;
const facts = (...steps: StepRecord[]) => ({ steps, told: undefined, maxSteps: 7 });
const said = { reason: "NoProgress", message: "the mail says CANARY" };

describe("the message of a failed run, which everybody in the namespace reads", () => {
  it("is never the runtime's own, whatever it says", () => {
    for (const reason of [
      "NoProgress",
      "StepLimit",
      "TimeLimit",
      "OutputInvalid",
      "InternalError",
      "ToolFailed",
      "Fired",
    ])
      expect(explain({ ...said, reason }, facts())).toMatch(/^[^C]*$/);
    expect(explain({ ...said, reason: "StepLimit" }, facts())).toBe("the run took 7 model steps without finishing");
  });

  it("is what the last model call was refused with", () => {
    const refused = step("model", "refused", "BudgetExhausted: binding tess has 0.00 of 5.00 USD left (Day)");
    expect(explain({ ...said, reason: "BudgetExhausted" }, facts(step("model", "happened"), refused))).toBe(
      "binding tess has 0.00 of 5.00 USD left (Day)",
    );
    const failed = step(
      "model",
      "refused",
      "the provider refused the request with status 400 (context_length_exceeded)",
    );
    expect(explain({ ...said, reason: "ModelRejected" }, facts(failed))).toContain("(context_length_exceeded)");
  });

  it("is not a denial that the run lived with, but for the same reason", () => {
    const denied = step("tool", "refused", "PolicyDenied: mail.send: no rule of the role lists mail.send");
    expect(explain(said, facts(denied))).toBe("the run repeated a call with the same arguments and result");
    expect(explain({ ...said, reason: "PolicyDenied" }, facts(denied))).toContain("no rule of the role");
  });

  it("is why the answer was not accepted, where the runtime repeats that", () => {
    const told = "output must have required property 'items'";
    const message = `rung "CANARY": ${told} (after 1 repair)`;
    expect(explain({ reason: "OutputInvalid", message }, { ...facts(), told })).toBe(told);
  });
});

it("the reason is one of the table", () => {
  expect(() => parseFail({ reason: "CANARY" })).toThrow(/must be one of the reasons/);
  expect(() => parseFail({ reason: "toString" })).toThrow(/must be one of the reasons/);
  expect(parseFail({ reason: "NoProgress" })).toEqual({ reason: "NoProgress", message: "" });
});
