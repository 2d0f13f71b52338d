import { startApiServer } from "../../apiserver/server.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";
import { users } from "./kit.ts";

// A server in a process of its own, so that a test can kill it.
const dataDir = process.argv[2]!;
const server = await startApiServer({ dataDir, port: 0, clock: systemClock, log: silentLog, users });
process.stdout.write(`${JSON.stringify({ url: server.url, ca: server.caPem })}\n`);
