import { describe, expect, it } from "vitest";
import { compileSchedule, dueFire, jitterOf } from "./schedule.ts";

const at = (text: string) => Date.parse(text);
const iso = (instant: number | undefined) => (instant === undefined ? undefined : new Date(instant).toISOString());

/** All fires in a span, forwards; `latest` must agree from the other side. */
function fires(cron: string, zone: string, from: string, to: string): (string | undefined)[] {
  const schedule = compileSchedule(cron, zone);
  const found: number[] = [];
  for (let next = schedule.next(at(from)); next !== undefined && next <= at(to); next = schedule.next(next))
    found.push(next);
  const backwards: number[] = [];
  for (let last = schedule.latest(at(to)); last !== undefined && last > at(from); last = schedule.latest(last - 1))
    backwards.unshift(last);
  expect(backwards).toEqual(found);
  return found.map(iso);
}

describe("a cron line in a zone", () => {
  const table: Readonly<
    Record<
      string,
      { why: string; given: [cron: string, zone: string, from: string, to: string]; want: readonly string[] }
    >
  > = {
    "fires at the wall time of its zone on both sides of spring": {
      why: "half past seven is when people start, in summer and winter",
      given: ["30 7 * * *", "Europe/Lisbon", "2026-03-28T00:00:00Z", "2026-03-30T12:00:00Z"],
      want: ["2026-03-28T07:30:00.000Z", "2026-03-29T06:30:00.000Z", "2026-03-30T06:30:00.000Z"],
    },
    "does not fire at a local time that the clock skips": {
      why: "a skipped local time does not run",
      given: ["30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", "2026-03-09T12:00:00Z"],
      want: ["2026-03-09T06:30:00.000Z"],
    },
    "fires once at a local time that the clock repeats": {
      why: "a repeated one runs once, the first time",
      given: ["30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z"],
      want: ["2026-11-01T05:30:00.000Z", "2026-11-02T06:30:00.000Z"],
    },
    "fires once at each of several local times that the clock repeats": {
      why: "a list of minutes is no reason to run twice",
      given: ["0,30 1 * * *", "America/New_York", "2026-11-01T04:00:00Z", "2026-11-01T12:00:00Z"],
      want: ["2026-11-01T05:00:00.000Z", "2026-11-01T05:30:00.000Z"],
    },
    "knows zones that shift by half an hour": {
      why: "Lord Howe Island repeats 01:30 to 02:00",
      given: ["45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00Z", "2026-04-05T12:00:00Z"],
      want: ["2026-04-04T14:45:00.000Z"],
    },
    "takes day of month or day of week": {
      why: "as Kubernetes CronJob and Vixie cron do",
      given: ["0 0 13 * 5", "UTC", "2026-01-08T12:00:00Z", "2026-01-17T00:00:00Z"],
      want: ["2026-01-09T00:00:00.000Z", "2026-01-13T00:00:00.000Z", "2026-01-16T00:00:00.000Z"],
    },
    "reads names of days": {
      why: "people write MON-FRI",
      given: ["30 7 * * MON-FRI", "UTC", "2026-01-02T12:00:00Z", "2026-01-06T00:00:00Z"],
      want: ["2026-01-05T07:30:00.000Z"],
    },
    "finds 29 February years away": {
      why: "rare is not never",
      given: ["0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2028-03-01T00:00:00Z"],
      want: ["2028-02-29T00:00:00.000Z"],
    },
  };
  for (const [name, { why, given, want }] of Object.entries(table)) {
    it(name, () => expect(fires(...given), why).toEqual(want));
  }

  for (const [cron, zone] of [
    ["61 * * * *", "UTC"],
    ["* * * *", "UTC"],
    ["* * * * * *", "UTC"],
    ["@daily", "UTC"],
    ["0 0 L * *", "UTC"],
    ["0 0 15W * *", "UTC"],
    ["H * * * *", "UTC"],
    ["0 0 * * FRX", "UTC"],
    ["*/0 * * * *", "UTC"],
    ["0 7 * * *", "Mars/Olympus"],
    ["", "UTC"],
  ] as const) {
    it(`refuses "${cron}" in ${zone}`, () => {
      expect(() => compileSchedule(cron, zone)).toThrow(expect.objectContaining({ reason: "InvalidSchedule" }));
    });
  }

  it("never fires on 31 February", () =>
    expect(compileSchedule("0 0 31 2 *", "UTC").next(at("2026-01-01T00:00:00Z"))).toBeUndefined());
});

