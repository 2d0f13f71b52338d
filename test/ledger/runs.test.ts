import pg from "pg";
import { expect, it } from "vitest";
import { shortId } from "../../lib/ids.ts";
import { aFleet, claimed, withLedger } from "./fleet.ts";

const t = await withLedger();
const { ledger, clock } = t;
const other = await t.another();
const worker = { id: "w", gateway: "g", leaseMs: 30_000 };

/** Every test leaves the queue empty for the next one. */
async function drained(): Promise<void> {
  for (const run of await ledger.runs.list({ phases: ["Queued", "Running", "Waiting"], limit: 1000 }))
    await ledger.runs.cancel(run.id, "test");
}

it("admits once per key, whoever asks and however often", async () => {
  const fleet = await aFleet(ledger);
  const ana = await fleet.hire("tess-ana");
  const request = {
    tenant: fleet.tenant,
    bindingUid: ana.uid,
    key: "request:1",
    origin: { type: "Person" },
    requestedBy: "ana@acme.example",
    task: { text: "t\u0000", payload: { n: 1 } },
    objectName: "my-run",
    objectUid: "uid-1",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  } as const;
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, n) => (n % 2 ? other : ledger).runs.admit(undefined, request)),
  );
  expect(new Set(answers.map((answer) => answer.run.id)).size).toBe(1);
  expect(answers.filter((answer) => answer.outcome === "queued")).toHaveLength(1);
  expect(await ledger.runs.findByObject(fleet.tenant, "my-run")).toMatchObject({
    id: answers[0]!.run.id,
    objectUid: "uid-1",
    traceId: "0af7651916cd43dd8448eb211c80319c",
    task: { text: "t\u0000", payload: { n: 1 } },
    roleRevision: fleet.role.revision,
    deadline: clock.now() + 86_400_000,
  });
  const window = await fleet.admit(ana);
  expect(window.run.objectName).toBe(`tess-ana-${shortId(window.run.id)}`);
  await drained();
});

it("refuses with a row that says why", async () => {
  const fleet = await aFleet(ledger, { limits: { maxWaitingRuns: 2 } });
  const ana = await fleet.hire("tess-ana");
  const trigger = { triggerUid: "trigger", concurrency: "Forbid" } as const;
  expect(await fleet.admit(ana, trigger)).toMatchObject({ outcome: "queued" });
  expect(await fleet.admit(ana, trigger)).toMatchObject({
    outcome: "refused",
    run: { reason: "ConcurrencyForbidden" },
  });
  const crowd = await Promise.all(Array.from({ length: 5 }, () => fleet.admit(ana)));
  expect(crowd.filter((admission) => admission.outcome === "queued")).toHaveLength(1);
  expect(crowd.find((admission) => admission.outcome === "refused")).toMatchObject({
    run: { phase: "Refused", reason: "TooManyWaiting" },
  });
  await ledger.catalog.putRole(fleet.fence, { ...fleet.role, compiled: false });
  const bob = await fleet.hire("tess-bob");
  expect(await fleet.admit(bob)).toMatchObject({ outcome: "refused", run: { reason: "BindingNotReady" } });
  await expect(fleet.admit({ ...bob, uid: "nobody" })).rejects.toMatchObject({ reason: "BindingNotFound" });
  await expect(fleet.admit(bob, { deadlineSeconds: -1 })).rejects.toMatchObject({ reason: "InvalidRequest" });
  expect(await ledger.runs.triggerSummary("trigger")).toMatchObject({ fired: 1, refused: 1, ruleAnswered: 0 });
  await drained();
});

