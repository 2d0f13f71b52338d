import ICAL from "ical.js";
import { asUtc, findZone, startOfDay, type Zone } from "./zone.ts";

/** One calendar as it was read. */
export interface CalendarText {
  readonly name: string;
  readonly text: string;
}

/** One meeting on one day. Plain data: it crosses a thread. */
export interface Occurrence {
  /** `<uid>`, or `<uid>#<recurrence id>` for one of a series. */
  readonly id: string;
  readonly calendar: string;
  readonly title: string;
  /** RFC 3339 in the reader's zone, or a date for whole days. */
  readonly start: string;
  readonly end: string;
  readonly all_day: boolean;
  readonly recurring: boolean;
  readonly location: string;
  readonly organizer: string;
  readonly attendees: readonly string[];
  readonly description: string;
}

export interface Expansion {
  readonly events: readonly Occurrence[];
  /** What could not be read, in words. */
  readonly problems: readonly string[];
}

export interface Window {
  readonly from: number;
  readonly to: number;
  readonly zone: string;
  /** Only the event or series of this UID. */
  readonly uid?: string;
}

const maxSteps = 20_000;
const maxEvents = 500;
const maxProblems = 20;

/**
 * Finds everything that touches the window: recurrence rules, extra and excluded dates, moved and cancelled instances.
 * May not end for some rules (a rule that never matches is searched for ever), so it runs where it can be stopped:
 * `entering` is told the key of each series before it is expanded, and keys in `excluded` are left out.
 */
export function expand(
  calendars: readonly CalendarText[],
  window: Window,
  excluded: ReadonlySet<string>,
  entering: (key: string) => void,
): Expansion {
  const zone = findZone(window.zone) ?? (findZone("UTC") as Zone);
  const found: { at: number; event: Occurrence }[] = [];
  const problems: string[] = [];
  for (const calendar of calendars) {
    const whole = `calendar "${calendar.name}"`;
    if (excluded.has(whole)) {
      problems.push(`${whole} takes too long to read and was left out`);
      continue;
    }
    entering(whole);
    for (const series of readSeries(calendar, problems, window.uid)) {
      const key = `"${series.title}" in ${whole}`;
      if (excluded.has(key)) problems.push(`${key} has a recurrence rule that takes too long and was left out`);
      else {
        try {
          entering(key);
          found.push(...within(series, calendar.name, window, zone));
        } catch {
          problems.push(`${key} cannot be understood and was left out`);
        }
      }
    }
  }
  found.sort((a, b) => a.at - b.at || (a.event.id < b.event.id ? -1 : 1));
  if (found.length > maxEvents) problems.push(`only the first ${maxEvents} events are shown`);
  return { events: found.slice(0, maxEvents).map(({ event }) => event), problems: problems.slice(0, maxProblems) };
}

interface Series {
  readonly title: string;
  readonly master: ICAL.Event | undefined;
  readonly exceptions: readonly ICAL.Event[];
}

/** Groups the events of one file by UID: a master, and instances that were moved or cancelled. */
function readSeries(calendar: CalendarText, problems: string[], only: string | undefined): readonly Series[] {
  const byUid = new Map<string, { masters: ICAL.Event[]; exceptions: ICAL.Event[] }>();
  let roots: ICAL.Component[];
  try {
    const parsed = ICAL.parse(calendar.text) as unknown as unknown[];
    // A file with several VCALENDAR objects comes as a list of them.
    roots = (typeof parsed[0] === "string" ? [parsed] : parsed).map((one) => new ICAL.Component(one as string));
  } catch {
    problems.push(`calendar "${calendar.name}" is not valid iCalendar and was left out`);
    return [];
  }
  for (const component of roots.flatMap((root) => root.getAllSubcomponents("vevent"))) {
    const uid = String(component.getFirstPropertyValue("uid") ?? `no-uid-${byUid.size}`);
    if (only !== undefined && uid !== only) continue;
    const group = byUid.get(uid) ?? { masters: [], exceptions: [] };
    byUid.set(uid, group);
    const event = new ICAL.Event(component);
    if (component.hasProperty("recurrence-id")) group.exceptions.push(event);
    else group.masters.push(event);
  }
  return [...byUid.values()].flatMap(({ masters, exceptions }) => {
    const [master, ...others] = masters;
    const series = { title: titleOf(master ?? exceptions[0]), master, exceptions };
    return [series, ...others.map((other) => ({ title: titleOf(other), master: other, exceptions: [] }))];
  });
}

