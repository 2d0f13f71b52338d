import { afterAll, beforeAll, expect, it } from "vitest";
import { kinds } from "../../api/kinds.ts";
import { sha256 } from "../../lib/ids.ts";
import { claimNext, condition, gone, isReady, startWorld, until, type World } from "./kit.ts";
import { aBinding, aFleet, anObject, aRequest } from "./objects.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.start();
  await aFleet(world.kube);
  await world.kube.create(kinds.AgentBinding, aBinding("ana"));
  await until(world.kube, kinds.AgentBinding, "ana", isReady);
});
afterAll(() => world[Symbol.asyncDispose]());

it("takes a request in once and shows it to its end", async () => {
  const { kube, ledger } = world;
  await kube.create(kinds.AgentRun, aRequest("try", "ana"));
  const queued = await until(kube, kinds.AgentRun, "try", (run) => run.status?.phase === "Queued");
  expect(queued.metadata.annotations?.["roster.dev/admitted"]).toBe(queued.status?.runID);
  const { run } = await claimNext(world.ledger);
  await until(kube, kinds.AgentRun, "try", (object) => object.status?.phase === "Running");
  await ledger.runs.succeed(run.id, run.epoch, {
    rung: "work",
    tier: "workhorse",
    reason: "Succeeded",
    message: "done",
    verified: "Unknown",
    outputDigest: sha256("{}"),
    output: {},
  });
  const done = await until(
    kube,
    kinds.AgentRun,
    "try",
    (object) => condition(object, "Succeeded")?.startsWith("True") === true,
  );
  expect(done.status).toMatchObject({ phase: "Succeeded", rung: "work", tier: "workhorse", cost: { own: "0.00" } });
  expect(condition(done, "Finished")).toBe("True/Succeeded");
  expect((await ledger.runs.list({ limit: 10 })).length).toBe(1);
});

const forged = {
  "a runID of its own": { runID: "0190a000-0000-7000-8000-000000000000" },
  "an origin that only Roster sets": { origin: { type: "Schedule", trigger: "daily" } },
  "a plain origin with more than its type": { origin: { type: "Person", run: "x" } },
};
for (const [what, spec] of Object.entries(forged)) {
  it(`refuses a request with ${what}`, async () => {
    const { kube, ledger } = world;
    const name = `forged-${sha256(what).slice(0, 6)}`;
    const before = (await ledger.runs.list({ limit: 100 })).length;
    await kube.create(kinds.AgentRun, aRequest(name, "ana", spec));
    const refused = await until(kube, kinds.AgentRun, name, (object) => object.status?.phase === "Refused");
    expect(refused.status?.reason).toBe("ForgedRequest");
    expect((await ledger.runs.list({ limit: 100 })).length).toBe(before);
  });
}

it("refuses the export of a request that was admitted before", async () => {
  const { kube, ledger } = world;
  await kube.create(kinds.AgentRun, aRequest("orig", "ana"));
  const admitted = await until(kube, kinds.AgentRun, "orig", (object) => object.status?.phase === "Queued");
  const { uid: _, resourceVersion: __, managedFields: ___, ...metadata } = admitted.metadata;
  await kube.delete(kinds.AgentRun, "orig", "acme");
  await gone(kube, kinds.AgentRun, "orig");
  await kube.create(kinds.AgentRun, {
    apiVersion: admitted.apiVersion,
    kind: admitted.kind,
    metadata,
    spec: admitted.spec,
  } as never);
  const refused = await until(kube, kinds.AgentRun, "orig", (object) => object.status?.phase === "Refused");
  expect(refused.status?.reason).toBe("ForgedRequest");
  expect((await ledger.runs.find(String(admitted.status?.runID)))?.phase).toBe("Cancelled");
});

it("cancels the run of a request that is deleted or asks for it", async () => {
  const { kube, ledger } = world;
  await kube.create(kinds.AgentRun, aRequest("c1", "ana"));
  const first = await until(kube, kinds.AgentRun, "c1", (object) => object.status?.phase === "Queued");
  await kube.mergePatch(kinds.AgentRun, "c1", "acme", { spec: { desiredState: "Cancelled" } });
  const cancelled = await until(kube, kinds.AgentRun, "c1", (object) => object.status?.phase === "Cancelled");
  expect(condition(cancelled, "Succeeded")).toBe("False/Cancelled");
  // Not "cancelled by ana": anybody who may write the object may have asked for it.
  expect(cancelled.status).toMatchObject({ reason: "Cancelled", message: "spec.desiredState is Cancelled" });
  expect((await ledger.runs.find(String(first.status?.runID)))?.phase).toBe("Cancelled");
});