it("gives each run to one worker, keeps the limit of running ones and takes turns between bindings", async () => {
  const fleet = await aFleet(ledger, { limits: { maxConcurrentRuns: 2 } });
  const ana = await fleet.hire("tess-ana");
  const bob = await fleet.hire("tess-bob");
  for (let n = 0; n < 6; n++) await fleet.admit(ana);
  for (let n = 0; n < 2; n++) await fleet.admit(bob);
  const claims: Awaited<ReturnType<typeof ledger.runs.claim>>[] = [];
  for (let round = 0; round < 10; round++)
    claims.push(...(await Promise.all([ledger, other, ledger, other].map((by) => by.runs.claim(worker)))));
  const got = claims.filter((claim) => claim !== undefined);
  expect(new Set(got.map((claim) => claim.run.id)).size).toBe(got.length);
  expect(got.map((claim) => claim.binding.name).sort()).toEqual(["tess-ana", "tess-ana", "tess-bob", "tess-bob"]);
  await ledger.runs.cancel(got.find((claim) => claim.binding.name === "tess-ana")!.run.id, "ana@acme.example");
  expect((await ledger.runs.claim(worker))!.binding.name).toBe("tess-ana");
  await drained();
  for (let n = 0; n < 2; n++) {
    await fleet.admit(ana);
    await fleet.admit(bob);
  }
  const names = [(await claimed(ledger)).binding.name, (await claimed(ledger)).binding.name];
  expect(names.sort()).toEqual(["tess-ana", "tess-bob"]);
  await drained();
});

it("fences off a former owner", async () => {
  const fleet = await aFleet(ledger);
  await fleet.admit(await fleet.hire("tess-ana"));
  const first = await claimed(ledger, 1_000);
  await ledger.runs.beat(first.run.id, 1, 1_000);
  clock.advance(1_001);
  expect(await ledger.runs.sweepLeases()).toBe(1);
  expect(await ledger.runs.sweepLeases()).toBe(0);
  const second = await claimed(other);
  expect(second.run).toMatchObject({ id: first.run.id, epoch: 2 });
  const lost = { reason: "EpochLost" };
  await expect(ledger.runs.beat(first.run.id, 1, 1_000)).rejects.toMatchObject(lost);
  await expect(ledger.runs.fail(first.run.id, 1, "ModelUnavailable", "x")).rejects.toMatchObject(lost);
  await expect(ledger.runs.park(first.run.id, 1, { type: "Approval", name: "x" }, "x")).rejects.toMatchObject(lost);
  await ledger.runs.release(first.run.id, 1, "leaseLost");
  expect(await ledger.runs.find(first.run.id)).toMatchObject({ phase: "Running", epoch: 2 });
  const outcome = {
    rung: "work",
    reason: "Succeeded",
    message: "",
    verified: "Unknown",
    outputDigest: "d",
    output: {},
  } as const;
  await other.runs.succeed(first.run.id, 2, outcome);
  await other.runs.succeed(first.run.id, 2, outcome);
  await expect(other.runs.fail(first.run.id, 2, "x", "x")).rejects.toMatchObject(lost);
  await ledger.runs.cancel(first.run.id, "ana");
  expect(await ledger.runs.find(first.run.id)).toMatchObject({ phase: "Succeeded" });
});

it("ends runs that passed their deadline", async () => {
  const fleet = await aFleet(ledger);
  const ana = await fleet.hire("tess-ana");
  const queued = await fleet.admit(ana, { deadlineSeconds: 60 });
  const kept = await fleet.admit(ana, { deadlineSeconds: 600 });
  clock.advance(60_001);
  expect((await claimed(ledger, 3_600_000)).run.id).toBe(kept.run.id);
  await ledger.runs.sweepLeases();
  expect(await ledger.runs.find(queued.run.id)).toMatchObject({ phase: "Failed", reason: "TimeLimit" });
  clock.advance(600_000);
  await ledger.runs.sweepLeases();
  expect(await ledger.runs.find(kept.run.id)).toMatchObject({ phase: "Failed", reason: "TimeLimit" });
});

