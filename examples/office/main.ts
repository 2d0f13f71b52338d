import process from "node:process";
import { parseArgs } from "node:util";
import { systemClock } from "../../lib/clock.ts";
import { openLog } from "../../lib/log.ts";
import { messageOf } from "../../lib/problem.ts";
import { startOffice } from "./server.ts";
import { openUsers } from "./users.ts";

const usage = "usage: node examples/office/main.ts --users FILE [--root DIR] [--port N]";

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { root: { type: "string" }, port: { type: "string" }, users: { type: "string" } },
  });
  const port = Number(values.port ?? "0");
  if (values.users === undefined || !Number.isInteger(port) || port < 0 || port > 65_535) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const log = openLog({ name: "office" });
  const users = await openUsers(values.users, values.root ?? ".");
  const office = await startOffice({ users, port, clock: systemClock, log });
  process.stdout.write(`${JSON.stringify({ url: office.url })}\n`);
  const stop = () => void office[Symbol.asyncDispose]().then(() => process.exit(0));
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  // When whoever started us is killed, nobody is left to stop us; an orphan would hold its port and the mail open.
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop();
  }, 1000).unref();
  return 0;
}

process.exitCode = await main().catch((thrown) => {
  process.stderr.write(`office: ${messageOf(thrown)}\n`);
  return 1;
});
