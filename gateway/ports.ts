import type { KubeClient } from "../kube/client.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Egress } from "./egress/egress.ts";
import type { AuthorityLease } from "./identity/authority-lease.ts";
import type { OpenCalls } from "./identity/open-calls.ts";
import type { GatewayPairer } from "./identity/pairer.ts";
import type { Metrics } from "./metrics.ts";
import type { Queues } from "./models/queues.ts";
import type { Drain } from "./runs/drain.ts";
import type { OwnedRuns } from "./runs/owned-runs.ts";
import type { Toolbox } from "./tools/toolbox.ts";

/** A tool server that the operator runs beside the gateway; a tenant names it, but cannot define one. */
export type LocalServer =
  | { readonly kind: "http"; readonly url: string }
  | {
      readonly kind: "stdio";
      readonly command: string;
      readonly args: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
      /** Environment variable that gets the binding's credential. One process per binding. */
      readonly credentialEnv?: string;
    };

/** The endpoint of tiers that name none: the rehearsal, or the operator's own provider. */
export interface DefaultModel {
  readonly baseURL: string;
  readonly apiKey?: string;
  /** Overrides the tier's model name. */
  readonly model?: string;
}

/** What the operator decides; nothing in a manifest changes it. */
export interface GatewayConfig {
  readonly identity: string;
  readonly workerTokenHashes: readonly string[];
  readonly operatorTokenHashes: readonly string[];
  readonly defaultModel?: DefaultModel;
  readonly localServers: Readonly<Record<string, LocalServer>>;
  readonly allowPrivateNetworks: boolean;
  /** How long a silent worker keeps its run. */
  readonly runLeaseMs: number;
}

/** What the pipeline may touch. */
export interface Ports {
  readonly ledger: Ledger;
  readonly kube: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly config: GatewayConfig;
  readonly metrics: Metrics;
  readonly open: OpenCalls;
  readonly lease: AuthorityLease;
  readonly pairer: GatewayPairer;
  readonly owned: OwnedRuns;
  readonly drain: Drain;
  readonly queues: Queues;
  readonly egress: Egress;
  readonly toolbox: Toolbox;
}
