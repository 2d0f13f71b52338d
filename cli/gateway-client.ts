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

const answerMs = 30_000;

/**
 * Asks the gateway something as the person of the kubeconfig: the gateway's address is in the ConfigMap roster-gateway, the
 * bearer token is the one the Kubernetes API gets. Throws NotFound, Forbidden, Unauthenticated, KubeUnavailable.
 */
export async function askGateway<T>(
  path: string,
  from: {
    readonly connection: Connection;
    readonly io: Io;
    /** Sent as JSON in a POST; a GET without it. */
    readonly body?: object;
  },
): Promise<T> {
  const { io, connection, body: sent } = from;
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
      'the ConfigMap "roster-gateway" in namespace "roster-system", which names the gateway, is not there',
    );
  const target = await resolveTarget(connection, io.clock);
  const { authorization } = await target.identify();
  if (typeof authorization !== "string") {
    throw problem(
      "Unauthenticated",
      "the kubeconfig's user has no bearer token, which is what the gateway knows people by",
    );
  }
  let response: Response;
  try {
    response = await fetch(new URL(path, url), {
      ...(sent === undefined ? {} : { method: "POST", body: JSON.stringify(sent) }),
      headers: {
        authorization,
        accept: "application/json",
        ...(sent === undefined ? {} : { "content-type": "application/json" }),
      },
      signal: AbortSignal.timeout(answerMs),
    });
  } catch (cause) {
    throw problem(
      "KubeUnavailable",
      `the gateway at ${url} cannot be reached: ${messageOf((cause as Error).cause ?? cause)}`,
      { cause },
    );
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body as T;
  const said = isObject(body) ? body : {};
  const reason =
    typeof said.reason === "string" && said.reason in reasons ? (said.reason as Reason) : reasonOf(response.status);
  throw problem(
    reason,
    typeof said.detail === "string" ? said.detail : `the gateway answered ${response.status} to ${path}`,
  );
}

function reasonOf(status: number): Reason {
  if (status === 401) return "Unauthenticated";
  if (status === 403) return "Forbidden";
  if (status === 404) return "NotFound";
  return status >= 500 ? "KubeUnavailable" : "InvalidRequest";
}
