import { describe, expect, it } from "vitest";
import { problem } from "../../api/reasons.ts";
import type { Condition, Resource, Stored } from "../../api/resource.ts";
import { brokenLaws } from "./laws.ts";
import { type Mark, met, settled, unmet } from "./reconciler.ts";
import { conditionsOf, conditionsOfThrow, type Ownership, statusChange } from "./status.ts";

const ownership: Ownership = { owns: ["Funded"], ready: true };
const now = Date.parse("2026-11-02T08:00:00Z");
const earlier = "2026-11-01T00:00:00Z";

const old = (type: string, status: Condition["status"], reason: string, message = ""): Condition => ({
  type,
  status,
  reason,
  message,
  observedGeneration: 2,
  lastTransitionTime: earlier,
});

const object = (status: object = {}): Stored & { status: object } => ({
  apiVersion: "roster.dev/v1alpha1",
  kind: "AgentBinding",
  metadata: { name: "x", namespace: "ns", uid: "u", resourceVersion: "1", generation: 2 },
  status,
});

const planned = (...conditions: readonly Mark[]) =>
  conditionsOf<Resource>({ writes: [], conditions, status: {}, next: settled }, ownership);
const brief = (marks: readonly Mark[] | undefined) =>
  marks?.map(({ type, status, reason }) => `${type}=${status}/${reason}`);

describe("the summary conditions", () => {
  const table = {
    "say nothing more where the object is Ready": {
      given: planned(met("Ready", "Ready", "")),
      want: ["Ready=True/Ready"],
    },
    "default to Ready": {
      given: planned(met("Funded", "Funded", "")),
      want: ["Ready=True/Ready", "Funded=True/Funded"],
    },
    "say Reconciling while something is waited for": {
      given: planned(unmet("Ready", "RoleNotFound", "")),
      want: ["Ready=False/RoleNotFound", "Reconciling=True/RoleNotFound"],
    },
    "say Stalled where a person must act": {
      given: planned(unmet("Ready", "PolicyInvalid", "")),
      want: ["Ready=False/PolicyInvalid", "Stalled=True/PolicyInvalid"],
    },
  };
  for (const [name, { given, want }] of Object.entries(table)) it(name, () => expect(brief(given)).toEqual(want));
});

describe("a throw", () => {
  const current = [old("Ready", "True", "Ready"), old("Funded", "True", "Funded")];
  const shown = (thrown: unknown, failures: number) => brief(conditionsOfThrow(thrown, ownership, current, failures));
  it("leaves Ready as it is for the first two transient failures", () => {
    const outage = problem("LedgerUnavailable", "no answer");
    expect(shown(outage, 1)).toEqual(["Ready=True/Ready", "Reconciling=True/LedgerUnavailable", "Funded=True/Funded"]);
    expect(shown(outage, 3)).toEqual([
      "Ready=False/LedgerUnavailable",
      "Reconciling=True/LedgerUnavailable",
      "Funded=True/Funded",
    ]);
  });
  it("stalls at once where a person must act", () => {
    expect(shown(problem("DuplicateBinding", "x"), 1)).toEqual([
      "Ready=False/DuplicateBinding",
      "Stalled=True/DuplicateBinding",
      "Funded=True/Funded",
    ]);
  });
  it("shows nothing for a conflict or a lost leadership", () => {
    expect(shown(problem("Conflict", "x"), 9)).toBeUndefined();
    expect(shown(problem("LeadershipLost", "x"), 9)).toBeUndefined();
  });
  it("names a bug by an id and never by its text", () => {
    const bug = new TypeError("secret sauce");
    expect(JSON.stringify(conditionsOfThrow(bug, ownership, current, 1))).not.toContain("sauce");
    expect(shown(bug, 1)?.[0]).toBe("Ready=False/InternalError");
  });
});

describe("the status patch", () => {
  it("is not made when nothing changed", () => {
    const settledStatus = { observedGeneration: 2, accountID: "a", conditions: [old("Ready", "True", "Ready")] };
    expect(
      statusChange(object(settledStatus), [met("Ready", "Ready", "")], { accountID: "a" }, ownership, now),
    ).toBeUndefined();
  });

  it("moves a transition time only where the status flips, and tells of reasons that change", () => {
    const status = {
      observedGeneration: 2,
      conditions: [old("Ready", "False", "RoleNotFound"), old("Funded", "True", "Funded")],
    };
    const change = statusChange(
      object(status),
      [unmet("Ready", "DuplicateBinding", ""), unmet("Funded", "Unfunded", "")],
      {},
      ownership,
      now,
    );
    const conditions = change!.patch.conditions as readonly Condition[];
    expect(conditions.map(({ type, lastTransitionTime }) => [type, lastTransitionTime])).toEqual([
      ["Ready", earlier],
      ["Funded", "2026-11-02T08:00:00Z"],
    ]);
    expect(change?.transitions.map(({ type }) => type)).toEqual(["Ready", "Funded"]);
  });

  it("removes owned conditions that the plan leaves out and keeps those of others", () => {
    const status = {
      observedGeneration: 2,
      conditions: [old("Funded", "True", "Funded"), old("TheirOwn", "True", "X")],
    };
    const change = statusChange(object(status), [met("Ready", "Ready", "")], {}, ownership, now);
    expect((change!.patch.conditions as readonly Condition[]).map(({ type }) => type)).toEqual(["Ready", "TheirOwn"]);
  });

  it("removes fields that are undefined, keeps those left out, and drops members that are gone", () => {
    const status = {
      observedGeneration: 2,
      nextFire: "x",
      fired: 3,
      effective: { state: "Stopped", because: "y" },
      conditions: [],
    };
    const fields = { nextFire: undefined, effective: { state: "Active" } };
    const change = statusChange(object(status), [], fields, { owns: [], ready: false }, now);
    expect(change?.patch).toEqual({ nextFire: null, effective: { state: "Active", because: null } });
  });
});

describe("the laws", () => {
  it("find what is wrong", () => {
    const conditions = [old("Stalled", "True", "X"), old("Reconciling", "True", "X"), old("Stalled", "True", "X")];
    expect(brokenLaws({ ...object({ observedGeneration: 9, conditions }) })).toEqual([
      "Ready is absent",
      "Stalled and Reconciling together",
      "observedGeneration is ahead of generation",
      "a condition twice",
    ]);
  });
});
