import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { issueClientCertificate, openCertificates, type Pair } from "../../apiserver/tls/certificates.ts";
import { systemClock } from "../../lib/clock.ts";
import { type Cluster, startCluster } from "./kit.ts";

const found = spawnSync("kubectl", ["version", "--client"]).status === 0;
if (!found) process.stdout.write("skipped: kubectl with a client certificate: kubectl is not on the PATH\n");

describe.skipIf(!found)("kubectl --client-certificate", () => {
  let cluster: Cluster;
  const home = mkdtempSync(join(tmpdir(), "roster-certificates-"));
  const ana = { name: "ana@acme.example", groups: ["staff", "approvers"], days: 1 };

  beforeAll(async () => {
    cluster = await startCluster();
    writeFileSync(join(home, "ca.crt"), cluster.server.caPem);
    const rule = { apiGroups: [""], resources: ["configmaps"], verbs: ["list"] };
    const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
    await cluster.post(`${rbac}/roles`, { metadata: { name: "look" }, rules: [rule] });
    await cluster.post(`${rbac}/rolebindings`, {
      metadata: { name: "look" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "look" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "approvers" }],
    });
  });
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    rmSync(home, { recursive: true });
  });

  async function kubectl(pair: Pair | undefined, ...args: string[]): Promise<string> {
    const connection = [`--server=${cluster.server.url}`, `--certificate-authority=${join(home, "ca.crt")}`];
    if (pair) {
      writeFileSync(join(home, "client.crt"), pair.certPem);
      writeFileSync(join(home, "client.key"), pair.keyPem, { mode: 0o600 });
      connection.push(`--client-certificate=${join(home, "client.crt")}`, `--client-key=${join(home, "client.key")}`);
    }
    try {
      const env = { PATH: process.env.PATH ?? "", HOME: home };
      return (await promisify(execFile)("kubectl", [...connection, ...args], { env })).stdout;
    } catch (thrown) {
      return (thrown as { stderr: string }).stderr;
    }
  }

  it("is who its common name says, in the groups of its organisations", async () => {
    const pair = await issueClientCertificate(cluster.dataDir, ana, systemClock);
    const review = JSON.parse(await kubectl(pair, "auth", "whoami", "-o", "json"));
    expect(review.status.userInfo).toMatchObject({
      username: "ana@acme.example",
      groups: ["staff", "approvers", "system:authenticated"],
    });
  });

  it("has the rights that RBAC gives this user and these groups, and no other", async () => {
    const pair = await issueClientCertificate(cluster.dataDir, ana, systemClock);
    expect(await kubectl(pair, "get", "configmaps", "-n", "default")).not.toContain("forbidden");
    expect(await kubectl(pair, "get", "secrets", "-n", "default")).toContain(
      'User "ana@acme.example" cannot list resource "secrets"',
    );
  });

  it("is nobody with a certificate of another authority, or with one that has ended", async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), "roster-other-authority-"));
    await openCertificates(elsewhere, "127.0.0.1", systemClock);
    const admin = { name: "admin", groups: ["system:masters"], days: 1 };
    const foreign = await issueClientCertificate(elsewhere, admin, systemClock);
    const ended = await issueClientCertificate(cluster.dataDir, { ...admin, days: -1 }, systemClock);
    rmSync(elsewhere, { recursive: true });
    const nobody = "You must be logged in to the server";
    for (const pair of [foreign, ended]) {
      expect(await kubectl(pair, "get", "namespaces")).toContain(nobody);
    }
    const master = await issueClientCertificate(cluster.dataDir, admin, systemClock);
    expect(await kubectl(master, "get", "namespaces", "-o", "name")).toContain("namespace/default");
  });
});
