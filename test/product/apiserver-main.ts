import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { type ApiServerOptions, startApiServer } from "../../apiserver/server.ts";
import { readCrds } from "../../gitops/crd-schemas.ts";
import { systemClock } from "../../lib/clock.ts";
import { openLog } from "../../lib/log.ts";

// The embedded API in a process of its own, so that a test can kill it: folder, port, users and their tokens.
const [dataDir = "", port = "", users = ""] = process.argv.slice(2);
const server = await startApiServer({
  dataDir,
  port: Number(port),
  clock: systemClock,
  log: openLog({ level: "warn", name: "apiserver" }),
  users: JSON.parse(readFileSync(users, "utf8")) as NonNullable<ApiServerOptions["users"]>,
  crds: await readCrds(path.join(import.meta.dirname, "../../crds")),
});
process.stdout.write(`${JSON.stringify({ url: server.url, ca: server.caPem })}\n`);
