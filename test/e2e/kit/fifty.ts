import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import type { AgentRun } from "../../../api/generated/agent-run.ts";
import { type KindRef, kinds } from "../../../api/kinds.ts";
import type { Stored } from "../../../api/resource.ts";
import { isFinished } from "../../../api/run-life.ts";
import { openHome } from "../../../cli/up/home.ts";
import type { Settings } from "../../../cli/up/settings.ts";
import { type Running, startFleet } from "../../../cli/up/start.ts";
import type { KubeClient } from "../../../kube/client.ts";
import { resetPostgres, startPostgres } from "../../../ledger/embedded/supervisor.ts";
import type { Ledger } from "../../../ledger/ledger.ts";
import { openLedger } from "../../../ledger/open.ts";
import { systemClock } from "../../../lib/clock.ts";
import { type Log, silentLog } from "../../../lib/log.ts";
import { type RuntimeProcess, startRuntime } from "../../runtime/process.ts";
import { type Canaries, makeCanaries } from "./canary.ts";
import { userOf, writeOffices } from "./offices.ts";
import { type Provider, startProvider } from "./provider.ts";

const root = path.join(import.meta.dirname, "..", "..", "..");

/** Many people, each with an office, a Secret and a binding of one role, behind everything that `npm start` starts. */
export interface Fleet extends AsyncDisposable {
  readonly count: number;
  readonly canaries: Canaries;
  readonly running: Running;
  readonly admin: KubeClient;
  /** A second handle on the ledger, to read what only the ledger has. */
  readonly ledger: Ledger;
  readonly databaseUrl: string;
  readonly provider: Provider;
  /** The state folder of `roster up`, and the data folder of Postgres. */
  readonly home: string;
  readonly database: string;
  /** Every line that API server, controller, gateway, ledger and sync logged, at level debug. */
  readonly log: readonly string[];
  token(name: string): string;
  /** A runtime as a process of its own, with this many slots. */
  startRuntime(concurrency: number): RuntimeProcess;
  /** Asks a binding for a run, as the admin; answers the name of the AgentRun. */
  ask(index: number, intent: string, text?: string): Promise<string>;
  /** Resolves with these runs once each is over, or waits for a person. */
  ended(names: readonly string[]): Promise<ReadonlyMap<string, Stored<AgentRun>>>;
  /** Resolves with an object once it is as wanted. */
  until<T extends Stored>(kind: KindRef, name: string, wanted: (object: T) => boolean): Promise<T>;
}

/** `tess-007`: the binding of person 7. */
export function bindingOf(index: number): string {
  return `tess-${String(index).padStart(3, "0")}`;
}

/** `person-007-office`: the Secret that the office's access is in. */
export function secretOf(index: number): string {
  return `${userOf(index).split("@")[0]}-office`;
}

/** A binding of the shipped role for person `index`, with the Secret of `secret`. */
export function aBinding(index: number, secret = index, name = bindingOf(index), subject = userOf(index)) {
  return {
    apiVersion: "roster.dev/v1alpha1",
    kind: "AgentBinding",
    metadata: { name, namespace: "acme" },
    spec: {
      roleRef: { name: "executive-assistant" },
      subject: { kind: "User", name: subject },
      timeZone: "Europe/Lisbon",
      credentials: ["mail", "calendar", "files"].map((server) => ({
        server,
        secretRef: { name: secretOf(secret), key: "token" },
      })),
    },
  };
}

