import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type KindRef, kinds } from "../../api/kinds.ts";
import type { Condition, Resource, Stored } from "../../api/resource.ts";
import { type ApiServer, startApiServer } from "../../apiserver/server.ts";
import { type Controller, startController } from "../../controller/start.ts";
import type { KubeClient } from "../../kube/client.ts";
import { confine } from "../../kube/confined.ts";
import { connect } from "../../kube/connect.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { openLedger } from "../../ledger/open.ts";
import { type Clock, systemClock } from "../../lib/clock.ts";
import { type Log, openLog, silentLog } from "../../lib/log.ts";
import { freshDatabase } from "../ledger/kit.ts";
import { aBinding } from "./objects.ts";

export const adminToken = "admin-of-this-test";
export const controllerToken = "controller-of-this-test";
const rbacKinds: Readonly<Record<string, KindRef>> = Object.fromEntries(
  ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"].map((kind) => [
    kind,
    {
      group: "rbac.authorization.k8s.io",
      version: "v1",
      kind,
      plural: `${kind.toLowerCase()}s`,
      namespaced: !kind.startsWith("Cluster"),
    },
  ]),
);

/** A controller that has Roles only. */
export interface Confined {
  readonly namespaces: readonly string[];
  readonly given: readonly Resource[];
}

/** The real API, the real ledger and the real controller, in one process. */
export interface World extends AsyncDisposable {
  readonly kube: KubeClient;
  readonly ledger: Ledger;
  readonly api: ApiServer;
  /** Starts a controller (a second replica where one runs); `lead` waits until one leads. */
  start(identity?: string, confined?: Confined): Promise<Controller>;
  /** Makes a binding and waits until it is Ready. */
  hire(name: string, more?: object): Promise<Seen>;
  stopApi(): Promise<void>;
  startApi(): Promise<void>;
  /** A ledger handle of another process. */
  openLedger(): Promise<Ledger>;
}

export const log: Log = process.env.ROSTER_TEST_LOG ? openLog({ level: process.env.ROSTER_TEST_LOG }) : silentLog;

