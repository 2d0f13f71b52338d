import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { kinds } from "../../api/kinds.ts";
import { problem } from "../../api/reasons.ts";
import type { Resource } from "../../api/resource.ts";
import { fireAll } from "../../cli/uninstall/drain.ts";
import { readFleet } from "../../cli/uninstall/fleet.ts";
import { dropFinalizers } from "../../cli/uninstall/force.ts";
import { findLabelled, nameOf, removeLabelled } from "../../cli/uninstall/labelled.ts";
import type { Task } from "../../cli/uninstall/progress.ts";
import { lift, putBack } from "../../cli/uninstall/release.ts";
import { removeInstalled } from "../../cli/uninstall/remove.ts";
import { formatSurvey, survey } from "../../cli/uninstall/uninstall.ts";
import type { KubeClient } from "../../kube/client.ts";
import { systemClock } from "../../lib/clock.ts";
import { anApi, type TestApi } from "../gitops/api.ts";

const word = "roster.dev/release-deletion";

let api: TestApi;
const said: string[] = [];
const task: Task = {
  clock: systemClock,
  deadline: Number.POSITIVE_INFINITY,
  signal: new AbortController().signal,
  say: (text) => said.push(text),
};

beforeAll(async () => {
  api = await anApi();
});
afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
});

const aNamespace = (name: string, annotations: Record<string, string> = {}) =>
  api.kube.create(kinds.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name, annotations } });

const aBinding = (name: string, namespace: string, finalizers: readonly string[]) =>
  api.kube.create(kinds.AgentBinding, {
    apiVersion: "roster.dev/v1alpha1",
    kind: "AgentBinding",
    metadata: { name, namespace, finalizers },
    spec: { roleRef: { name: "nobody" }, subject: { kind: "User", name: `${name}@acme.example` } },
  } as Resource);

const annotationsOf = async (name: string) => (await api.kube.get(kinds.Namespace, name)).metadata.annotations ?? {};

/** The same client, but for some of its methods. */
function but(changed: Partial<KubeClient>): KubeClient {
  return new Proxy(api.kube, { get: (target, name) => Reflect.get(changed, name) ?? Reflect.get(target, name) });
}

it("takes back what a run lifted that was killed, and never a person's word", async () => {
  await aNamespace("killed");
  await aNamespace("persons", { [word]: "true" });
  await aNamespace("refused", { [word]: "false" });
  for (const name of ["killed", "persons", "refused"]) await lift(api.kube, name);
  for (const name of ["killed", "persons", "refused"])
    expect(await annotationsOf(name)).toMatchObject({ [word]: "true" });
  // The next run finds nobody to fire any more.
  await fireAll(api.kube, await readFleet(api.kube), task);
  expect(await annotationsOf("killed")).toEqual({});
  expect(await annotationsOf("persons")).toEqual({ [word]: "true" });
  expect(await annotationsOf("refused")).toEqual({ [word]: "false" });
});

it("takes one back although another cannot be, and says which", async () => {
  for (const name of ["one", "two"]) {
    await aNamespace(name);
    await lift(api.kube, name);
  }
  const broken = but({
    mergePatch: (kind, name, ...rest) => {
      if (name === "one") throw problem("KubeUnavailable", "not now");
      return api.kube.mergePatch(kind, name, ...rest);
    },
  });
  await putBack(broken, task);
  expect(await annotationsOf("one")).toMatchObject({ [word]: "true" });
  expect(await annotationsOf("two")).toEqual({});
  expect(said.at(-1)).toContain('still released in namespace "one" (not now)');
  await putBack(api.kube, task);
  expect(await annotationsOf("one")).toEqual({});
});

it("takes off its own finalizers only, from the object as it is now and from no other of its name", async () => {
  await aNamespace("acme");
  await aBinding("changed", "acme", ["roster.dev/offboarding"]);
  await aBinding("replaced", "acme", ["roster.dev/offboarding"]);
  const fleet = await readFleet(api.kube);
  const finalizersOf = async (name: string) =>
    (await api.kube.get(kinds.AgentBinding, name, "acme")).metadata.finalizers ?? [];
  await api.kube.mergePatch(kinds.AgentBinding, "replaced", "acme", { metadata: { finalizers: null } });
  await api.kube.delete(kinds.AgentBinding, "replaced", "acme");
  await aBinding("replaced", "acme", ["roster.dev/offboarding"]);
  // Somebody puts theirs on between our reading and our writing.
  let raced = false;
  const racing = but({
    async mergePatch<O extends Resource>(...patch: Parameters<KubeClient["mergePatch"]>) {
      if (!raced) {
        raced = true;
        const finalizers = ["roster.dev/offboarding", "acme.example/archive"];
        await api.kube.mergePatch(kinds.AgentBinding, "changed", "acme", { metadata: { finalizers } });
      }
      return api.kube.mergePatch<O>(...patch);
    },
  });
  await dropFinalizers(racing, fleet, task);
  expect(await finalizersOf("changed")).toEqual(["acme.example/archive"]);
  expect(await finalizersOf("replaced")).toEqual(["roster.dev/offboarding"]);
});

