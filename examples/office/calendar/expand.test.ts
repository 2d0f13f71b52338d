import { describe, expect, it } from "vitest";
import { toIcs } from "../seed/calendar.ts";
import { moveEvent } from "./edit.ts";
import { expand } from "./expand.ts";

const now = Date.parse("2026-03-25T12:00:00Z");
const noop = () => {};

function list(text: string, from: string, to: string, zone = "Europe/Lisbon") {
  const window = { from: Date.parse(from), to: Date.parse(to), zone };
  return expand([{ name: "work", text }], window, new Set(), noop);
}
const calendar = (...lines: string[]) => ["BEGIN:VCALENDAR", "VERSION:2.0", ...lines, "END:VCALENDAR", ""].join("\r\n");
const event = (...lines: string[]) => ["BEGIN:VEVENT", "DTSTAMP:20260101T000000Z", ...lines, "END:VEVENT"];

describe("what touches a window", () => {
  it("a series keeps its wall time over the change of the clocks, with exceptions left out and moved", () => {
    const text = toIcs(
      "work",
      [
        {
          uid: "daily",
          title: "Daily",
          day: 0,
          at: "09:15",
          minutes: 15,
          rule: "FREQ=DAILY",
          without: [2],
          moved: [{ day: 3, to: 4, at: "18:00" }],
        },
      ],
      "Europe/Lisbon",
      now,
    );
    const { events, problems } = list(text, "2026-03-25T00:00:00Z", "2026-03-31T00:00:00Z");
    expect(problems).toEqual([]);
    // 27 March is excluded, the 28th was moved to the evening of the 29th, the night on which the clocks change.
    expect(events.map((one) => one.start)).toEqual([
      "2026-03-25T09:15:00+00:00",
      "2026-03-26T09:15:00+00:00",
      "2026-03-29T09:15:00+01:00",
      "2026-03-29T18:00:00+01:00",
      "2026-03-30T09:15:00+01:00",
    ]);
    expect(events[3]?.id).toBe("daily#20260328T091500");
  });

  it("a meeting in another zone is shown in the reader's", () => {
    const text = toIcs(
      "work",
      [{ uid: "ny", title: "Call", day: 0, at: "10:00", zone: "America/New_York" }],
      "Europe/Lisbon",
      now,
    );
    // Between the American and the European change of the clocks the distance is four hours, not five.
    expect(list(text, "2026-03-25T00:00:00Z", "2026-03-26T00:00:00Z").events[0]?.start).toBe(
      "2026-03-25T14:00:00+00:00",
    );
  });

  it("an event without zone is at the reader's wall time, one with an IANA name and no definition at that zone's", () => {
    const text = calendar(
      ...event("UID:float", "SUMMARY:Floating", "DTSTART:20260701T090000", "DTEND:20260701T100000"),
      ...event("UID:named", "SUMMARY:Named", "DTSTART;TZID=Europe/Berlin:20260701T090000", "DURATION:PT1H"),
      ...event("UID:utc", "SUMMARY:Utc", "DTSTART:20260701T090000Z", "DTEND:20260701T093000Z"),
    );
    const { events } = list(text, "2026-07-01T00:00:00Z", "2026-07-02T00:00:00Z");
    expect(events.map((one) => [one.title, one.start])).toEqual([
      ["Named", "2026-07-01T08:00:00+01:00"],
      ["Floating", "2026-07-01T09:00:00+01:00"],
      ["Utc", "2026-07-01T10:00:00+01:00"],
    ]);
  });

  it("whole days are dates, and the day ends where the next begins", () => {
    const text = calendar(
      ...event("UID:a", "SUMMARY:Offsite", "DTSTART;VALUE=DATE:20260325", "DTEND;VALUE=DATE:20260327"),
    );
    expect(list(text, "2026-03-26T00:00:00Z", "2026-03-27T00:00:00Z").events).toMatchObject([
      { all_day: true, start: "2026-03-25", end: "2026-03-27" },
    ]);
    expect(list(text, "2026-03-27T00:00:00Z", "2026-03-28T00:00:00Z").events).toEqual([]);
  });

  it("a cancelled event and a cancelled instance are not shown", () => {
    const text = calendar(
      ...event("UID:gone", "SUMMARY:Gone", "DTSTART:20260325T090000Z", "STATUS:CANCELLED"),
      ...event("UID:s", "SUMMARY:Series", "DTSTART:20260325T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3"),
      ...event(
        "UID:s",
        "SUMMARY:Series",
        "RECURRENCE-ID:20260326T100000Z",
        "DTSTART:20260326T100000Z",
        "STATUS:CANCELLED",
      ),
    );
    const { events } = list(text, "2026-03-25T00:00:00Z", "2026-03-31T00:00:00Z");
    expect(events.map((one) => one.start.slice(0, 10))).toEqual(["2026-03-25", "2026-03-27"]);
  });

  it("one broken calendar does not hide the others", () => {
    const window = { from: now, to: now + 86_400_000, zone: "UTC" };
    const good = calendar(...event("UID:a", "SUMMARY:Good", "DTSTART:20260325T130000Z"));
    const texts = [
      "nonsense",
      "BEGIN:VCALENDAR\r\nBEGIN:VEVENT",
      "",
      calendar(...event("UID:b", "DTSTART:later")),
      good,
    ];
    const calendars = texts.map((text, index) => ({ name: `c${index}`, text }));
    const { events, problems } = expand(calendars, window, new Set(), noop);
    expect(events.map((one) => one.title)).toEqual(["Good"]);
    expect(problems.length).toBeGreaterThan(1);
    expect(problems.join()).toContain("not valid iCalendar");
  });
});

describe("moving", () => {
  const text = toIcs(
    "work",
    [{ uid: "daily", title: "Daily", day: 0, at: "09:15", minutes: 15, rule: "FREQ=DAILY" }],
    "Europe/Lisbon",
    now,
  );
  const to = { kind: "instant", at: Date.parse("2026-03-26T16:00:00Z") } as const;

  it("one instance of a series becomes an exception, the others stay, and moving it again changes nothing more", () => {
    const moved = moveEvent(text, "daily", "20260326T091500", to, undefined, now);
    const again = moveEvent(moved, "daily", "20260326T091500", to, undefined, now);
    for (const version of [moved, again]) {
      const { events } = list(version, "2026-03-25T00:00:00Z", "2026-03-28T00:00:00Z");
      expect(events.map((one) => [one.start, one.end.slice(11, 16)])).toEqual([
        ["2026-03-25T09:15:00+00:00", "09:30"],
        ["2026-03-26T16:00:00+00:00", "16:15"],
        ["2026-03-27T09:15:00+00:00", "09:30"],
      ]);
    }
  });

  it("a whole series is refused, and so is what is not there", () => {
    expect(() => moveEvent(text, "daily", undefined, to, undefined, now)).toThrow("name one of its instances");
    expect(() => moveEvent(text, "nobody", undefined, to, undefined, now)).toThrow("no such event");
  });
});
