import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { type KindRef, kinds } from "../../api/kinds.ts";
import type { Resource, Stored } from "../../api/resource.ts";
import type { KubeClient, WatchEvent } from "../../kube/client.ts";
import { connect } from "../../kube/connect.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";

const root = path.join(import.meta.dirname, "..", "..");
const fleetFolder = path.join(import.meta.dirname, "..", "fleet");

/** A `roster up` of its own, as a user starts it, in a folder of its own. */
export interface Fleet extends AsyncDisposable {
  readonly kube: KubeClient;
  /** From the start of the command to its line `ready`. */
  readonly readyMs: number;
  /** Resident memory of the one process of API, controller and gateway. */
  residentKiB(): number;
  /** The rehearsal's own request log: the outside observer of model calls. */
  modelCalls(): readonly { readonly time: number; readonly scene?: string }[];
  stop(): Promise<void>;
}

export interface FleetOptions {
  /** Kept by the caller where a second start must find the same state. */
  readonly home?: string;
  /** The demo fleet instead of the benchmark's own. */
  readonly demo?: boolean;
  /** Called for each line that it prints. */
  readonly line?: (text: string) => void;
}

/** A folder that the embedded Postgres's user can enter, whoever we are. */
export function newHome(): string {
  return mkdtempSync("/var/tmp/roster-bench-");
}

export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const home = options.home ?? newHome();
  const began = performance.now();
  const folders = options.demo
    ? []
    : ["--manifests", path.join(fleetFolder, "manifests"), "--roles", path.join(fleetFolder, "roles")];
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", path.join(root, "cli/main.ts"), "up", ...folders],
    {
      env: { ...process.env, ROSTER_HOME: home, ROSTER_API_PORT: "0", ROSTER_GATEWAY_PORT: "0" },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  // A benchmark that is interrupted takes its fleet with it.
  const leave = () => child.kill("SIGTERM");
  process.once("exit", leave);
  child.once("exit", () => process.off("exit", leave));
  const lines = createInterface({ input: child.stdout });
  const ready = new Promise<void>((resolve, reject) => {
    lines.on("line", (text) => {
      options.line?.(text);
      if (text === "ready") resolve();
    });
    child.once("exit", (code) => reject(new Error(`roster up ended with ${code} before it was ready`)));
  });
  await ready;
  const readyMs = performance.now() - began;
  const kube = await connect(
    { kubeconfig: path.join(home, "kubeconfig") },
    { log: silentLog, clock: systemClock, userAgent: "roster-bench" },
  );
  const stop = async () => {
    await kube[Symbol.asyncDispose]();
    await stopped(child);
  };
  return {
    kube,
    readyMs,
    residentKiB: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]),
    modelCalls: () =>
      readIfThere(path.join(home, "rehearsal-requests.jsonl"))
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { time: number; scene?: string }),
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      if (options.home === undefined) rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The rehearsal makes its log with the first request. */
function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

/** Follows one kind in the namespace `acme` from now on and resolves waits as objects come to satisfy them. */
export class Follower implements AsyncDisposable {
  readonly #abort = new AbortController();
  readonly #latest = new Map<string, Stored>();
  readonly #waits = new Set<{ readonly satisfied: () => boolean; readonly resolve: () => void }>();
  readonly #reading: Promise<void>;

  private constructor(events: (signal: AbortSignal) => AsyncIterable<WatchEvent>) {
    this.#reading = this.#read(events(this.#abort.signal));
  }

  static async open(kube: KubeClient, kind: KindRef): Promise<Follower> {
    const { items, resourceVersion } = await kube.list(kind, { namespace: "acme" });
    const follower = new Follower((signal) => kube.watch(kind, { namespace: "acme", resourceVersion, signal }));
    for (const item of items) follower.#latest.set(item.metadata.name, item);
    return follower;
  }

  get(name: string): Stored | undefined {
    return this.#latest.get(name);
  }

  count(test: (object: Stored) => boolean): number {
    return [...this.#latest.values()].filter(test).length;
  }

  /** Resolves as soon as `test` holds; it is asked after each event. */
  until(test: (follower: Follower) => boolean): Promise<void> {
    if (test(this)) return Promise.resolve();
    return new Promise((resolve) => this.#waits.add({ satisfied: () => test(this), resolve }));
  }

  async #read(events: AsyncIterable<WatchEvent>): Promise<void> {
    for await (const event of events) {
      if (event.type === "BOOKMARK") continue;
      if (event.type === "DELETED") this.#latest.delete(event.object.metadata.name);
      else this.#latest.set(event.object.metadata.name, event.object);
      for (const wait of this.#waits) {
        if (!wait.satisfied()) continue;
        this.#waits.delete(wait);
        wait.resolve();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#reading;
  }
}

export function bindingOf(name: string): Resource {
  return {
    apiVersion: "roster.dev/v1alpha1",
    kind: "AgentBinding",
    metadata: { name, namespace: "acme" },
    spec: { roleRef: { name: "bench-clerk" }, subject: { kind: "User", name: `${name}@acme.example` } },
  } as Resource;
}

export function runOf(name: string, binding: string, intent: string): Resource {
  return {
    apiVersion: "roster.dev/v1alpha1",
    kind: "AgentRun",
    metadata: { name, namespace: "acme" },
    spec: { bindingRef: { name: binding }, requestedBy: "admin", task: { intent, text: "go" } },
  } as Resource;
}

export function isReady(object: Stored | undefined): boolean {
  const { conditions = [] } =
    (object as { status?: { conditions?: readonly { type: string; status: string }[] } } | undefined)?.status ?? {};
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

/** The bare arm: create a ConfigMap and see it come back on a watch. */
export async function echo(kube: KubeClient, follower: Follower, name: string): Promise<void> {
  await kube.create(kinds.ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "acme" } });
  await follower.until((seen) => seen.get(name) !== undefined);
}