it("shows every change after a cursor, also one whose transaction began first and ended last", async () => {
  const fleet = await aFleet(ledger);
  const ana = await fleet.hire("tess-ana");
  const slow = await fleet.admit(ana);
  const quick = await fleet.admit(ana);
  const client = new pg.Client({ connectionString: t.url });
  await client.connect();
  let cursor = 0;
  const read = async () => {
    const runs = await ledger.runs.changedSince(cursor, 2);
    cursor = runs.at(-1)?.changeSeq ?? cursor;
    return runs.map((run) => run.id);
  };
  while ((await read()).length > 0) {}
  await client.query("begin");
  await client.query(
    "update roster.runs set message = 'slow', change_seq = pg_current_xact_id()::text::bigint where id = $1",
    [slow.run.id],
  );
  await ledger.runs.cancel(quick.run.id, "test");
  expect(await read()).toEqual([]);
  const again = Promise.withResolvers<void>();
  using _ = ledger.feed.subscribe("runs", () => again.resolve());
  await client.query("commit");
  await client.end();
  await again.promise;
  const seen = [...(await read()), ...(await read())];
  expect(seen.sort()).toEqual([slow.run.id, quick.run.id].sort());

  await ledger.runs.saveCursor(fleet.fence, "projector", cursor);
  await ledger.runs.saveCursor(fleet.fence, "projector", 1);
  expect(await ledger.runs.cursor("projector")).toBe(cursor);
  expect(await ledger.runs.cursor("nobody")).toBe(0);
  await ledger.runs.markWindow(slow.run.id, "shown");
  expect(await ledger.runs.find(slow.run.id)).toMatchObject({ windowState: "shown" });
  await ledger.runs.markWindow(slow.run.id, "gone");
  await ledger.runs.markWindow(slow.run.id, "shown");
  expect(await ledger.runs.isWindowGone(slow.run.id)).toBe(true);
  await drained();
});

it("keeps artifacts and memory per binding, sealed, compared before they are set, once per step", async () => {
  const fleet = await aFleet(ledger);
  const ana = await fleet.hire("tess-ana");
  const bob = await fleet.hire("tess-bob");
  await ledger.bindings.seed(ana.uid, [{ path: "preferences.md", content: "short" }]);
  await ledger.bindings.seed(ana.uid, [{ path: "preferences.md", content: "other" }]);
  const { run } = await fleet.admit(ana);
  const by = (action: number) => ({ runId: run.id, step: 0, action });
  expect(await ledger.documents.read(ana.uid, "preferences.md")).toEqual({ content: "short", version: 1 });
  expect(await ledger.documents.write(ana.uid, "preferences.md", "long", 1, by(0))).toEqual({ version: 2 });
  expect(await ledger.documents.write(ana.uid, "preferences.md", "long", 1, by(0))).toEqual({ version: 2 });
  await expect(ledger.documents.write(ana.uid, "preferences.md", "x", 1, by(1))).rejects.toMatchObject({
    reason: "Conflict",
  });
  await expect(ledger.documents.write(bob.uid, "preferences.md", "x", 0, by(2))).rejects.toMatchObject({
    reason: "Forbidden",
  });
  const racers = await Promise.allSettled(
    [3, 4, 5].map((action) => ledger.documents.write(ana.uid, "new.md", `${action}`, 0, by(action))),
  );
  expect(racers.filter((one) => one.status === "fulfilled")).toHaveLength(1);
  expect(await ledger.documents.list(ana.uid)).toEqual([
    { path: "new.md", version: 1, bytes: 1 },
    { path: "preferences.md", version: 2, bytes: 4 },
  ]);
  expect(await ledger.documents.list(bob.uid)).toEqual([]);
  expect(await ledger.documents.read(bob.uid, "preferences.md")).toBeUndefined();

  const bytes = Buffer.from("# Snapshot");
  const put = await ledger.documents.putArtifact(run.id, "snapshot.md", bytes);
  expect(await ledger.documents.putArtifact(run.id, "snapshot.md", bytes)).toEqual(put);
  expect(Buffer.from((await ledger.documents.readArtifact(run.id, "snapshot.md"))!)).toEqual(bytes);
  expect((await ledger.runs.find(run.id))!.artifacts).toEqual([{ name: "snapshot.md", ...put }]);
  const client = new pg.Client({ connectionString: t.url });
  await client.connect();
  const { rows } = await client.query(
    "select position('short'::bytea in sealed) + position('long'::bytea in sealed) as found from roster.documents union all select position('Snapshot'::bytea in sealed) from roster.artifact_bodies",
  );
  expect(rows.length).toBeGreaterThan(3);
  expect(rows.every((row) => row.found === 0)).toBe(true);
  // As a statement that forgot its predicate would read, under the role that the ledger's transactions run under.
  const seen = async (bindings: string) => {
    await client.query("begin");
    await client.query("select set_config('role', 'roster_content', true), set_config('roster.bindings', $1, true)", [
      bindings,
    ]);
    const all = await client.query(
      "select (select count(*)::int from roster.documents) as documents, (select count(*)::int from roster.artifact_bodies) as artifacts",
    );
    await expect(client.query("update roster.audit set reason = 'x'")).rejects.toMatchObject({ code: "42501" });
    await client.query("rollback");
    return all.rows[0];
  };
  expect(await seen(ana.uid)).toEqual({ documents: 3, artifacts: 1 });
  expect(await seen(bob.uid)).toEqual({ documents: 0, artifacts: 0 });
  expect(await seen("")).toEqual({ documents: 0, artifacts: 0 });
  await client.end();
  await drained();
});

