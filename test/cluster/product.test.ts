import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import type { Resource, Stored } from "../../api/resource.ts";
import { until } from "../e2e/fleet.ts";
import type { Decision } from "../product/cluster.ts";
import { productLaws, type World } from "../product/laws.ts";
import { type KubectlCluster, startRealCluster } from "./product-cluster.ts";
import { missingCluster } from "./real.ts";

const why = missingCluster();
if (why) process.stdout.write(`skipped: the product on a real API: ${why}\n`);

describe.skipIf(why)("the product on a real kube-apiserver", () =>
  productLaws(() => startRealCluster((line) => process.stdout.write(`${line}\n`)), {
    meanwhile(world) {
      describe("what is shipped", () => shipped(world));
      describe("the rights that are shipped", () => rights(world));
    },
    atTheEnd: uninstalled,
  }),
);

const root = path.join(import.meta.dirname, "../..");
const kustomizations = readdirSync(path.join(root, "manifests"), { recursive: true, encoding: "utf8" })
  .filter((file) => path.basename(file) === "kustomization.yaml")
  .map((file) => path.dirname(file))
  .sort();

const dryRun = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict"];

function shipped(world: () => World<KubectlCluster>): void {
  it("has an overlay and what it lies over", () => {
    expect(kustomizations).toEqual(expect.arrayContaining(["demo", "install", "overlays/own-agent"]));
  });
  for (const folder of kustomizations) {
    it(`manifests/${folder} is accepted field by field`, async (context) => {
      const { cluster } = world();
      if (folder === "demo" && !cluster.own) return context.skip("its namespace may be somebody's on a given cluster");
      const said = await cluster.kubectl([...dryRun, "-k", path.join(root, "manifests", folder)]);
      expect(said.trim().split("\n").length).toBeGreaterThan(10);
    });
  }

  it("the overlay that docs/tutorials/cluster.md shows is accepted, with its image and settings", async () => {
    const text = readFileSync(path.join(root, "docs/tutorials/cluster.md"), "utf8");
    const overlay = /```yaml\n(# kustomization\.yaml\n[\s\S]*?)```/.exec(text)?.[1] ?? "";
    const folder = mkdtempSync(path.join(tmpdir(), "roster-overlay-"));
    try {
      const base = path.relative(folder, path.join(root, "manifests/install"));
      writeFileSync(path.join(folder, "kustomization.yaml"), overlay.replace("../roster/manifests/install", base));
      const shown = await world().cluster.kubectl([...dryRun, "-k", folder, "-o", "yaml"]);
      expect(shown.match(/image: registry\.example\/roster:0\.1\.0/g)).toHaveLength(3);
      expect(shown).toContain("http://models.inference.svc:8000/v1");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("its pods are admitted under restricted pod security", async () => {
    const { cluster } = world();
    for (const name of ["roster-controller", "roster-gateway", "roster-runtime"]) {
      const deployment = JSON.parse(
        await cluster.kubectl(["get", "deployment", name, "-n", "roster-system", "-o", "json"]),
      ) as { spec: { template: { metadata: object; spec: object } } };
      const { metadata, spec } = deployment.spec.template;
      const pod = { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name }, spec };
      const args = ["create", "--dry-run=server", "-n", "roster-system", "-f", "-"];
      expect(await cluster.kubectl(args, JSON.stringify(pod))).toContain(`pod/${name} created`);
      // What the assertion above is worth: the same pod as root is refused.
      const asRoot = { ...pod, spec: { ...spec, securityContext: { runAsUser: 0 } } };
      await expect(cluster.kubectl(args, JSON.stringify(asRoot))).rejects.toThrow(/violates PodSecurity "restricted/);
    }
  });
}

/** The end of docs/tutorials/cluster.md, in its order: the controller takes its finalizers off before it goes. */
function uninstalled(world: () => World<KubectlCluster>): void {
  it("is uninstalled without a trace", async () => {
    const { kubectl } = world().cluster;
    await kubectl(["delete", "modeltiers", "--all", "--timeout=60s"]);
    await kubectl(["delete", "-k", path.join(root, "manifests/install"), "--timeout=120s"]);
    const left = await kubectl([
      "get",
      "crd,namespace,clusterrole,clusterrolebinding,validatingadmissionpolicy",
      "-o",
      "name",
    ]);
    expect(left.split("\n").filter((name) => name.includes("roster"))).toEqual([]);
  });
}

/** Declared rights that this fleet has no use for, and who has. */
const unused: Readonly<Record<string, string>> = {
  "roster-controller: create leases.coordination.k8s.io":
    "server-side apply asks for it too where the Lease is missing",
  "roster-controller: get agentbindings.roster.dev":
    "proves that a binding vanished, finalizer and all, before it is fired",
  "roster-controller: get configmaps.": "the text of a role may lie in ConfigMaps; the demo's lies in the role",
  "roster-controller: patch events.events.k8s.io": "counts an event that repeats itself",
};

function rights(world: () => World<KubectlCluster>): void {
  const decisions = (): readonly Decision[] | undefined =>
    world()
      .cluster.decisions?.()
      .filter(({ at }) => !world().roster.isOutage(at));
  const wordsOf = ({ account, verb, group, resource }: Decision) => `${account}: ${verb} ${resource}.${group}`;

  it("suffice: the API server refused controllers and gateways nothing", (context) => {
    const all = decisions();
    if (!all) return context.skip("a given cluster's audit log is not ours to read");
    expect(all.length).toBeGreaterThan(100);
    expect([...new Set(all.filter((one) => !one.allowed).map(wordsOf))]).toEqual([]);
  });

  it("are each used", (context) => {
    const all = decisions();
    if (!all) return context.skip("a given cluster's audit log is not ours to read");
    const used = new Set(all.map(wordsOf));
    const idle = declared().filter((right) => !used.has(right));
    expect(idle.sort()).toEqual(Object.keys(unused).sort());
  });

  it("are missed when one is taken away, and it works again once it is back", async () => {
    const { cluster, roster } = world();
    const { admin } = cluster;
    const role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/roster-gateway";
    const before = await admin.raw<Stored & { readonly rules: readonly { readonly resources: readonly string[] }[] }>(
      "GET",
      role,
    );
    const put = (rules: readonly object[]) => admin.raw("PATCH", role, { rules }, "application/merge-patch+json");
    const trace = () => roster.roster(["trace", "arun/asked", "-n", cluster.namespace], cluster.person.token);
    await put(before.rules.filter(({ resources }) => !resources.includes("tokenreviews")));
    const refused = await until(async () => {
      const { ok, text } = await trace();
      return ok ? undefined : text;
    });
    expect(refused).toContain("tokenreviews");
    await put(before.rules);
    await until(async () => ((await trace()).ok ? true : undefined));
  });
}

/** `account: verb resource.group` of every rule of the shipped ClusterRoles of controller and gateway. */
function declared(): readonly string[] {
  const text = readFileSync(path.join(root, "manifests/install/rbac.yaml"), "utf8");
  interface Role extends Resource {
    readonly rules?: readonly Record<"apiGroups" | "resources" | "verbs", readonly string[]>[];
  }
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Role)
    .filter(({ kind, metadata }) => kind === "ClusterRole" && /^roster-(controller|gateway)$/.test(metadata.name))
    .flatMap(({ metadata, rules = [] }) =>
      rules.flatMap(({ apiGroups: [group], resources: [resource], verbs }) =>
        verbs.map((verb) => `${metadata.name}: ${verb} ${resource}.${group}`),
      ),
    );
}
