import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { KubeClient } from "../../kube/client.ts";
import { connect } from "../../kube/connect.ts";
import { resetPostgres } from "../../ledger/embedded/supervisor.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";

const root = path.join(import.meta.dirname, "..", "..");
const main = path.join(root, "cli", "main.ts");

/** A state folder and copies of the demo's manifests and roles, which tests may edit; gone with the test. */
export class Place implements AsyncDisposable {
  readonly base = mkdtempSync(path.join(tmpdir(), "roster-e2e-"));
  // The same names as in a checkout, so that what people type there works here.
  readonly home = path.join(this.base, ".roster");
  readonly manifests = path.join(this.base, "manifests", "demo");
  readonly roles = path.join(this.base, "roles");

  constructor() {
    cpSync(path.join(root, "manifests", "demo"), this.manifests, { recursive: true });
    cpSync(path.join(root, "roles"), this.roles, { recursive: true });
  }

  /** Runs a command of the CLI to its end. */
  async roster(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    return run(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...args], { ...this.env, ...env });
  }

  get env(): Record<string, string> {
    return {
      PATH: process.env.PATH ?? "",
      HOME: this.base,
      ROSTER_HOME: this.home,
      ROSTER_API_PORT: "0",
      ROSTER_GATEWAY_PORT: "0",
      KUBECONFIG: path.join(this.home, "kubeconfig"),
    };
  }

  /** Starts `roster up`; resolves with the process at once. */
  up(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Up {
    return new Up(this, args, env);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await resetPostgres(this.home, { log: silentLog, clock: systemClock }).catch(() => {});
    rmSync(this.base, { recursive: true, force: true });
  }
}

/** A running `roster up`. Disposing it asks it to stop, as Ctrl-C does. */
export class Up implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly #place: Place;
  #output = "";
  #heard = Promise.withResolvers<void>();
  #over = false;
  #late = false;

  constructor(place: Place, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#place = place;
    this.process = spawn(
      process.execPath,
      [
        "--disable-warning=ExperimentalWarning",
        main,
        "up",
        "--manifests",
        place.manifests,
        "--roles",
        place.roles,
        ...args,
      ],
      { env: { ...place.env, ...env }, stdio: ["ignore", "pipe", "pipe"] },
    );
    const hear = (chunk: Buffer) => {
      this.#output += chunk.toString();
      this.#heard.resolve();
    };
    this.process.stdout?.on("data", hear);
    this.process.stderr?.on("data", hear);
    this.exited = once(this.process, "close").then(([code, signal]) => {
      this.#over = true;
      this.#heard.resolve();
      return { code: code as number | null, signal: signal as string | null };
    });
  }

  get output(): string {
    return this.#output;
  }

  /** Resolves with the first line that fits; throws with the whole output when the process ends before. */
  async line(pattern: RegExp): Promise<string> {
    // Shorter than a test's timeout, only so that a failure shows what was said instead.
    using _ = systemClock.after(55_000, () => {
      this.#late = true;
      this.#heard.resolve();
    });
    for (;;) {
      this.#heard = Promise.withResolvers();
      const found = this.#output.split("\n").find((line) => pattern.test(line));
      if (found !== undefined) return found;
      if (this.#late) throw new Error(`roster up said nothing like ${pattern}:\n${this.#output}`);
      if (this.#over) throw new Error(`roster up ended without a line like ${pattern}:\n${this.#output}`);
      await this.#heard.promise;
    }
  }

  async ready(): Promise<this> {
    await this.line(/^ready$/);
    return this;
  }

  /** A client that acts as one of the kubeconfig's people. */
  as(context: "admin" | "ana" | "approver"): Promise<KubeClient> {
    const kubeconfig = path.join(this.#place.home, "kubeconfig");
    return connect({ kubeconfig, context }, { log: silentLog, clock: systemClock, userAgent: "roster-e2e" });
  }

  /** What identities.json keeps, by name. */
  token(name: string): string {
    const tokens = JSON.parse(readFileSync(path.join(this.#place.home, "identities.json"), "utf8")) as Record<
      string,
      string
    >;
    return tokens[name] ?? "";
  }

  /** Processes that it started, by the script or program that they run. */
  async children(of = this.process.pid ?? 0): Promise<readonly { readonly pid: number; readonly command: string }[]> {
    const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid=,command="], this.#place.env);
    return stdout
      .split("\n")
      .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
      .flatMap((found) =>
        found && Number(found[2]) === of ? [{ pid: Number(found[1]), command: found[3] ?? "" }] : [],
      );
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) this.kill("SIGTERM");
    await this.exited;
  }
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; a failure is an outcome, not an error. */
export async function run(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input?: string,
): Promise<Outcome> {
  const running = promisify(execFile)(file, [...args], { env, maxBuffer: 20_000_000 });
  running.child.stdin?.end(input ?? "");
  try {
    return { code: 0, ...(await running) };
  } catch (thrown) {
    const { code, stdout = "", stderr = "" } = thrown as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== "number") throw thrown;
    return { code, stdout, stderr };
  }
}

/** The machine's kubectl, or why it is not used. */
export async function findKubectl(): Promise<{ readonly path: string } | { readonly absent: string }> {
  try {
    const { stdout } = await run("kubectl", ["version", "--client", "-o", "json"], { PATH: process.env.PATH ?? "" });
    const { clientVersion } = JSON.parse(stdout) as { clientVersion: { minor: string; gitVersion: string } };
    if (Number.parseInt(clientVersion.minor, 10) < 29)
      return { absent: `kubectl ${clientVersion.gitVersion} is older than 1.29` };
    return { path: "kubectl" };
  } catch {
    return { absent: "kubectl is not installed on this machine" };
  }
}

/** True once a process is gone. */
export function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

/** Watches one kind until an object fits. The test's own timeout is the only clock. */
export async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    // Between two questions the machine has other work to do; 25 ms is a pause, not a deadline.
    await systemClock.sleep(25);
  }
}
