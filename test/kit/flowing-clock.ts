import { type Clock, type Instant, systemClock } from "../../lib/clock.ts";
import { sleepOn } from "./sleep-on.ts";

/** A clock that flows like the real one and can be put forward, for tests that wait on real servers. */
export interface FlowingClock extends Clock {
  /** Puts the clock forward to an instant (RFC 3339 or Unix ms) and fires what came due, in order. */
  jumpTo(at: string | Instant): void;
}

/** Makes a clock that shows `start` now and flows from there. */
export function flowingClock(start: string | Instant): FlowingClock {
  let offset = toInstant(start) - systemClock.now();
  const timers = new Set<{ readonly at: Instant; readonly act: () => void; real: Disposable }>();
  const now = () => systemClock.now() + offset;

  function after(ms: number, act: () => void): Disposable {
    const fire = () => {
      if (!timers.delete(timer)) return;
      timer.real[Symbol.dispose]();
      act();
    };
    const timer = { at: now() + ms, act: fire, real: systemClock.after(ms, fire) };
    timers.add(timer);
    return {
      [Symbol.dispose]() {
        timers.delete(timer);
        timer.real[Symbol.dispose]();
      },
    };
  }

  return {
    now,
    after,
    sleep: sleepOn(after),
    jumpTo(at) {
      offset = Math.max(offset, toInstant(at) - systemClock.now());
      for (const timer of [...timers].sort((a, b) => a.at - b.at)) {
        if (timer.at <= now()) timer.act();
        else {
          timer.real[Symbol.dispose]();
          timer.real = systemClock.after(timer.at - now(), timer.act);
        }
      }
    },
  };
}

function toInstant(at: string | Instant): Instant {
  return typeof at === "number" ? at : Date.parse(at);
}
