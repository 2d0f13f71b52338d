import { expect, it } from "vitest";
import { tighterLimits, toLimits } from "./budgets.ts";

const table = {
  "takes the smaller of both": {
    why: "a binding may only tighten",
    given: [{ day: "5.00" }, { day: "25.00", run: "1.50" }],
    want: { spec: { run: "1.50", day: "5.00" }, cut: [] },
  },
  "says where the binding's own limit was cut down": {
    why: "shown in status.effective, never an error",
    given: [{ day: "50.00" }, { day: "25.00" }],
    want: { spec: { day: "25.00" }, cut: ["day 25.00"] },
  },
  "keeps zero as zero": {
    why: 'absent means inherit, "0" means zero',
    given: [{ day: "0" }, { day: "25.00" }],
    want: { spec: { day: "0.00" }, cut: [] },
  },
  "inherits what is absent": {
    why: "absent means inherit",
    given: [undefined, { month: "1" }],
    want: { spec: { month: "1.00" }, cut: [] },
  },
  "has no limit where nobody set one": {
    why: "other levels may still cover",
    given: [undefined, {}],
    want: { spec: {}, cut: [] },
  },
} as const;
for (const [name, { why, given, want }] of Object.entries(table)) {
  it(name, () => {
    const { spec, cut } = tighterLimits(given[0], given[1]);
    expect({ spec, cut }, why).toEqual(want);
  });
}

it("refuses amounts that are not decimal strings", () => {
  expect(() => toLimits({ day: "1e3" })).toThrow(expect.objectContaining({ reason: "InvalidAmount" }));
});
