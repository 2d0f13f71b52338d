import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentRun } from "../../api/generated/agent-run.ts";
import { kinds } from "../../api/kinds.ts";
import type { Resource } from "../../api/resource.ts";
import type { KubeClient } from "../../kube/client.ts";
import { openLedger } from "../../ledger/open.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";
import { Place, type Up, until } from "./fleet.ts";
import { claimRun, type OwnWorker } from "./worker.ts";

const script = `scenes:
- name: short
  when: { user: "hello" }
  replies: [{ text: "Hello." }]
- name: long
  when: { user: "tell me everything" }
  replies:
  - text: "${"word ".repeat(400).trim()}"
    stream: { chunkCharacters: 5, chunkDelayMs: 100 }
`;

let place: Place;
let up: Up;
let admin: KubeClient;
let ana: KubeClient;
let gatewayUrl: string;
let worker: OwnWorker;
let uid: string;
const seen: AgentBinding[] = [];
const watching = new AbortController();

beforeAll(async () => {
  place = new Place();
  writeFileSync(path.join(place.roles, "ea_tess", "rehearsal.yaml"), script);
  // No runtime of ours: the test is the worker, so that it holds the run's token itself.
  up = await place.up(["--no-runtime"]).ready();
  admin = await up.as("admin");
  ana = await up.as("ana");
  const map = await admin.get<Resource & { data: { url: string } }>(kinds.ConfigMap, "roster-gateway", "roster-system");
  gatewayUrl = map.data.url;
  await up.line(/asked {2}tess-ana-first/);
  worker = await claimRun(gatewayUrl, up.token("worker"));
  const binding = await admin.get<AgentBinding>(kinds.AgentBinding, "tess-ana", "acme");
  uid = binding.metadata.uid;
  void follow(binding.metadata.resourceVersion);
});
afterAll(async () => {
  watching.abort();
  await worker?.[Symbol.asyncDispose]();
  await admin?.[Symbol.asyncDispose]();
  await ana?.[Symbol.asyncDispose]();
  await up?.[Symbol.asyncDispose]();
  await place?.[Symbol.asyncDispose]();
});

/** Everything that a watcher of the binding sees, in order. */
async function follow(resourceVersion: string): Promise<void> {
  const events = admin.watch<AgentBinding>(kinds.AgentBinding, {
    namespace: "acme",
    resourceVersion,
    signal: watching.signal,
  });
  for await (const event of events) {
    if (event.type !== "BOOKMARK" && event.object.metadata.uid === uid) seen.push(event.object);
  }
}

async function introspect(token: string): Promise<unknown> {
  const response = await fetch(`${gatewayUrl}/introspect`, {
    method: "POST",
    headers: { authorization: `Bearer ${up.token("operator")}`, "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ token }),
  });
  return response.json();
}

describe("while the agent is hired", () => {
  it("its token is active, and its model calls go through", async () => {
    expect(await introspect(worker.claim.token)).toMatchObject({ active: true });
    const answer = await worker.think(0, "hello");
    expect(answer.status, await answer.clone().text()).toBe(200);
  });
  it("a token is worth nothing to whoever is no operator, and no worker's token is a run's", async () => {
    const stranger = await fetch(`${gatewayUrl}/introspect`, {
      method: "POST",
      headers: { authorization: "Bearer wrong" },
      body: new URLSearchParams({ token: worker.claim.token }),
    });
    expect(stranger.status).toBe(401);
    const asWorker = await fetch(`${gatewayUrl}/v1/models`, {
      headers: { authorization: `Bearer ${up.token("worker")}` },
    });
    expect(asWorker.status).toBe(401);
  });
});

describe("when its binding is deleted", () => {
  it("an open stream is cut, the running run with it, queued ones are cancelled, and the next call is refused", async () => {
    for (const name of ["queued-1", "queued-2"]) {
      await ana.create<AgentRun>(kinds.AgentRun, {
        apiVersion: "roster.dev/v1alpha1",
        kind: "AgentRun",
        metadata: { name, namespace: "acme" },
        spec: {
          bindingRef: { name: "tess-ana" },
          requestedBy: "ana@acme.example",
          task: { intent: "daily-snapshot", text: "later" },
        },
      });
    }
    await until(async () =>
      (await admin.get<AgentRun>(kinds.AgentRun, "queued-2", "acme")).status?.phase === "Queued" ? true : undefined,
    );
    const answer = await worker.think(1, "tell me everything", { stream: true });
    const words = answer.body!.getReader();
    expect(new TextDecoder().decode((await words.read()).value)).toContain("chat.completion.chunk");
    await admin.delete(kinds.AgentBinding, "tess-ana", "acme");

    // Forty seconds of words were to come; the stream ends, by an error frame or a closed connection, long before.
    const rest: string[] = [];
    try {
      for (let part = await words.read(); !part.done; part = await words.read()) {
        rest.push(new TextDecoder().decode(part.value));
      }
    } catch {
      // A connection that is reset is a cut too.
    }
    expect(rest.join("").match(/word/g)?.length ?? 0).toBeLessThan(300);
    const cut = await worker.next();
    expect(cut).toMatchObject({ type: "cut" });
    const refused = await worker.think(2, "hello");
    expect(refused.status).toBe(401);
    expect(await introspect(worker.claim.token)).toEqual({ active: false });
    expect(JSON.stringify(await introspect(worker.claim.token))).toBe('{"active":false}');

    await until(async () => ((await admin.find(kinds.AgentBinding, "tess-ana", "acme")) ? undefined : true));
    for (const name of ["queued-1", "queued-2"]) {
      const run = await until(async () => {
        const found = await admin.get<AgentRun>(kinds.AgentRun, name, "acme");
        return found.status?.phase === "Queued" ? undefined : found;
      });
      expect(run.status?.phase).toBe("Cancelled");
    }
  });

  it("Revoked and DownstreamRevoked were seen before the finalizer went", () => {
    const trueOf = (binding: AgentBinding) =>
      (binding.status?.conditions ?? []).filter((one) => one.status === "True").map((one) => one.type);
    const both = seen.findIndex((one) => trueOf(one).includes("Revoked") && trueOf(one).includes("DownstreamRevoked"));
    expect(both).toBeGreaterThanOrEqual(0);
    expect(seen[both]?.metadata.finalizers).toContain("roster.dev/offboarding");
  });

  it("its Secret is free of our finalizer", async () => {
    const secret = await admin.get(kinds.Secret, "ana-office", "acme");
    expect(secret.metadata.finalizers ?? []).toEqual([]);
  });

  it("the audit tells it, in one chain", async () => {
    const { url } = JSON.parse(readFileSync(path.join(place.home, "postgres.json"), "utf8")) as { url: string };
    const keyFile = path.join(place.home, "ledger.key");
    await using ledger = await openLedger({ url, clock: systemClock, log: silentLog, writer: "e2e", keyFile });
    const rows = await ledger.audit.list({ bindingUid: uid, limit: 500 });
    const told = rows.map((row) => `${row.action} ${row.decision}`).join("\n");
    expect(told).toMatch(/hire/i);
    expect(told).toMatch(/fire/i);
    expect(await ledger.audit.verify()).toMatchObject({ ok: true });
  });
});
