import type { Clock, Instant } from "../../lib/clock.ts";
import { sleepOn } from "./sleep-on.ts";

interface Timer {
  readonly at: Instant;
  readonly order: number;
  fire(): void;
}

/** A clock that stands still until a test moves it, and owns every timer set on it. */
export interface FakeClock extends Clock {
  /** Moves time by `ms`, firing due timers in order and letting the promises between them run. */
  advance(ms: number): Promise<void>;
  /** Moves to an instant (RFC 3339 text or Unix ms). */
  moveTo(at: string | Instant): Promise<void>;
  /** Timers that wait. */
  readonly pending: number;
}

/** Makes a fake clock that stands at `start` (RFC 3339 text or Unix ms). */
export function fakeClock(start: string | Instant = "2026-11-02T08:00:00Z"): FakeClock {
  let now = toInstant(start);
  let order = 0;
  const timers = new Set<Timer>();

  function after(ms: number, act: () => void): Disposable {
    const timer: Timer = { at: now + Math.max(0, ms), order: order++, fire: act };
    timers.add(timer);
    return { [Symbol.dispose]: () => void timers.delete(timer) };
  }

  async function moveTo(at: string | Instant): Promise<void> {
    const target = toInstant(at);
    for (;;) {
      await settle();
      const due = [...timers].filter((timer) => timer.at <= target).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (due === undefined) break;
      timers.delete(due);
      now = Math.max(now, due.at);
      due.fire();
    }
    now = target;
    await settle();
  }

  return {
    now: () => now,
    after,
    sleep: sleepOn(after),
    moveTo,
    advance: (ms) => moveTo(now + ms),
    get pending() {
      return timers.size;
    },
  };
}

function toInstant(at: string | Instant): Instant {
  return typeof at === "number" ? at : Date.parse(at);
}

/** Lets what is ready run: microtasks and one turn of the event loop. Waits for no outside event. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
