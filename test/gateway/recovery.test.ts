import { afterAll, beforeAll, expect, it } from "vitest";
import type { LedgerStatus } from "../../api/wire.ts";
import { AuthorityLease } from "../../gateway/identity/authority-lease.ts";
import { OpenCalls } from "../../gateway/identity/open-calls.ts";
import { openMetrics } from "../../gateway/metrics.ts";
import type { BindingRecord, Ledger } from "../../ledger/ledger.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";
import { goBack } from "../ledger/go-back.ts";
import { freshDatabase } from "../ledger/kit.ts";
import { openaiFor } from "./kit/worker.ts";
import { openWorld, type World } from "./kit/world.ts";

// The ledger is put back under a gateway that runs: no other process is there to notice, and the cluster remembers nothing.
const url = await freshDatabase();
let world: World;
let ana: BindingRecord;
beforeAll(async () => {
  world = await openWorld({ databaseUrl: url });
  ana = await world.hire("ana@acme.example");
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

const ask = (path: string, token: string, body?: object) =>
  fetch(new URL(path, world.gateway.url), {
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
  });
const status = async () => (await (await ask("/v1/ledger", world.adminToken)).json()) as LedgerStatus;

it("cuts what is open, denies the next call on the older copy, and says why, before anything ran there", async () => {
  using owned = await world.claim(ana);
  const talk = (step: number) =>
    openaiFor(world.gateway.url, owned.claim, step).chat.completions.create({
      model: "workhorse",
      messages: [{ role: "user", content: "hello" }],
      max_tokens: 50,
    });
  await talk(0);
  const reads = await anotherLease();
  expect(reads.from.at(-1)).toBeGreaterThan(0);
  await world.ledger.audit.seal();
  const { seq } = await world.ledger.pairing.head();
  await world.ledger.now();
  expect((await ask("/readyz", "")).status).toBe(200);
  const asked = world.asked.length;
  await goBack(url, seq - 2);

  await expect(talk(1)).rejects.toMatchObject({ status: 503, code: "Recovering" });
  expect(world.asked).toHaveLength(asked);
  await expect.poll(async () => (await ask("/readyz", "")).status, { timeout: 20_000 }).toBe(503);
  expect(await (await ask("/readyz", "")).json()).toMatchObject({ reason: "Recovering" });
  const introspected = await fetch(new URL("/introspect", world.gateway.url), {
    method: "POST",
    headers: { authorization: `Bearer ${world.operatorToken}` },
    body: new URLSearchParams({ token: owned.claim.token }),
  });
  expect(introspected.status).toBe(503);
  expect((await owned.next())?.type).toBe("cut");
  // Numbers of the younger copy mean nothing in the older one.
  await expect.poll(() => reads.from.at(-1), { timeout: 20_000 }).toBe(0);
  const metrics = await (await ask("/metrics", "")).text();
  expect(metrics).toContain("roster_gateway_recovering 1");
});

/** The lease of another gateway that has seen a revocation, and from where it reads them each time. */
async function anotherLease(): Promise<{ readonly from: readonly number[] }> {
  const { ledger } = world;
  const ben = await world.hire("ben@acme.example");
  await ledger.bindings.fire(ben.uid, { tenant: ben.tenant, namespace: ben.namespace, name: ben.name, by: "test" });
  const from: number[] = [];
  const guard: Ledger["guard"] = {
    ...ledger.guard,
    revocationsSince(seq) {
      from.push(seq);
      return ledger.guard.revocationsSince(seq);
    },
  };
  const lease = await AuthorityLease.open({
    ledger: { ...ledger, guard },
    clock: systemClock,
    log: silentLog,
    open: new OpenCalls(),
    metrics: openMetrics(),
    identity: "gateway-other",
    leaseMs: 2_000,
    doubt() {},
  });
  afterAll(() => lease[Symbol.asyncDispose]());
  return { from };
}

it("is ended by whoever may change what the cluster remembers, about the state that they saw", async () => {
  await expect.poll(async () => (await status()).state, { timeout: 20_000 }).toBe("Recovering");
  const { ledger, cause } = await status();
  expect(cause).toBe("LedgerRegressed");
  const choice = { ledger: ledger.id, epoch: ledger.epoch };
  expect((await ask("/v1/ledger", world.anaToken)).status).toBe(403);
  expect((await ask("/v1/ledger/accept", world.anaToken, choice)).status).toBe(403);
  expect((await ask("/v1/ledger/accept", world.adminToken, { ledger: ledger.id })).status).toBe(400);
  expect((await ask("/v1/ledger/accept", world.adminToken, { ...choice, epoch: 1 })).status).toBe(409);
  expect((await ask("/v1/ledger/adopt", world.adminToken, choice)).status).toBe(409);
  const accepted = await ask("/v1/ledger/accept", world.adminToken, choice);
  expect(accepted.status).toBe(200);
  await expect.poll(async () => (await ask("/readyz", "")).status, { timeout: 20_000 }).toBe(200);
  expect((await status()).state).toBe("Paired");
  expect(await (await ask("/metrics", "")).text()).toContain("roster_gateway_recovering 0");
});
