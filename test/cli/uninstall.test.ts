import { afterAll, beforeAll, expect, it } from "vitest";
import { kinds } from "../../api/kinds.ts";
import { problem } from "../../api/reasons.ts";
import type { Resource } from "../../api/resource.ts";
import { fireAll } from "../../cli/uninstall/drain.ts";
import { readFleet } from "../../cli/uninstall/fleet.ts";
import { dropFinalizers } from "../../cli/uninstall/force.ts";
import type { Task } from "../../cli/uninstall/progress.ts";
import { lift, putBack } from "../../cli/uninstall/release.ts";
import { removeInstalled } from "../../cli/uninstall/remove.ts";
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
