import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import type { Resource, Stored } from "../../api/resource.ts";
import { until } from "../e2e/fleet.ts";
import type { Decision } from "../product/cluster.ts";
import type { World } from "../product/laws.ts";
import type { KubectlCluster } from "./product-cluster.ts";

const root = path.join(import.meta.dirname, "../..");

/** The rights of one way to install. */
export interface Granted {
  /** Files that grant them, in the checkout. */
  readonly files: readonly string[];
  /** `account: verb resource.group`, ` at home` where it is for roster-system only, of those that a fleet like the demo's has no use for → who has. */
  readonly unused: Readonly<Record<string, string>>;
  /** One that is taken away: the URL path of a Role or ClusterRole of the gateway, and a resource in it. */
  readonly taken: { readonly role: (namespace: string) => string; readonly resource: string };
}

interface Role extends Resource {
  readonly rules?: readonly Record<"apiGroups" | "resources" | "verbs", readonly string[]>[];
}

const words = (account: string, verb: string, group: string, resource: string, namespace: string | undefined) =>
  `${account}: ${verb} ${resource}.${group}${namespace === "roster-system" ? " at home" : ""}`;
const wordsOf = ({ account, verb, group, resource, namespace }: Decision) =>
  words(account, verb, group, resource, namespace);

/** By the API server's audit log: what is granted suffices, each part of it is used, and a part that is missing is missed. */
export function rightsLaws(world: () => World<KubectlCluster>, granted: Granted): void {
  const decisions = (): readonly Decision[] | undefined =>
    world()
      .cluster.decisions?.()
      .filter(({ at }) => !world().roster.isOutage(at));

  it("suffice: the API server refused controllers and gateways nothing", (context) => {
    const all = decisions();
    if (!all) return context.skip("a given cluster's audit log is not ours to read");
    expect(all.length).toBeGreaterThan(100);
    expect([...new Set(all.filter((one) => !one.allowed).map(wordsOf))]).toEqual([]);
  });

  it("are each used, or it is written down what for", (context) => {
    const seen = decisions();
    if (!seen) return context.skip("a given cluster's audit log is not ours to read");
    const used = new Set(seen.map(wordsOf));
    const all = granted.files.flatMap(declaredIn);
    // What is granted everywhere may also be used at home, as by the probe of the admission policies.
    const isUsed = (right: string) => used.has(right) || used.has(`${right} at home`);
    expect(all.filter((right) => !isUsed(right) && !Object.hasOwn(granted.unused, right))).toEqual([]);
    expect(Object.keys(granted.unused).filter((right) => !all.includes(right))).toEqual([]);
  });

  it("are missed when one is taken away, and it works again once it is back", async () => {
    const { cluster, roster } = world();
    const { admin } = cluster;
    const role = granted.taken.role(cluster.namespace);
    const before = await admin.raw<Stored<Role>>("GET", role);
    const put = (rules: readonly object[]) => admin.raw("PATCH", role, { rules }, "application/merge-patch+json");
    const trace = () => roster.roster(["trace", "arun/asked", "-n", cluster.namespace], cluster.person.token);
    await put(before.rules!.filter(({ resources }) => !resources.includes(granted.taken.resource)));
    const refused = await until(async () => {
      const { ok, text } = await trace();
      return ok ? undefined : text;
    });
    expect(refused).toContain(granted.taken.resource);
    await put(before.rules!);
    await until(async () => ((await trace()).ok ? true : undefined));
  });
}

/** Every right that a file gives controller and gateway. */
function declaredIn(file: string): readonly string[] {
  return parseAllDocuments(readFileSync(path.join(root, file), "utf8"))
    .map((document) => document.toJS() as Role)
    .filter(({ kind, metadata }) => /Role$/.test(kind) && /^roster-(controller|gateway)$/.test(metadata.name))
    .flatMap(({ metadata, rules = [] }) =>
      rules.flatMap(({ apiGroups: [group], resources: [resource], verbs }) =>
        verbs.map((verb) => words(metadata.name, verb, group!, resource!, metadata.namespace)),
      ),
    );
}

/** What neither way has a use for while nothing goes wrong. */
export const rarelyUsed: Readonly<Record<string, string>> = {
  "roster-controller: get agentbindings.roster.dev":
    "proves that a binding vanished, finalizer and all, before it is fired",
  "roster-controller: get agentruns.roster.dev": "the same of a run, before it is cancelled",
  "roster-controller: get agentstops.roster.dev": "the same of a stop, before it is lifted",
  "roster-controller: get configmaps.": "the text of a role may lie in ConfigMaps; the demo's lies in the role",
  "roster-controller: patch events.events.k8s.io": "counts an event that repeats itself",
};

/** The same for what roster-system's own Roles give. */
export const rarelyUsedAtHome: Readonly<Record<string, string>> = {
  "roster-controller: create leases.coordination.k8s.io at home":
    "server-side apply asks for it too where the Lease is missing",
};
