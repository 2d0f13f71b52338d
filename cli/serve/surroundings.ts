import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { InvalidArgumentError, Option } from "commander";
import { problem } from "../../api/reasons.ts";
import type { Connection } from "../../kube/client.ts";
import { messageOf } from "../../lib/problem.ts";
import { findKubeconfig } from "../find-kubeconfig.ts";
import type { Checkout, Io } from "../io.ts";

/** How the processes of an installation are told where the API server is. */
export interface ConnectionFlags {
  readonly inCluster?: boolean;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespaces?: readonly string[];
}

export const connectionOptions: readonly Option[] = [
  new Option("--in-cluster", "use the pod's ServiceAccount").conflicts(["kubeconfig", "context"]),
  new Option("--kubeconfig <file>", "instead of KUBECONFIG or .roster/kubeconfig"),
  new Option("--context <name>", "context of the kubeconfig"),
];

export function connectionOf(flags: ConnectionFlags, io: Io, checkout: Checkout): Connection {
  if (flags.inCluster) return { inCluster: true };
  const kubeconfig = findKubeconfig(flags.kubeconfig, io, checkout);
  return flags.context === undefined ? { kubeconfig } : { kubeconfig, context: flags.context };
}

/** Unique among the replicas: the pod's name where there is one. */
export function identityOf(io: Io): string {
  return io.env.ROSTER_IDENTITY?.trim() || hostname();
}

/** Where the ledger is. Throws InvalidRequest naming the variable that is missing; never prints its value. */
export function ledgerOf(io: Io): { readonly url: string; readonly keyFile: string } {
  const url = io.env.DATABASE_URL?.trim();
  const keyFile = io.env.ROSTER_LEDGER_KEY_FILE?.trim();
  if (!url) throw problem("InvalidRequest", "DATABASE_URL is not set: it must name the Postgres that holds the ledger");
  if (!keyFile) {
    throw problem(
      "InvalidRequest",
      "ROSTER_LEDGER_KEY_FILE is not set: it must name the file with the ledger's 32-byte key, the same for every replica",
    );
  }
  return { url, keyFile };
}

/** A secret that is mounted as a file. Throws InvalidRequest. */
export function secretFile(variable: string, io: Io): string {
  const file = io.env[variable]?.trim();
  if (!file) throw problem("InvalidRequest", `${variable} is not set: it must name a file`);
  return readSecret(file, variable);
}

/** What a file holds, without the line's end. Throws InvalidRequest saying what named the file. */
export function readSecret(file: string, named: string): string {
  try {
    const secret = readFileSync(file, "utf8").trim();
    if (secret === "") throw new Error("the file is empty");
    return secret;
  } catch (cause) {
    throw problem("InvalidRequest", `${named}: cannot read "${file}": ${messageOf(cause)}`, { cause });
  }
}

/** host:port of an address to listen on. */
export function toAddress(text: string): { readonly host: string; readonly port: number } {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || !(port <= 65_535)) throw new InvalidArgumentError("write host:port, such as 0.0.0.0:7480");
  return { host: match[1]!.replace(/^\[|\]$/g, ""), port };
}
