import ICAL from "ical.js";
import { Problem } from "../../../lib/problem.ts";
import type { When } from "./zone.ts";

export interface NewEvent {
  readonly uid: string;
  readonly title: string;
  readonly start: When;
  readonly end: When;
  readonly location: string;
  readonly description: string;
  readonly organizer: string;
  readonly attendees: readonly string[];
  readonly now: number;
}

/** Adds an event to the text of a calendar; an empty text begins a new one. Throws InvalidRequest. */
export function addEvent(text: string, event: NewEvent): string {
  const root = text.trim() === "" ? newCalendar() : parse(text);
  const component = new ICAL.Component("vevent");
  component.updatePropertyWithValue("uid", event.uid);
  component.updatePropertyWithValue("dtstamp", utc(event.now));
  component.updatePropertyWithValue("summary", event.title);
  setTimes(component, event.start, event.end);
  if (event.location !== "") component.updatePropertyWithValue("location", event.location);
  if (event.description !== "") component.updatePropertyWithValue("description", event.description);
  if (event.attendees.length > 0) component.updatePropertyWithValue("organizer", `mailto:${event.organizer}`);
  for (const attendee of event.attendees) component.addPropertyWithValue("attendee", `mailto:${attendee}`);
  root.addSubcomponent(component);
  return `${root.toString()}\r\n`;
}

/** True when the calendar holds an event of that UID. */
export function hasEvent(text: string, uid: string): boolean {
  if (!text.includes(uid.slice(0, 40))) return false;
  return parse(text)
    .getAllSubcomponents("vevent")
    .some((component) => component.getFirstPropertyValue("uid") === uid);
}

/**
 * Moves an event: one that stands alone, or one instance of a series (`recurrence`, as iCalendar writes it), which becomes
 * an exception of it. A whole series is not moved. Moving to where it is changes nothing. Throws NotFound, InvalidRequest.
 */
export function moveEvent(
  text: string,
  uid: string,
  recurrence: string | undefined,
  start: When,
  end: When | undefined,
  now: number,
): string {
  const root = parse(text);
  const components = root.getAllSubcomponents("vevent").filter((one) => one.getFirstPropertyValue("uid") === uid);
  const master = components.find((one) => !one.hasProperty("recurrence-id"));
  const moved = components.find((one) => timeOf(one, "recurrence-id")?.toICALString() === recurrence);
  let component = recurrence === undefined ? master : moved;
  if (!component && recurrence !== undefined && master) component = exceptionOf(root, master, recurrence);
  if (!component) throw new Problem("NotFound", "the calendar has no such event");
  if (recurrence === undefined && new ICAL.Event(component).isRecurring()) {
    throw new Problem("InvalidRequest", "this is a series: name one of its instances by the id that list gives");
  }
  const before = new ICAL.Event(component);
  if (before.startDate.isDate !== (start.kind === "day")) {
    throw new Problem("InvalidRequest", "an event of whole days moves to a date, one with a time to a time");
  }
  setTimes(component, start, end ?? laterBy(start, before.duration.toSeconds()));
  component.updatePropertyWithValue("dtstamp", utc(now));
  component.updatePropertyWithValue("sequence", Number(component.getFirstPropertyValue("sequence") ?? 0) + 1);
  return `${root.toString()}\r\n`;
}

function exceptionOf(root: ICAL.Component, master: ICAL.Component, recurrence: string): ICAL.Component {
  const copy = ICAL.Component.fromString(master.toString());
  for (const name of ["rrule", "rdate", "exdate", "exrule"]) copy.removeAllProperties(name);
  const start = master.getFirstProperty("dtstart");
  const id = new ICAL.Property("recurrence-id");
  const dashed = recurrence.replace(/^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/, (_, y, m, d, h, i, s, z) =>
    h === undefined ? `${y}-${m}-${d}` : `${y}-${m}-${d}T${h}:${i}:${s}${z}`,
  );
  const time = ICAL.Time.fromString(dashed, start ?? undefined);
  if (time.isDate) id.resetType("date");
  id.setValue(time);
  const tzid = start?.getParameter("tzid");
  if (typeof tzid === "string") id.setParameter("tzid", tzid);
  copy.addProperty(id);
  root.addSubcomponent(copy);
  return copy;
}

function timeOf(component: ICAL.Component, name: string): ICAL.Time | undefined {
  const value = component.getFirstPropertyValue(name);
  return value instanceof ICAL.Time ? value : undefined;
}

function setTimes(component: ICAL.Component, start: When, end: When): void {
  for (const [name, when] of [
    ["dtstart", start],
    ["dtend", end],
  ] as const) {
    component.removeAllProperties(name);
    const property = new ICAL.Property(name);
    if (when.kind === "day") property.resetType("date");
    property.setValue(when.kind === "day" ? ICAL.Time.fromDateString(when.date) : utc(when.at));
    component.addProperty(property);
  }
  component.removeAllProperties("duration");
}

/** An end that is `seconds` after a start; whole days stay whole. */
export function laterBy(start: When, seconds: number): When {
  if (start.kind === "instant") return { kind: "instant", at: start.at + seconds * 1000 };
  const days = Math.max(1, Math.round(seconds / 86_400));
  return {
    kind: "day",
    date: new Date(Date.parse(`${start.date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10),
  };
}

function utc(at: number): ICAL.Time {
  return ICAL.Time.fromJSDate(new Date(Math.floor(at / 1000) * 1000), true);
}

function newCalendar(): ICAL.Component {
  const root = new ICAL.Component("vcalendar");
  root.updatePropertyWithValue("version", "2.0");
  root.updatePropertyWithValue("prodid", "-//Roster//Example office//EN");
  return root;
}

function parse(text: string): ICAL.Component {
  try {
    const parsed = ICAL.parse(text) as unknown as unknown[];
    return new ICAL.Component((typeof parsed[0] === "string" ? parsed : parsed[0]) as string);
  } catch {
    throw new Problem("InvalidRequest", "the calendar file is not valid iCalendar; nothing was written");
  }
}
