import { z } from "zod";
import { sha256 } from "../../../lib/ids.ts";
import { Problem } from "../../../lib/problem.ts";
import { type Desk, defineTool, type Tool } from "../tool.ts";
import { addEvent, hasEvent, laterBy, moveEvent } from "./edit.ts";
import type { Occurrence } from "./expand.ts";
import { placeFor, readCalendars, replaceFile } from "./shelf.ts";
import { findZone, parseWhen, startOfDay, type When, type Zone } from "./zone.ts";

const dayMs = 86_400_000;
const whenOf = z.string().min(10).max(40);
const timeOf = whenOf.describe("2026-01-05T10:00 in your zone, with an offset, or a date for whole days");
const idOf = z.string().min(1).max(500).describe("Id of an event, from list");

/** Everything that `/calendar` serves. */
export const calendarTools: readonly Tool[] = [
  defineTool({
    name: "list",
    description: "Lists events in order of time, with series expanded. Times are in your own time zone.",
    effect: "Read",
    input: {
      from: whenOf.optional().describe("First day (2026-01-05) or time; today when left out"),
      days: z.number().int().min(1).max(62).default(1),
    },
    async run({ from, days }, desk) {
      const zone = zoneOf(desk);
      const today = zone.format(desk.clock.now()).slice(0, 10);
      const start = parseWhen(from ?? today, zone);
      const begin = start.kind === "day" ? startOfDay(start.date, zone) : start.at;
      const { events, problems } = await occurrences(desk, begin, begin + days * dayMs);
      return {
        time_zone: zone.name,
        from: zone.format(begin),
        to: zone.format(begin + days * dayMs),
        events: events.map(({ description: _, ...event }) => event),
        problems: [...problems],
      };
    },
  }),
  defineTool({
    name: "get",
    description: "Shows one event with its description and attendees.",
    effect: "Read",
    input: { id: idOf, near: whenOf.optional().describe("A day around which to look; today when left out") },
    async run({ id, near }, desk) {
      const zone = zoneOf(desk);
      const when = parseWhen(near ?? dayOf(id) ?? zone.format(desk.clock.now()).slice(0, 10), zone);
      const at = when.kind === "day" ? startOfDay(when.date, zone) : when.at;
      const { events } = await occurrences(desk, at - 400 * dayMs, at + 400 * dayMs, splitId(id).uid);
      const event = events.find((one) => one.id === id);
      if (!event)
        throw new Problem(
          "NotFound",
          `there is no event "${id.slice(0, 120)}" within a year of ${zone.format(at).slice(0, 10)}`,
        );
      return { ...event, attendees: [...event.attendees] };
    },
  }),
  defineTool({
    name: "create",
    description: "Puts a new event into your calendar.",
    effect: "Write",
    input: {
      title: z.string().min(1).max(300),
      start: timeOf,
      end: timeOf.optional().describe("One hour or one day after the start when left out"),
      location: z.string().max(300).default(""),
      description: z.string().max(5000).default(""),
      attendees: z.array(z.email().max(320)).max(50).default([]),
      idempotency_key: z.string().min(1).max(200).optional().describe("A second call with the same key does nothing"),
    },
    run: (input, desk) =>
      desk.alone(async () => {
        const zone = zoneOf(desk);
        const start = parseWhen(input.start, zone);
        const end =
          input.end === undefined ? laterBy(start, start.kind === "day" ? 86_400 : 3600) : parseWhen(input.end, zone);
        checkOrder(start, end);
        const { idempotency_key: key, ...content } = input;
        const seed = key === undefined ? JSON.stringify([content, desk.clock.now()]) : `key ${key}`;
        const uid = `${sha256(seed).slice(0, 32)}@office`;
        const { calendars } = await readCalendars(desk.user.calendars);
        if (calendars.some(({ text }) => hasEventSafely(text, uid))) return { id: uid, repeated: true };
        const file = await placeFor(desk.user.calendars, uid);
        const text = calendars.find((one) => one.file === file)?.text ?? "";
        const { title, location, description, attendees } = input;
        const event = {
          uid,
          title,
          start,
          end,
          location,
          description,
          attendees,
          organizer: desk.user.user,
          now: desk.clock.now(),
        };
        await replaceFile(file, addEvent(text, event));
        return { id: uid, repeated: false };
      }),
  }),
  defineTool({
    name: "move",
    description: "Moves an event, or one instance of a series, to another time.",
    effect: "Write",
    idempotent: true,
    input: { id: idOf, start: timeOf, end: timeOf.optional().describe("Keeps its length when left out") },
    run: ({ id, start: from, end: to }, desk) =>
      desk.alone(async () => {
        const zone = zoneOf(desk);
        const start = parseWhen(from, zone);
        const end = to === undefined ? undefined : parseWhen(to, zone);
        if (end) checkOrder(start, end);
        const { uid, recurrence } = splitId(id);
        const { calendars } = await readCalendars(desk.user.calendars);
        const calendar = calendars.find(({ text }) => hasEventSafely(text, uid));
        if (!calendar) throw new Problem("NotFound", `there is no event "${id.slice(0, 120)}"`);
        await replaceFile(calendar.file, moveEvent(calendar.text, uid, recurrence, start, end, desk.clock.now()));
        return { id, start: from, moved: true };
      }),
  }),
];

async function occurrences(
  desk: Desk,
  from: number,
  to: number,
  uid?: string,
): Promise<{ events: readonly Occurrence[]; problems: readonly string[] }> {
  const { calendars, problems } = await readCalendars(desk.user.calendars);
  const texts = calendars.map(({ name, text }) => ({ name, text }));
  const expansion = await desk.expander.expand(texts, {
    from,
    to,
    zone: desk.user.timeZone,
    ...(uid === undefined ? {} : { uid }),
  });
  return { events: expansion.events, problems: [...problems, ...expansion.problems] };
}

function zoneOf(desk: Desk): Zone {
  // The users file was checked when it was read.
  return findZone(desk.user.timeZone) as Zone;
}

function splitId(id: string): { readonly uid: string; readonly recurrence: string | undefined } {
  const [, uid = id, recurrence] = /^(.*)#(\d{8}(?:T\d{6}Z?)?)$/s.exec(id) ?? [];
  return { uid, recurrence };
}

function dayOf(id: string): string | undefined {
  const [, year, month, day] = /#(\d{4})(\d\d)(\d\d)/.exec(id) ?? [];
  return year === undefined ? undefined : `${year}-${month}-${day}`;
}

function checkOrder(start: When, end: When): void {
  const value = (when: When) => (when.kind === "day" ? Date.parse(`${when.date}T00:00:00Z`) : when.at);
  if (start.kind !== end.kind) throw new Problem("InvalidRequest", "start and end are both dates or both times");
  if (value(end) <= value(start)) throw new Problem("InvalidRequest", "the end must be after the start");
}

// One broken file must not keep a person from using the others.
function hasEventSafely(text: string, uid: string): boolean {
  try {
    return hasEvent(text, uid);
  } catch {
    return false;
  }
}
