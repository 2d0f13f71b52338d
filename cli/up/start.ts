import path from "node:path";
import { startApiServer } from "../../apiserver/server.ts";
import { startController } from "../../controller/start.ts";
import { type Gateway, startGateway } from "../../gateway/start.ts";
import { readCrds } from "../../gitops/crd-schemas.ts";
import { type SyncEvent, startSync } from "../../gitops/sync.ts";
import type { KubeClient } from "../../kube/client.ts";
import { connect } from "../../kube/connect.ts";
import { startPostgres } from "../../ledger/embedded/supervisor.ts";
import { openLedger } from "../../ledger/open.ts";
import type { Clock } from "../../lib/clock.ts";
import { sha256 } from "../../lib/ids.ts";
import type { Log } from "../../lib/log.ts";
import { type Child, startChild } from "./child.ts";
import type { Home } from "./home.ts";
import { controllerUser, ensureIdentities, gatewayUser, type Identities } from "./identities.ts";
import { install, publishGateway, putCredential } from "./install.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { type OfficeAccess, officeServers, prepareOffice } from "./office.ts";
import { ensurePortFree } from "./port.ts";
import { fleetNamespace, type Settings } from "./settings.ts";

/** A fleet that runs. Disposing it stops everything, in the order in which things depend on each other. */
export interface Running extends AsyncDisposable {
  readonly admin: KubeClient;
  readonly apiUrl: string;
  readonly gatewayUrl: string;
  readonly kubeconfig: string;
  /** A client that acts as one of the people; undefined for somebody who has no token here. */
  as(user: string): Promise<KubeClient | undefined>;
}

export interface StartOptions {
  readonly settings: Settings;
  readonly home: Home;
  readonly clock: Clock;
  readonly log: Log;
  /** What is being done now, for people who wait. */
  readonly step: (text: string) => void;
  readonly onSync: (event: SyncEvent) => void;
}

/**
 * Starts everything that one machine needs: Postgres, the Kubernetes API, gateway, controller, model, office, runtime and
 * the sync. Resolves when the folders were applied once. Throws PortInUse, DiskFull, PostgresFailed, ChildFailed and what
 * the parts throw; then nothing is left running.
 */
