import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { messageOf } from "../lib/problem.ts";

/** Something done again and again. */
export interface Loop extends AsyncDisposable {
  /** Does it now; while it is being done, once more afterwards. */
  wake(): void;
}

/**
 * Does `act` each `everyMs`, one at a time. A throw is logged and waited out like a success: the next turn is the retry.
 * Disposal waits for the turn under way.
 */
export function startLoop(
  name: string,
  everyMs: number,
  ports: { readonly clock: Clock; readonly log: Log },
  act: () => Promise<unknown>,
): Loop {
  const { clock, log } = ports;
  let timer: Disposable | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let told = "";

  async function turn(): Promise<void> {
    try {
      await act();
      told = "";
    } catch (thrown) {
      const error = messageOf(thrown);
      if (error !== told) log.warn(`${name} failed, trying again`, { error });
      told = error;
    }
  }

  function wake(): void {
    if (stopped) return;
    if (running !== undefined) {
      again = true;
      return;
    }
    timer?.[Symbol.dispose]();
    running = turn().finally(() => {
      running = undefined;
      if (stopped) return;
      timer = clock.after(again ? 0 : everyMs, wake);
      again = false;
    });
  }

  timer = clock.after(everyMs, wake);
  return {
    wake,
    async [Symbol.asyncDispose]() {
      stopped = true;
      timer?.[Symbol.dispose]();
      await running;
    },
  };
}
