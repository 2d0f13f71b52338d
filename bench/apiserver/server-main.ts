import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import process from "node:process";
import { createInterface } from "node:readline";
import { type ApiServerOptions, startApiServer } from "../../apiserver/server.ts";
import { systemClock } from "../../lib/clock.ts";
import { openLog } from "../../lib/log.ts";

// The embedded API in a process of its own that tells, when asked by a line on its standard input, how long its event
// loop and its garbage collector have stalled since the last question, and how much memory it has.
const options = JSON.parse(process.argv[2] ?? "{}") as Omit<ApiServerOptions, "clock" | "log">;
const server = await startApiServer({ ...options, clock: systemClock, log: openLog({ level: "error" }) });
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let collected = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) collected = Math.max(collected, duration);
}).observe({ entryTypes: ["gc"] });
process.stdout.write(`${JSON.stringify({ url: server.url, ca: server.caPem })}\n`);
for await (const _question of createInterface({ input: process.stdin })) {
  const answer = { stallMs: delay.max / 1e6, collectMs: collected, residentMiB: process.memoryUsage.rss() / 2 ** 20 };
  delay.reset();
  collected = 0;
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await server[Symbol.asyncDispose]();
