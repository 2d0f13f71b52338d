import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Ledger } from "../../ledger/ledger.ts";
import { openLedger } from "../../ledger/open.ts";
import type { Problem } from "../../lib/problem.ts";
import { aCluster } from "./a-cluster.ts";
import { aFleet, claimed, type Fleet, modelCall, permitted, toolCall, withLedger } from "./fleet.ts";
import { goBack } from "./go-back.ts";
import { freshDatabase } from "./kit.ts";

const cluster = "cluster-uid";

describe("recovery", async () => {
  const { ledger, url, clock, another } = await withLedger();
  const home = aCluster(cluster);
  let fleet: Fleet;
  let other: Ledger;

  beforeAll(async () => {
    fleet = await aFleet(ledger);
    await fleet.budget("all", { Day: "100.00" });
    expect(await ledger.pairing.check(home.ask)).toEqual({ kind: "new" });
    await home.pair(ledger);
    expect(await ledger.pairing.check(home.ask)).toEqual({ kind: "paired" });
    other = await another();
  });

  it("begins when the cluster knows more than the ledger, and then nothing at all is permitted, to nobody", async () => {
    const ana = await fleet.hire("ana");
    const ben = await fleet.hire("ben");
    await fleet.admit(ana);
    const running = await claimed(ledger);
    const call = permitted(await ledger.guard.permit(modelCall(running, 0)));
    await ledger.guard.happened({ callId: call.callId, response: { text: "hi" }, isError: false, charge: 5n });
    const lost = permitted(await ledger.guard.permit(toolCall(running, 0, 0, { repeat: "never" })));
    const queued = (await fleet.admit(ben)).run;
    await home.tell(ledger);
    const told = home.says.mark!;
    home.says.mark = { ...told, seq: told.seq + 1 };

    expect(await other.pairing.check(home.ask)).toMatchObject({
      kind: "recovering",
      cause: "LedgerRegressed",
      shared: true,
    });
    // The process that noticed nothing is refused by the ledger itself.
    expect(await ledger.guard.permit(toolCall(running, 0, 1))).toMatchObject({
      outcome: "refused",
      reason: "Recovering",
    });
    expect(await ledger.guard.introspect(toolCall(running, 0, 1).tokenHash)).toBeUndefined();
    const recovering = { reason: "Recovering" };
    await expect(ledger.runs.claim({ id: "w", gateway: "g", leaseMs: 1000 })).rejects.toMatchObject(recovering);
    await expect(ledger.guard.gatewayBeat("g", 0, 1000)).rejects.toMatchObject(recovering);
    await expect(ledger.leadership.campaign("controller", "new", 1000)).rejects.toMatchObject(recovering);
    await expect(fleet.admit(ana)).rejects.toMatchObject({ reason: "LeadershipLost" });
    await expect(fleet.hire("carla")).rejects.toMatchObject({ reason: "LeadershipLost" });

    expect(await ledger.runs.find(running.run.id)).toMatchObject({
      phase: "Waiting",
      reason: "OutcomeUnknown",
      waitingFor: { type: "Outcome", name: "recovery" },
    });
    expect(await ledger.runs.find(queued.id)).toMatchObject({ phase: "Cancelled", reason: "OlderThanRecovery" });
    const { steps } = (await ledger.runs.trace(running.run.id))!;
    expect(steps.map((step) => step.state)).toEqual(["happened", "uncertain"]);
    // What was in flight may still be told: the money and the answer are known then.
    await ledger.guard.happened({ callId: lost.callId, response: { text: "late" }, isError: false });
    expect((await ledger.runs.trace(running.run.id))!.steps.at(-1)).toMatchObject({ state: "happened" });
  });

  it("still revokes: taking away needs no pair", async () => {
    const ben = (await ledger.bindings.findByName(fleet.tenant, "ben"))!;
    const context = { tenant: fleet.tenant, namespace: "acme", name: "ben", by: "test" };
    expect(await ledger.bindings.fire(ben.uid, context)).toMatchObject({ alreadyRevoked: false });
  });

  it("goes on for whoever opens the ledger later", async () => {
    const late = await another("late");
    expect(await late.pairing.check(home.ask)).toMatchObject({ kind: "recovering", cause: "LedgerRegressed" });
    const before = await ledger.pairing.facts();
    await late.pairing.check(home.ask);
    expect(await ledger.pairing.facts()).toEqual(before);
  });

  it("ends by a person's word about what they saw, and nothing older is admitted", async () => {
    const { ledger: id, epoch } = await ledger.pairing.facts();
    const wrong = ledger.pairing.accept(home.says, { ledger: id, epoch: epoch - 1 }, "admin");
    await expect(wrong).rejects.toMatchObject({ reason: "Conflict" });
    await expect(ledger.pairing.adopt(home.says, { ledger: id, epoch }, "admin")).rejects.toThrow(/accept/);
    const asked = clock.now();
    clock.advance(1_000);
    expect(await ledger.pairing.accept(home.says, { ledger: id, epoch }, "admin")).toMatchObject({ uncertain: 0 });
    for (const each of [ledger, other]) expect(await each.pairing.check(home.ask)).toEqual({ kind: "paired" });
    const fence = (await ledger.leadership.campaign(`controller-${fleet.tenant}`, "test", 3_600_000))!;
    const ana = (await ledger.bindings.findByName(fleet.tenant, "ana"))!;
    const request = {
      tenant: fleet.tenant,
      bindingUid: ana.uid,
      origin: { type: "Person" as const },
      requestedBy: "ana",
      task: {},
    };
    const old = await ledger.runs.admit(fence, { ...request, key: "request:old", madeAt: asked });
    expect(old).toMatchObject({ outcome: "refused", run: { reason: "OlderThanRecovery" } });
    const young = await ledger.runs.admit(fence, { ...request, key: "request:young", madeAt: clock.now() });
    expect(young.outcome).toBe("queued");
    await home.tell(ledger);
    expect(await ledger.pairing.check(home.ask)).toEqual({ kind: "paired" });
    const said = await ledger.audit.list({ limit: 500 });
    expect(said.filter((row) => /recover|ledger-/.test(row.action))).toMatchObject([
      { action: "recover", principal: "ledger" },
      { action: "ledger-accept", principal: "admin" },
    ]);
    expect(await ledger.audit.verify()).toMatchObject({ ok: true });
  });

  it("begins by itself where a connection shows an older copy, before anything runs there", async () => {
    await home.tell(ledger);
    await ledger.now();
    await other.now();
    await goBack(url, home.says.mark!.seq - 2);
    const claim = () => other.runs.claim({ id: "w", gateway: "g", leaseMs: 1000 });
    // A connection may break only when it is used.
    await expect.poll(() => claim().catch((thrown: Problem) => thrown.reason)).toBe("Recovering");
    // Even where the cluster remembers nothing.
    expect(await other.pairing.check(async () => ({ cluster }))).toMatchObject({
      cause: "LedgerRegressed",
      shared: true,
    });
    expect(await other.pairing.facts()).toMatchObject({ recovering: { cause: "LedgerRegressed" } });
    expect(await ledger.pairing.check(home.ask)).toMatchObject({ kind: "recovering" });
    const { ledger: id, epoch } = await ledger.pairing.facts();
    await ledger.pairing.accept(home.says, { ledger: id, epoch }, "admin");
    for (const each of [ledger, other]) expect(await each.pairing.check(home.ask)).toEqual({ kind: "paired" });
    expect(await other.runs.claim({ id: "w", gateway: "g", leaseMs: 1000 })).toBeUndefined();
  });

  it("begins where the cluster is older than the ledger told it to be", async () => {
    const old = { ...home.says.mark! };
    await home.tell(ledger);
    const young = home.says.mark!;
    expect(young.seq).toBeGreaterThan(old.seq);
    // As after the acceptance, when it had not been told anything yet.
    home.says.mark = { ...young, seq: young.seq - 1, hash: (await hashAt(url, young.seq - 1))! };
    expect(await ledger.pairing.check(home.ask)).toMatchObject({ cause: "ClusterRegressed", shared: true });
    const { ledger: id, epoch } = await ledger.pairing.facts();
    await ledger.pairing.accept(home.says, { ledger: id, epoch }, "admin");
    expect(await ledger.pairing.check(home.ask)).toEqual({ kind: "paired" });
    await home.tell(ledger);
  });
});

