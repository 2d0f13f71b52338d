import { problem } from "../../api/reasons.ts";
import type { Clock } from "../../lib/clock.ts";

/** A long task that can be watched, that ends in time, and that a person may break off. */
export interface Task {
  readonly clock: Clock;
  /** Unix ms: when waiting is given up. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  say(text: string): void;
}

const lookMs = 500;

/**
 * Asks again and again what is still to come until that is nothing, saying it whenever it changes. Throws Unfinished when the
 * time is over or the person broke it off; what was done is done, and doing it again goes on from there.
 */
export async function waitUntilNothing(task: Task, look: () => Promise<string>): Promise<void> {
  let said = "";
  for (;;) {
    const left = await look();
    if (left === "") return;
    if (left !== said) task.say(`  ${left}`);
    said = left;
    if (task.signal.aborted) throw problem("Unfinished", `broken off: ${left}`);
    if (task.clock.now() >= task.deadline)
      throw problem("Unfinished", `not done in time: ${left}; say a longer --timeout if need be`);
    await task.clock.sleep(lookMs, task.signal).catch(() => undefined);
  }
}

/** Throws Unfinished where the person broke it off. */
export function unlessBroken(task: Task): void {
  if (task.signal.aborted) throw problem("Unfinished", "broken off");
}
