import process from "node:process";
import { type ApiServerOptions, startApiServer } from "../../../apiserver/server.ts";
import { type Clock, systemClock } from "../../../lib/clock.ts";
import { openLog } from "../../../lib/log.ts";

// The embedded API in a process of its own, so that a test can kill it, trace it and count its memory. Options come as
// one JSON argument. `hurry` divides waits of a minute and more: bookmarks come each second, watches end after some.
const options = JSON.parse(process.argv[2] ?? "{}") as Omit<ApiServerOptions, "clock" | "log"> & { hurry?: number };
const hurry = options.hurry ?? 1;
const clock: Clock = {
  ...systemClock,
  after: (ms, act) => systemClock.after(ms >= 60_000 ? ms / hurry : ms, act),
};
const server = await startApiServer({ ...options, clock, log: openLog({ level: "error", name: "apiserver" }) });
process.once("SIGTERM", () => void server[Symbol.asyncDispose]().then(() => process.exit(0)));
process.stdout.write(`${JSON.stringify({ url: server.url, ca: server.caPem, pid: process.pid })}\n`);
