import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const main = path.join(import.meta.dirname, "../../examples/office/main.ts");
let root: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "roster-office-"));
});
afterEach(async () => {
  child?.kill("SIGKILL");
  await rm(root, { recursive: true, force: true });
});

function start(...args: string[]) {
  child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"], env: {} });
  const out = { text: "" };
  const err = { text: "" };
  child.stdout?.on("data", (chunk) => (out.text += chunk));
  child.stderr?.on("data", (chunk) => (err.text += chunk));
  return { child, out, err, exit: once(child, "close").then(([code]) => code as number) };
}

describe("the office as a process", () => {
  it("prints where it listens, serves, and ends on SIGTERM", async () => {
    await writeFile(path.join(root, "users.json"), "[]");
    const office = start("--root", root, "--users", path.join(root, "users.json"), "--port", "0");
    if (office.child.stdout) await once(office.child.stdout, "data");
    const { url } = JSON.parse(office.out.text) as { url: string };
    expect((await fetch(`${url}/mail`, { method: "POST" })).status).toBe(401);
    office.child.kill("SIGTERM");
    expect(await office.exit).toBe(0);
  });

  it("says what is wrong and ends when it cannot start", async () => {
    const missing = start("--users", path.join(root, "none.json"));
    expect(await missing.exit).toBe(1);
    expect(missing.err.text).toContain("none.json");
    const usage = start("--port", "many");
    expect(await usage.exit).toBe(2);
    expect(usage.err.text).toContain("usage:");
  });
});
