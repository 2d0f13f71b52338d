import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe } from "vitest";
import { kubeconfigText } from "../cluster/kubeconfig.ts";
import { driftLaws } from "../manifests/drift.ts";
import { adminToken, startWorld, type World } from "./kit.ts";

const found = spawnSync("kubectl", ["version", "--client"]).status === 0;
if (!found) process.stdout.write("skipped: git equals live: kubectl is not on the PATH\n");

describe.skipIf(!found)("git equals live on the embedded API", () => {
  const home = mkdtempSync(path.join(tmpdir(), "roster-drift-"));
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    writeFileSync(path.join(home, "kubeconfig"), kubeconfigText(world.api.url, world.api.caPem, adminToken));
    await world.start();
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    rmSync(home, { recursive: true });
  });

  async function kubectl(args: readonly string[], input = ""): Promise<string> {
    const env = { PATH: process.env.PATH ?? "", HOME: home, KUBECONFIG: path.join(home, "kubeconfig") };
    const running = promisify(execFile)("kubectl", [...args], { env });
    running.child.stdin?.end(input);
    return (await running).stdout;
  }

  driftLaws(() => ({ admin: world.kube, kubectl }));
});
