import process from "node:process";
import { systemClock } from "../lib/clock.ts";
import { openLog } from "../lib/log.ts";
import { startWorker } from "./worker.ts";

// The runtime as a process of its own. It knows a gateway, a worker token and its name, and nothing else: no database, no
// cluster, no provider key. SIGTERM gives running runs back and ends it.
const log = openLog({ name: "runtime" });

function setting(name: string, fallback?: string): string {
  const value = process.env[name] ?? fallback;
  if (value === undefined || value === "") {
    log.error(`${name} is not set; the runtime needs ROSTER_GATEWAY_URL and ROSTER_WORKER_TOKEN`);
    process.exit(2);
  }
  return value;
}

const gatewayUrl = setting("ROSTER_GATEWAY_URL").replace(/\/+$/, "");
const workerToken = setting("ROSTER_WORKER_TOKEN");
const id = setting("ROSTER_WORKER_ID", `worker-${process.pid}`);
const concurrency = Number(setting("ROSTER_WORKER_CONCURRENCY", "4"));
if (!URL.canParse(gatewayUrl)) {
  log.error("ROSTER_GATEWAY_URL is not a URL");
  process.exit(2);
}
if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 256) {
  log.error("ROSTER_WORKER_CONCURRENCY must be a whole number from 1 to 256");
  process.exit(2);
}
// Libraries look into the environment on their own; from here on there is nothing to find.
for (const name of Object.keys(process.env)) delete process.env[name];

const worker = startWorker({ gatewayUrl, workerToken, id, concurrency, clock: systemClock, log });
log.info("runtime started", { worker: id, concurrency });

const stop = () => void worker[Symbol.asyncDispose]().then(() => process.exit(0));
// `disconnect`: the parent that forked us is gone, and with it everything that we work for.
process.once("SIGTERM", stop).once("SIGINT", stop).once("disconnect", stop);
