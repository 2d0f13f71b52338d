import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { describe, expect, it } from "vitest";
import type { Resource } from "../../api/resource.ts";
import { driftLaws } from "../manifests/drift.ts";
import { productLaws, type World } from "../product/laws.ts";
import { judge } from "./gitops-judge.ts";
import { type KubectlCluster, startRealCluster } from "./product-cluster.ts";
import { missingCluster } from "./real.ts";
import { rarelyUsed, rarelyUsedAtHome, rightsLaws } from "./rights.ts";
import { missingTools } from "./tools.ts";
import { uninstall } from "./uninstall.ts";

const why = missingCluster();
if (why) process.stdout.write(`skipped: the product on a real API: ${why}\n`);

describe.skipIf(why)("the product on a real kube-apiserver", () =>
  productLaws(() => startRealCluster((line) => process.stdout.write(`${line}\n`)), {
    meanwhile(world) {
      describe("what is shipped", () => shipped(world));
      describe("git equals live", () => driftLaws(() => world().cluster));
      describe("the rights that are shipped", () =>
        rightsLaws(world, {
          files: ["manifests/install/rbac.yaml"],
          unused: {
            ...rarelyUsed,
            ...rarelyUsedAtHome,
            "roster-controller: get namespaces. at home": "which cluster this is, where no right opens kube-system",
            "roster-gateway: get namespaces. at home": "which cluster this is, where no right opens kube-system",
            "roster-controller: get customresourcedefinitions.apiextensions.k8s.io":
              "tells an object that vanished from a kind that is no longer served",
          },
          taken: {
            role: () => "/apis/rbac.authorization.k8s.io/v1/clusterroles/roster-gateway",
            resource: "tokenreviews",
          },
        }));
    },
    atTheEnd: uninstalled,
  }),
);

const root = path.join(import.meta.dirname, "../..");
const kustomizations = readdirSync(path.join(root, "manifests"), { recursive: true, encoding: "utf8" })
  .filter((file) => path.basename(file) === "kustomization.yaml")
  .map((file) => path.dirname(file))
  // A component changes what others bring.
  .filter((folder) => !folder.startsWith("components/"))
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
      expect(said.trim().split("\n").length).toBeGreaterThan(3);
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

  it("its fleet is what Flux and Argo CD take for finished", async (context) => {
    const without = missingTools(["gitops-judge"]);
    if (without) return context.skip(without);
    const { cluster } = world();
    const text = await cluster.kubectl(["get", "roster", "-n", cluster.namespace, "-o", "json"]);
    const { items } = JSON.parse(text) as { readonly items: readonly Resource[] };
    const verdicts = await judge(items);
    expect(items.length).toBeGreaterThan(8);
    for (const [index, { kind, metadata }] of items.entries())
      expect(verdicts[index], `${kind}/${metadata.name}`).toMatchObject({ kstatus: "Current", health: "Healthy" });
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

/** The end of docs/tutorials/cluster.md: the controllers let go of what they hold before they go themselves. */
function uninstalled(world: () => World<KubectlCluster>): void {
  it("is uninstalled without a trace, by its own command", async () => {
    const { cluster, roster } = world();
    const { kubectl } = cluster;
    const text = await uninstall({ cluster, roster });
    expect(text).toContain("deleting 3 ModelTiers");
    const left = await kubectl([
      "get",
      "crd,namespace,clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding",
      "-o",
      "name",
    ]);
    expect(left.split("\n").filter((name) => name.includes("roster"))).toEqual([]);
  });
}
