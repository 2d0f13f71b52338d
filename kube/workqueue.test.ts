import { expect, it } from "vitest";
import { fakeClock } from "../test/kit/fake-clock.ts";
import { type Again, Workqueue } from "./workqueue.ts";

/** A queue whose work is finished by hand. */
function bench(concurrency = 2, lowConcurrency?: number) {
  const clock = fakeClock(0);
  const started: string[] = [];
  const thrown: string[] = [];
  const open = new Map<string, (again: Again) => void>();
  const queue = new Workqueue({
    clock,
    concurrency,
    ...(lowConcurrency === undefined ? {} : { lowConcurrency }),
    random: () => 1,
    work(key) {
      started.push(key);
      return new Promise((resolve, reject) => {
        open.set(key, (again) => (again === undefined ? reject(new Error("bug")) : resolve(again)));
      });
    },
    failed: (key) => thrown.push(key),
  });
  const finish = async (key: string, again: Again | undefined) => {
    open.get(key)!(again as Again);
    await clock.advance(0);
  };
  return { clock, queue, started, thrown, finish };
}

const done: Again = { kind: "done" };
const back: Again = { kind: "backoff" };

it("works on a key once however often it was added, and never twice at once", async () => {
  const { queue, started, finish } = bench();
  queue.add("a");
  queue.add("a");
  expect(started).toEqual(["a"]);
  queue.add("a");
  queue.add("a");
  expect(started).toEqual(["a"]);
  await finish("a", done);
  expect(started).toEqual(["a", "a"]);
  await finish("a", done);
  expect(queue.depth).toBe(0);
});

it("keeps workers for news while it works on what is only there", async () => {
  const { queue, started, finish } = bench(3, 1);
  for (const key of ["a", "b", "c"]) queue.add(key, { low: true });
  expect(started).toEqual(["a"]);
  queue.add("news");
  queue.add("b");
  expect(started).toEqual(["a", "news", "b"]);
  await finish("news", done);
  expect(started, "c waits for a").toHaveLength(3);
  await finish("a", done);
  expect(started.at(-1)).toBe("c");
});

it("works on as many keys at a time as it may, news before what is only there", async () => {
  const { queue, started, finish } = bench(1);
  queue.add("busy");
  queue.add("old", { low: true });
  queue.add("news");
  await finish("busy", done);
  await finish("news", done);
  expect(started).toEqual(["busy", "news", "old"]);
  queue.add("x", { low: true });
  queue.add("y", { low: true });
  queue.add("y");
  await finish("old", done);
  expect(started.at(-1)).toBe("y");
});

it("waits longer with each failure, and forgets failures after a success", async () => {
  const { clock, queue, started, finish } = bench();
  queue.add("a");
  await finish("a", back);
  await clock.advance(49);
  expect(started.length).toBe(1);
  await clock.advance(1);
  expect(started.length).toBe(2);
  await finish("a", back);
  await clock.advance(99);
  expect(started.length).toBe(2);
  await clock.advance(1);
  expect(started.length).toBe(3);
  expect(queue.failuresOf("a")).toBe(2);
  await finish("a", done);
  expect(queue.failuresOf("a")).toBe(0);
});

it("waits no longer than a failure's own cap, however many came before", async () => {
  const { clock, queue, started, finish } = bench();
  queue.add("a");
  for (let failures = 0; failures < 12; failures++) {
    await finish("a", { kind: "backoff", capMs: 500 });
    await clock.advance(500);
  }
  expect(started.length).toBe(13);
  expect(queue.failuresOf("a")).toBe(12);
});

it("treats a throw as a failure and tells of it", async () => {
  const { clock, queue, started, thrown, finish } = bench();
  queue.add("a");
  await finish("a", undefined);
  expect(thrown).toEqual(["a"]);
  await clock.advance(50);
  expect(started.length).toBe(2);
});

it("keeps the earlier of two times for a key, also beyond what a timer can hold", async () => {
  const { clock, queue, started } = bench();
  const days = 86_400_000;
  queue.addAt("a", 40 * days);
  queue.addAt("a", 30 * days);
  queue.addAt("a", 35 * days);
  await clock.advance(30 * days - 1);
  expect(started).toEqual([]);
  await clock.advance(1);
  expect(started).toEqual(["a"]);
});

it("finishes what is under way when it is disposed, and nothing else", async () => {
  const { clock, queue, started, finish } = bench(1);
  queue.add("a");
  queue.add("b");
  queue.addAt("c", 10);
  const disposed = queue[Symbol.asyncDispose]();
  await finish("a", { kind: "now" });
  await disposed;
  await clock.advance(100);
  queue.add("d");
  expect(started).toEqual(["a"]);
});
