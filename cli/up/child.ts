import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import { problem } from "../../api/reasons.ts";
import type { Clock } from "../../lib/clock.ts";
import { isObject, parseJson } from "../../lib/json.ts";
import type { Log } from "../../lib/log.ts";

export interface ChildOptions {
  readonly name: string;
  /** TypeScript file that the child runs. */
  readonly script: string;
  /** `port`: what it listened on before, so that those who know its address find it again after a crash; 0 at first. */
  readonly args?: (port: number) => readonly string[];
  /** All of its environment but PATH and the like: a child never sees ours. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly logFile: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Waits for one line of JSON on standard output, which says that it is ready. */
  readonly announces?: boolean;
}

/** A process of ours that is kept running. Disposing it ends it: first asked, then forced. */
export interface Child extends AsyncDisposable {
  /** The address that it announced; empty for a child that announces nothing. */
  readonly url: string;
  pid(): number | undefined;
}

const readyMs = 20_000;
const stopMs = 4_000;
const restart = { firstMs: 200, capMs: 10_000, healthyMs: 30_000 };
// What Node itself needs on each system. Nothing else of the parent's environment: it may hold keys.
const inherited = ["PATH", "HOME", "TMPDIR", "TZ", "LANG", "SystemRoot", "TEMP", "TMP"];
const lifeline = path.join(import.meta.dirname, "lifeline.ts");

/** Starts a child and keeps it running, with growing pauses. Throws ChildFailed with its last words. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const first = await launch(options, 0);
  const port = first.url === "" ? 0 : Number(new URL(first.url).port);
  let current = first;
  let stopping = false;
  let pauseMs = restart.firstMs;

  const watch = (running: Running): void => {
    const since = options.clock.now();
    void running.exited.then(async (how) => {
      // Ctrl-C reaches the whole process group: wait to see whether we are stopping too before calling it a crash.
      await options.clock.sleep(pauseMs);
      if (stopping) return;
      if (options.clock.now() - since > restart.healthyMs) pauseMs = restart.firstMs;
      options.log.warn(`${options.name} ended and is started again`, { how, log: options.logFile });
      pauseMs = Math.min(pauseMs * 2, restart.capMs);
      try {
        current = await launch(options, port);
        if (stopping) return void stop(current, options.clock);
        watch(current);
      } catch (thrown) {
        options.log.error(`${options.name} cannot be started again`, { error: (thrown as Error).message });
        watch({ ...running, exited: Promise.resolve("not started") });
      }
    });
  };
  watch(first);

  return {
    url: first.url,
    pid: () => current.process.pid,
    async [Symbol.asyncDispose]() {
      stopping = true;
      await stop(current, options.clock);
    },
  };
}

interface Running {
  readonly process: ChildProcess;
  readonly url: string;
  readonly exited: Promise<string>;
}

async function launch(options: ChildOptions, port: number): Promise<Running> {
  const log = openSync(options.logFile, "a", 0o600);
  const environment: Record<string, string> = {};
  for (const name of inherited) if (process.env[name] !== undefined) environment[name] = process.env[name];
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--import", lifeline, options.script, ...(options.args?.(port) ?? [])],
    {
      cwd: options.cwd,
      env: { ...environment, ...options.env },
      stdio: ["pipe", options.announces ? "pipe" : log, log],
    },
  );
  closeSync(log);
  child.stdin?.on("error", () => {});
  const exited = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `code ${code}`));
  });
  if (!options.announces) return { process: child, url: "", exited };
  const waiting = new AbortController();
  const line = await Promise.race([
    firstLine(child),
    exited.then((how) => ({ failed: `ended with ${how}` })),
    options.clock.sleep(readyMs, waiting.signal).then(() => ({ failed: `was not ready within ${readyMs / 1000} s` })),
  ]).finally(() => waiting.abort());
  if (typeof line !== "string") {
    child.kill("SIGKILL");
    throw problem(
      "ChildFailed",
      `${options.name} ${line.failed}${lastWords(options.logFile)}; see "${options.logFile}"`,
    );
  }
  child.stdout?.resume();
  return { process: child, url: urlIn(line, options), exited };
}

function urlIn(line: string, options: ChildOptions): string {
  const value = parseJson(line);
  if (isObject(value) && typeof value.url === "string" && URL.canParse(value.url)) return value.url;
  throw problem("ChildFailed", `${options.name} did not say where it listens`);
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const read = (chunk: Buffer) => {
      text += chunk.toString();
      const end = text.indexOf("\n");
      if (end < 0) return;
      child.stdout?.off("data", read);
      resolve(text.slice(0, end));
    };
    child.stdout?.on("data", read);
  });
}

function lastWords(file: string): string {
  const line = readFileSync(file, "utf8").trimEnd().split("\n").at(-1) ?? "";
  return line === "" ? "" : `: ${line.slice(0, 300)}`;
}

async function stop(running: Running, clock: Clock): Promise<void> {
  const child = running.process;
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill("SIGTERM");
  const timer = clock.after(stopMs, () => child.kill("SIGKILL"));
  await running.exited;
  timer[Symbol.dispose]();
}
