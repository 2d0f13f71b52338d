import { Problem } from "../../../lib/problem.ts";

/** A date and time on somebody's wall. Months from 1. */
export interface Wall {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** An IANA time zone. */
export interface Zone {
  readonly name: string;
  /** A skipped wall time (spring) means the instant as far after the gap, a repeated one (autumn) the first of the two. */
  toInstant(wall: Wall): number;
  toWall(instant: number): Wall;
  /** RFC 3339 with the offset that holds there and then. */
  format(instant: number): string;
}

/** Opens a zone by its IANA name; undefined when there is none of that name. */
export function findZone(name: string): Zone | undefined {
  let formatter: Intl.DateTimeFormat;
  try {
    formatter = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
  } catch {
    return undefined;
  }
  const toWall = (instant: number): Wall => {
    const parts = Object.fromEntries(formatter.formatToParts(instant).map((part) => [part.type, Number(part.value)]));
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
    return { year, month, day, hour, minute, second };
  };
  const offsetAt = (instant: number) => asUtc(toWall(instant)) - Math.floor(instant / 1000) * 1000;
  return {
    name,
    toWall,
    toInstant(wall) {
      const guess = asUtc(wall);
      const before = offsetAt(guess - 86_400_000);
      const first = guess - before;
      if (offsetAt(first) === before) return first;
      const second = guess - offsetAt(guess + 86_400_000);
      // In a gap neither candidate reads back; the offset before it moves the time past the gap.
      return asUtc(toWall(second)) === guess ? second : first;
    },
    format(instant) {
      const offset = Math.round(offsetAt(instant) / 60_000);
      const sign = offset < 0 ? "-" : "+";
      const local = new Date(Math.floor(instant / 1000) * 1000 + offset * 60_000).toISOString().slice(0, 19);
      return `${local}${sign}${pad(Math.floor(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`;
    },
  };
}

export function asUtc(wall: Wall): number {
  return Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second);
}

/** What a person wrote: a day, or an instant. */
export type When = { readonly kind: "day"; readonly date: string } | { readonly kind: "instant"; readonly at: number };

/** Reads `2026-01-05`, `2026-01-05T10:00` (in `zone`) or RFC 3339 with an offset. Throws InvalidRequest. */
export function parseWhen(text: string, zone: Zone): When {
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?(Z|[+-]\d\d:\d\d)?)?$/.exec(
    text.trim(),
  );
  const [, year = "", month = "", day = "", hour, minute, second = "00", offset] = match ?? [];
  const wall = { year: +year, month: +month, day: +day, hour: +(hour ?? 0), minute: +(minute ?? 0), second: +second };
  const back = new Date(asUtc(wall));
  if (
    !match ||
    back.getUTCMonth() + 1 !== wall.month ||
    back.getUTCDate() !== wall.day ||
    back.getUTCHours() !== wall.hour ||
    back.getUTCMinutes() !== wall.minute
  ) {
    throw new Problem(
      "InvalidRequest",
      `"${text.slice(0, 60)}" is not a date (2026-01-05) or a time (2026-01-05T10:00, with an offset or not)`,
    );
  }
  if (hour === undefined) return { kind: "day", date: `${year}-${month}-${day}` };
  if (offset === undefined) return { kind: "instant", at: zone.toInstant(wall) };
  const minutes =
    offset === "Z" ? 0 : (offset.startsWith("-") ? -1 : 1) * (+offset.slice(1, 3) * 60 + +offset.slice(4, 6));
  return { kind: "instant", at: asUtc(wall) - minutes * 60_000 };
}

/** The instant at which a day begins in a zone. */
export function startOfDay(date: string, zone: Zone): number {
  const [year = 0, month = 0, day = 0] = date.split("-").map(Number);
  return zone.toInstant({ year, month, day, hour: 0, minute: 0, second: 0 });
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