function within(series: Series, calendar: string, window: Window, zone: Zone): { at: number; event: Occurrence }[] {
  const { master, exceptions } = series;
  const found: { at: number; event: Occurrence }[] = [];
  const add = (event: ICAL.Event, start: ICAL.Time, end: ICAL.Time, id: string, recurring: boolean) => {
    if (String(event.component.getFirstPropertyValue("status") ?? "").toUpperCase() === "CANCELLED") return;
    const from = toInstant(start, event, zone);
    const to = Math.max(toInstant(end, event, zone), from);
    if (from >= window.to || (to <= window.from && !(to === from && from >= window.from))) return;
    found.push({ at: from, event: { id, calendar, recurring, ...describe(event, start, end, from, to, zone) } });
  };
  for (const exception of exceptions) {
    const recurrence = exception.recurrenceId;
    add(exception, exception.startDate, exception.endDate, `${exception.uid}#${recurrence.toICALString()}`, true);
  }
  if (!master) return found;
  if (!master.isRecurring()) {
    add(master, master.startDate, master.endDate, master.uid, false);
    return found;
  }
  const replaced = new Set(exceptions.map((exception) => exception.recurrenceId.toICALString()));
  const instants = new Set(exceptions.map((exception) => toInstant(exception.recurrenceId, exception, zone)));
  const iterator = master.iterator();
  for (let step = 0; step < maxSteps; step++) {
    const next = iterator.next();
    if (!next) break;
    const at = toInstant(next, master, zone);
    if (at >= window.to) break;
    if (replaced.has(next.toICALString()) || instants.has(at)) continue;
    const { startDate, endDate } = master.getOccurrenceDetails(next);
    add(master, startDate, endDate, `${master.uid}#${next.toICALString()}`, true);
  }
  return found;
}

/** When a time of an event is. Its zone: UTC, the file's own definition, an IANA name, or the reader's (floating). */
function toInstant(time: ICAL.Time, event: ICAL.Event, reader: Zone): number {
  const { year, month, day, hour, minute, second } = time;
  if (time.isDate) return startOfDay(`${year}-${month}-${day}`, reader);
  const wall = { year, month, day, hour, minute, second };
  if (time.zone && time.zone.tzid !== "floating") return asUtc(wall) - time.zone.utcOffset(time) * 1000;
  const tzid = event.component.getFirstProperty("dtstart")?.getParameter("tzid");
  const name = typeof tzid === "string" ? tzid : "";
  // Some programs put a path before the name: /example.org/20240101/Europe/Berlin
  const zone = name === "" ? undefined : (findZone(name) ?? findZone(name.split("/").slice(-2).join("/")));
  return (zone ?? reader).toInstant(wall);
}

function describe(event: ICAL.Event, start: ICAL.Time, end: ICAL.Time, from: number, to: number, zone: Zone) {
  const { component } = event;
  return {
    title: titleOf(event),
    start: start.isDate ? start.toString() : zone.format(from),
    end: end.isDate ? end.toString() : zone.format(to),
    all_day: start.isDate,
    location: text(component.getFirstPropertyValue("location"), 300),
    organizer: address(component.getFirstPropertyValue("organizer")),
    attendees: component
      .getAllProperties("attendee")
      .slice(0, 50)
      .map((one) => address(one.getFirstValue())),
    description: text(component.getFirstPropertyValue("description"), 1000),
  };
}

function titleOf(event: ICAL.Event | undefined): string {
  return text(event?.component.getFirstPropertyValue("summary"), 300) || "(no title)";
}

function text(value: unknown, max: number): string {
  return String(value ?? "")
    .replace(/[^\P{Cc}\n]+/gu, " ")
    .trim()
    .slice(0, max);
}

function address(value: unknown): string {
  return text(value, 320).replace(/^mailto:/i, "");
}