it("remembers schedules, tools and tiers", async () => {
  const fleet = await aFleet(ledger);
  const ana = await fleet.hire("tess-ana");
  const { fence } = fleet;
  const armed = await ledger.schedules.arm(fence, "tr", ana.uid, "a");
  await ledger.schedules.fired(fence, "tr", ana.uid, 500);
  await ledger.schedules.fired(fence, "tr", ana.uid, 400);
  clock.advance(10);
  expect(await ledger.schedules.arm(fence, "tr", ana.uid, "a")).toEqual({ ...armed, lastFired: 500 });
  expect(await ledger.schedules.arm(fence, "tr", ana.uid, "b")).toEqual({ armedAt: clock.now(), lastFired: 500 });
  await ledger.schedules.disarm("tr");
  expect(await ledger.schedules.arm(fence, "tr", ana.uid, "b")).not.toHaveProperty("lastFired");

  const tier = {
    name: `cheap-${fleet.tenant}`,
    uid: "u",
    model: "m",
    prices: { input: 150_000n, output: 9_007_199_254_740_993n },
    maxOutputTokens: 100,
    minOutputTokens: 64,
    tokensPerKilobyte: 1000,
    timeoutSeconds: 60,
    concurrency: 1,
    allowedFields: ["temperature"],
    fallbacks: [],
    ready: true,
  };
  await ledger.catalog.putTier(fence, tier);
  expect(await ledger.catalog.findTier(tier.name)).toEqual(tier);
  await ledger.catalog.dropTier(fence, tier.name);
  expect(await ledger.catalog.findTier(tier.name)).toBeUndefined();

  const server = {
    uid: `s-${fleet.tenant}`,
    tenant: fleet.tenant,
    namespace: "acme",
    name: "mail",
    spec: {},
    ready: true,
  };
  await ledger.catalog.putToolServer(fence, server);
  const tool = (schemaHash: string) => ({
    name: "send",
    description: "d",
    inputSchema: { type: "object" },
    schemaHash,
    state: "Admitted" as const,
  });
  const states = async () => (await ledger.catalog.listTools(server.uid)).tools.map((one) => one.state);
  await ledger.catalog.recordTools(server.uid, "2025-06-18", [tool("h1")]);
  expect(await states()).toEqual(["Admitted"]);
  await ledger.catalog.recordTools(server.uid, "2025-06-18", [tool("h2")]);
  expect(await states()).toEqual(["Quarantined"]);
  await ledger.catalog.recordTools(server.uid, "2025-06-18", []);
  expect(await states()).toEqual([]);
  await ledger.catalog.recordTools(server.uid, "2025-06-18", [tool("h2")]);
  expect(await states()).toEqual(["Quarantined"]);
  await ledger.catalog.putToolServer(fence, { ...server, spec: { tools: [{ name: "send", schemaHash: "h2" }] } });
  expect(await states()).toEqual(["Admitted"]);
});

it("allows one binding per role and subject", async () => {
  const fleet = await aFleet(ledger);
  const ana = await fleet.hire("tess-ana");
  expect(await ledger.bindings.hire(fleet.fence, ana)).toMatchObject({ changed: false });
  await expect(fleet.hire("second", { subject: ana.subject })).rejects.toMatchObject({ reason: "DuplicateBinding" });
  const racers = await Promise.allSettled(
    [1, 2, 3].map((n) => fleet.hire(`x${n}`, { subject: { kind: "User", name: "same" } })),
  );
  expect(racers.filter((one) => one.status === "fulfilled")).toHaveLength(1);
  expect((await ledger.bindings.list(fleet.tenant)).length).toBe(2);
});
