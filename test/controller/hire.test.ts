import { afterAll, beforeAll, expect, it } from "vitest";
import { kinds } from "../../api/kinds.ts";
import { brokenLaws } from "../../controller/kit/laws.ts";
import { condition, gone, isReady, type Seen, startWorld, until, type World } from "./kit.ts";
import { aBinding, aRole, aSecret, aTier } from "./objects.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.start();
});
afterAll(() => world[Symbol.asyncDispose]());

it("hires an agent whose role and tier come after it", async () => {
  const { kube, ledger } = world;
  await kube.create(kinds.AgentBinding, aBinding("ana"));
  const waiting = await until(
    kube,
    kinds.AgentBinding,
    "ana",
    (object) => condition(object, "Ready") === "False/RoleNotFound",
  );
  expect(condition(waiting, "Reconciling")).toBe("True/RoleNotFound");

  await kube.create(kinds.AgentRole, aRole());
  await until(kube, kinds.AgentRole, "assistant", (object) => condition(object, "Ready") === "False/TierNotFound");
  await kube.create(kinds.ModelTier, aTier("workhorse"));
  await until(kube, kinds.AgentRole, "assistant", isReady);

  const hired = await until(kube, kinds.AgentBinding, "ana", isReady);
  expect(brokenLaws(hired)).toEqual([]);
  expect(condition(hired, "Funded")).toBe("True/Funded");
  expect(condition(hired, "CredentialsBound")).toBe("True/NotRequired");
  expect(hired.status?.effective).toMatchObject({ state: "Active", budget: { day: "25.00", run: "1.50" } });
  const state = await ledger.bindings.find(hired.metadata.uid);
  expect(state?.accountId).toBe(hired.status?.accountID);
  expect(await ledger.documents.read(hired.metadata.uid, "preferences.md")).toMatchObject({ content: "likes brevity" });
});

it("shows at once which level has nothing left when a limit moves, its own or a budget's", async () => {
  const { kube } = world;
  const funds = (wanted: string) =>
    until(kube, kinds.AgentBinding, "zoe", (object) => condition(object, "Funded") === wanted);
  await kube.create(kinds.AgentBinding, aBinding("zoe", { team: "sales" }));
  await funds("True/Funded");
  await kube.mergePatch(kinds.AgentBinding, "zoe", "acme", { spec: { budget: { day: "0" } } });
  await funds("False/Unfunded");
  await kube.mergePatch(kinds.AgentBinding, "zoe", "acme", { spec: { budget: { day: "1.00" } } });
  await funds("True/Funded");
  const spec = { select: { team: "sales" }, timeZone: "UTC", limits: [{ window: "Day", amount: "0" }] };
  await kube.create(kinds.AgentBudget, {
    apiVersion: "roster.dev/v1alpha1",
    kind: "AgentBudget",
    metadata: { name: "sales", namespace: "acme" },
    spec,
  } as never);
  await funds("False/Unfunded");
  await kube.delete(kinds.AgentBudget, "sales", "acme");
  await funds("True/Funded");
});

it("binds credentials that consent, protects them, and lets them go when the agent is fired", async () => {
  const { kube, ledger } = world;
  const credentials = [{ server: "mail", secretRef: { name: "ben-mail", key: "token" } }];
  await kube.create(kinds.AgentBinding, aBinding("ben", { credentials }));
  await until(
    kube,
    kinds.AgentBinding,
    "ben",
    (object) => isReady(object) && condition(object, "CredentialsBound") === "False/SecretNotFound",
  );
  await kube.create(kinds.Secret, aSecret("ben-mail", "somebody-else@acme.example"));
  await until(
    kube,
    kinds.AgentBinding,
    "ben",
    (object) => condition(object, "CredentialsBound") === "False/SecretNotConsenting",
  );
  await kube.mergePatch(kinds.Secret, "ben-mail", "acme", {
    metadata: { annotations: { "roster.dev/subject": "ben@acme.example" } },
  });
  const bound = await until(
    kube,
    kinds.AgentBinding,
    "ben",
    (object) => condition(object, "CredentialsBound") === "True/Bound",
  );
  await until(
    kube,
    kinds.Secret,
    "ben-mail",
    (secret) => secret.metadata.finalizers?.includes("roster.dev/credential-protection") === true,
  );

  await kube.delete(kinds.AgentBinding, "ben", "acme");
  const seen: (string | undefined)[] = [];
  let withFinalizer: Seen | undefined;
  await gone(kube, kinds.AgentBinding, "ben", (object) => {
    seen.push(condition(object, "Revoked"), condition(object, "DownstreamRevoked"));
    if (condition(object, "DownstreamRevoked")?.startsWith("True") && object.metadata.finalizers?.length)
      withFinalizer = object;
  });
  expect(seen).toContain("True/Revoked");
  expect(seen).toContain("True/SecretRemoved");
  expect(withFinalizer, "both conditions are seen before the finalizer goes").toBeDefined();
  expect((await ledger.bindings.find(bound.metadata.uid))?.state).toBe("revoked");
  const secret = await kube.get(kinds.Secret, "ben-mail", "acme");
  expect(secret.metadata.finalizers ?? []).toEqual([]);
  const audit = await ledger.audit.list({ bindingUid: bound.metadata.uid, limit: 20 });
  expect(audit.map((row) => row.action)).toEqual(expect.arrayContaining(["hire", "fire", "revoke-downstream"]));
});

