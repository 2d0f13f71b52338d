import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe } from "vitest";
import { startApiServer } from "../../apiserver/server.ts";
import { connect } from "../../kube/connect.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";
import { type BareApi, shippedLaws, users } from "./shipped.ts";

describe("what is shipped, on the embedded API", () => shippedLaws(openEmbedded));

async function openEmbedded(): Promise<BareApi> {
  await using stack = new AsyncDisposableStack();
  const dataDir = mkdtempSync(path.join(tmpdir(), "roster-shipped-"));
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const all = [{ name: "admin", groups: ["system:masters"], token: "token-admin" }, ...users];
  const server = stack.use(await startApiServer({ dataDir, port: 0, clock: systemClock, log: silentLog, users: all }));
  const resources = stack.move();
  return {
    async as(user) {
      const token = all.find((one) => one.name === user)?.token ?? "";
      const tools = { log: silentLog, clock: systemClock, userAgent: "roster-test" };
      return resources.use(await connect({ server: server.url, caPem: server.caPem, token }, tools));
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
