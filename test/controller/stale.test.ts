import { afterEach, beforeEach, expect, it } from "vitest";
import { kinds } from "../../api/kinds.ts";
import type { Resource } from "../../api/resource.ts";
import { type Controller, startController } from "../../controller/start.ts";
import { systemClock } from "../../lib/clock.ts";
import { FaultyKube } from "./faulty-kube.ts";
import { condition, gone, isReady, log, startWorld, until, type World } from "./kit.ts";
import { aBinding, aFleet, aRequest, aRole } from "./objects.ts";

let world: World;
let faulty: FaultyKube;
let controller: Controller;
beforeEach(async () => {
  world = await startWorld();
  await aFleet(world.kube);
  faulty = new FaultyKube(world.kube);
  controller = await startFaulty("one");
});
afterEach(async () => {
  await controller[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const startFaulty = (identity: string) =>
  startController({ kube: faulty.client, ledger: world.ledger, clock: systemClock, log, identity });

const actions = async (uid: string) =>
  (await world.ledger.audit.list({ bindingUid: uid, limit: 50 })).map((row) => row.action);

/** A change that comes after everything that was under way: when it is in force, so is what came before. */
async function settle(): Promise<void> {
  await world.hire(`last-${Math.trunc(performance.now())}`);
  await controller.idle();
}

it("reads its own writes while the watch is held back: one hire, and no write against an old version", async () => {
  const release = faulty.hold(kinds.AgentRole);
  await world.hire("ana");
  const holdBindings = faulty.hold(kinds.AgentBinding);
  const { metadata } = await world.kube.get(kinds.AgentBinding, "ana", "acme");
  // Work on it that its own events have not confirmed yet.
  await world.kube.mergePatch(kinds.AgentRole, "assistant", "acme", { spec: { soul: "Be very brief." } });
  release();
  await until(world.kube, kinds.AgentRole, "assistant", (role) => role.status?.observedGeneration === 2);
  await controller.idle();
  holdBindings();
  await settle();
  expect((await actions(metadata.uid)).filter((action) => action === "hire")).toHaveLength(1);
  expect(isReady(await until(world.kube, kinds.AgentBinding, "ana", isReady))).toBe(true);
});

it("hires nobody anew whose deletion it has not seen, when another replica has", async () => {
  const ana = await world.hire("ana");
  const seeing = await world.start("two");
  const release = faulty.hold(kinds.AgentBinding);
  await world.kube.delete(kinds.AgentBinding, "ana", "acme");
  const changed = Promise.withResolvers<void>();
  using _ = world.ledger.feed.subscribe("bindings", () => changed.resolve());
  while ((await world.ledger.bindings.find(ana.metadata.uid))?.state !== "revoked") await changed.promise;
  // The leader, which still believes in her, is made to look at her.
  await world.kube.mergePatch(kinds.AgentRole, "assistant", "acme", { spec: { soul: "Be very brief." } });
  await until(world.kube, kinds.AgentRole, "assistant", (role) => role.status?.observedGeneration === 2);
  await controller.idle();
  expect((await world.ledger.bindings.find(ana.metadata.uid))?.state).toBe("revoked");
  release();
  await gone(world.kube, kinds.AgentBinding, "ana");
  expect((await actions(ana.metadata.uid)).filter((action) => action === "hire" || action === "update")).toEqual([
    "hire",
  ]);
  await seeing[Symbol.asyncDispose]();
});

it("admits a request once and makes one window for each run, however late and often its events come", async () => {
  await world.hire("ana");
  faulty.garble(kinds.AgentRun);
  const release = faulty.hold(kinds.AgentRun);
  await world.kube.create(kinds.AgentRun, aRequest("try", "ana"));
  release();
  await until(world.kube, kinds.AgentRun, "try", (run) => run.status?.phase === "Queued");
  await world.kube.mergePatch(kinds.AgentRun, "try", "acme", { metadata: { labels: { seen: "yes" } } });
  await settle();
  const runs = await world.ledger.runs.list({ limit: 10 });
  expect(runs.map((run) => run.objectName)).toEqual(["try"]);
  expect(faulty.writes("create AgentRun")).toBe(0);
});

it("converges when events come twice and out of order, and when watches are cut or expire", async () => {
  for (const kind of [kinds.AgentBinding, kinds.AgentRole, kinds.ModelTier]) faulty.garble(kind);
  const names = Array.from({ length: 20 }, (_, index) => `agent-${index}`);
  for (const [index, name] of names.entries()) {
    await world.kube.create(kinds.AgentBinding, aBinding(name));
    if (index % 5 === 2) faulty.end(kinds.AgentBinding, "expired");
    if (index % 5 === 4) faulty.end(kinds.AgentBinding, "cut");
    if (index % 7 === 6) faulty.end(kinds.AgentRole, "expired");
  }
  const uids = [];
  for (const name of names) uids.push((await until(world.kube, kinds.AgentBinding, name, isReady)).metadata.uid);
  await controller.idle();
  for (const uid of uids) expect(await actions(uid)).toEqual(["hire"]);
});

it("fires whom a list lacks after the watch was lost, and hires who bears the name now", async () => {
  const ana = await world.hire("ana");
  const ben = await world.hire("ben");
  const release = faulty.hold(kinds.AgentBinding);
  for (const name of ["ana", "ben"]) {
    await world.kube.mergePatch(kinds.AgentBinding, name, "acme", { metadata: { finalizers: [] } });
    await world.kube.delete(kinds.AgentBinding, name, "acme");
  }
  await world.kube.create(kinds.AgentBinding, aBinding("ana"));
  faulty.end(kinds.AgentBinding, "expired");
  release();
  const anew = await until(world.kube, kinds.AgentBinding, "ana", isReady);
  expect(anew.metadata.uid).not.toBe(ana.metadata.uid);
  expect(anew.status?.accountID).not.toBe(ana.status?.accountID);
  await settle();
  for (const { metadata } of [ana, ben])
    expect((await world.ledger.bindings.find(metadata.uid))?.state, metadata.name).toBe("revoked");
});

it("fires everybody in a namespace that is being deleted before it hears of their own deletion", async () => {
  const ana = await world.hire("ana");
  const release = faulty.hold(kinds.AgentBinding);
  const fired = Promise.withResolvers<void>();
  using _ = world.ledger.feed.subscribe("bindings", () => fired.resolve());
  await world.kube.delete(kinds.Namespace, "acme", undefined);
  while ((await world.ledger.bindings.find(ana.metadata.uid))?.state !== "revoked") await fired.promise;
  release();
  const held = await until(
    world.kube,
    kinds.AgentBinding,
    "ana",
    (object) => condition(object, "Revoked") !== undefined,
  );
  expect(condition(held, "DownstreamRevoked")).toBe("False/HeldMassDeletion");
  const word = { metadata: { annotations: { "roster.dev/release-deletion": "true" } } };
  await world.kube.mergePatch(kinds.Namespace, "acme", undefined, word);
  await gone(world.kube, kinds.AgentBinding, "ana");
});

it("fires everybody when the definition goes, and holds what cannot be undone", async () => {
  const ana = await world.hire("ana");
  const released = { metadata: { annotations: { "roster.dev/release-deletion": "true" } } };
  await world.kube.delete(kinds.CustomResourceDefinition, "agentbindings.roster.dev", undefined);
  const held = await until(
    world.kube,
    kinds.AgentBinding,
    "ana",
    (object) => condition(object, "Revoked") !== undefined,
  );
  expect(condition(held, "DownstreamRevoked")).toBe("False/HeldMassDeletion");
  expect((await world.ledger.bindings.find(ana.metadata.uid))?.state).toBe("revoked");
  await world.kube.mergePatch(kinds.Namespace, "acme", undefined, released);
  for (;;) {
    const definition = await world.kube.find(kinds.CustomResourceDefinition, "agentbindings.roster.dev");
    if (definition === undefined) break;
  }
});

it("keeps its peace beside somebody who rewrites the same objects all the time", async () => {
  const names = ["ana", "ben", "cid"];
  const over = new AbortController();
  for (const name of names) await world.kube.create(kinds.AgentBinding, aBinding(name));
  const storm = names.flatMap((name) =>
    ["labels", "annotations"].map(async (where) => {
      for (let count = 0; !over.signal.aborted; count++) {
        const patch = { metadata: { [where]: { storm: String(count) } } };
        await world.kube.mergePatch(kinds.AgentBinding, name, "acme", patch).catch(() => over.abort());
      }
      return 0;
    }),
  );
  const hired: Resource[] = [];
  for (const name of names) hired.push(await until(world.kube, kinds.AgentBinding, name, isReady));
  // A change of what is in force goes through the storm too.
  await world.kube.mergePatch(kinds.AgentRole, "assistant", "acme", {
    spec: aRole("assistant", { soul: "Be brisk." }).spec,
  });
  const { revision } = (
    await until(world.kube, kinds.AgentRole, "assistant", (role) => role.status?.observedGeneration === 2)
  ).status as { revision: string };
  for (const name of names)
    await until(world.kube, kinds.AgentBinding, name, (binding) => binding.status?.roleRevision === revision);
  for (const name of names) await world.kube.delete(kinds.AgentBinding, name, "acme");
  for (const name of names) await gone(world.kube, kinds.AgentBinding, name);
  over.abort();
  await Promise.all(storm);
  for (const { metadata } of hired)
    expect((await actions(metadata.uid!)).filter((action) => action === "hire")).toEqual(["hire"]);
});