export async function startFleet(options: StartOptions): Promise<Running> {
  const { settings, home, clock, log, step } = options;
  await ensurePortFree(settings.apiPort, "ROSTER_API_PORT");
  await ensurePortFree(settings.gatewayPort, "ROSTER_GATEWAY_PORT");
  const identities = ensureIdentities(home.file("identities.json"));
  // First what a person may have got wrong: it should not take a database to hear of it.
  const access = await prepareOffice({ ...settings, folder: home.file("office") });
  await using stack = new AsyncDisposableStack();

  step("starting Postgres, the Kubernetes API, the model and the office");
  const startedAt = clock.now();
  const timed = async <T>(name: string, start: Promise<T>): Promise<T> => {
    const value = await start;
    step(`${name} after ${((clock.now() - startedAt) / 1000).toFixed(1)} s`);
    return value;
  };
  const [ledger, api, model, office] = await together([
    timed(settings.databaseUrl ? "your database answers" : "Postgres is up", openMoneyAndQueue(options, stack)),
    timed("the Kubernetes API is up", openApi(options, identities, stack)),
    timed(settings.model ? "your model endpoint is set" : "the rehearsal is up", openModel(options, stack)),
    timed("the office is up", openOffice(options, access, stack)),
  ] as const);

  let owner = stack;
  const client = async (user: string, agent: string): Promise<KubeClient> => {
    const connection = { server: api.url, caPem: api.caPem, token: identities.tokenOf(user) };
    return owner.use(await connect(connection, { log, clock, userAgent: `roster-${agent}` }));
  };
  const admin = await client("admin", "up");
  const kubeconfig = home.file("kubeconfig");
  writeKubeconfig(kubeconfig, api, identities);

  step("installing definitions, rights and admission policies");
  await install(admin, settings.root);
  for (const { secretName, user, token } of access.people) {
    const origins = officeServers.map((name) => `local:${name}`);
    await putCredential(admin, { name: secretName, subject: user, token, origins });
  }

  step("starting gateway, controller and runtime");
  const gateway = await openGateway(
    options,
    { ledger, identities, model, office, kube: await client(gatewayUser, "gateway") },
    stack,
  );
  await publishGateway(admin, gateway.url);
  const controllerKube = await client(controllerUser, "controller");
  stack.use(
    await startController({
      kube: controllerKube,
      ledger,
      clock,
      log: log.with({ part: "controller" }),
      identity: identityOf(home),
    }),
  );
  const pairing = ledger.pairing.last;
  if (pairing?.kind === "recovering")
    step(`recovering, nothing runs: ${pairing.message}; see \`npm run roster -- ledger status\``);
  if (settings.runtime) await openRuntime(options, { gateway, identities }, stack);

  step("applying the fleet");
  const sync = stack.use(
    await startSync({
      kube: admin,
      base: settings.root,
      paths: [
        { kind: "manifests", folder: settings.manifests },
        { kind: "roles", folder: settings.roles, namespace: fleetNamespace },
      ],
      log: log.with({ part: "sync" }),
      clock,
      stateFile: home.file("sync.json"),
      onChange: options.onSync,
    }),
  );
  await sync.first;

  const resources = stack.move();
  owner = resources;
  return {
    admin,
    apiUrl: api.url,
    gatewayUrl: gateway.url,
    kubeconfig,
    as: async (user) => (identities.users.some((one) => one.name === user) ? client(user, "up") : undefined),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Waits for all, so that whatever did start is in the stack when the first failure is thrown. */
async function together<T extends readonly unknown[]>(starts: { readonly [K in keyof T]: Promise<T[K]> }): Promise<T> {
  const done = await Promise.allSettled(starts);
  const failed = done.find((one) => one.status === "rejected");
  if (failed) throw failed.reason;
  return done.map((one) => (one as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

async function openMoneyAndQueue({ settings, home, clock, log }: StartOptions, stack: AsyncDisposableStack) {
  const part = log.with({ part: "postgres" });
  const url = settings.databaseUrl ?? stack.use(await startPostgres({ home: home.folder, log: part, clock })).url;
  const ledgerLog = log.with({ part: "ledger" });
  return stack.use(
    await openLedger({ url, clock, log: ledgerLog, writer: `up-${process.pid}`, keyFile: home.file("ledger.key") }),
  );
}

async function openApi(
  { settings, home, clock, log }: StartOptions,
  identities: Identities,
  stack: AsyncDisposableStack,
) {
  const crds = await readCrds(path.join(settings.root, "crds"));
  return stack.use(
    await startApiServer({
      dataDir: home.file("apiserver"),
      port: settings.apiPort,
      clock,
      log: log.with({ part: "apiserver" }),
      users: identities.users,
      crds,
    }),
  );
}

type Model = { readonly baseURL: string; readonly apiKey?: string; readonly model?: string };

async function openModel(options: StartOptions, stack: AsyncDisposableStack): Promise<Model> {
  const { settings, home } = options;
  if (settings.model) return settings.model;
  const scripts = path.join(settings.roles, "*", "rehearsal.yaml");
  const child = stack.use(
    await startChild({
      ...childBasics(options, "rehearsal"),
      script: path.join(settings.root, "rehearsal", "main.ts"),
      args: (port) => ["--port", String(port), "--scripts", scripts, "--log", home.file("rehearsal-requests.jsonl")],
      announces: true,
    }),
  );
  return { baseURL: child.url };
}

async function openOffice(options: StartOptions, access: OfficeAccess, stack: AsyncDisposableStack): Promise<Child> {
  const { settings, home } = options;
  return stack.use(
    await startChild({
      ...childBasics(options, "office"),
      script: path.join(settings.root, "examples", "office", "main.ts"),
      args: (port) => ["--root", home.file("office"), "--port", String(port), "--users", access.usersFile],
      announces: true,
    }),
  );
}

async function openGateway(
  { settings, home, clock, log }: StartOptions,
  from: {
    readonly ledger: Awaited<ReturnType<typeof openMoneyAndQueue>>;
    readonly kube: KubeClient;
    readonly identities: Identities;
    readonly model: Model;
    readonly office: Child;
  },
  stack: AsyncDisposableStack,
): Promise<Gateway> {
  return stack.use(
    await startGateway({
      ledger: from.ledger,
      kube: from.kube,
      clock,
      log: log.with({ part: "gateway" }),
      port: settings.gatewayPort,
      identity: identityOf(home),
      workerTokenHashes: [sha256(from.identities.workerToken)],
      operatorTokenHashes: [sha256(from.identities.operatorToken)],
      defaultModel: from.model,
      localServers: Object.fromEntries(
        officeServers.map((name) => [name, { kind: "http" as const, url: new URL(`/${name}`, from.office.url).href }]),
      ),
      allowPrivateNetworks: false,
    }),
  );
}

async function openRuntime(
  options: StartOptions,
  from: { readonly gateway: Gateway; readonly identities: Identities },
  stack: AsyncDisposableStack,
): Promise<void> {
  const child = await startChild({
    ...childBasics(options, "runtime"),
    script: path.join(options.settings.root, "runtime", "main.ts"),
    env: {
      ROSTER_GATEWAY_URL: from.gateway.url,
      ROSTER_WORKER_TOKEN: from.identities.workerToken,
      ROSTER_WORKER_ID: "runtime-1",
      ROSTER_WORKER_CONCURRENCY: "4",
    },
  });
  stack.use(child);
}

/**
 * The same at each start in one folder (whose lock allows one process), so that a start after a kill takes over its own
 * leases at once instead of waiting for them to end.
 */
function identityOf(home: Home): string {
  return `up-${sha256(home.folder).slice(0, 8)}`;
}

function childBasics({ settings, home, log, clock }: StartOptions, name: string) {
  return {
    name,
    cwd: settings.root,
    logFile: path.join(home.file("log"), `${name}.log`),
    log: log.with({ part: name }),
    clock,
  };
}
