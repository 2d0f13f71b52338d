import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentRole } from "../../api/generated/agent-role.ts";
import { kinds } from "../../api/kinds.ts";
import type { Resource, Stored } from "../../api/resource.ts";
import type { OffboardingList, RunList } from "../../api/wire.ts";
import { until } from "../e2e/fleet.ts";
import { type Cluster, tokenOf } from "./cluster.ts";
import type { World } from "./laws.ts";
import { aNewcomer } from "./objects.ts";

interface Reported extends Stored {
  readonly reason?: string;
  readonly note?: string;
}

/** Safety against accidents, as far as it is the same on every Kubernetes API. */
export function safetyLaws(world: () => World<Cluster>): void {
  it("admission policies that are taken away are missed, by name, and so is their return", async () => {
    const { cluster, roster } = world();
    const { admin } = cluster;
    const taken = [
      { kind: kinds.ValidatingAdmissionPolicyBinding, name: "roster-run-request" },
      { kind: kinds.ValidatingAdmissionPolicy, name: "roster-stop" },
    ] as const;
    const objects = await Promise.all(
      taken.map(({ kind, name }) => admin.get<Resource & { spec: object }>(kind, name)),
    );
    for (const { kind, name } of taken) await admin.delete(kind, name, undefined);
    const [missed] = await until(async () => {
      const said = roster.said(/forged AgentRun was not refused when tried/);
      return said.length > 0 ? said : undefined;
    });
    expect(missed).toContain("AdmissionUnenforced");
    expect(missed).toContain('ValidatingAdmissionPolicyBinding \\"roster-run-request\\": missing');
    expect(missed).toContain('ValidatingAdmissionPolicy \\"roster-stop\\": missing');
    await until(async () => {
      const { items } = await admin.list<Reported>(kinds.Event, { namespace: "roster-system" });
      return items.find((event) => event.reason === "AdmissionUnenforced" && event.note?.includes("admission.yaml"));
    });
    for (const [index, { kind, name }] of taken.entries()) {
      const { apiVersion, kind: of, spec } = objects[index]!;
      await admin.create(kind, { apiVersion, kind: of, metadata: { name }, spec } as Resource);
    }
    await until(async () => (roster.said(/in force again/).length > 0 ? true : undefined));
  });

  it("an issuer that was not told is not forgotten: it is listed until it has answered, also by those who may", async () => {
    const { cluster, roster } = world();
    const { admin, namespace, person } = cluster;
    let answer = 503;
    const issuer = createServer((request, response) => {
      request.resume();
      response.writeHead(answer).end();
    });
    await new Promise<void>((resolve) => issuer.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
    try {
      const annotations = {
        "roster.dev/allowed-origins": `local:mail ${origin}`,
        "roster.dev/subject": "eve@acme.example",
      };
      await admin.create(kinds.Secret, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "eve-mail", namespace, annotations },
        type: "roster.dev/credential",
        data: { token: Buffer.from("eve-token").toString("base64") },
      } as Resource);
      const credential = { server: "mail", secretRef: { name: "eve-mail", key: "token" } };
      const newcomer = aNewcomer(cluster, "tess-eve", "eve@acme.example");
      const revocation = { type: "RFC7009", url: `${origin}/revoke` };
      await admin.create(kinds.AgentBinding, {
        ...newcomer,
        spec: { ...newcomer.spec, credentials: [{ ...credential, revocation }] },
      });
      await until(async () => {
        const found = await admin.get<Stored<AgentBinding>>(kinds.AgentBinding, "tess-eve", namespace);
        return (
          found.status?.conditions?.some((one) => one.type === "CredentialsBound" && one.status === "True") || undefined
        );
      });
      await admin.delete(kinds.AgentBinding, "tess-eve", namespace);
      // Asked many times, so not by the command.
      const listed = async () => {
        const answer = await fetch(`${roster.service.url}/v1/namespaces/${namespace}/offboardings`, {
          headers: { authorization: `Bearer ${person.token}` },
        });
        expect(answer.status).toBe(200);
        return ((await answer.json()) as OffboardingList).items;
      };
      const pending = await until(async () => (await listed()).find((one) => one.lastError !== undefined));
      expect(pending).toMatchObject({
        binding: "tess-eve",
        server: "mail",
        state: "Pending",
        role: "executive-assistant",
      });
      expect(pending?.lastError).toMatch(/answered 503/);
      await until(async () => {
        const role = await admin.get<Stored<AgentRole>>(kinds.AgentRole, "executive-assistant", namespace);
        return role.status?.summary?.offboarding === "1 pending" || undefined;
      });
      const wide = await roster.roster(["offboarding", "ls", "-n", namespace, "-o", "wide"], person.token);
      expect(wide.text).toMatch(/NAMESPACE +BINDING[\s\S]*tess-eve +mail +Pending/);
      const stranger = await tokenOf(admin, "roster-system", "roster-gateway");
      const refused = await roster.roster(["offboarding", "ls", "-A"], stranger);
      expect(refused.text).toMatch(/may not list agentbindings in all namespaces/);
      answer = 200;
      await until(async () => ((await listed()).length === 0 ? true : undefined));
      await until(async () => {
        const role = await admin.get<Stored<AgentRole>>(kinds.AgentRole, "executive-assistant", namespace);
        return role.status?.summary?.offboarding === undefined || undefined;
      });
      await until(async () => ((await admin.find(kinds.AgentBinding, "tess-eve", namespace)) ? undefined : true));
      await admin.delete(kinds.Secret, "eve-mail", namespace);
    } finally {
      issuer.closeAllConnections();
      issuer.close();
    }
  });

  it("runs are listed from the ledger, with their money and without their contents, to whoever may list them", async () => {
    const { cluster, roster } = world();
    const { namespace, person, admin } = cluster;
    const args = ["runs", "-n", namespace];
    const { ok, text } = await roster.roster(
      [...args, "--phase", "Succeeded", "--limit", "200", "-o", "json"],
      person.token,
    );
    expect(ok, text).toBe(true);
    const { items } = JSON.parse(text) as RunList;
    expect(items.find((run) => run.name === "asked")).toMatchObject({
      binding: "tess-ana",
      phase: "Succeeded",
      window: "Request",
      cost: expect.stringMatching(/^0\.0*[1-9]/),
    });
    // Its object was taken away, as it asked.
    expect(items.map((run) => run.name)).toContain("briefly");
    expect(text).not.toContain("Prepare my snapshot");
    const stranger = await tokenOf(admin, "roster-system", "roster-gateway");
    expect((await roster.roster(args, stranger)).text).toMatch(/may not list agentruns in namespace/);
    expect((await roster.roster([...args, "--phase", "Done"], person.token)).text).toMatch(/phase "Done" is none of/);
    const wide = await roster.roster([...args, "--binding", "nobody", "-o", "wide"], person.token);
    expect(wide.text).toContain("no runs");
  });

  describe("what the cluster remembers of its ledger", () => {
    it("moves on while there is work, and is shown beside the ledger to whoever may see it", async () => {
      const { cluster, roster } = world();
      // The administrator's rights, which the person of the demo has not.
      const refused = await roster.roster(["ledger", "status"], cluster.person.token);
      expect(refused.text).toMatch(/may not get configmaps "roster-ledger"/);
      const remembered = await until(async () => {
        const found = await cluster.admin.get<Stored & { data: Record<string, string> }>(
          kinds.ConfigMap,
          "roster-ledger",
          "roster-system",
        );
        return Number(found.data.seq) > 0 ? found.data : undefined;
      });
      expect(Object.keys(remembered).sort()).toEqual(["epoch", "hash", "ledgerID", "seq"]);
    });
  });
}
