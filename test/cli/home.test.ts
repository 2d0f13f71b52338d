import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, it } from "vitest";
import { openHome } from "../../cli/up/home.ts";
import { Problem } from "../../lib/problem.ts";

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function aFolder(): string {
  const folder = path.join(mkdtempSync(path.join(tmpdir(), "roster-home-")), "state");
  made.push(path.dirname(folder));
  return folder;
}
function refusal(act: () => unknown): Problem {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof Problem) return thrown;
    throw thrown;
  }
  throw new Error("nothing was thrown");
}

/** Another process that owns the folder until it is killed. */
async function anOwner(folder: string) {
  const home = path.join(import.meta.dirname, "../../cli/up/home.ts");
  const code = `const { openHome } = await import(${JSON.stringify(home)}); globalThis.kept = openHome(${JSON.stringify(folder)}); console.log("open"); setInterval(() => {}, 1e6);`;
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

it("makes the folder for its owner alone and leaves nothing behind that looks like a crash", () => {
  const folder = aFolder();
  const home = openHome(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(home.killed).toBeUndefined();
  home[Symbol.dispose]();
  expect(existsSync(path.join(folder, "up.pid"))).toBe(false);
});

it("refuses a second owner, naming the first; a killed owner does not block the next, who is told", async () => {
  const folder = aFolder();
  const owner = await anOwner(folder);
  const refused = refusal(() => openHome(folder));
  expect(refused.reason).toBe("AlreadyRunning");
  expect(refused.message).toContain(`process ${owner.pid}`);
  owner.kill("SIGKILL");
  await once(owner, "exit");
  const home = openHome(folder);
  expect(home.killed).toBe(owner.pid);
  home[Symbol.dispose]();
});

it("says which setting to change where the folder cannot be made", () => {
  const parent = path.dirname(aFolder());
  const file = path.join(parent, "file");
  writeFileSync(file, "");
  chmodSync(file, 0o600);
  const refused = refusal(() => openHome(path.join(file, "state")));
  expect(refused).toMatchObject({
    reason: "InvalidRequest",
    message: expect.stringContaining("set ROSTER_HOME to one that can"),
  });
});
