import { afterEach, beforeEach, expect, it } from "vitest";
import { kinds } from "../../api/kinds.ts";
import type { Controller } from "../../controller/start.ts";
import { sha256 } from "../../lib/ids.ts";
import { type FlowingClock, flowingClock } from "../kit/flowing-clock.ts";
import { claimNext, condition, gone, isReady, type Seen, startWorld, until, type World } from "./kit.ts";
import { aFleet, anObject } from "./objects.ts";

// A Monday in winter: Lisbon is at UTC.
const start = "2026-11-02T07:00:00Z";

let clock: FlowingClock;
let world: World;
let controller: Controller;
beforeEach(async () => {
  clock = flowingClock(start);
  world = await startWorld({ clock });
  controller = await world.start();
  await aFleet(world.kube);
});
afterEach(() => world[Symbol.asyncDispose]());

const aTrigger = (name: string, schedule: object, more: object = {}) =>
  anObject(kinds.AgentTrigger, name, {
    type: "Schedule",
    target: { roleRef: { name: "assistant" } },
    task: { intent: "snapshot", text: "For {{ binding.subject.name }}" },
    schedule: { cron: "30 7 * * 1-5", timeZoneFrom: "Binding", ...schedule },
    ...more,
  });

const effective = (binding: Seen) => (binding.status?.effective as { state?: string } | undefined)?.state;

/** Waits until a trigger shows its next fire and every pair of it is armed in the ledger. */
async function armed(name: string): Promise<Seen> {
  const shown = await until(world.kube, kinds.AgentTrigger, name, (trigger) => trigger.status?.nextFire !== undefined);
  await controller.idle();
  return shown;
}

const runsOf = async (binding: Seen) =>
  (await world.ledger.runs.list({ bindingUid: binding.metadata.uid, limit: 50 })).toReversed();
const aWindow = (binding: string) => (run: Seen) => (run.spec.bindingRef as { name: string }).name === binding;

/** The first AgentRun of a binding that is as wanted. */
async function windowOf(binding: string, wanted: (run: Seen) => boolean = () => true): Promise<Seen> {
  const stop = new AbortController();
  const { items, resourceVersion } = await world.kube.list<Seen>(kinds.AgentRun, { namespace: "acme" });
  const found = items.find((run) => aWindow(binding)(run) && wanted(run));
  if (found) return found;
  for await (const event of world.kube.watch<Seen>(kinds.AgentRun, {
    namespace: "acme",
    resourceVersion,
    signal: stop.signal,
  })) {
    if (
      event.type === "BOOKMARK" ||
      event.type === "DELETED" ||
      !aWindow(binding)(event.object) ||
      !wanted(event.object)
    )
      continue;
    stop.abort();
    return event.object;
  }
  throw new Error("the watch ended");
}

/** Resolves when something is true in the ledger; asked after each commit that moved runs. */
async function ledgerUntil(holds: () => Promise<boolean>): Promise<void> {
  let changed = Promise.withResolvers<void>();
  using _ = world.ledger.feed.subscribe("runs", () => changed.resolve());
  while (!(await holds())) {
    await changed.promise;
    changed = Promise.withResolvers<void>();
  }
}

it("fires each agent at half past seven of its own zone, once", async () => {
  const ana = await world.hire("ana", { timeZone: "Europe/Lisbon" });
  const tom = await world.hire("tom", { timeZone: "America/New_York" });
  await world.kube.create(kinds.AgentTrigger, aTrigger("daily", {}));
  const trigger = await armed("daily");
  expect(trigger.status).toMatchObject({ nextFire: "2026-11-02T07:30:00Z", summary: { target: "role assistant" } });
  expect(condition(trigger, "TargetsFound")).toBe("True/Resolved");

  clock.jumpTo("2026-11-02T07:29:55Z");
  await controller.idle();
  expect(await runsOf(ana)).toEqual([]);
  clock.jumpTo("2026-11-02T07:30:00Z");
  const window = await windowOf("ana");
  expect(window.spec).toMatchObject({
    origin: { type: "Schedule", trigger: "daily", scheduledAt: "2026-11-02T07:30:00Z" },
  });
  expect(JSON.stringify(window), "other people can read the namespace").not.toContain("ana@acme.example");
  const [run] = await runsOf(ana);
  expect(run?.task.text).toBe("For ana@acme.example");
  expect(await runsOf(tom)).toEqual([]);

  clock.jumpTo("2026-11-02T12:30:00Z");
  await windowOf("tom");
  expect((await runsOf(ana)).length).toBe(1);
  expect((await runsOf(tom)).length).toBe(1);
  const after = await until(world.kube, kinds.AgentTrigger, "daily", (one) => one.status?.fired === 2);
  expect(after.status).toMatchObject({ nextFire: "2026-11-03T07:30:00Z" });
});

