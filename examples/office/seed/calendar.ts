import { findZone, startOfDay, type Zone } from "../calendar/zone.ts";

/** An event of a made-up calendar, in days from today and the person's own zone. */
export interface Meeting {
  readonly uid: string;
  readonly title: string;
  /** Days from today; with `daily` or `weekly` the first one. */
  readonly day: number;
  /** `09:30`; left out for whole days. */
  readonly at?: string;
  readonly minutes?: number;
  readonly zone?: string;
  readonly rule?: string;
  /** Days from today that are left out of a series. */
  readonly without?: readonly number[];
  /** Instances that were moved: from a day to another day and time. */
  readonly moved?: readonly { readonly day: number; readonly to: number; readonly at: string }[];
  readonly location?: string;
  readonly description?: string;
  readonly attendees?: readonly string[];
}

/** Rules of the zones that the demo uses, as calendar programs write them. */
const zones: Readonly<Record<string, readonly [standard: string, daylight: string, north: readonly [string, string]]>> =
  {
    "Europe/Lisbon": ["+0000", "+0100", ["BYMONTH=3;BYDAY=-1SU", "BYMONTH=10;BYDAY=-1SU"]],
    "Europe/Berlin": ["+0100", "+0200", ["BYMONTH=3;BYDAY=-1SU", "BYMONTH=10;BYDAY=-1SU"]],
    "America/New_York": ["-0500", "-0400", ["BYMONTH=3;BYDAY=2SU", "BYMONTH=11;BYDAY=1SU"]],
  };

/** An iCalendar file with the meetings and the zones they use. */
export function toIcs(name: string, meetings: readonly Meeting[], timeZone: string, now: number): string {
  const zone = findZone(timeZone) ?? (findZone("UTC") as Zone);
  const used = new Set([timeZone, ...meetings.flatMap((meeting) => meeting.zone ?? [])]);
  const lines = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Acme//Demo calendar//EN",
    `X-WR-CALNAME:${escaped(name)}`,
    ...[...used].flatMap(timeZoneOf),
    ...meetings.flatMap((meeting) => eventsOf(meeting, timeZone, zone, now)),
    "END:VCALENDAR",
  ];
  return `${lines.map(folded).join("\r\n")}\r\n`;
}

function eventsOf(meeting: Meeting, timeZone: string, zone: Zone, now: number): readonly string[] {
  const tzid = meeting.zone ?? timeZone;
  const length = (meeting.minutes ?? 60) * 60_000;
  const day = (offset: number) => dayFromToday(offset, zone, now).replaceAll("-", "");
  const stamp = (offset: number, at: string) => `${day(offset)}T${at.replace(":", "")}00`;
  const common = [
    `UID:${meeting.uid}`,
    `DTSTAMP:${new Date(now).toISOString().replace(/[-:]|\.\d+/g, "")}`,
    `SUMMARY:${escaped(meeting.title)}`,
    ...(meeting.location ? [`LOCATION:${escaped(meeting.location)}`] : []),
    ...(meeting.description ? [`DESCRIPTION:${escaped(meeting.description)}`] : []),
    ...(meeting.attendees ?? []).map((one) => `ATTENDEE;CN=${one.split("@")[0]}:mailto:${one}`),
  ];
  const { at } = meeting;
  if (at === undefined) {
    return [
      "BEGIN:VEVENT",
      ...common,
      `DTSTART;VALUE=DATE:${day(meeting.day)}`,
      `DTEND;VALUE=DATE:${day(meeting.day + 1)}`,
      "END:VEVENT",
    ];
  }
  const duration = `DURATION:PT${length / 60_000}M`;
  const master = [
    "BEGIN:VEVENT",
    ...common,
    `DTSTART;TZID=${tzid}:${stamp(meeting.day, at)}`,
    duration,
    ...(meeting.rule ? [`RRULE:${meeting.rule}`] : []),
    ...(meeting.without ?? []).map((offset) => `EXDATE;TZID=${tzid}:${stamp(offset, at)}`),
    "END:VEVENT",
  ];
  const moved = (meeting.moved ?? []).flatMap((one) => [
    "BEGIN:VEVENT",
    ...common,
    `RECURRENCE-ID;TZID=${tzid}:${stamp(one.day, at)}`,
    `DTSTART;TZID=${tzid}:${stamp(one.to, one.at)}`,
    duration,
    "END:VEVENT",
  ]);
  return [...master, ...moved];
}

function timeZoneOf(name: string): readonly string[] {
  const [standard, daylight, [spring, autumn]] = zones[name] ?? [
    "+0000",
    "+0000",
    ["BYMONTH=3;BYDAY=-1SU", "BYMONTH=10;BYDAY=-1SU"],
  ];
  return [
    "BEGIN:VTIMEZONE",
    `TZID:${name}`,
    ...[
      "BEGIN:DAYLIGHT",
      "DTSTART:20070311T020000",
      `TZOFFSETFROM:${standard}`,
      `TZOFFSETTO:${daylight}`,
      `RRULE:FREQ=YEARLY;${spring}`,
      "END:DAYLIGHT",
    ],
    ...[
      "BEGIN:STANDARD",
      "DTSTART:20071104T020000",
      `TZOFFSETFROM:${daylight}`,
      `TZOFFSETTO:${standard}`,
      `RRULE:FREQ=YEARLY;${autumn}`,
      "END:STANDARD",
    ],
    "END:VTIMEZONE",
  ];
}

function dayFromToday(offset: number, zone: Zone, now: number): string {
  const noon = startOfDay(zone.format(now).slice(0, 10), zone) + 12 * 3_600_000;
  return zone.format(noon + offset * 86_400_000).slice(0, 10);
}

function escaped(text: string): string {
  return text.replace(/[\\;,]/g, "\\$&").replace(/\n/g, "\\n");
}

// RFC 5545: lines of at most 75 octets, continued after a space.
function folded(line: string): string {
  const parts: string[] = [];
  let part = "";
  for (const character of line) {
    if (Buffer.byteLength(part + character) > (parts.length === 0 ? 75 : 74)) {
      parts.push(part);
      part = "";
    }
    part += character;
  }
  return [...parts, part].join("\r\n ");
}
