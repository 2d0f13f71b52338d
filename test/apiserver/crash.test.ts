import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configMap, configMapsPath as maps, startCluster } from "./kit.ts";

let folder: string;
let child: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "roster-crash-"));
});
afterEach(async () => {
  child?.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

async function startChild(): Promise<{ url: string; ca: string }> {
  const script = new URL("./crash-server.ts", import.meta.url).pathname;
  child = spawn(process.execPath, [script, folder], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  for await (const part of child.stdout!) {
    text += String(part);
    if (text.includes("\n")) return JSON.parse(text) as { url: string; ca: string };
  }
  throw new Error("the server ended before it was ready");
}

describe("a server that is killed", () => {
  it("has every acknowledged write when it is started again, and continues its versions", async () => {
    const { url, ca } = await startChild();
    const agent = new Agent({ ca, keepAlive: true });
    const acknowledged = new Map<string, number>();
    let sent = 0;
    const write = () =>
      new Promise<boolean>((resolve) => {
        const name = `kept-${sent++}`;
        const body = JSON.stringify(configMap(name, { a: "x".repeat(500) }));
        const headers = { Authorization: "Bearer admin-token", "Content-Type": "application/json" };
        const one = request(`${url}${maps}`, { method: "POST", agent, headers }, (response) => {
          let text = "";
          response.on("data", (part) => {
            text += part;
          });
          response.on("error", () => resolve(false));
          response.on("end", () => {
            if (response.statusCode === 201) {
              const stored = JSON.parse(text) as { metadata: { resourceVersion: string } };
              acknowledged.set(name, Number(stored.metadata.resourceVersion));
            }
            resolve(true);
          });
        });
        one.on("error", () => resolve(false));
        one.end(body);
      });
    // Killed in the middle of eight writers' work.
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        while (await write()) if (acknowledged.size === 300) child!.kill("SIGKILL");
      }),
    );
    agent.destroy();
    expect(acknowledged.size).toBeGreaterThanOrEqual(300);
    await using again = await startCluster({ dataDir: folder });
    const { body } = await again.get(maps);
    const stored = new Map(
      [...body.items].map(({ metadata }) => [String(metadata.name), Number(metadata["resourceVersion"])]),
    );
    for (const [name, version] of acknowledged) expect(stored.get(name)).toBe(version);
    const next = (await again.post(maps, configMap("next"))).body;
    expect(Number(next.metadata["resourceVersion"])).toBeGreaterThan(Math.max(...stored.values()));
  });

  it("keeps its folder to itself: keys and objects are for the owner only, and a second server is refused", async () => {
    await using first = await startCluster({ dataDir: folder });
    for (const file of ["objects.db", "tls.json", "service-account.key"]) {
      expect((await stat(join(folder, file))).mode & 0o077).toBe(0);
    }
    await expect(startCluster({ dataDir: folder })).rejects.toThrow(/cannot open the API server's store/);
    await expect(startCluster({ port: first.server.port })).rejects.toThrow(/the port is in use/);
  });
});
