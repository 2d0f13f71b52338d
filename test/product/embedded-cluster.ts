import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { kinds } from "../../api/kinds.ts";
import { install } from "../../cli/up/install.ts";
import { applyFiles } from "../../gitops/apply-files.ts";
import { renderRole } from "../../gitops/render.ts";
import { newToken } from "../../lib/ids.ts";
import { freePorts } from "../kit/free-ports.ts";
import { asToken, type Cluster } from "./cluster.ts";
import { Program } from "./program.ts";

const root = path.join(import.meta.dirname, "../..");
const namespace = "acme";
const script = "test/product/apiserver-main.ts";

/** The embedded API as a process that can be killed. Controller and gateway get tokens of their ServiceAccounts from it too. */
export async function startEmbeddedCluster(): Promise<Cluster> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(path.join(tmpdir(), "roster-embedded-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const adminToken = newToken("rosteruser_").token;
  const person = { name: "ana@acme.example", token: newToken("rosteruser_").token };
  const users = [
    { name: "admin", groups: ["system:masters"], token: adminToken },
    { ...person, groups: [] },
  ];
  writeFileSync(path.join(folder, "users.json"), JSON.stringify(users), { mode: 0o600 });
  const [port] = await freePorts(1);
  const args = [path.join(folder, "data"), String(port), path.join(folder, "users.json")];
  const serve = async () => {
    const program = new Program("apiserver", script, args);
    const { url, ca } = JSON.parse(await program.line(/^\{"url":/)) as { url: string; ca: string };
    return { program, server: url, caPem: ca };
  };
  let { program, server, caPem } = await serve();
  stack.defer(() => program[Symbol.asyncDispose]());
  const admin = stack.use(await asToken({ server, caPem }, adminToken));
  const resources = stack.move();
  return {
    server,
    caPem,
    admin,
    namespace,
    person,
    async install() {
      await install(admin, root);
      // What the rest of manifests/install brings and an API without containers can hold.
      await admin.create(kinds.ConfigMap, {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "roster-gateway", namespace: "roster-system" },
      });
    },
    async applyFleet() {
      const folder = path.join(root, "manifests/demo");
      const files = (await readdir(folder)).filter((name) => name !== "kustomization.yaml").sort();
      await applyFiles({
        kube: admin,
        files: files.map((name) => path.join(folder, name)),
        base: root,
        fieldManager: "test",
      });
      for (const role of ["ea_tess", "office_clock"]) {
        const { objects } = await renderRole(path.join(root, "roles", role), { base: root, namespace });
        for (const object of objects) await admin.apply(kinds.AgentRole, object, { fieldManager: "test" });
      }
    },
    apiserver: {
      kill: () => program.kill(),
      async start() {
        ({ program } = await serve());
      },
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
