import { afterAll, beforeAll, expect, it } from "vitest";
import { kinds } from "../../api/kinds.ts";
import type { Resource } from "../../api/resource.ts";
import { until as eventually } from "../e2e/fleet.ts";
import { isReady, startWorld, until, type World } from "./kit.ts";
import { aBinding, aFleet } from "./objects.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.start();
  await aFleet(world.kube);
});
afterAll(() => world[Symbol.asyncDispose]());

const path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/roster-controller";
interface Role extends Resource {
  readonly rules: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[];
}

it("goes on by itself once rights that were taken away are granted again, and shows the run of meanwhile", async () => {
  const { kube, ledger } = world;
  await kube.create(kinds.AgentBinding, aBinding("ana"));
  const ana = await until(kube, kinds.AgentBinding, "ana", isReady);
  const { rules } = await kube.raw<Role>("GET", path);
  const grant = (given: Role["rules"]) => kube.raw("PATCH", path, { rules: given }, "application/merge-patch+json");
  const fewer = rules
    .filter(({ resources }) => !resources.includes("agentbindings/status"))
    .map((rule) =>
      rule.resources.includes("agentruns") ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== "create") } : rule,
    );
  await grant(fewer);
  await kube.create(kinds.AgentBinding, aBinding("ben"));
  const namespace = await kube.get(kinds.Namespace, "acme");
  const { run } = await ledger.runs.admit(undefined, {
    tenant: namespace.metadata.uid,
    bindingUid: ana.metadata.uid,
    key: "schedule:daily",
    origin: { type: "Schedule" },
    requestedBy: "schedule",
    task: { text: "x" },
  });
  // Both were refused by now: the projector is past the run, and the finalizer comes before the status.
  await eventually(async () => ((await ledger.runs.cursor("projector")) >= run.changeSeq ? true : undefined));
  await until(kube, kinds.AgentBinding, "ben", (binding) => (binding.metadata.finalizers ?? []).length > 0);
  expect((await kube.list(kinds.AgentRun, { namespace: "acme" })).items).toEqual([]);

  await grant(rules);
  await until(kube, kinds.AgentBinding, "ben", isReady);
  await until(kube, kinds.AgentRun, run.objectName, (window) => window.status?.phase === "Queued");
});
