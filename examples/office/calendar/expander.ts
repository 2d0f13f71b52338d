import { Worker } from "node:worker_threads";
import type { Clock } from "../../../lib/clock.ts";
import { Problem } from "../../../lib/problem.ts";
import type { CalendarText, Expansion, Window } from "./expand.ts";
import type { ExpandRequest } from "./expand-worker.ts";

/** Expands calendars in a thread of its own, because one hostile rule may never end. */
export interface Expander extends AsyncDisposable {
  /** Throws TooLarge when it takes too long even without the series that do. */
  expand(calendars: readonly CalendarText[], window: Window): Promise<Expansion>;
}

const patienceMs = 3000;
const maxExclusions = 5;

/**
 * One thread for all, one expansion at a time. A thread that is not done within three seconds is ended, what it was
 * expanding just then is left out and named in the answer's problems, and the rest is done again.
 */
export function startExpander(clock: Clock): Expander {
  let worker: Worker | undefined;
  let tail: Promise<unknown> = Promise.resolve();

  async function attempt(request: ExpandRequest): Promise<Expansion | { readonly stuck: string }> {
    worker ??= new Worker(new URL("./expand-worker.ts", import.meta.url), {
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    worker.unref();
    const current = worker;
    let at = "";
    return await new Promise((resolve, reject) => {
      const settle = () => {
        timer[Symbol.dispose]();
        current.off("message", onMessage).off("error", onError);
      };
      const onMessage = (message: { entering?: string; expansion?: Expansion }) => {
        at = message.entering ?? at;
        if (!message.expansion) return;
        settle();
        resolve(message.expansion);
      };
      const onError = (cause: Error) => {
        worker = undefined;
        settle();
        reject(cause);
      };
      const timer = clock.after(patienceMs, () => {
        worker = undefined;
        settle();
        void current.terminate();
        resolve({ stuck: at });
      });
      current.on("message", onMessage).on("error", onError);
      current.postMessage(request);
    });
  }

  async function expandAll(calendars: readonly CalendarText[], window: Window): Promise<Expansion> {
    const excluded: string[] = [];
    while (excluded.length < maxExclusions) {
      const result = await attempt({ calendars, window, excluded });
      if (!("stuck" in result)) return result;
      excluded.push(result.stuck);
    }
    throw new Problem("TooLarge", "the calendars take too long to read");
  }

  return {
    expand(calendars, window) {
      const mine = tail.then(() => expandAll(calendars, window));
      // The next one waits for this one, whatever becomes of it.
      tail = mine.catch(() => undefined);
      return mine;
    },
    async [Symbol.asyncDispose]() {
      await worker?.terminate();
    },
  };
}
