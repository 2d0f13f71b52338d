import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { authenticator, type StaticUser } from "./auth/authenticate.ts";
import { RbacAuthorizer } from "./auth/rbac.ts";
import { openServiceAccountTokens } from "./auth/service-account-tokens.ts";
import { bootstrap, installDefinitions } from "./bootstrap/bootstrap.ts";
import { GarbageCollector } from "./gc/garbage-collector.ts";
import { requestHandler } from "./http/handle.ts";
import { listen } from "./http/listener.ts";
import { builtinKinds } from "./kinds/builtin.ts";
import { serveDefinitions } from "./kinds/definitions.ts";
import { Registry } from "./kinds/registry.ts";
import { RoleAggregator } from "./lifecycle/aggregation.ts";
import { DefinitionCleanup } from "./lifecycle/definition-cleanup.ts";
import { NamespaceController } from "./lifecycle/namespaces.ts";
import { admit } from "./rest/admit.ts";
import type { Api, Call } from "./rest/api.ts";
import { WatchHub } from "./rest/watch-hub.ts";
import { review } from "./reviews/reviews.ts";
import type { HistoryLimits } from "./store/history.ts";
import { Store } from "./store/store.ts";
import { openCertificates } from "./tls/certificates.ts";

export interface ApiServerOptions {
  /** Everything that the server keeps: objects, keys, certificates. Made when missing, for its owner only. */
  readonly dataDir: string;
  readonly host?: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Static bearer tokens. */
  readonly users?: readonly StaticUser[];
  /** CustomResourceDefinitions that are installed or updated before the server listens. */
  readonly crds?: readonly object[];
  /** How much history lists and watches may go back to. */
  readonly history?: HistoryLimits;
}

export interface ApiServer extends AsyncDisposable {
  readonly url: string;
  readonly caPem: string;
  readonly port: number;
}

/**
 * Starts the embedded Kubernetes API on one machine; resolves when it answers. A killed server starts again from its
 * folder with every acknowledged write. Disposing ends open watches and closes the store. Throws `KubeUnavailable`
 * when the port or the folder is taken.
 */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { dataDir, clock, log, host = "127.0.0.1" } = options;
  await using stack = new AsyncDisposableStack();
  const store = stack.use(
    new Store({ folder: dataDir, clock, log, ...(options.history ? { history: options.history } : {}) }),
  );
  await store.ready();
  const stopping = new AbortController();
  const registry = new Registry(builtinKinds());
  const authorizer = new RbacAuthorizer(store);
  const watches = new WatchHub(store);
  const shared = { store, watches, registry, clock, log, authorizer, stopping: stopping.signal };
  const api: Api = { ...shared, admit: (request) => admit(shared, request) };
  await bootstrap(api);
  stack.use(await serveDefinitions(api));
  await installDefinitions(api, options.crds ?? []);
  stack.use(new GarbageCollector(api));
  stack.use(new DefinitionCleanup(api));
  const aggregator = stack.use(new RoleAggregator(api));
  const namespaces = stack.use(new NamespaceController(api));
  await Promise.all([aggregator.idle(), namespaces.idle()]);
  const tokens = openServiceAccountTokens(dataDir, store, clock);
  const certificates = await openCertificates(dataDir, host, clock);
  const authentication = authenticator(options.users ?? [], tokens);
  const ports = {
    api,
    authenticator: authentication,
    review: (to: Api, call: Call) => review({ authenticator: authentication, tokens }, to, call),
    address: () => address,
  };
  let address = "";
  const { server, port } = await listen({
    host,
    port: options.port,
    certificates,
    clock,
    handler: requestHandler(ports),
  });
  address = `${host}:${port}`;
  stack.defer(async () => {
    stopping.abort();
    watches[Symbol.dispose]();
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    // Watches end by themselves now; whatever does not is cut.
    const patience = new AbortController();
    await Promise.race([closed, clock.sleep(2_000, patience.signal).catch(() => {})]);
    patience.abort();
    server.closeAllConnections();
    await closed;
  });
  const resources = stack.move();
  const shownHost = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return {
    url: `https://${shownHost.includes(":") ? `[${shownHost}]` : shownHost}:${port}`,
    caPem: certificates.caPem,
    port,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
