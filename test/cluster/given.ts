import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { RealCluster } from "./real.ts";

interface Kubeconfig {
  readonly "current-context": string;
  readonly contexts: readonly {
    readonly name: string;
    readonly context: { readonly cluster: string; readonly user: string };
  }[];
  readonly clusters: readonly {
    readonly name: string;
    readonly cluster: {
      readonly server: string;
      readonly "certificate-authority-data"?: string;
      readonly "certificate-authority"?: string;
    };
  }[];
  readonly users: readonly { readonly name: string; readonly user: { readonly token?: string } }[];
}

/** The cluster that a kubeconfig names. Throws where its current context has no token. */
export function givenCluster(file: string): RealCluster {
  const config = parse(readFileSync(file, "utf8")) as Kubeconfig;
  const context = config.contexts.find(({ name }) => name === config["current-context"])?.context;
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster;
  const token = config.users.find(({ name }) => name === context?.user)?.user.token;
  if (!cluster || !token)
    throw new Error(`KUBECONFIG ${file}: the current context must name a cluster and a user with a token`);
  const data = cluster["certificate-authority-data"];
  const caFile = cluster["certificate-authority"];
  const caPem = data ? Buffer.from(data, "base64").toString() : caFile ? readFileSync(caFile, "utf8") : "";
  return {
    url: cluster.server,
    caPem,
    adminToken: token,
    kubeconfig: file,
    kubectl: "kubectl",
    own: false,
    async [Symbol.asyncDispose]() {},
  };
}