it("passes over a kind that is not served, and stops where nobody can say what is", async () => {
  const deployment: Resource = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "roster-controller", namespace: "acme" },
  };
  expect(await removeInstalled(api.kube, [deployment], task)).toBe(0);
  const raw = () => Promise.reject(problem("KubeUnavailable", "discovery is away", { details: { status: 503 } }));
  await expect(removeInstalled(but({ raw }), [deployment], task)).rejects.toThrow("discovery is away");
});

describe("what Roles alone leave behind", () => {
  const root = path.join(import.meta.dirname, "../..");
  const rights = "/apis/rbac.authorization.k8s.io/v1";
  const ours = { "app.kubernetes.io/part-of": "roster" };
  const shipped = parseAllDocuments(
    readFileSync(path.join(root, "manifests/overlays/namespaced/fleet/rbac.yaml"), "utf8"),
  );
  const rolesOf = async (namespace: string) => {
    const lists = await Promise.all(
      ["roles", "rolebindings"].map((plural) =>
        api.kube.raw<{ items: readonly Resource[] }>("GET", `${rights}/namespaces/${namespace}/${plural}`),
      ),
    );
    return lists.flatMap(({ items }) => items.map(({ metadata: { name } }) => name)).sort();
  };
  const aRole = (namespace: string, name: string, more: object) =>
    api.kube.raw("POST", `${rights}/namespaces/${namespace}/roles`, { metadata: { name, ...more }, rules: [] });
  const aConfigMap = (name: string, namespace: string, labels: Record<string, string>) =>
    api.kube.create(kinds.ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, labels } });

  it("goes from every namespace, held or not, and nobody else's goes with it", async () => {
    for (const name of ["opened", "closing", "foreign", "roster-system"]) await aNamespace(name);
    for (const namespace of ["opened", "closing"])
      for (const document of shipped) {
        const object = document.toJS() as Resource;
        const plural = object.kind === "Role" ? "roles" : "rolebindings";
        await api.kube.raw("POST", `${rights}/namespaces/${namespace}/${plural}`, object);
      }
    // Deleted, and held by our finalizer; as in a namespace that somebody deletes.
    await api.kube.raw("DELETE", `${rights}/namespaces/closing/roles/roster-controller`);
    await aRole("opened", "roster-reports", { labels: ours });
    await aRole("foreign", "roster-controller", {});
    await aConfigMap("roster-model-tiers-abcdefghij", "roster-system", ours);
    await aConfigMap("roster-model-tiers-0123456789", "roster-system", {});
    await aConfigMap("roster-gateway-config-abcdefghij", "roster-system", ours);
    await aConfigMap("roster-model-tiers", "opened", ours);

    const found = await findLabelled(api.kube, root);
    expect(found.map(({ object }) => nameOf(object))).toEqual([
      "RoleBinding closing/roster-controller",
      "RoleBinding closing/roster-gateway",
      "RoleBinding opened/roster-controller",
      "RoleBinding opened/roster-gateway",
      "Role closing/roster-controller",
      "Role closing/roster-gateway",
      "Role opened/roster-controller",
      "Role opened/roster-gateway",
      "ConfigMap roster-system/roster-gateway-config-abcdefghij",
      "ConfigMap roster-system/roster-model-tiers-abcdefghij",
    ]);
    expect(await removeLabelled(api.kube, found, task)).toBe(10);
    expect(await findLabelled(api.kube, root)).toEqual([]);
    expect(await rolesOf("opened")).toEqual(["roster-reports"]);
    expect(await rolesOf("closing")).toEqual([]);
    expect(await rolesOf("foreign")).toEqual(["roster-controller"]);
    const { items } = await api.kube.list(kinds.ConfigMap);
    expect(items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith("roster-model"))).toEqual([
      "roster-model-tiers",
      "roster-model-tiers-0123456789",
    ]);
  });

  it("is said before anything is done", async () => {
    await aNamespace("shown");
    await aRole("shown", "roster-gateway", { labels: ours });
    const options = { root, keepCrds: false, force: false };
    const said = formatSurvey(await survey(api.kube, root, systemClock.now()), options);
    expect(said).toContain(
      "   and these, which are labelled app.kubernetes.io/part-of=roster:\n   Role shown/roster-gateway\n4.",
    );
  });
});
