import process from "node:process";
import { describe, expect, it } from "vitest";
import { productLaws, type World } from "../product/laws.ts";
import { type KubectlCluster, startRealCluster } from "./product-cluster.ts";
import { missingCluster } from "./real.ts";
import { oldestKubernetesVersion } from "./tools.ts";

const say = (line: string) => process.stdout.write(`${line}\n`);
const why = process.env.KUBECONFIG ? "a given cluster is of one version" : missingCluster("oldest");
if (why) say(`skipped: the product on the oldest supported Kubernetes: ${why}`);

describe.skipIf(why)(`the product on Kubernetes ${oldestKubernetesVersion}, the oldest that is supported`, () =>
  productLaws(() => startRealCluster(say, { plane: "oldest" }), {
    brief: true,
    meanwhile: (world) =>
      it("really is that old", () => expect(versionOf(world)).resolves.toBe(oldestKubernetesVersion)),
  }),
);

async function versionOf(world: () => World<KubectlCluster>): Promise<unknown> {
  const answer = await world().cluster.kubectl(["version", "-o", "json"]);
  return (JSON.parse(answer) as { readonly serverVersion: { readonly gitVersion: string } }).serverVersion.gitVersion;
}