describe("what a schedule asks now", () => {
  const daily = compileSchedule("30 7 * * *", "UTC");
  const table = {
    "waits for the next fire": {
      why: "nothing is due before its time",
      given: { now: "2026-01-05T07:00:00Z", armedAt: "2026-01-04T00:00:00Z", lastFired: "2026-01-04T07:30:00Z" },
      want: { next: "2026-01-05T07:30:00Z" },
    },
    "fires when its time has come": {
      why: "the instant itself counts",
      given: { now: "2026-01-05T07:30:00Z", armedAt: "2026-01-04T00:00:00Z", lastFired: "2026-01-04T07:30:00Z" },
      want: { fire: "2026-01-05T07:30:00Z", next: "2026-01-06T07:30:00Z" },
    },
    "does not fire twice for one instant": {
      why: "level-triggered: looking again changes nothing",
      given: { now: "2026-01-05T07:31:00Z", armedAt: "2026-01-04T00:00:00Z", lastFired: "2026-01-05T07:30:00Z" },
      want: { next: "2026-01-06T07:30:00Z" },
    },
    "catches up what it slept through within the deadline": {
      why: "a controller restart loses no trigger",
      given: { now: "2026-01-05T07:44:00Z", armedAt: "2026-01-04T00:00:00Z", lastFired: "2026-01-04T07:30:00Z" },
      want: { fire: "2026-01-05T07:30:00Z", next: "2026-01-06T07:30:00Z" },
    },
    "passes over what is later than the deadline": {
      why: "a snapshot of the morning is of no use in the afternoon",
      given: { now: "2026-01-05T15:00:00Z", armedAt: "2026-01-04T00:00:00Z", lastFired: "2026-01-04T07:30:00Z" },
      want: { missed: "2026-01-05T07:30:00Z", next: "2026-01-06T07:30:00Z" },
    },
    "of several missed fires counts the last only": {
      why: "a week offline must not become seven snapshots",
      given: { now: "2026-01-12T07:31:00Z", armedAt: "2026-01-04T00:00:00Z", lastFired: "2026-01-05T07:30:00Z" },
      want: { fire: "2026-01-12T07:30:00Z", next: "2026-01-13T07:30:00Z" },
    },
    "does not fire for a time before it was armed": {
      why: "after a change of cron, zone, hire or resume the next fire is strictly after the change",
      given: { now: "2026-01-05T07:31:00Z", armedAt: "2026-01-05T07:30:30Z" },
      want: { next: "2026-01-06T07:30:00Z" },
    },
    "does not fire for the very instant it was armed at": {
      why: "strictly after",
      given: { now: "2026-01-05T07:30:00Z", armedAt: "2026-01-05T07:30:00Z" },
      want: { next: "2026-01-06T07:30:00Z" },
    },
    "waits out its jitter": {
      why: "fifty bindings do not start in one second",
      given: {
        now: "2026-01-05T07:31:00Z",
        armedAt: "2026-01-04T00:00:00Z",
        lastFired: "2026-01-04T07:30:00Z",
        jitterMs: 120_000,
      },
      want: { next: "2026-01-05T07:30:00Z", wakes: "2026-01-05T07:32:00Z" },
    },
    "does not fire again when the clock is put back": {
      why: "lastFired lies in the future then",
      given: { now: "2026-01-05T07:29:00Z", armedAt: "2026-01-04T00:00:00Z", lastFired: "2026-01-05T07:30:00Z" },
      want: { next: "2026-01-06T07:30:00Z" },
    },
  } as const;
  for (const [name, { why, given, want }] of Object.entries(table)) {
    it(name, () => {
      const due = dueFire({
        schedule: daily,
        now: at(given.now),
        armedAt: at(given.armedAt),
        lastFired: "lastFired" in given ? at(given.lastFired) : undefined,
        startingDeadlineMs: 900_000,
        jitterMs: "jitterMs" in given ? given.jitterMs : 0,
      });
      expect({ fire: due.fire, missed: due.missed, next: due.next?.scheduled, wakes: due.next?.at }, why).toEqual({
        fire: "fire" in want ? at(want.fire) : undefined,
        missed: "missed" in want ? at(want.missed) : undefined,
        next: at(want.next),
        wakes: "wakes" in want ? at(want.wakes) : at(want.next),
      });
    });
  }
});

it("gives each binding its own fixed jitter", () => {
  expect(jitterOf("t", "a", 300)).toBe(jitterOf("t", "a", 300));
  expect(jitterOf("t", "a", 300)).not.toBe(jitterOf("t", "b", 300));
  expect(jitterOf("t", "a", 300)).toBeLessThan(300_000);
  expect(jitterOf("t", "a", 0)).toBe(0);
});
