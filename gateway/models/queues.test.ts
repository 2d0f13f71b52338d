import { expect, it } from "vitest";
import { systemClock } from "../../lib/clock.ts";
import { openQueues } from "./queues.ts";

const never = new AbortController().signal;

it("lets so many through at a time, in the order in which they came", async () => {
  const queues = openQueues(systemClock);
  const order: string[] = [];
  const first = await queues.enter("t", 1, never);
  const enter = async (name: string) => {
    const place = await queues.enter("t", 1, never);
    order.push(name);
    return place;
  };
  const second = enter("second");
  const third = enter("third");
  first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
  (await third)[Symbol.dispose]();
  expect(order).toEqual(["second", "third"]);
});

it("gives up a place that is left twice only once", async () => {
  const queues = openQueues(systemClock);
  const first = await queues.enter("t", 1, never);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  using _second = await queues.enter("t", 1, never);
  const waiting = new AbortController();
  const third = queues.enter("t", 1, waiting.signal);
  waiting.abort(new Error("left"));
  await expect(third).rejects.toThrow("left");
});

it("refuses a line that is too long at once", async () => {
  const queues = openQueues(systemClock);
  using _place = await queues.enter("t", 1, never);
  const leaving = new AbortController();
  const waiting = Array.from({ length: 8 }, () => queues.enter("t", 1, leaving.signal));
  await expect(queues.enter("t", 1, never)).rejects.toMatchObject({ reason: "RateLimited" });
  leaving.abort(new Error("left"));
  await Promise.allSettled(waiting);
});
