import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { AgentRun } from "../../api/generated/agent-run.ts";
import { kinds } from "../../api/kinds.ts";
import type { Trace } from "../../api/wire.ts";
import type { KubeClient } from "../../kube/client.ts";
import { Place, type Up, until } from "./fleet.ts";

// One quick step that is recorded, then an answer that takes long enough to be killed in.
const script = `scenes:
- name: slow
  when: { intent: daily-snapshot }
  replies:
  - toolCalls: [{ name: mail.list, arguments: { limit: 5 } }]
  - latencyMs: 2500
    toolCalls: [{ name: artifact.write, arguments: { name: snapshot.md, content: "done" } }]
  - text: "Done."
`;

let place: Place;
let up: Up;
let admin: KubeClient;
beforeAll(async () => {
  place = new Place();
  writeFileSync(path.join(place.roles, "ea_tess", "rehearsal.yaml"), script);
  up = await place.up().ready();
  admin = await up.as("admin");
});
afterAll(async () => {
  await admin?.[Symbol.asyncDispose]();
  await up?.[Symbol.asyncDispose]();
  await place?.[Symbol.asyncDispose]();
});

async function trace(name: string): Promise<Trace | undefined> {
  const { code, stdout } = await place.roster(["trace", `arun/${name}`, "-o", "json"]);
  return code === 0 ? (JSON.parse(stdout) as Trace) : undefined;
}
const child = async (script: string) => (await up.children()).find((one) => one.command.includes(script));
const finished = (name: string) =>
  until(async () => {
    const found = await admin.find<AgentRun>(kinds.AgentRun, name, "acme");
    return found?.status?.finishedAt ? found : undefined;
  });

it("a runtime that is killed mid-run is replaced, and the run goes on without repeating what is recorded", async () => {
  const waiting = await until(async () => {
    const found = await trace("tess-ana-first");
    return found?.steps.some((step) => step.step === "1" && step.state === "intended") ? found : undefined;
  });
  expect(waiting.steps.find((step) => step.step === "0.0")).toMatchObject({
    name: "mail.list",
    state: "happened",
    epoch: 1,
  });
  const before = await child("runtime/main.ts");
  process.kill(before?.pid ?? 0, "SIGKILL");

  const run = await finished("tess-ana-first");
  expect(run.status?.phase, run.status?.message).toBe("Succeeded");
  const after = await trace("tess-ana-first");
  expect(after?.steps.find((step) => step.step === "0.0")?.epoch).toBe(1);
  expect(Math.max(...(after?.steps ?? []).map((step) => step.epoch))).toBe(2);
  expect((await child("runtime/main.ts"))?.pid).not.toBe(before?.pid);

  // The model's own log, which nothing of ours writes: what was recorded was asked for once.
  const asked = readFileSync(path.join(place.home, "rehearsal-requests.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { turn: number });
  expect(asked.filter((one) => one.turn === 0)).toHaveLength(1);
  expect(asked.filter((one) => one.turn === 2)).toHaveLength(1);
});

it("a Postgres that is killed comes back, and so does the fleet", async () => {
  const postgres = await child("postgres");
  process.kill(postgres?.pid ?? 0, "SIGKILL");
  const ana = await up.as("ana");
  await ana.create<AgentRun>(kinds.AgentRun, {
    apiVersion: "roster.dev/v1alpha1",
    kind: "AgentRun",
    metadata: { name: "after-the-crash", namespace: "acme" },
    spec: {
      bindingRef: { name: "tess-ana" },
      requestedBy: "ana@acme.example",
      task: { intent: "daily-snapshot", text: "again" },
    },
  });
  const run = await finished("after-the-crash");
  expect(run.status?.phase, run.status?.message).toBe("Succeeded");
  await ana[Symbol.asyncDispose]();
});
