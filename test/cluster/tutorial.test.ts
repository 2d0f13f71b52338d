import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kinds } from "../../api/kinds.ts";
import type { Stored } from "../../api/resource.ts";
import { Shell } from "../e2e/kit/shell.ts";
import { readSections, type Section, take } from "../e2e/kit/walkthrough.ts";
import { freshDatabase } from "../ledger/kit.ts";
import { Installation } from "../product/installation.ts";
import { type KubectlCluster, startRealCluster } from "./product-cluster.ts";
import { missingCluster } from "./real.ts";

const why = process.env.KUBECONFIG ? "it needs a cluster of its own; unset KUBECONFIG" : missingCluster();
if (why) process.stdout.write(`skipped: the tutorial of a cluster, as written: ${why}\n`);

const root = path.join(import.meta.dirname, "../..");
const page = "docs/tutorials/cluster.md";
const sections = readSections(path.join(root, page), page);
const titled = (pattern: RegExp): Section => {
  const found = sections.find(({ title }) => pattern.test(title));
  if (!found) throw new Error(`${page} has no section ${pattern}`);
  return found;
};

// What the page tells people to type is typed here, block by block. Four things differ from their cluster: no image is
// built, since no container runs here; the Deployments' programs are processes beside the API server, so no port is forwarded
// to one; and where the page says `token=…` the example office's token is put.
describe.skipIf(why)("the tutorial of a cluster does what it says", () => {
  const stack = new AsyncDisposableStack();
  let cluster: KubectlCluster;
  let shell: Shell;
  let token = "";
  const installed: (readonly Stored[])[] = [];

  const walk = async ({ steps }: Section) => {
    for (const step of steps) {
      if (/^docker build|^kubectl \S+ \S+ port-forward/.test(step.commands)) continue;
      await take({ ...step, commands: step.commands.replace("token=…", `token=${token}`) }, shell);
    }
  };

  beforeAll(async () => {
    const database = await freshDatabase();
    cluster = stack.use(await startRealCluster((line) => process.stdout.write(`${line}\n`)));
    const base = mkdtempSync(path.join(tmpdir(), "roster-tutorial-"));
    stack.defer(() => rmSync(base, { recursive: true, force: true }));
    for (const folder of ["manifests", "crds", "roles", "package.json"]) {
      cpSync(path.join(root, folder), path.join(base, "roster", folder), { recursive: true });
    }
    // The programs, which find the rest of the checkout where they really are.
    symlinkSync(path.join(root, "scripts"), path.join(base, "roster/scripts"));
    const overlay = /```yaml\n(# kustomization\.yaml\n[\s\S]*?)```/.exec(
      readFileSync(path.join(root, page), "utf8"),
    )?.[1];
    mkdirSync(path.join(base, "acme-roster"));
    writeFileSync(path.join(base, "acme-roster/kustomization.yaml"), overlay ?? "");
    mkdirSync(path.join(base, "bin"));
    symlinkSync(cluster.files.kubectl, path.join(base, "bin/kubectl"));
    const env = {
      PATH: `${path.join(base, "bin")}:${process.env.PATH ?? ""}`,
      HOME: base,
      KUBECONFIG: cluster.files.kubeconfig,
    };
    shell = stack.use(new Shell(path.join(base, "roster"), env, base));
    const typed: KubectlCluster = {
      ...cluster,
      async install() {
        for (const section of [/^On a cluster/, /^2\. Secrets/, /^3\. Install/].map(titled)) await walk(section);
        for (const _ of ["before", "after"]) {
          const objects = await cluster.kubectl(["get", "-k", path.join(base, "acme-roster"), "-o", "json"]);
          installed.push((JSON.parse(objects) as { items: readonly Stored[] }).items);
          await shell.run("kubectl apply -k ../acme-roster");
        }
      },
      async applyFleet() {},
    };
    stack.use(await Installation.start(typed, database));
    // What the installation's helper has put where the reader is to put it.
    const secret = await cluster.admin.get<Stored & { data: Record<string, string> }>(
      kinds.Secret,
      "ana-office",
      cluster.namespace,
    );
    token = Buffer.from(secret.data.token ?? "", "base64").toString();
    await cluster.admin.delete(kinds.Secret, "ana-office", cluster.namespace);
  });
  afterAll(() => stack.disposeAsync());

  it("what is installed a second time is as it was", () => {
    const [before = [], after = []] = installed.map((items) =>
      items.map(({ kind, metadata }) => `${kind}/${metadata.name} ${metadata.generation} ${metadata.resourceVersion}`),
    );
    expect(before.length).toBeGreaterThan(40);
    expect(after).toEqual(before);
  });

  it("a fleet is moved with the files that it had, hired, and put to work", async () => {
    await walk(titled(/^4\. Move a fleet/));
    await walk(titled(/^5\. Ask the gateway/));
    const { output } = await shell.run("roster trace arun/first -n acme");
    expect(output).toContain("Succeeded");
  });

  it("everybody is fired and Roster is gone", async () => {
    await walk(titled(/^Fire everybody/));
    const { output } = await shell.run("kubectl get crd,namespace,clusterrole,validatingadmissionpolicy -o name");
    expect(output.split("\n").filter((name) => /roster|acme/.test(name))).toEqual([]);
  });
});
