import process from "node:process";
import { describe, expect, it } from "vitest";
import { productLaws, type World } from "../product/laws.ts";
import { type KubectlCluster, startRealCluster } from "./product-cluster.ts";
import { missingCluster } from "./real.ts";
import { rarelyUsed, rightsLaws } from "./rights.ts";

// What a person of a cluster gave may do there is not ours to judge, and its namespaces are not ours to make.
const why = process.env.KUBECONFIG ? "it needs a cluster of its own; unset KUBECONFIG" : missingCluster();
if (why) process.stdout.write(`skipped: the product with Roles alone, on a real API: ${why}\n`);

describe.skipIf(why)("the product with Roles alone, on a real kube-apiserver", () =>
  productLaws(() => startRealCluster((line) => process.stdout.write(`${line}\n`), { confined: true }), {
    brief: true,
    meanwhile: (world) => describe("its rights", () => rights(world)),
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
