import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { missingCluster, startReal } from "./real.ts";

const why = missingCluster();
if (why) process.stdout.write(`skipped: ${why}\n`);

describe.skipIf(why)("a real Kubernetes API", () => {
  it("starts, answers its own kubectl, empties a namespace, and stops without a trace", async () => {
    let url = "";
    {
      await using cluster = await startReal({ say: (line) => process.stdout.write(`${line}\n`) });
      url = cluster.url;
      const kubectl = (...args: string[]) =>
        execFileSync(cluster.kubectl, ["--kubeconfig", cluster.kubeconfig, ...args], { encoding: "utf8" });
      expect(kubectl("create", "namespace", "roster-try")).toContain("namespace/roster-try created");
      kubectl("create", "configmap", "c", "-n", "roster-try", "--from-literal=a=b");
      expect(kubectl("auth", "whoami")).toContain("admin");
      // Only the namespace controller can finish this.
      expect(kubectl("delete", "namespace", "roster-try", "--timeout=60s")).toContain("deleted");
      if (!cluster.own) return;
    }
    await expect(fetch(`${url}/readyz`)).rejects.toThrow();
  });
});
