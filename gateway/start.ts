import { problem } from "../api/reasons.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { openEgress } from "./egress/egress.ts";
import { listen, toServer } from "./http/serve.ts";
import { AuthorityLease } from "./identity/authority-lease.ts";
import { OpenCalls } from "./identity/open-calls.ts";
import { GatewayPairer } from "./identity/pairer.ts";
import { openMetrics } from "./metrics.ts";
import { openQueues } from "./models/queues.ts";
import type { DefaultModel, LocalServer, Ports } from "./ports.ts";
import { ClaimDesk } from "./runs/claim-desk.ts";
import { Drain } from "./runs/drain.ts";

import { Toolbox } from "./tools/toolbox.ts";

const lastAnswersMs = 1_000;

/** What the composition root gives a gateway. */
export interface GatewayOptions {
  readonly ledger: Ledger;
  /** Reads Secrets and Namespaces; creates TokenReviews and SubjectAccessReviews. */
  readonly kube: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly host?: string;
  /** 0 is any. */
  readonly port: number;
  /** Unique among the gateways of a ledger. */
  readonly identity: string;
  readonly workerTokenHashes: readonly string[];
  /** May call /introspect and /revoke. */
  readonly operatorTokenHashes: readonly string[];
  /** For ModelTiers without spec.endpoint. */
  readonly defaultModel?: DefaultModel;
  readonly localServers: Readonly<Record<string, LocalServer>>;
  readonly allowPrivateNetworks: boolean;
  /** How long a silent worker keeps its run. */
  readonly runLeaseMs?: number;
  /** How long this gateway may serve without having reached the ledger. */
  readonly authorityLeaseMs?: number;
  /** How long disposing lets calls in flight go on before it cuts them. 0, the default: not at all. */
  readonly drainMs?: number;
}

export interface Gateway extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

/**
 * Starts a gateway: the one way from agents to models, tools and memory. Serves as soon as it resolves; while the
 * ledger is away it denies everything. Disposing ends all streams, which gives their runs back to the queue. Throws
 * PortInUse.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { ledger, kube, clock, log, host = "127.0.0.1" } = options;
  const config = {
    identity: options.identity,
    workerTokenHashes: options.workerTokenHashes,
    operatorTokenHashes: options.operatorTokenHashes,
    localServers: options.localServers,
    allowPrivateNetworks: options.allowPrivateNetworks,
    runLeaseMs: options.runLeaseMs ?? 15_000,
    ...(options.defaultModel ? { defaultModel: options.defaultModel } : {}),
  };
  const metrics = openMetrics();
  const open = new OpenCalls();
  const drain = new Drain();
  await using stack = new AsyncDisposableStack();
  const leaseMs = options.authorityLeaseMs ?? 5_000;
  const pairer = stack.use(await GatewayPairer.open({ ledger, kube, clock, log }));
  const lease = stack.use(
    await AuthorityLease.open({
      ledger,
      clock,
      log,
      open,
      metrics,
      identity: options.identity,
      leaseMs,
      doubt: () => pairer.doubt(),
    }),
  );
  const egress = stack.use(openEgress(options));
  const toolbox = stack.use(new Toolbox({ ledger, clock, log, open, kube, egress, config }));
  const ports: Ports = {
    ledger,
    kube,
    clock,
    log,
    config,
    metrics,
    open,
    lease,
    pairer,
    egress,
    toolbox,
    owned: drain.owned,
    drain,
    queues: openQueues(clock),
  };
  const desk = stack.use(
    new ClaimDesk({
      ledger,
      clock,
      log,
      identity: options.identity,
      runLeaseMs: config.runLeaseMs,
      mayServe: () => lease.held && !drain.begun,
    }),
  );
  const server = toServer(ports, desk);
  const port = await listen(server, host, options.port);
  stack.defer(async () => {
    if (options.drainMs) {
      log.info("gateway drains", { calls: open.size, ms: options.drainMs });
      const drained = drain.finish(options.drainMs, clock);
      desk.dismiss();
      await drained;
    }
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    // What was answered last is on its way.
    if (options.drainMs) await Promise.race([closed, clock.sleep(lastAnswersMs)]);
    open.cutAll(problem("Reconciling", "the gateway is stopping"));
    server.closeAllConnections();
    await closed;
    await ports.owned.returned();
  });
  const owner = stack.move();
  log.info("gateway listens", { host, port });
  return { url: `http://${host}:${port}`, port, [Symbol.asyncDispose]: () => owner.disposeAsync() };
}
