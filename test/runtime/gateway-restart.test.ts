import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { startGateway } from "../../gateway/start.ts";
import { systemClock } from "../../lib/clock.ts";
import { sha256 } from "../../lib/ids.ts";
import { silentLog } from "../../lib/log.ts";
import type { RequestLine } from "../../rehearsal/record.ts";
import { startRehearsal } from "../../rehearsal/server.ts";
import { openWorld } from "../gateway/kit/world.ts";
import { startRuntime } from "./process.ts";

const patience = { timeout: 30_000, interval: 25 };
const scenes = (last: string) => `scenes:
- name: write
  when: { intent: write }
  replies:
  - toolCalls: [{ name: notes.write, arguments: { text: once } }]
  - ${last}
`;

it("a gateway that dies under a run is outlived by worker and run; nothing recorded is repeated", async () => {
  await using world = await openWorld({ script: scenes("error: { hang: true }") });
  const ana = await world.hire("ana@acme.example");
  await using worker = startRuntime({
    ROSTER_GATEWAY_URL: world.gateway.url,
    ROSTER_WORKER_TOKEN: world.workerToken,
    ROSTER_WORKER_ID: "w1",
    ROSTER_WORKER_CONCURRENCY: "2",
  });
  const run = await world.admit(ana, { intent: "write" });
  await expect.poll(() => world.asked.length, patience).toBe(2);
  const { port } = world.gateway;
  await world.gateway[Symbol.asyncDispose]();

  const folder = mkdtempSync(path.join(tmpdir(), "restart-"));
  writeFileSync(path.join(folder, "r.yaml"), scenes("text: done"));
  const asked: RequestLine[] = [];
  await using rehearsal = await startRehearsal({
    port: 0,
    scripts: [path.join(folder, "r.yaml")],
    log: (line) => asked.push(line),
  });
  await using _ = await startGateway({
    ledger: world.ledger,
    kube: world.kube,
    clock: systemClock,
    log: silentLog,
    port,
    identity: "gateway-restarted",
    workerTokenHashes: [sha256(world.workerToken)],
    operatorTokenHashes: [],
    defaultModel: { baseURL: rehearsal.url },
    localServers: { notes: { kind: "http", url: world.notes.url } },
    allowPrivateNetworks: false,
  });
  await expect.poll(async () => (await world.ledger.runs.find(run.id))?.phase, patience).toBe("Succeeded");
  expect(worker.child.exitCode).toBe(null);
  // Turn 1 was in flight and is asked again with the same bytes; turn 0 and the write were recorded.
  expect(asked.map(({ turn }) => turn)).toEqual([1]);
  expect(asked[0]?.messagesSha256).toBe(world.asked[1]?.messagesSha256);
  expect(world.notes.log.calls).toHaveLength(1);
  rmSync(folder, { recursive: true });
});
