import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startChild } from "../../cli/up/child.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "roster-child-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A child that serves its own environment and process id. */
const serving = `
import { createServer } from "node:http";
const at = process.argv.indexOf("--port");
const server = createServer((_, response) => response.end(JSON.stringify({ pid: process.pid, env: process.env })));
server.listen(Number(process.argv[at + 1]), "127.0.0.1", () => console.log(JSON.stringify({ url: "http://127.0.0.1:" + server.address().port })));
`;

function options(name: string, code: string) {
  const script = path.join(folder, `${name}.ts`);
  writeFileSync(script, code);
  return {
    name,
    script,
    args: (port: number) => ["--port", String(port)],
    cwd: folder,
    logFile: path.join(folder, `${name}.log`),
    log: silentLog,
    clock: systemClock,
    announces: true,
    env: { GIVEN: "1" },
  };
}

interface Answer {
  readonly pid: number;
  readonly env: Record<string, string>;
}
/** Asks until there is an answer: between death and restart there is none. */
async function ask(url: string, fits: (answer: Answer) => boolean = () => true): Promise<Answer> {
  for (;;) {
    const answer = await fetch(url).then(
      (response) => response.json() as Promise<Answer>,
      () => undefined,
    );
    if (answer && fits(answer)) return answer;
    await new Promise(setImmediate);
  }
}

it("a child sees what it is given and none of the parent's own environment", async () => {
  process.env.ROSTER_TEST_KEY = "canary";
  await using child = await startChild(options("env", serving));
  const { env } = await ask(child.url);
  expect(env.GIVEN).toBe("1");
  expect(JSON.stringify(env)).not.toContain("canary");
});

it("a killed child is started again at the same address", async () => {
  await using child = await startChild(options("again", serving));
  const before = await ask(child.url);
  process.kill(before.pid, "SIGKILL");
  const after = await ask(child.url, (answer) => answer.pid !== before.pid);
  expect(after.pid).toBe(child.pid());
});

it("a child that ends at once is named with its last words and its log", async () => {
  const broken = options("broken", 'console.error("cannot do it"); process.exit(3);');
  await expect(startChild(broken)).rejects.toMatchObject({
    reason: "ChildFailed",
    message: expect.stringMatching(/^broken ended with code 3: cannot do it; see ".*broken\.log"$/),
  });
  expect(readFileSync(broken.logFile, "utf8")).toContain("cannot do it");
});

it("a child ends when its parent is killed", async () => {
  const child = path.join(import.meta.dirname, "../../cli/up/child.ts");
  const { script, logFile } = options("orphan", serving);
  const code = `
    const { startChild } = await import(${JSON.stringify(child)});
    const quiet = { debug() {}, info() {}, warn() {}, error() {}, with: () => quiet };
    const clock = { now: () => Date.now(), sleep: (ms) => new Promise((r) => setTimeout(r, ms)), after: (ms, f) => { const t = setTimeout(f, ms); return { [Symbol.dispose]: () => clearTimeout(t) }; } };
    const one = await startChild({ name: "orphan", script: ${JSON.stringify(script)}, args: (p) => ["--port", String(p)], cwd: "/", logFile: ${JSON.stringify(logFile)}, log: quiet, clock, announces: true });
    console.log(one.url);
    setInterval(() => {}, 1e6);`;
  const parent = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(parent.stdout, "data")) as [Buffer];
  const url = line.toString().trim();
  await ask(url);
  parent.kill("SIGKILL");
  // Nothing answers at the address once the orphan has noticed.
  while (
    await fetch(url).then(
      () => true,
      () => false,
    )
  )
    await new Promise(setImmediate);
});
