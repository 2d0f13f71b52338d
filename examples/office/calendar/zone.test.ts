import { describe, expect, it } from "vitest";
import { findZone, parseWhen, type Zone } from "./zone.ts";

const berlin = findZone("Europe/Berlin") as Zone;

describe("wall time and instants", () => {
  const cases: Readonly<Record<string, readonly [wall: string, utc: string]>> = {
    "winter is one hour ahead": ["2026-01-05T10:00", "2026-01-05T09:00:00.000Z"],
    "summer is two hours ahead": ["2026-07-05T10:00", "2026-07-05T08:00:00.000Z"],
    "a skipped time lies as far after the gap": ["2026-03-29T02:30", "2026-03-29T01:30:00.000Z"],
    "a repeated time is the first of the two": ["2026-10-25T02:30", "2026-10-25T00:30:00.000Z"],
    "an offset wins over the zone": ["2026-01-05T10:00:00-05:00", "2026-01-05T15:00:00.000Z"],
  };
  for (const [why, [wall, utc]] of Object.entries(cases)) {
    it(why, () => {
      const when = parseWhen(wall, berlin);
      expect(when.kind === "instant" && new Date(when.at).toISOString()).toBe(utc);
    });
  }

  it("formats with the offset that holds there and then", () => {
    expect(berlin.format(Date.parse("2026-07-05T08:00:00Z"))).toBe("2026-07-05T10:00:00+02:00");
    expect((findZone("Asia/Kolkata") as Zone).format(0)).toBe("1970-01-01T05:30:00+05:30");
    expect((findZone("America/New_York") as Zone).format(0)).toBe("1969-12-31T19:00:00-05:00");
  });

  it("refuses what is not a time, and says how one looks", () => {
    for (const text of ["tomorrow", "2026-02-30", "2026-01-05T25:00", "", "05.01.2026", "2026-13-01"]) {
      expect(() => parseWhen(text, berlin)).toThrow("2026-01-05T10:00");
    }
  });

  it("knows no zone by a false name", () => {
    expect(findZone("Europe/Atlantis")).toBeUndefined();
  });
});
