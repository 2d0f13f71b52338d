import { Cron } from "croner";
import { problem } from "../api/reasons.ts";
import type { Instant } from "../lib/clock.ts";
import { sha256 } from "../lib/ids.ts";
import { messageOf } from "../lib/problem.ts";

/** A cron line in a zone, ready to be asked. */
export interface Schedule {
  /** The first fire strictly after an instant; undefined when there is none. */
  next(after: Instant): Instant | undefined;
  /** The last fire at or before an instant; undefined when there is none within the horizon of the library. */
  latest(at: Instant): Instant | undefined;
}

// Digits, names, lists, ranges and steps: what a Kubernetes CronJob knows. The library knows more (L, W, #), which is refused.
const fieldPattern =
  /^(\*|\?|[0-9]+(-[0-9]+)?|[A-Za-z]{3}(-[A-Za-z]{3})?)(\/[0-9]+)?(,(\*|[0-9]+(-[0-9]+)?|[A-Za-z]{3}(-[A-Za-z]{3})?)(\/[0-9]+)?)*$/;
// A repeated hour of a line that fires each minute is sixty candidates to pass over.
const maxPassedOver = 1_000;
// Zones that ever put the clock back did so by one of these.
const fallBacksMs = [1_800_000, 3_600_000, 7_200_000];

/**
 * Reads five cron fields as a Kubernetes CronJob does (day of month OR day of week) in an IANA zone. A local time that
 * the clock skips does not fire; one that the clock repeats fires once, the first time. Throws InvalidSchedule.
 */
export function compileSchedule(cron: string, timeZone: string): Schedule {
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5) throw invalid(cron, "it needs five fields: minute, hour, day of month, month, day of week");
  const bad = fields.find((field) => !fieldPattern.test(field));
  if (bad !== undefined) throw invalid(cron, `the field "${bad}" is not understood`);
  const offset = offsetIn(timeZone);
  let inZone: Cron;
  let onWall: Cron;
  try {
    inZone = new Cron(fields.join(" "), { timezone: timeZone, mode: "5-part", paused: true });
    onWall = new Cron(fields.join(" "), { timezone: "UTC", mode: "5-part", paused: true });
  } catch (cause) {
    throw invalid(cron, messageOf(cause).replace(/^CronPattern: /, ""));
  }
  const counts = (at: Instant) => {
    const shift = offset(at);
    // The library moves a skipped time to the end of the gap; a wall clock never showed it.
    if (!onWall.match(new Date(at + shift))) return false;
    return !fallBacksMs.some((ms) => offset(at - ms) === shift + ms);
  };
  return {
    next(after) {
      let at: Date | null = new Date(Math.floor(after / 1000) * 1000);
      for (let passed = 0; passed < maxPassedOver; passed++) {
        at = inZone.nextRun(at);
        if (at === null) return undefined;
        if (at.getTime() > after && counts(at.getTime())) return at.getTime();
      }
      return undefined;
    },
    latest(at) {
      let reference = new Date(Math.floor(at / 1000) * 1000 + 1000);
      for (let passed = 0; passed < maxPassedOver; passed++) {
        const previous = inZone.previousRuns(1, reference)[0];
        if (previous === undefined) return undefined;
        if (counts(previous.getTime())) return previous.getTime();
        reference = previous;
      }
      return undefined;
    },
  };
}

function invalid(cron: string, why: string) {
  return problem("InvalidSchedule", `cron "${cron}": ${why}`);
}

/** How far a zone's wall clock is ahead of UTC at an instant, in ms. Throws InvalidSchedule for an unknown zone. */
function offsetIn(timeZone: string): (at: Instant) => number {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    throw problem("InvalidSchedule", `time zone "${timeZone}" is not known; use an IANA name such as "Europe/Lisbon"`);
  }
  return (at) => {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(at)) part[type] = Number(value);
    const wall = Date.UTC(part.year!, part.month! - 1, part.day!, part.hour!, part.minute!, part.second!);
    return wall - Math.floor(at / 1000) * 1000;
  };
}

/** What a schedule asks of one binding now. */
export interface Due {
  /** Admit a run for this scheduled instant. */
  readonly fire?: Instant;
  /** Passed over because it is later than the starting deadline allows. */
  readonly missed?: Instant;
  /** When to look again: the next scheduled instant and when it is to start, its jitter included. */
  readonly next?: { readonly scheduled: Instant; readonly at: Instant };
}

/**
 * Decides from state alone, so that a controller that slept through a fire catches it up and one that looks twice fires
 * once. Of several missed fires only the last counts. Nothing at or before `lastFired` or `armedAt` ever fires.
 */
export function dueFire(given: {
  readonly schedule: Schedule;
  readonly now: Instant;
  readonly armedAt: Instant;
  readonly lastFired?: Instant | undefined;
  readonly startingDeadlineMs: number;
  readonly jitterMs: number;
}): Due {
  const { schedule, now, jitterMs } = given;
  const after = Math.max(given.armedAt, given.lastFired ?? given.armedAt);
  const latest = schedule.latest(now - jitterMs);
  const open = latest !== undefined && latest > after ? latest : undefined;
  const late = open !== undefined && now - (open + jitterMs) > given.startingDeadlineMs;
  const scheduled = schedule.next(Math.max(after, open ?? now - jitterMs));
  return {
    ...(open === undefined ? {} : late ? { missed: open } : { fire: open }),
    ...(scheduled === undefined ? {} : { next: { scheduled, at: scheduled + jitterMs } }),
  };
}

/** The fixed part of a trigger's jitter that belongs to one binding: the same after every restart. */
export function jitterOf(triggerUid: string, bindingUid: string, jitterSeconds: number): number {
  if (jitterSeconds <= 0) return 0;
  return Number.parseInt(sha256(`${triggerUid}/${bindingUid}`).slice(0, 8), 16) % (jitterSeconds * 1000);
}
