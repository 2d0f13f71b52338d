import { problem } from "../../api/reasons.ts";
import type { Clock } from "../../lib/clock.ts";

interface Line {
  active: number;
  readonly waiting: (() => void)[];
}

/**
 * At most so many calls at a time per name, first come, first served. Waiting is bounded in length and time, and
 * nothing is held meanwhile: the line is joined before the guard transaction.
 */
export interface Queues {
  /** Throws RateLimited when the line is full or too slow, or the signal's reason. */
  enter(name: string, concurrency: number, signal: AbortSignal): Promise<Disposable>;
}

const maxWaitMs = 30_000;

/** Opens an empty set of lines. */
export function openQueues(clock: Clock): Queues {
  const lines = new Map<string, Line>();
  return {
    async enter(name, concurrency, signal) {
      const line = lines.get(name) ?? { active: 0, waiting: [] };
      lines.set(name, line);
      signal.throwIfAborted();
      if (line.active >= concurrency) await wait(line, concurrency, signal, clock);
      else line.active += 1;
      let left = false;
      return {
        [Symbol.dispose]() {
          if (left) return;
          left = true;
          const next = line.waiting.shift();
          // The place is handed on, so `active` stays as it is.
          if (next) next();
          else line.active -= 1;
          if (line.active === 0 && line.waiting.length === 0) lines.delete(name);
        },
      };
    },
  };
}

async function wait(line: Line, concurrency: number, signal: AbortSignal, clock: Clock): Promise<void> {
  if (line.waiting.length >= concurrency * 8) throw problem("RateLimited", "too many calls wait for this tier already");
  const turn = Promise.withResolvers<void>();
  const enter = () => turn.resolve();
  const leave = (why: unknown) => {
    const index = line.waiting.indexOf(enter);
    if (index < 0) return;
    line.waiting.splice(index, 1);
    turn.reject(why);
  };
  const onAbort = () => leave(signal.reason);
  line.waiting.push(enter);
  signal.addEventListener("abort", onAbort, { once: true });
  using _timer = clock.after(maxWaitMs, () =>
    leave(problem("RateLimited", "waited too long for a place at this tier")),
  );
  try {
    await turn.promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
