import path from "node:path";
import { Option } from "commander";
import { kinds } from "../api/kinds.ts";
import { problem, type Reason, reasons } from "../api/reasons.ts";
import type { Resource } from "../api/resource.ts";
import type { Connection } from "../kube/client.ts";
import { connect } from "../kube/connect.ts";
import { resolveTarget } from "../kube/target.ts";
import { isObject } from "../lib/json.ts";
import { silentLog } from "../lib/log.ts";
import { messageOf } from "../lib/problem.ts";
import type { Io } from "./io.ts";
import { readSecret } from "./serve/surroundings.ts";

const answerMs = 30_000;

/** What a person may say about the gateway, where the cluster's ConfigMap and the kubeconfig do not suffice. */
export interface GatewayFlags {
  readonly gateway?: string;
  readonly tokenFile?: string;
}

export const gatewayOption: Option = new Option(
  "--gateway <url>",
  "instead of what the ConfigMap roster-gateway says; also ROSTER_GATEWAY_URL",
);

export const tokenFileOption: Option = new Option(
  "--token-file <file>",
  "bearer token, where the kubeconfig has none; also ROSTER_TOKEN_FILE",
);

/** Who asks the gateway, and how. */
export interface Asking {
  readonly connection: Connection;
  readonly flags: GatewayFlags;
  readonly io: Io;
}

/**
 * Asks the gateway something as the person of the kubeconfig: the gateway's address is in the ConfigMap roster-gateway, the
 * bearer token is the one the Kubernetes API gets, unless the flags say otherwise. A person's token never leaves in plain
 * HTTP but for this machine. Throws NotFound, Forbidden, Unauthenticated, InvalidRequest, KubeUnavailable, GatewayUnavailable.
 */
export async function askGateway<T>(
  resource: string,
  from: Asking & {
    /** Sent as JSON in a POST; a GET without it. */
    readonly body?: object;
  },
): Promise<T> {
  const { body: sent } = from;
  const url = await addressOf(from);
  const authorization = await authorizationOf(from);
  let response: Response;
  try {
    response = await fetch(new URL(resource, url), {
      ...(sent === undefined ? {} : { method: "POST", body: JSON.stringify(sent) }),
      headers: {
        authorization,
        accept: "application/json",
        ...(sent === undefined ? {} : { "content-type": "application/json" }),
      },
      signal: AbortSignal.timeout(answerMs),
    });
  } catch (cause) {
    const why = messageOf((cause as Error).cause ?? cause);
    throw problem("GatewayUnavailable", `the gateway at ${url.origin} cannot be reached: ${why}`, { cause });
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body as T;
  const said = isObject(body) ? body : {};
  const reason =
    typeof said.reason === "string" && said.reason in reasons ? (said.reason as Reason) : reasonOf(response.status);
  throw problem(
    reason,
    typeof said.detail === "string" ? said.detail : `the gateway answered ${response.status} to ${resource}`,
  );
}

function reasonOf(status: number): Reason {
  if (status === 401) return "Unauthenticated";
  if (status === 403) return "Forbidden";
  if (status === 404) return "NotFound";
  return status >= 500 ? "GatewayUnavailable" : "InvalidRequest";
}

/** Throws InvalidRequest for an address that a person's token may not be sent to. */
async function addressOf({ connection, flags, io }: Asking): Promise<URL> {
  const given = flags.gateway ?? io.env.ROSTER_GATEWAY_URL?.trim();
  const text = given || (await publishedAddress(connection, io));
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw problem("InvalidRequest", `the gateway's address "${text}" is not an http or https URL`);
  // A pod's own token stays in the cluster, whose network is the operator's to encrypt.
  const persons = !("inCluster" in connection) || tokenFileOf({ flags, io }) !== undefined;
  if (persons && url.protocol === "http:" && !isLoopback(url.hostname))
    throw problem(
      "InvalidRequest",
      `the gateway's address "${url.origin}" is plain HTTP, on which others can read your token: put one with https into the ConfigMap "roster-gateway", or forward a port (\`kubectl port-forward -n roster-system svc/roster-gateway 7480\`) and say --gateway http://127.0.0.1:7480`,
    );
  return url;
}

async function publishedAddress(connection: Connection, io: Io): Promise<string> {
  await using kube = await connect(connection, { log: silentLog, clock: io.clock, userAgent: "roster-cli" });
  const map = await kube.find<Resource & { data?: Record<string, string> }>(
    kinds.ConfigMap,
    "roster-gateway",
    "roster-system",
  );
  const url = map?.data?.url;
  if (!url)
    throw problem(
      "NotFound",
      'the ConfigMap "roster-gateway" in namespace "roster-system", which names the gateway, is not there; --gateway names one too',
    );
  return url;
}

async function authorizationOf({ connection, flags, io }: Asking): Promise<string> {
  const file = tokenFileOf({ flags, io });
  if (file !== undefined)
    return `Bearer ${readSecret(path.resolve(io.cwd, file), "--token-file or ROSTER_TOKEN_FILE")}`;
  const { authorization } = await (await resolveTarget(connection, io.clock)).identify();
  // A password is for the Kubernetes API only.
  if (typeof authorization === "string" && /^bearer /i.test(authorization)) return authorization;
  throw problem(
    "Unauthenticated",
    "the kubeconfig's user has no bearer token, which is what the gateway knows people by (a client certificate, as kind, kubeadm and k3s give, is shown to the Kubernetes API only): save what `kubectl create token <serviceaccount> -n <namespace>` prints in a file, and name that by --token-file or ROSTER_TOKEN_FILE",
  );
}

function tokenFileOf({ flags, io }: Pick<Asking, "flags" | "io">): string | undefined {
  return flags.tokenFile ?? (io.env.ROSTER_TOKEN_FILE?.trim() || undefined);
}

/** By its number, or by the one name that is never looked up elsewhere. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
