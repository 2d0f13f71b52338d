import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type KindName, kinds } from "../../api/kinds.ts";
import type { Resource } from "../../api/resource.ts";
import { startApiServer } from "../../apiserver/server.ts";
import { install } from "../../cli/up/install.ts";
import { applyFiles } from "../../gitops/apply-files.ts";
import { readCrds } from "../../gitops/crd-schemas.ts";
import type { KubeClient } from "../../kube/client.ts";
import { connect } from "../../kube/connect.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";

const root = path.join(import.meta.dirname, "..", "..");
const folder = path.join(root, "docs", "kinds");
const stack = new AsyncDisposableStack();
const people = {
  admin: { name: "admin", groups: ["system:masters"], token: "token-admin" },
  ana: { name: "ana@acme.example", groups: [], token: "token-ana" },
} as const;
let admin: KubeClient;
let ana: KubeClient;

beforeAll(async () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), "roster-docs-"));
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const crds = await readCrds(path.join(root, "crds"));
  const tools = { clock: systemClock, log: silentLog };
  const server = stack.use(await startApiServer({ ...tools, dataDir, port: 0, users: Object.values(people), crds }));
  const as = async ({ token }: { readonly token: string }) =>
    stack.use(
      await connect({ server: server.url, caPem: server.caPem, token }, { ...tools, userAgent: "roster-test" }),
    );
  admin = await as(people.admin);
  ana = await as(people.ana);
  await install(admin, root);
  const demo = readdirSync(path.join(root, "manifests", "demo")).filter((name) => name !== "kustomization.yaml");
  const files = demo.map((name) => path.join(root, "manifests", "demo", name));
  await applyFiles({ kube: admin, files, base: root, fieldManager: "test" });
});
afterAll(() => stack.disposeAsync());

/** The blocks of YAML of a page that a reader may apply; `roster:shown-only` marks those that only show. */
function examplesOf(page: string): readonly Resource[] {
  const text = readFileSync(path.join(folder, page), "utf8");
  return [...text.matchAll(/^```yaml\n(.*?)^```/gms)]
    .map(([, block = ""]) => block)
    .filter((block) => !block.includes("roster:shown-only"))
    .map((block) => parse(block) as Resource);
}

describe("the examples of the pages of the kinds are accepted as they stand, by those who would send them", () => {
  const pages = readdirSync(folder).filter((name) => name !== "README.md");
  it.each(pages)("%s", async (page) => {
    for (const example of examplesOf(page)) {
      // A request is made in one's own name; everything else is authored by whoever runs the platform.
      const client = example.kind === "AgentRun" ? ana : admin;
      const options = { dryRun: true, fieldValidation: "Strict", fieldManager: "test" } as const;
      const { generateName } = example.metadata as { readonly generateName?: string };
      const accepted = await client.create(kinds[example.kind as KindName], example, options);
      expect(accepted.metadata.name).toMatch(new RegExp(`^${generateName ?? `${example.metadata.name}$`}`));
    }
  });

  it("has one page for each kind, with the parts that a reader looks for", () => {
    const names = readdirSync(path.join(root, "docs", "reference"))
      .filter((name) => name.startsWith("agent-") || name === "model-tier.md" || name === "tool-server.md")
      .sort();
    expect([...pages].sort()).toEqual(names);
    for (const page of pages) {
      const text = readFileSync(path.join(folder, page), "utf8");
      const found = [...text.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
      expect(found, page).toEqual(["Example", "Writing a spec", "Working with it", "Debugging", "Status"]);
    }
  });
});
