import { afterEach, beforeEach, expect, it } from "vitest";
import { kinds } from "../../api/kinds.ts";
import type { Resource } from "../../api/resource.ts";
import { type FlowingClock, flowingClock } from "../kit/flowing-clock.ts";
import { aBinding, aFleet, anObject, isReady, startWorld, until, type World } from "./kit.ts";

let clock: FlowingClock;
let world: World;
beforeEach(async () => {
  clock = flowingClock("2026-11-02T07:00:00Z");
  world = await startWorld({ clock });
  await world.start();
  await aFleet(world.kube);
});
afterEach(() => world[Symbol.asyncDispose]());

const path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/roster-controller";
interface Role extends Resource {
  readonly rules: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[];
}

it("goes on by itself once rights that were taken away are granted again, and shows the run of meanwhile", async () => {
  const { kube, ledger } = world;
  await kube.create(kinds.AgentBinding, aBinding("ana"));
  const ana = await until(kube, kinds.AgentBinding, "ana", isReady);
  const schedule = { cron: "30 7 * * 1-5", timeZoneFrom: "Binding" };
  const target = { bindingRef: { name: "ana" } };
  await kube.create(
    kinds.AgentTrigger,
    anObject(kinds.AgentTrigger, "daily", { type: "Schedule", target, task: { text: "x" }, schedule }),
  );
  await until(kube, kinds.AgentTrigger, "daily", (trigger) => trigger.status?.nextFire !== undefined);

  const { rules } = await kube.raw<Role>("GET", path);
  const grant = (given: Role["rules"]) => kube.raw("PATCH", path, { rules: given }, "application/merge-patch+json");
  const fewer = rules
    .filter(({ resources }) => !resources.includes("agentbindings/status"))
    .map((rule) =>
      rule.resources.includes("agentruns") ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== "create") } : rule,
    );
  await grant(fewer);
  await kube.create(kinds.AgentBinding, aBinding("ben"));
  const run = Promise.withResolvers<void>();
  using _ = ledger.feed.subscribe("runs", () => run.resolve());
  clock.jumpTo("2026-11-02T07:30:01Z");
  await run.promise;
  // Refused by now: both were asked for before what follows.
  await until(kube, kinds.AgentBinding, "ben", (binding) => (binding.metadata.finalizers ?? []).length > 0);
  await kube.create(
    kinds.AgentTrigger,
    anObject(kinds.AgentTrigger, "later", { type: "Schedule", target, task: { text: "x" }, schedule }),
  );
  await until(kube, kinds.AgentTrigger, "later", isReady);
  expect((await kube.list(kinds.AgentRun, { namespace: "acme" })).items).toEqual([]);

  await grant(rules);
  await until(kube, kinds.AgentBinding, "ben", isReady);
  const [row] = await ledger.runs.list({ bindingUid: ana.metadata.uid, limit: 5 });
  await until(kube, kinds.AgentRun, row!.objectName, (window) => window.status?.phase === "Queued");
});
