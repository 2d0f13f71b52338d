import { afterEach, beforeEach, expect, it } from "vitest";
import { type KindRef, kinds } from "../../api/kinds.ts";
import type { Controller } from "../../controller/start.ts";
import { condition, gone, isReady, type Seen, startWorld, until, type World } from "./kit.ts";
import { aBinding, aFleet, anObject, aRole, aSecret, aTier } from "./objects.ts";

let world: World;
let controller: Controller;
beforeEach(async () => {
  world = await startWorld();
  await aFleet(world.kube);
  controller = await world.start();
});
afterEach(() => world[Symbol.asyncDispose]());

/** Deletes as somebody does who takes finalizers off by hand. */
async function force(kind: KindRef, name: string): Promise<void> {
  const namespace = kind.namespaced ? "acme" : undefined;
  await world.kube.mergePatch(kind, name, namespace, { metadata: { finalizers: [] } });
  await world.kube.delete(kind, name, namespace);
}

async function revoked({ metadata: { uid } }: Seen): Promise<void> {
  const { feed, bindings } = world.ledger;
  for (;;) {
    const changed = Promise.withResolvers<void>();
    using _ = feed.subscribe("bindings", () => changed.resolve());
    if ((await bindings.find(uid))?.state === "revoked") return;
    await changed.promise;
  }
}

it("fires the agents of a namespace that was forced away while no controller ran, the last ones too", async () => {
  const agents = [await world.hire("ana"), await world.hire("ben")];
  await controller[Symbol.asyncDispose]();
  for (const name of ["ana", "ben"]) await force(kinds.AgentBinding, name);
  await force(kinds.AgentRole, "assistant");
  await world.kube.delete(kinds.Namespace, "acme", undefined);
  while ((await world.kube.find(kinds.Namespace, "acme")) !== undefined) await new Promise(setImmediate);
  await world.start("two");
  for (const agent of agents) await revoked(agent);
});

it("takes a namespace of the same name for another one", async () => {
  const ana = await world.hire("ana");
  await controller[Symbol.asyncDispose]();
  await force(kinds.AgentBinding, "ana");
  await force(kinds.AgentRole, "assistant");
  await world.kube.delete(kinds.Namespace, "acme", undefined);
  while ((await world.kube.find(kinds.Namespace, "acme")) !== undefined) await new Promise(setImmediate);
  await world.kube.create(kinds.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "acme" } });
  await world.kube.create(kinds.AgentRole, aRole());
  await world.start("two");
  const anew = await world.hire("ana");
  await revoked(ana);
  expect(anew.status?.accountID).not.toBe(ana.status?.accountID);
});

it("hires anew who was deleted and made again while no controller ran; what the former one held is worth nothing", async () => {
  const ana = await world.hire("ana");
  const run = await world.kube.create(
    kinds.AgentRun,
    anObject(kinds.AgentRun, "try", {
      bindingRef: { name: "ana" },
      requestedBy: "admin",
      task: { intent: "try", text: "Try it" },
    }),
  );
  await until(world.kube, kinds.AgentRun, run.metadata.name, (object) => object.status?.phase === "Queued");
  const claimed = await world.ledger.runs.claim({ id: "worker", gateway: "gateway", leaseMs: 30_000 });
  await controller[Symbol.asyncDispose]();
  await force(kinds.AgentBinding, "ana");
  await world.kube.create(kinds.AgentBinding, aBinding("ana"));
  await world.start("two");
  const anew = await until(world.kube, kinds.AgentBinding, "ana", isReady);
  expect(anew.status?.accountID).not.toBe(ana.status?.accountID);
  expect((await world.ledger.bindings.find(ana.metadata.uid))?.state).toBe("revoked");
  await expect(world.ledger.runs.beat(claimed!.run.id, claimed!.run.epoch, 30_000)).rejects.toMatchObject({
    reason: "EpochLost",
  });
});