it("refuses a run of an agent that does not exist, after waiting for it to be hired", async () => {
  const { kube } = world;
  await kube.create(kinds.AgentRun, aRequest("early", "ben"));
  await kube.create(kinds.AgentBinding, aBinding("ben"));
  await until(kube, kinds.AgentRun, "early", (object) => object.status?.phase === "Queued");
});

it("refuses a run under a budget of zero, and says which", async () => {
  const { kube } = world;
  await kube.create(kinds.AgentBinding, aBinding("zero", { budget: { day: "0" } }));
  const hired = await until(kube, kinds.AgentBinding, "zero", isReady);
  expect(condition(hired, "Funded")).toBe("False/Unfunded");
  await kube.create(kinds.AgentRun, aRequest("broke", "zero"));
  const refused = await until(kube, kinds.AgentRun, "broke", (object) => object.status?.phase === "Refused");
  expect(refused.status).toMatchObject({ reason: "BudgetExhausted", message: expect.stringContaining("binding zero") });
});

it("cancels queued and running runs of an agent that is fired", async () => {
  const { kube, ledger } = world;
  await kube.create(kinds.AgentBinding, aBinding("fay"));
  await until(kube, kinds.AgentBinding, "fay", isReady);
  await kube.create(kinds.AgentRun, aRequest("f1", "fay"));
  const queued = await until(kube, kinds.AgentRun, "f1", (object) => object.status?.phase === "Queued");
  await kube.delete(kinds.AgentBinding, "fay", "acme");
  await gone(kube, kinds.AgentBinding, "fay");
  expect((await ledger.runs.find(String(queued.status?.runID)))?.reason).toBe("Fired");
  const shown = await until(kube, kinds.AgentRun, "f1", (object) => object.status?.phase === "Cancelled");
  expect(shown.status?.reason).toBe("Fired");
});

it("keeps the revision of runs in flight when their role is edited", async () => {
  const { kube, ledger } = world;
  const before = await until(kube, kinds.AgentRole, "assistant", isReady);
  await kube.create(kinds.AgentRun, aRequest("pinned", "ana"));
  const queued = await until(kube, kinds.AgentRun, "pinned", (object) => object.status?.phase === "Queued");
  await kube.mergePatch(kinds.AgentRole, "assistant", "acme", { spec: { soul: "Be thorough." } });
  const after = await until(
    kube,
    kinds.AgentRole,
    "assistant",
    (role) => role.status?.revision !== before.status?.revision,
  );
  await until(kube, kinds.AgentBinding, "ana", (binding) => binding.status?.roleRevision === after.status?.revision);
  const run = await ledger.runs.find(String(queued.status?.runID));
  expect(run?.roleRevision).toBe(before.status?.revision);
});

it("says which rule of a policy does not compile, and admits nothing meanwhile", async () => {
  const { kube } = world;
  const permissions = { writeAutonomous: [{ name: "draft", action: "mail.create_draft", when: "arguments.(" }] };
  await kube.create(
    kinds.AgentRole,
    anObject(kinds.AgentRole, "broken", { modelTiers: { draft: "workhorse" }, permissions }),
  );
  const role = await until(
    kube,
    kinds.AgentRole,
    "broken",
    (object) => condition(object, "PolicyCompiled") === "False/PolicyInvalid",
  );
  expect(condition(role, "Ready")).toBe("False/PolicyInvalid");
  expect(condition(role, "Stalled")).toBe("True/PolicyInvalid");
  await kube.create(kinds.AgentBinding, aBinding("bro", { roleRef: { name: "broken" } }));
  await until(kube, kinds.AgentBinding, "bro", isReady);
  await kube.create(kinds.AgentRun, aRequest("bro-run", "bro"));
  const refused = await until(kube, kinds.AgentRun, "bro-run", (object) => object.status?.phase === "Refused");
  expect(refused.status?.reason).toBe("BindingNotReady");
});
