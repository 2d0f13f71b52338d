import { describe, expect, it } from "vitest";
import type { Clock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";
import { WorkQueue } from "./work-queue.ts";

/** A clock whose timers fire when the test says so. */
function aClock() {
  const timers = new Set<{ readonly ms: number; readonly act: () => void }>();
  const clock: Clock = {
    now: () => 0,
    sleep: () => Promise.reject(new Error("nobody sleeps here")),
    after(ms, act) {
      const timer = { ms, act };
      timers.add(timer);
      return { [Symbol.dispose]: () => void timers.delete(timer) };
    },
  };
  const fire = () => {
    for (const timer of [...timers]) {
      timers.delete(timer);
      timer.act();
    }
  };
  return { clock, fire, waits: () => [...timers].map(({ ms }) => ms) };
}

describe("the queue of housekeeping", () => {
  it("does once what is said a thousand times for later, and again what is said after it was done", async () => {
    const { clock, fire, waits } = aClock();
    const done: string[] = [];
    await using queue = new WorkQueue({ work: async (key) => void done.push(key), clock, log: silentLog });
    for (let n = 0; n < 1_000; n++) queue.addLater(n % 2 === 0 ? "even" : "odd", 100);
    await queue.idle();
    expect([done, waits()]).toEqual([[], [100, 100]]);
    fire();
    await queue.idle();
    expect(done).toEqual(["even", "odd"]);
    queue.addLater("even", 100);
    fire();
    await queue.idle();
    expect(done).toEqual(["even", "odd", "even"]);
  });

  it("does now what is said for now, whatever waits for later", async () => {
    const { clock } = aClock();
    const done: string[] = [];
    await using queue = new WorkQueue({ work: async (key) => void done.push(key), clock, log: silentLog });
    queue.addLater("a", 100);
    queue.add("a");
    await queue.idle();
    expect(done).toEqual(["a"]);
  });

  it("lets others have their turn while it goes through many keys", async () => {
    const { clock } = aClock();
    let count = 0;
    let seen = 0;
    await using queue = new WorkQueue({ work: async () => void count++, clock, log: silentLog });
    for (let n = 0; n < 10_000; n++) queue.add(String(n));
    setImmediate(() => {
      seen = count;
    });
    await queue.idle();
    expect(count).toBe(10_000);
    expect(seen).toBeLessThan(1_000);
  });

  it("tries again later what failed", async () => {
    const { clock, fire, waits } = aClock();
    let tries = 0;
    const work = async () => {
      if (++tries < 3) throw new Error("not yet");
    };
    await using queue = new WorkQueue({ work, clock, log: silentLog });
    queue.add("a");
    await queue.idle();
    const first = waits();
    fire();
    await queue.idle();
    expect([first, waits()]).toEqual([[250], [500]]);
    fire();
    await queue.idle();
    expect([tries, waits()]).toEqual([3, []]);
  });
});