describe("a process that is connected to the wrong one", async () => {
  const { ledger, options } = await withLedger();
  const home = aCluster(cluster);
  const elsewhere = aCluster("another-cluster");

  it("denies everything here and leaves the other's ledger alone", async () => {
    await ledger.pairing.check(home.ask);
    await home.pair(ledger);
    const before = await ledger.pairing.facts();
    await using intruder = await openLedger({ ...options, writer: "intruder" });
    expect(await intruder.pairing.check(elsewhere.ask)).toMatchObject({ cause: "OtherCluster", shared: false });
    for (const attempt of [
      () => intruder.runs.claim({ id: "w", gateway: "g", leaseMs: 1000 }),
      () => intruder.bindings.list("t"),
      () => intruder.guard.introspect("x"),
      () => intruder.bindings.fire("u", { tenant: "t", namespace: "n", name: "b", by: "x" }),
    ])
      await expect(attempt()).rejects.toMatchObject({
        reason: "Recovering",
        message: expect.stringMatching(/another cluster/),
      });
    expect(await ledger.pairing.facts()).toEqual(before);
    expect(await ledger.pairing.check(home.ask)).toEqual({ kind: "paired" });
  });

  it("may take the ledger over, and then the former cluster is the wrong one", async () => {
    await using taker = await openLedger({ ...options, writer: "taker" });
    expect(await taker.pairing.check(elsewhere.ask)).toMatchObject({ cause: "OtherCluster" });
    const { ledger: id, epoch } = await taker.pairing.facts();
    await expect(taker.pairing.accept(elsewhere.says, { ledger: id, epoch }, "admin")).rejects.toThrow(/adopt/);
    await taker.pairing.adopt(elsewhere.says, { ledger: id, epoch }, "admin");
    expect(await taker.pairing.check(elsewhere.ask)).toEqual({ kind: "paired" });
    expect(await ledger.pairing.check(home.ask)).toMatchObject({ cause: "OtherCluster", shared: false });
  });

  it("does not pair an empty ledger with a cluster that knows another, unless a person says so", async () => {
    await elsewhere.tell(await openedBy(options));
    const url = await freshDatabase();
    const empty = await openLedger({ ...options, url, writer: "empty" });
    afterAll(() => empty[Symbol.asyncDispose]());
    expect(await empty.pairing.check(elsewhere.ask)).toMatchObject({ cause: "OtherLedger", shared: false });
    await expect(empty.runs.claim({ id: "w", gateway: "g", leaseMs: 1000 })).rejects.toMatchObject({
      reason: "Recovering",
    });
    const { ledger: id, epoch } = await empty.pairing.facts();
    await empty.pairing.accept(elsewhere.says, { ledger: id, epoch }, "admin");
    expect(await empty.pairing.check(elsewhere.ask)).toEqual({ kind: "paired" });
    await elsewhere.tell(empty);
    expect(await empty.pairing.check(elsewhere.ask)).toEqual({ kind: "paired" });
  });
});

async function openedBy(options: Parameters<typeof openLedger>[0]): Promise<Ledger> {
  const opened = await openLedger({ ...options, writer: "teller" });
  afterAll(() => opened[Symbol.asyncDispose]());
  return opened;
}

async function hashAt(url: string, seq: number): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url, options: "-c search_path=roster" });
  await client.connect();
  const found = await client.query("select hash from audit_chain where seq = $1", [seq]);
  await client.end();
  return (found.rows[0] as { hash?: string } | undefined)?.hash;
}
