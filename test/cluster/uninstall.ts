import { expect } from "vitest";
import { tokenOf } from "../product/cluster.ts";
import type { World } from "../product/laws.ts";
import type { KubectlCluster } from "./product-cluster.ts";

/** Types `roster uninstall` as an administrator who has a token, which it takes away again; answers what was said. */
export async function uninstall({ cluster, roster }: World<KubectlCluster>): Promise<string> {
  const { kubectl, admin } = cluster;
  await kubectl(["create", "serviceaccount", "leaving", "-n", "default"]);
  await kubectl([
    "create",
    "clusterrolebinding",
    "leaving",
    "--clusterrole=cluster-admin",
    "--serviceaccount=default:leaving",
  ]);
  const token = await tokenOf(admin, "default", "leaving");
  const { ok, text } = await roster.roster(["uninstall", "--yes", "--timeout", "2m"], token);
  expect(ok, text).toBe(true);
  await kubectl(["delete", "clusterrolebinding", "leaving"]);
  await kubectl(["delete", "serviceaccount", "leaving", "-n", "default"]);
  return text;
}