/** Starts it all by the code of `roster up`, but for the runtime, which the test starts and stops. `scenes`: of the offline model. */
export async function openFleet(options: { readonly count: number; readonly scenes: string }): Promise<Fleet> {
  const { count } = options;
  const canaries = makeCanaries();
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(path.join(tmpdir(), "roster-fifty-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  // As root Postgres runs as nobody, who must be able to pass through.
  chmodSync(folder, 0o755);
  const at = (name: string) => path.join(folder, name);
  const officeUsers = await writeOffices(at("offices"), count, canaries, systemClock.now());
  writeManifests(at("manifests"), count);
  cpSync(path.join(root, "roles", "ea_tess"), path.join(at("roles"), "ea_tess"), { recursive: true });
  writeFileSync(at("scenes.yaml"), options.scenes);
  const shipped = path.join(at("roles"), "ea_tess", "rehearsal.yaml");
  const provider = stack.use(await startProvider([at("scenes.yaml"), shipped]));
  const database = at("database");
  stack.defer(() => resetPostgres(database, { log: silentLog, clock: systemClock }));
  const postgres = stack.use(await startPostgres({ home: database, log: silentLog, clock: systemClock }));

  const lines: string[] = [];
  const home = stack.use(openHome(at("home")));
  mkdirSync(home.file("log"), { recursive: true });
  const settings: Settings = {
    root,
    home: home.folder,
    apiPort: 0,
    gatewayPort: 0,
    databaseUrl: postgres.url,
    model: { baseURL: provider.url },
    officeUsers,
    manifests: at("manifests"),
    roles: at("roles"),
    reset: false,
    runtime: false,
  };
  const log = keepLines(lines);
  const running = stack.use(
    await startFleet({
      settings,
      home,
      clock: systemClock,
      log,
      step: () => {},
      onSync: (event) => lines.push(JSON.stringify(event)),
    }),
  );
  const keyFile = home.file("ledger.key");
  const ledger = stack.use(
    await openLedger({ url: postgres.url, clock: systemClock, log, writer: "test", keyFile, maxConnections: 2 }),
  );
  const { admin } = running;
  const tokens = JSON.parse(readFileSync(home.file("identities.json"), "utf8")) as Record<string, string>;
  let asked = 0;
  const owner = stack.move();
  return {
    count,
    canaries,
    running,
    admin,
    ledger,
    databaseUrl: postgres.url,
    provider,
    home: home.folder,
    database,
    log: lines,
    token: (name) => tokens[name] ?? "",
    startRuntime: (concurrency) =>
      startRuntime({
        ROSTER_GATEWAY_URL: running.gatewayUrl,
        ROSTER_WORKER_TOKEN: tokens.worker ?? "",
        ROSTER_WORKER_ID: "runtime-1",
        ROSTER_WORKER_CONCURRENCY: String(concurrency),
      }),
    async ask(index, intent, text = "Do it, please.") {
      asked += 1;
      const name = `${intent}-${String(index).padStart(3, "0")}-${asked}`;
      await admin.create<AgentRun>(kinds.AgentRun, {
        apiVersion: "roster.dev/v1alpha1",
        kind: "AgentRun",
        metadata: { name, namespace: "acme" },
        spec: { bindingRef: { name: bindingOf(index) }, requestedBy: "admin", task: { intent, text } },
      });
      return name;
    },
    ended: (names) =>
      follow<Stored<AgentRun>>(
        admin,
        kinds.AgentRun,
        names,
        ({ status }) => status?.phase !== undefined && (isFinished(status.phase) || status.phase === "Waiting"),
      ),
    async until(kind, name, wanted) {
      return (await follow(admin, kind, [name], wanted)).get(name)!;
    },
    [Symbol.asyncDispose]: () => owner.disposeAsync(),
  };
}

/** The demo's tiers, servers and budget, and one row per person. */
function writeManifests(folder: string, count: number): void {
  mkdirSync(folder, { recursive: true });
  for (const name of ["namespace.yaml", "model-tiers.yaml", "tool-servers.yaml", "budget.yaml"]) {
    cpSync(path.join(root, "manifests", "demo", name), path.join(folder, name));
  }
  const rows = Array.from({ length: count }, (_, index) => stringify(aBinding(index + 1)));
  writeFileSync(path.join(folder, "fleet.yaml"), rows.join("---\n"));
}

/** Keeps lines as they are before anything is redacted or left out. */
function keepLines(lines: string[], base: object = {}): Log {
  const line =
    (level: string) =>
    (message: string, facts: object = {}) => {
      lines.push(JSON.stringify({ level, ...base, ...facts, message }));
    };
  return {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    with: (facts) => keepLines(lines, { ...base, ...facts }),
  };
}

/** Watches one kind until each of the named objects is as wanted. */
async function follow<T extends Stored>(
  kube: KubeClient,
  kind: KindRef,
  names: readonly string[],
  wanted: (object: T) => boolean,
): Promise<ReadonlyMap<string, T>> {
  const done = new Map<string, T>();
  const open = new Set(names);
  const see = (object: T) => {
    if (!open.has(object.metadata.name) || !wanted(object)) return;
    open.delete(object.metadata.name);
    done.set(object.metadata.name, object);
  };
  const stop = new AbortController();
  const namespace = kind.namespaced ? { namespace: "acme" } : {};
  const listed = await kube.list<T>(kind, namespace);
  for (const object of listed.items) see(object as unknown as T);
  if (open.size === 0) return done;
  const { resourceVersion } = listed;
  for await (const event of kube.watch<T>(kind, { ...namespace, resourceVersion, signal: stop.signal })) {
    if (event.type !== "ADDED" && event.type !== "MODIFIED") continue;
    see(event.object as unknown as T);
    if (open.size === 0) stop.abort();
  }
  return done;
}
