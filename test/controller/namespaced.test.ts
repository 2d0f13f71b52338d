import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type KindRef, kinds } from "../../api/kinds.ts";
import type { Resource } from "../../api/resource.ts";
import type { Controller } from "../../controller/start.ts";
import { until } from "../e2e/fleet.ts";
import { condition, grant, type Seen, startWorld, type World } from "./kit.ts";
import { aBinding, aRole, aTier } from "./objects.ts";

const fleetRights = "overlays/namespaced/fleet/rbac.yaml";

// The rights of manifests/overlays/namespaced: Roles in some namespaces, nothing for the cluster.
describe("a controller that has Roles only", () => {
  let world: World;
  let controller: Controller;
  beforeAll(async () => {
    world = await startWorld();
    await world.kube.raw("DELETE", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/roster-controller");
    for (const name of ["globex", "initech"]) {
      await world.kube.create(kinds.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    }
    await grant(world.kube, fleetRights, "acme");
    controller = await world.start("one", { namespaces: ["acme", "globex"], given: [aTier("workhorse")] });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const inNamespace = (object: Resource, namespace: string): Resource => ({
    ...object,
    metadata: { ...object.metadata, namespace },
  });
  const hire = async (namespace: string) => {
    await world.kube.create(kinds.AgentRole, inNamespace(aRole(), namespace));
    await world.kube.create(kinds.AgentBinding, inNamespace(aBinding("ana"), namespace));
  };
  const find = (kind: KindRef, name: string, namespace: string) => world.kube.find<Seen>(kind, name, namespace);
  const ready = (namespace: string) =>
    until(async () => {
      const found = await find(kinds.AgentBinding, "ana", namespace);
      return condition(found, "Ready") === "True/Ready" ? found : undefined;
    });

  it("hires where it has rights, with tiers from its operator's file", async () => {
    await hire("acme");
    await ready("acme");
    const role = await find(kinds.AgentRole, "assistant", "acme");
    expect(condition(role, "TiersResolved")).toBe("True/Resolved");
    expect((await world.ledger.catalog.listTiers()).map(({ name, ready: usable }) => [name, usable])).toEqual([
      ["workhorse", true],
    ]);
  });

  it("leaves a namespace alone that it was not told", async () => {
    await hire("initech");
    // What comes after it is done, so what comes before would be.
    await world.kube.create(kinds.AgentBinding, aBinding("ben"));
    await until(async () =>
      condition(await find(kinds.AgentBinding, "ben", "acme"), "Ready") === "True/Ready" ? true : undefined,
    );
    // The definition\'s own default: nobody has looked at it.
    expect((await find(kinds.AgentBinding, "ana", "initech"))?.status).toEqual({ observedGeneration: -1 });
  });

  it("hires in a namespace once all of it is open, and not from half of it", async () => {
    await hire("globex");
    const role = "/apis/rbac.authorization.k8s.io/v1/namespaces/globex/roles/roster-controller";
    await grant(world.kube, fleetRights, "globex");
    const { rules } = await world.kube.raw<{ rules: readonly { resources: readonly string[] }[] }>("GET", role);
    const put = (some: typeof rules) => world.kube.raw("PATCH", role, { rules: some }, "application/merge-patch+json");
    await put(rules.filter(({ resources }) => !resources.includes("agentstops")));
    const why = await until(async () => {
      const found = await find(kinds.AgentBinding, "ana", "globex");
      const shown = found?.status?.conditions?.find((one) => one.type === "Ready");
      return shown?.message.includes("agentstops") ? shown : undefined;
    });
    expect(why).toMatchObject({ status: "False", message: 'agentstops of namespace "globex" were not read yet' });
    await put(rules);
    await ready("globex");
  });

  it("withdraws a tier that the file no longer has, and says so on the role", async () => {
    await controller[Symbol.asyncDispose]();
    await world.start("two", { namespaces: ["acme", "globex"], given: [aTier("other")] });
    await until(async () => {
      const role = await find(kinds.AgentRole, "assistant", "acme");
      return condition(role, "TiersResolved") === "False/TierNotFound" ? true : undefined;
    });
    await until(async () =>
      (await world.ledger.catalog.listTiers()).map(({ name }) => name).join() === "other" ? true : undefined,
    );
  });
});