it("hires the same person anew under a new account", async () => {
  const { kube } = world;
  await kube.create(kinds.AgentBinding, aBinding("cid"));
  const first = await until(kube, kinds.AgentBinding, "cid", isReady);
  await kube.delete(kinds.AgentBinding, "cid", "acme");
  await gone(kube, kinds.AgentBinding, "cid");
  await kube.create(kinds.AgentBinding, aBinding("cid"));
  const second = await until(kube, kinds.AgentBinding, "cid", isReady);
  expect(second.status?.accountID).not.toBe(first.status?.accountID);
});

it("refuses a second binding of the same role and subject until the first is gone", async () => {
  const { kube } = world;
  const subject = { kind: "User", name: "dup@acme.example" };
  await kube.create(kinds.AgentBinding, aBinding("dup-a", { subject }));
  await until(kube, kinds.AgentBinding, "dup-a", isReady);
  await kube.create(kinds.AgentBinding, aBinding("dup-b", { subject }));
  const stalled = await until(
    kube,
    kinds.AgentBinding,
    "dup-b",
    (object) => condition(object, "Ready") === "False/DuplicateBinding",
  );
  expect(condition(stalled, "Stalled")).toBe("True/DuplicateBinding");
  expect(brokenLaws(stalled)).toEqual([]);
  await kube.delete(kinds.AgentBinding, "dup-a", "acme");
  await until(kube, kinds.AgentBinding, "dup-b", isReady);
});

it("stays quiet once status is true", async () => {
  const { kube } = world;
  await kube.create(kinds.AgentBinding, aBinding("quiet"));
  const ready = await until(kube, kinds.AgentBinding, "quiet", isReady);
  // A change elsewhere that wakes every binding of the role, and changes nothing for them.
  await kube.mergePatch(kinds.AgentRole, "assistant", "acme", { metadata: { annotations: { note: "seen" } } });
  await kube.create(kinds.AgentBinding, aBinding("after-quiet"));
  await until(kube, kinds.AgentBinding, "after-quiet", isReady);
  const later = await kube.get(kinds.AgentBinding, "quiet", "acme");
  expect(later.metadata.resourceVersion).toBe(ready.metadata.resourceVersion);
});

it("stops and resumes", async () => {
  const { kube } = world;
  await kube.create(kinds.AgentBinding, aBinding("sto"));
  const ready = await until(kube, kinds.AgentBinding, "sto", isReady);
  const stop = {
    apiVersion: "roster.dev/v1alpha1",
    kind: "AgentStop",
    metadata: { name: "halt", namespace: "acme" },
    spec: { scope: { bindingRef: { name: "sto" } }, reason: "test" },
  };
  await kube.create(kinds.AgentStop, stop);
  const stopped = await until(
    kube,
    kinds.AgentBinding,
    "sto",
    (object) => condition(object, "Stopped") === "True/Stopped",
  );
  expect(stopped.status?.effective).toMatchObject({ state: "Stopped" });
  await kube.delete(kinds.AgentStop, "halt", "acme");
  await until(kube, kinds.AgentBinding, "sto", (object) => condition(object, "Stopped") === "False/NotStopped");

  // Lifted again before anybody set the finalizer, or just then: nothing of them stays.
  for (let i = 0; i < 40; i++) {
    await kube.create(kinds.AgentStop, { ...stop, metadata: { name: `brief-${i}`, namespace: "acme" } });
    await kube.delete(kinds.AgentStop, `brief-${i}`, "acme");
  }
  await kube.create(kinds.AgentStop, stop);
  const why = (state: string) => (object: Seen) => condition(object, "Stopped") === state;
  await until(kube, kinds.AgentBinding, "sto", why("True/Stopped"));
  await kube.delete(kinds.AgentStop, "halt", "acme");
  await until(kube, kinds.AgentBinding, "sto", why("False/NotStopped"));
  const { tenant } = (await world.ledger.bindings.find(ready.metadata.uid))!;
  await expect.poll(() => world.ledger.catalog.listStops(tenant)).toEqual([]);
});