it("brings into force what bears a known name and is another object, as if nobody had known the former", async () => {
  const trigger = anObject(kinds.AgentTrigger, "daily", {
    type: "Schedule",
    target: { roleRef: { name: "assistant" } },
    schedule: { cron: "30 7 * * *", timeZone: "UTC" },
    task: { intent: "daily", text: "Daily" },
  });
  const budget = (amount: string) =>
    anObject(kinds.AgentBudget, "sales", {
      select: { team: "sales" },
      timeZone: "UTC",
      limits: [{ window: "Day", amount }],
    });
  await world.kube.create(kinds.AgentTrigger, trigger);
  await world.kube.create(kinds.AgentBudget, budget("1.00"));
  await world.hire("ana", { team: "sales" });
  for (const [kind, name] of [
    [kinds.AgentTrigger, "daily"],
    [kinds.AgentBudget, "sales"],
  ] as const)
    await until(world.kube, kind, name, isReady);
  await controller[Symbol.asyncDispose]();

  for (const [kind, name] of [
    [kinds.AgentTrigger, "daily"],
    [kinds.AgentBudget, "sales"],
    [kinds.AgentRole, "assistant"],
    [kinds.ModelTier, "workhorse"],
  ] as const)
    await force(kind, name);
  await world.kube.create(kinds.ModelTier, aTier("workhorse"));
  const role = await world.kube.create(kinds.AgentRole, aRole("assistant", { soul: "Be brisk." }));
  await world.kube.create(kinds.AgentBudget, budget("0"));
  await world.kube.create(kinds.AgentTrigger, trigger);
  await world.start("two");

  const unfunded = (binding: Seen) => condition(binding, "Funded") === "False/Unfunded" && isReady(binding);
  const ana = await until(world.kube, kinds.AgentBinding, "ana", unfunded);
  for (const [kind, name] of [
    [kinds.AgentTrigger, "daily"],
    [kinds.AgentBudget, "sales"],
    [kinds.AgentRole, "assistant"],
    [kinds.ModelTier, "workhorse"],
  ] as const)
    await until(world.kube, kind, name, isReady);
  expect(await world.ledger.bindings.find(ana.metadata.uid)).toMatchObject({ roleUid: role.metadata.uid });
  const tenant = (await world.kube.get(kinds.Namespace, "acme")).metadata.uid;
  expect(await world.ledger.catalog.findRole(tenant, "assistant")).toMatchObject({ uid: role.metadata.uid });
});

const mail = { server: "mail", secretRef: { name: "ana-mail", key: "token" } };
const isProtected = (secret: Seen) => secret.metadata.finalizers?.includes("roster.dev/credential-protection") === true;
const isBound = (binding: Seen) => condition(binding, "CredentialsBound") === "True/Bound";

it("lets a Secret go that somebody deletes, and binds the one that comes in its place", async () => {
  await world.kube.create(kinds.Secret, aSecret("ana-mail", "ana@acme.example"));
  await world.hire("ana", { credentials: [mail] });
  await until(world.kube, kinds.Secret, "ana-mail", isProtected);
  await world.kube.delete(kinds.Secret, "ana-mail", "acme");
  await gone(world.kube, kinds.Secret, "ana-mail");
  const without = (binding: Seen) => condition(binding, "CredentialsBound") === "False/SecretNotFound";
  await until(world.kube, kinds.AgentBinding, "ana", without);
  await world.kube.create(kinds.Secret, aSecret("ana-mail", "ana@acme.example"));
  await until(world.kube, kinds.AgentBinding, "ana", isBound);
  await until(world.kube, kinds.Secret, "ana-mail", isProtected);
});

it("keeps a Secret whose token has to be revoked until the agent no longer names it, and says so", async () => {
  const secret = aSecret("ana-mail", "ana@acme.example");
  secret.metadata.annotations["roster.dev/allowed-origins"] = "https://mail.example";
  await world.kube.create(kinds.Secret, secret);
  const revocation = { type: "RFC7009", url: "https://mail.example/revoke" };
  await world.hire("ana", { credentials: [{ ...mail, revocation }] });
  await until(world.kube, kinds.Secret, "ana-mail", isProtected);
  await world.kube.delete(kinds.Secret, "ana-mail", "acme");
  const told = await until(world.kube, kinds.AgentBinding, "ana", (binding) => !isBound(binding));
  expect(told.status?.conditions?.find(({ type }) => type === "CredentialsBound")?.message).toBe(
    'Secret "ana-mail" is being deleted; it stays until its token is revoked: fire the agent, or name another',
  );
  expect(isProtected((await world.kube.get(kinds.Secret, "ana-mail", "acme")) as Seen)).toBe(true);
  await world.kube.mergePatch(kinds.AgentBinding, "ana", "acme", { spec: { credentials: [] } });
  await gone(world.kube, kinds.Secret, "ana-mail");
});
