import process from "node:process";
import { parseArgs } from "node:util";
import { openLog } from "../lib/log.ts";
import { messageOf } from "../lib/problem.ts";
import { startRehearsal } from "./server.ts";

// roster's offline model as a process of its own: prints {"url": …} when it is ready, ends on SIGTERM, SIGINT, or when
// the parent that forked it goes away.
const usage =
  "rehearsal/main.ts --port 0 --scripts 'roles/*/rehearsal.yaml' [--scripts …] [--log FILE] [--host 127.0.0.1]";
const log = openLog({ name: "rehearsal" });

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: "string", default: "0" },
      host: { type: "string", default: "127.0.0.1" },
      scripts: { type: "string", multiple: true, default: [] },
      log: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port must be from 0 to 65535. ${usage}`);
  // A shell that expands the glob leaves the rest of the files as plain arguments.
  const scripts = [...values.scripts, ...positionals];
  if (scripts.length === 0) throw new Error(`--scripts is missing. ${usage}`);
  const rehearsal = await startRehearsal({
    port,
    host: values.host,
    scripts,
    ...(values.log ? { log: values.log } : {}),
  });
  const stop = () => void rehearsal[Symbol.asyncDispose]().then(() => process.exit(0));
  process.once("SIGTERM", stop).once("SIGINT", stop).once("disconnect", stop);
  process.stdout.write(`${JSON.stringify({ url: rehearsal.url })}\n`);
} catch (thrown) {
  log.error(messageOf(thrown));
  process.exit(1);
}
