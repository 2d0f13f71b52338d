import { describe, expect, it } from "vitest";
import type { Resource } from "../../api/resource.ts";
import { paceSums, sumsDue } from "./sums.ts";

const now = Date.parse("2026-03-02T12:00:00Z");
const made = (creationTimestamp: string): Resource => ({
  apiVersion: "roster.dev/v1alpha1",
  kind: "AgentBinding",
  metadata: { name: "ana", creationTimestamp },
});
const old = made("2026-03-01T12:00:00Z");
const young = made("2026-03-02T11:58:00Z");
const asOf = "2026-03-02T11:59:57Z";

describe("sums", () => {
  it("are due a minute after the last time, and two seconds after it while the object is young", () => {
    expect(sumsDue(old, asOf, now)).toBe(Date.parse("2026-03-02T12:00:57Z"));
    expect(sumsDue(young, asOf, now)).toBe(Date.parse("2026-03-02T11:59:59Z"));
    expect(sumsDue(old, undefined, now)).toBe(now);
  });

  const table = {
    "keep what is shown until they are due": { of: old, fresh: "1", changed: false, want: { runs: "0", asOf } },
    "are shown at once on a young object": {
      of: young,
      fresh: "1",
      changed: false,
      want: { runs: "1", asOf: "2026-03-02T12:00:00Z" },
    },
    "are shown at once with a changed spec": {
      of: old,
      fresh: "1",
      changed: true,
      want: { runs: "1", asOf: "2026-03-02T12:00:00Z" },
    },
    "write nothing where nothing moved": { of: young, fresh: "0", changed: false, want: { runs: "0", asOf } },
  };
  for (const [name, { of, fresh, changed, want }] of Object.entries(table)) {
    it(name, () => {
      expect(paceSums({ of, shown: { runs: "0" }, fresh: { runs: fresh }, asOf, now, changed }).fields).toEqual(want);
    });
  }
});