it("catches up a fire that it slept through, within the starting deadline only", async () => {
  const ana = await world.hire("ana");
  await world.kube.create(kinds.AgentTrigger, aTrigger("daily", { startingDeadlineSeconds: 900 }));
  await armed("daily");
  await controller[Symbol.asyncDispose]();
  clock.jumpTo("2026-11-02T07:40:00Z");
  controller = await world.start("two");
  await windowOf("ana");
  expect((await runsOf(ana)).length).toBe(1);

  await controller[Symbol.asyncDispose]();
  clock.jumpTo("2026-11-03T09:00:00Z");
  controller = await world.start("three");
  // What it shows is looked at again once it leads, and so is what it fires.
  await until(world.kube, kinds.AgentTrigger, "daily", (one) => one.status?.nextFire === "2026-11-04T07:30:00Z");
  await controller.idle();
  expect((await runsOf(ana)).length, "an hour and a half late is of no use").toBe(1);
  // Stopping sends the events that wait.
  await controller[Symbol.asyncDispose]();
  const events = await world.kube.list<Seen & { reason: string }>(kinds.Event, { namespace: "acme" });
  expect(events.items.map((event) => event.reason)).toContain("MissedDeadline");
});

it("fires strictly after a change of cron, and after a resume", async () => {
  const ana = await world.hire("ana");
  await world.kube.create(kinds.AgentTrigger, aTrigger("daily", {}));
  await armed("daily");
  clock.jumpTo("2026-11-02T07:20:00Z");
  // The new line would have fired ten minutes ago: that time is before the change.
  await world.kube.mergePatch(kinds.AgentTrigger, "daily", "acme", { spec: { schedule: { cron: "10 7 * * *" } } });
  await until(world.kube, kinds.AgentTrigger, "daily", (one) => one.status?.nextFire === "2026-11-03T07:10:00Z");
  await controller.idle();
  expect(await runsOf(ana)).toEqual([]);

  await world.kube.mergePatch(kinds.AgentBinding, "ana", "acme", { spec: { state: "Suspended" } });
  await until(world.kube, kinds.AgentBinding, "ana", (one) => effective(one) === "Suspended");
  clock.jumpTo("2026-11-03T07:11:00Z");
  await controller.idle();
  await world.kube.mergePatch(kinds.AgentBinding, "ana", "acme", { spec: { state: "Active" } });
  await until(world.kube, kinds.AgentBinding, "ana", (one) => effective(one) === "Active");
  clock.jumpTo("2026-11-03T08:00:00Z");
  await controller.idle();
  expect(await runsOf(ana), "what passed while suspended is not made up for").toEqual([]);
});

it("skips a fire while the previous run of the same agent is unfinished", async () => {
  const ana = await world.hire("ana");
  await world.kube.create(kinds.AgentTrigger, aTrigger("often", { cron: "*/10 * * * *" }));
  await armed("often");
  clock.jumpTo("2026-11-02T07:10:00Z");
  await windowOf("ana");
  clock.jumpTo("2026-11-02T07:20:05Z");
  await until(world.kube, kinds.AgentTrigger, "often", (one) => Number(one.status?.refused) >= 1);
  expect((await runsOf(ana)).map((run) => run.reason)).toContain("ConcurrencyForbidden");
});