/** Starts API and ledger; the controller is each test's own business. `clock` moves controller and ledger, not the API. */
export async function startWorld(options: { readonly clock?: Clock } = {}): Promise<World> {
  const clock = options.clock ?? systemClock;
  const folder = mkdtempSync(join(tmpdir(), "roster-controller-"));
  const url = await freshDatabase();
  let port = 0;
  let caPem = "";
  const serve = async () => {
    const server = await startApiServer({
      dataDir: join(folder, "api"),
      port,
      clock: systemClock,
      log,
      users: [
        { name: "admin", groups: ["system:masters"], token: adminToken },
        {
          name: "system:serviceaccount:roster-system:roster-controller",
          groups: ["system:serviceaccounts"],
          token: controllerToken,
        },
      ],
      crds: definitions(),
    });
    port = server.port;
    caPem = server.caPem;
    return server;
  };
  let api = await serve();
  const stack = new AsyncDisposableStack();
  const kube = stack.use(
    await connect({ server: api.url, caPem, token: adminToken }, { log, clock: systemClock, userAgent: "test" }),
  );
  const open = async () =>
    stack.use(
      await openLedger({ url, clock, log, writer: "controller/test", keyFile: join(folder, "key"), maxConnections: 8 }),
    );
  const ledger = await open();
  for (const name of ["acme", "roster-system"]) {
    await kube.create(kinds.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  await installRbac(kube);
  // The controller has the rights that are shipped and nothing more.
  const asController = async () =>
    stack.use(
      await connect({ server: api.url, caPem, token: controllerToken }, { log, clock, userAgent: "roster-controller" }),
    );
  return {
    kube,
    ledger,
    get api() {
      return api;
    },
    openLedger: open,
    async start(identity = "one", confined) {
      const whole = await asController();
      // Reviews are the gateway's: a controller asks for none.
      const reviews = { whoIs: async () => undefined, async [Symbol.asyncDispose]() {} };
      const kube = confined ? confine(whole, { ...confined, reviews, clock, log }) : whole;
      const namespaces = confined && { namespaces: confined.namespaces };
      const controller = await startController({ kube, ledger, clock, log, identity, ...namespaces });
      stack.use(controller);
      return controller;
    },
    async hire(name, more = {}) {
      await kube.create(kinds.AgentBinding, aBinding(name, more));
      return until(kube, kinds.AgentBinding, name, isReady);
    },
    async stopApi() {
      await api[Symbol.asyncDispose]();
    },
    async startApi() {
      api = await serve();
    },
    async [Symbol.asyncDispose]() {
      await stack.disposeAsync();
      await api[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function installRbac(kube: KubeClient): Promise<void> {
  await grant(kube, "install/rbac.yaml");
}

/** Gives the rights of a file below manifests/, in a namespace where the file names none. */
export async function grant(kube: KubeClient, file: string, namespace?: string): Promise<void> {
  const text = readFileSync(new URL(`../../manifests/${file}`, import.meta.url), "utf8");
  for (const document of parseAllDocuments(text)) {
    const { metadata, ...object } = document.toJS() as Resource;
    await kube.create(rbacKinds[object.kind]!, {
      ...object,
      metadata: namespace ? { ...metadata, namespace } : metadata,
    });
  }
}

function definitions(): readonly object[] {
  const folder = new URL("../../crds/", import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .flatMap((name) =>
      parseAllDocuments(readFileSync(new URL(name, folder), "utf8")).map((document) => document.toJS() as object),
    );
}

export type Seen = Stored & {
  readonly spec: Record<string, unknown>;
  readonly status?: Record<string, unknown> & { readonly conditions?: readonly Condition[] };
};

/** The condition of an object, as `status/reason`. */
export function condition(object: Seen | undefined, type: string): string | undefined {
  const found = object?.status?.conditions?.find((one) => one.type === type);
  return found && `${found.status}/${found.reason}`;
}

/** Follows one object until it is as wanted, by watching; every version in between goes to `each`. */
export async function until(
  kube: KubeClient,
  kind: KindRef,
  name: string,
  wanted: (object: Seen) => boolean,
  each: (object: Seen) => void = () => {},
): Promise<Seen> {
  const stop = new AbortController();
  const options = { ...(kind.namespaced ? { namespace: "acme" } : {}), fieldSelector: `metadata.name=${name}` };
  const listed = await kube.list<Seen>(kind, options);
  for (const object of listed.items) {
    each(object);
    if (wanted(object)) return object;
  }
  for await (const event of kube.watch<Seen>(kind, {
    ...options,
    resourceVersion: listed.resourceVersion,
    signal: stop.signal,
  })) {
    if (event.type !== "ADDED" && event.type !== "MODIFIED") continue;
    each(event.object);
    if (!wanted(event.object)) continue;
    stop.abort();
    return event.object;
  }
  throw new Error(`the watch of ${kind.kind} ${name} ended`);
}

/** Resolves when an object is gone; every version on the way goes to `each`. */
export async function gone(
  kube: KubeClient,
  kind: KindRef,
  name: string,
  each: (object: Seen) => void = () => {},
): Promise<void> {
  const stop = new AbortController();
  const options = { namespace: "acme", fieldSelector: `metadata.name=${name}` };
  const listed = await kube.list<Seen>(kind, options);
  if (listed.items.length === 0) return;
  for (const object of listed.items) each(object);
  for await (const event of kube.watch<Seen>(kind, {
    ...options,
    resourceVersion: listed.resourceVersion,
    signal: stop.signal,
  })) {
    if (event.type === "BOOKMARK") continue;
    each(event.object);
    if (event.type === "DELETED") {
      stop.abort();
      return;
    }
  }
}

export const isReady = (object: Seen) => condition(object, "Ready")?.startsWith("True") ?? false;

/** Claims the next run, as a worker would; the queue passes over rows that another transaction holds at that moment. */
export async function claimNext(ledger: Ledger) {
  for (let tries = 0; tries < 200; tries++) {
    const claimed = await ledger.runs.claim({ id: "worker", gateway: "gateway", leaseMs: 30_000 });
    if (claimed !== undefined) return claimed;
  }
  throw new Error("nothing to claim");
}
