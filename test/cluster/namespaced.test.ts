import path from "node:path";
import process from "node:process";
import { describe, expect, it } from "vitest";
import { kinds } from "../../api/kinds.ts";
import { until } from "../e2e/fleet.ts";
import { productLaws, type World } from "../product/laws.ts";
import { type KubectlCluster, startRealCluster } from "./product-cluster.ts";
import { missingCluster } from "./real.ts";
import { rarelyUsed, rightsLaws } from "./rights.ts";
import { uninstall } from "./uninstall.ts";

const root = path.join(import.meta.dirname, "../..");

// What a person of a cluster gave may do there is not ours to judge, and its namespaces are not ours to make.
const why = process.env.KUBECONFIG ? "it needs a cluster of its own; unset KUBECONFIG" : missingCluster();
if (why) process.stdout.write(`skipped: the product with Roles alone, on a real API: ${why}\n`);

describe.skipIf(why)("the product with Roles alone, on a real kube-apiserver", () =>
  productLaws(() => startRealCluster((line) => process.stdout.write(`${line}\n`), { confined: true }), {
    brief: true,
    meanwhile: (world) => describe("its rights", () => rights(world)),
    atTheEnd: uninstalled,
  }),
);

function rights(world: () => World<KubectlCluster>): void {
  it("are in Roles: no ClusterRole gives a process of Roster anything", async () => {
    const text = await world().cluster.kubectl(["get", "clusterrolebindings", "-o", "json"]);
    const { items } = JSON.parse(text) as {
      items: readonly { metadata: { name: string }; subjects?: readonly { namespace?: string; name: string }[] }[];
    };
    const ours = items.filter(({ subjects = [] }) => subjects.some((one) => one.namespace === "roster-system"));
    expect(ours.map(({ metadata }) => metadata.name)).toEqual([]);
  });

  rightsLaws(world, {
    files: ["manifests/overlays/namespaced/fleet/rbac.yaml"],
    unused: {
      ...rarelyUsed,
      "roster-controller: create agentruns.roster.dev": "windows of scheduled runs; no schedule fires in these seconds",
      "roster-controller: get secrets.": "tells an issuer of a fired agent; the demo's credentials have none",
    },
    taken: {
      role: (namespace) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles/roster-gateway`,
      resource: "localsubjectaccessreviews",
    },
  });
}

function uninstalled(world: () => World<KubectlCluster>): void {
  it("is uninstalled with the rights that its namespaces gave, and such a namespace can be deleted", async () => {
    const { cluster, roster } = world();
    const { kubectl, admin, namespace } = cluster;
    await kubectl(["create", "namespace", namespace]);
    await kubectl(["apply", "-n", namespace, "-k", path.join(root, "manifests/overlays/namespaced/fleet")]);
    await cluster.applyFleet();
    // Whoever was never taken in would only be deleted.
    await until(async () => {
      const { items } = await admin.list(kinds.AgentBinding, { namespace });
      return items.length > 0 && items.every(({ metadata }) => metadata.finalizers?.length) ? true : undefined;
    });
    await kubectl(["create", "role", "roster-reports", "-n", namespace, "--verb=get", "--resource=pods"]);
    await kubectl(["label", "role", "roster-reports", "-n", namespace, "app.kubernetes.io/part-of=roster"]);

    const text = await uninstall({ cluster, roster });
    expect(text).toMatch(
      /and these, which are labelled app\.kubernetes\.io\/part-of=roster:\n {3}RoleBinding \S+\/roster-controller/,
    );
    expect(text).toMatch(/^ {3}Role roster-system\/roster-model-keys$/m);
    expect(text).toContain("firing 3 agents");
    const named = (what: string, ...where: string[]) =>
      kubectl(["get", what, "-o", "name", ...where]).then((said) =>
        said.split("\n").filter((one) => one.includes("roster")),
      );
    // What somebody else made is theirs, whatever they call it.
    expect(await named("role,rolebinding,configmap", "-n", namespace)).toEqual([
      "role.rbac.authorization.k8s.io/roster-reports",
    ]);
    expect(await named("crd,namespace,clusterrole,validatingadmissionpolicy")).toEqual([]);
    await kubectl(["delete", "namespace", namespace, "--timeout=60s"]);
  });
}