it("keeps as many finished windows as it was told, never brings a deleted one back, and keeps the rows", async () => {
  const ana = await world.hire("ana");
  const window = { keepSucceeded: 1, keepFailed: 1 };
  await world.kube.create(
    kinds.AgentTrigger,
    aTrigger("often", { cron: "*/10 * * * *", concurrency: "Allow" }, { window }),
  );
  await armed("often");
  const names: string[] = [];
  for (let n = 0; n < 3; n++) {
    clock.jumpTo(`2026-11-02T07:${n + 1}0:00Z`);
    const seen = await windowOf("ana", (run) => !names.includes(run.metadata.name));
    names.push(seen.metadata.name);
    const { run } = await claimNext(world.ledger);
    await world.ledger.runs.succeed(run.id, run.epoch, {
      rung: "work",
      reason: "Succeeded",
      message: "",
      verified: "Unknown",
      outputDigest: sha256("{}"),
      output: {},
    });
    await until(world.kube, kinds.AgentRun, seen.metadata.name, (run) => run.status?.phase === "Succeeded");
  }
  await gone(world.kube, kinds.AgentRun, names[0]!);
  await gone(world.kube, kinds.AgentRun, names[1]!);
  await world.kube.delete(kinds.AgentRun, names[2]!, "acme");
  await gone(world.kube, kinds.AgentRun, names[2]!);
  // Beyond the projector's poll: it looks at everything once more and makes nothing.
  clock.jumpTo("2026-11-02T07:36:00Z");
  await controller.idle();
  const left = await world.kube.list<Seen>(kinds.AgentRun, { namespace: "acme" });
  expect(left.items.map((run) => run.metadata.name)).toEqual([]);
  const rows = await runsOf(ana);
  expect(rows.length).toBe(3);
  expect(rows.map((run) => run.windowState)).toEqual(["gone", "gone", "gone"]);

  // A window that somebody saved and feeds back is no request.
  const saved = {
    ...anObject(kinds.AgentRun, names[2]!, { bindingRef: { name: "ana" }, requestedBy: "admin", runID: rows[2]!.id }),
  };
  await world.kube.create(kinds.AgentRun, saved);
  const refused = await until(world.kube, kinds.AgentRun, names[2]!, (run) => run.status?.phase === "Refused");
  expect(refused.status?.reason).toBe("ForgedRequest");
  expect((await runsOf(ana)).length).toBe(3);
});

it("cancels the run of a window that is deleted while it is queued", async () => {
  const ana = await world.hire("ana");
  await world.kube.create(kinds.AgentTrigger, aTrigger("daily", {}));
  await armed("daily");
  clock.jumpTo("2026-11-02T07:30:00Z");
  const window = await windowOf("ana", (run) => run.status?.phase === "Queued");
  await world.kube.delete(kinds.AgentRun, window.metadata.name, "acme");
  await gone(world.kube, kinds.AgentRun, window.metadata.name);
  await ledgerUntil(async () => (await runsOf(ana))[0]?.phase === "Cancelled");
});

it("says that a line is wrong, that webhooks come later, and that nobody is there to work", async () => {
  const { kube } = world;
  await kube.create(kinds.AgentTrigger, aTrigger("bad", { cron: "61 7 * * *" }));
  const bad = await until(
    kube,
    kinds.AgentTrigger,
    "bad",
    (one) => condition(one, "Ready") === "False/InvalidSchedule",
  );
  expect(condition(bad, "Stalled")).toBe("True/InvalidSchedule");
  await kube.create(kinds.AgentTrigger, aTrigger("lonely", {}));
  await until(
    kube,
    kinds.AgentTrigger,
    "lonely",
    (one) => isReady(one) && condition(one, "TargetsFound") === "False/NoTargets",
  );
  await kube.create(
    kinds.AgentTrigger,
    anObject(kinds.AgentTrigger, "hook", {
      type: "Webhook",
      target: { roleRef: { name: "assistant" } },
      task: { intent: "x" },
      webhook: { scheme: "StandardWebhooks", secretRefs: [{ name: "s", key: "k" }], bindTo: "event.body.user" },
    }),
  );
  await until(kube, kinds.AgentTrigger, "hook", (one) => condition(one, "Ready") === "False/NotYetSupported");
});
