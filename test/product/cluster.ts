import type { KubeClient } from "../../kube/client.ts";
import { connect } from "../../kube/connect.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";

/** A Kubernetes API to install Roster on: the embedded one, one of the tests' own, or one that somebody gave. */
export interface Cluster extends AsyncDisposable {
  readonly server: string;
  readonly caPem: string;
  /** May do everything. */
  readonly admin: KubeClient;
  /** Where the demo fleet lives. */
  readonly namespace: string;
  /** A person with the rights that the demo gives Ana, and the bearer token that proves who it is. */
  readonly person: { readonly name: string; readonly token: string };
  /** Puts in place what manifests/install says, as a platform engineer would. */
  install(): Promise<void>;
  /** Applies the demo fleet and its roles. */
  applyFleet(): Promise<void>;
  /** Flags of a controller and a gateway that have Roles in the fleet's namespace and no ClusterRole. */
  readonly confined?: { readonly controller: readonly string[]; readonly gateway: readonly string[] };
  /** What the owner of a namespace that is being deleted does in the end, when nobody in it has an agent any more. */
  letGo?(): Promise<void>;
  /** Absent where the API server is somebody else's. */
  readonly apiserver?: { kill(): Promise<void>; start(): Promise<void> };
  /** What the API server decided about the requests of Roster's own accounts, where it keeps an audit log. */
  readonly decisions?: () => readonly Decision[];
}

/** One request of one of Roster's ServiceAccounts. */
export interface Decision {
  /** When it was asked, Unix ms. */
  readonly at: number;
  readonly account: string;
  readonly allowed: boolean;
  readonly verb: string;
  /** Empty for what is cluster-wide. */
  readonly namespace: string;
  readonly group: string;
  /** With its subresource, as RBAC writes it. */
  readonly resource: string;
  readonly status: number;
  readonly message: string;
}

/** A client that acts as whoever the token belongs to. */
export function asToken(cluster: Pick<Cluster, "server" | "caPem">, token: string): Promise<KubeClient> {
  const connection = { server: cluster.server, caPem: cluster.caPem, token };
  return connect(connection, { log: silentLog, clock: systemClock, userAgent: "roster-product-test" });
}

/** A token of a ServiceAccount, as `kubectl create token` gets one. */
export async function tokenOf(admin: KubeClient, namespace: string, account: string): Promise<string> {
  const answer = await admin.raw<{ readonly status: { readonly token: string } }>(
    "POST",
    `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3600 } },
  );
  return answer.status.token;
}
