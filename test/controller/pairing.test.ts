import { afterAll, beforeAll, expect, it } from "vitest";
import { kinds } from "../../api/kinds.ts";
import type { Stored } from "../../api/resource.ts";
import { ledgerMark } from "../../kube/ledger-mark.ts";
import { type FlowingClock, flowingClock } from "../kit/flowing-clock.ts";
import { startWorld, type World } from "./kit.ts";
import { aFleet } from "./objects.ts";

type Remembered = Stored & { readonly data: Readonly<Record<string, string>> };

let clock: FlowingClock;
let world: World;
beforeAll(async () => {
  clock = flowingClock("2026-11-02T07:00:00Z");
  world = await startWorld({ clock });
  await world.start();
  await aFleet(world.kube);
  await world.hire("ana");
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

const patience = { timeout: 20_000 };
const remembered = () => world.kube.find<Remembered>(kinds.ConfigMap, ledgerMark.name, ledgerMark.namespace);
const isCurrent = async () => {
  await world.ledger.audit.seal();
  const { hash } = await world.ledger.pairing.head();
  return (await remembered())?.data.hash === hash;
};

it("a first installation pairs by itself, and the cluster is told how far the ledger is", async () => {
  await expect.poll(isCurrent, patience).toBe(true);
  const { metadata } = await world.kube.get(kinds.Namespace, "kube-system");
  expect(await world.ledger.pairing.facts()).toMatchObject({ cluster: metadata.uid });
  expect((await remembered())?.data.ledgerID).toBe(world.ledger.id);
});

it("is told nothing while nothing happens", async () => {
  await expect.poll(isCurrent, patience).toBe(true);
  const before = await remembered();
  for (let turn = 0; turn < 5; turn++) {
    clock.jumpTo(clock.now() + 10_000);
    await world.kube.list(kinds.Namespace);
  }
  expect((await remembered())?.metadata.resourceVersion).toBe(before?.metadata.resourceVersion);
});

it("a ConfigMap that somebody deletes is written again: that is no restore", async () => {
  await world.kube.delete(kinds.ConfigMap, ledgerMark.name, ledgerMark.namespace);
  await world.hire("ben");
  await expect.poll(isCurrent, patience).toBe(true);
  expect((await world.ledger.pairing.facts()).recovering).toBeUndefined();
});

it("one that names another ledger stops the controller, which goes on by itself once it is right again", async () => {
  const before = (await remembered())!;
  await world.kube.mergePatch(kinds.ConfigMap, ledgerMark.name, ledgerMark.namespace, {
    data: { ledgerID: "another" },
  });
  await expect.poll(() => world.ledger.pairing.last, patience).toMatchObject({ cause: "OtherLedger", shared: false });
  const refused = world.ledger.bindings.list("acme");
  await expect(refused).rejects.toMatchObject({ reason: "Recovering" });
  const events = await world.kube.list<Stored & { reason: string }>(kinds.Event, { namespace: ledgerMark.namespace });
  expect(events.items.map((event) => event.reason)).toContain("Recovering");
  await world.kube.mergePatch(kinds.ConfigMap, ledgerMark.name, ledgerMark.namespace, { data: before.data });
  await expect.poll(() => world.ledger.pairing.last?.kind, patience).toBe("paired");
  await world.hire("carla");
});
