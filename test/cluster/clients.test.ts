import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConformanceClient } from "../conformance/client.ts";
import { startEmbedded } from "../conformance/embedded.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import { missingCluster, startReal } from "./real.ts";

const why = missingCluster() ?? (process.env.KUBECONFIG ? "the programs use kinds of their own" : undefined);
const say = (line: string) => process.stdout.write(`${line}\n`);
if (why) say(`skipped: client libraries on both servers: ${why}`);

const run = promisify(execFile);
const programs = path.join(import.meta.dirname, "../clients");

/** A program with a client library: the command that runs it; `without` says why it cannot be run here. */
interface Client {
  readonly without: string | undefined;
  readonly parts: number;
  prepare(folder: string): Promise<readonly string[]>;
}

const succeeds = (file: string, ...args: readonly string[]) => spawnSync(file, [...args]).status === 0;

const clients: Readonly<Record<string, Client>> = {
  "JavaScript (@kubernetes/client-node)": {
    without: undefined,
    parts: 5,
    prepare: async () => [process.execPath, path.join(programs, "javascript/main.ts")],
  },
  "Go (client-go)": {
    without: succeeds("go", "version") ? undefined : "Go is not installed",
    parts: 10,
    async prepare(folder) {
      const output = path.join(folder, "client");
      const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" };
      await run("go", ["build", "-trimpath", "-ldflags", "-s -w", "-o", output, "."], {
        cwd: path.join(programs, "go"),
        env,
      });
      return [output];
    },
  },
  "Python (Debian's python3-kubernetes)": {
    without: succeeds("/usr/bin/python3", "-c", "import kubernetes")
      ? undefined
      : "/usr/bin/python3 has no module kubernetes: apt-get install python3-kubernetes",
    parts: 6,
    prepare: async () => ["/usr/bin/python3", path.join(programs, "python/main.py")],
  },
};

describe.skipIf(why)("a program with an unmodified client library prints the same on both servers", () => {
  const stack = new AsyncDisposableStack();
  const folder = mkdtempSync(path.join(tmpdir(), "roster-clients-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const kubeconfigs: string[] = [];

  beforeAll(async () => {
    const real = stack.use(await startReal({ say }));
    const embedded = stack.use(await startEmbedded());
    const targets = { embedded: { ...embedded, adminToken: embedded.tokens.admin }, real };
    for (const [name, { url, caPem, adminToken }] of Object.entries(targets)) {
      const tokens = { admin: adminToken, ana: "", bob: "" };
      const client = stack.use(new ConformanceClient({ ...embedded, url, caPem, tokens }));
      await client.install();
      for (const index of Object.keys(clients).keys()) await client.run([], `client-${index}`);
      kubeconfigs.push(path.join(folder, name));
      writeFileSync(path.join(folder, name), kubeconfigText(url, caPem, adminToken), { mode: 0o600 });
    }
  });
  afterAll(() => stack.disposeAsync());

  for (const [index, [name, { without, parts, prepare }]] of Object.entries(clients).entries()) {
    if (without && !why) say(`skipped: ${name}: ${without}`);
    // The first time, Go compiles client-go: two minutes on two cores.
    it.skipIf(without)(name, { timeout: 900_000 }, async () => {
      const [file = "", ...args] = await prepare(folder);
      const outputs = await Promise.all(
        kubeconfigs.map(async (kubeconfig) => {
          const env = { PATH: process.env.PATH ?? "", HOME: folder, KUBECONFIG: kubeconfig };
          const { stdout } = await run(file, [...args, `client-${index}`], { env });
          return normalised(stdout);
        }),
      );
      expect(outputs[0]).toEqual(outputs[1]);
      expect(outputs[0]?.match(/^## /gm)).toHaveLength(parts);
      expect(outputs[0]).not.toContain("failed:");
    });
  }
});

const normalised = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "{uid}")
    .replace(/made-[a-z0-9]{5}/g, "made-{random}");
