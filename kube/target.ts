import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { parse } from "yaml";
import { problem } from "../api/reasons.ts";
import type { Clock } from "../lib/clock.ts";
import { isObject } from "../lib/json.ts";
import { messageOf } from "../lib/problem.ts";
import type { Connection } from "./client.ts";

/** Where an API is, how to trust it, and who we are there. */
export interface Target {
  readonly server: string;
  readonly tls: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly servername?: string;
    readonly rejectUnauthorized: boolean;
  };
  /** Headers that say who we are; asked before every request, because files and helpers renew tokens. */
  identify(): Promise<Readonly<Record<string, string | string[]>>>;
}

const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";
// The kubelet renews a projected token at 80 % of its life, an hour at least: a minute is early enough.
const tokenFileMs = 60_000;

/**
 * Reads a connection down to a target. `kubeconfig` is a path (or several, joined as in KUBECONFIG: the first that
 * has a name wins). Throws InvalidRequest naming the file and the field, Unauthenticated when a helper fails.
 */
export async function resolveTarget(connection: Connection, clock: Clock): Promise<Target> {
  if ("inCluster" in connection) return inCluster(clock);
  if ("server" in connection) {
    const headers = connection.token === undefined ? {} : bearer(connection.token);
    return {
      server: connection.server,
      tls: { ...(connection.caPem === undefined ? {} : { ca: connection.caPem }), rejectUnauthorized: true },
      identify: async () => headers,
    };
  }
  return fromKubeconfig(connection.kubeconfig, connection.context, clock);
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token.trim()}` };
}

async function inCluster(clock: Clock): Promise<Target> {
  const ca = await readText(join(serviceAccountFolder, "ca.crt"), "the pod's ServiceAccount");
  // DNS instead of KUBERNETES_SERVICE_HOST: the same name in every cluster, and it is in the serving certificate.
  return {
    server: "https://kubernetes.default.svc",
    tls: { ca, rejectUnauthorized: true },
    identify: tokenFile(join(serviceAccountFolder, "token"), clock),
  };
}

function tokenFile(path: string, clock: Clock): () => Promise<Record<string, string>> {
  let headers: Record<string, string> = {};
  let readAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (clock.now() - readAt > tokenFileMs) {
      headers = bearer(await readText(path, "the token file"));
      readAt = clock.now();
    }
    return headers;
  };
}

type Fields = Record<string, unknown>;

async function fromKubeconfig(paths: string, wanted: string | undefined, clock: Clock): Promise<Target> {
  const files = await Promise.all(
    paths
      .split(process.platform === "win32" ? ";" : ":")
      .filter(Boolean)
      .map(readConfig),
  );
  const contextName = wanted ?? files.map((file) => text(file.fields["current-context"])).find(Boolean);
  if (!contextName) throw problem("InvalidRequest", `kubeconfig "${paths}" has no current-context; name one`);
  const context = named(files, "contexts", contextName, "context", paths);
  const cluster = named(files, "clusters", text(context.fields.cluster) ?? "", "cluster", paths);
  const userName = text(context.fields.user) ?? "";
  const user = userName === "" ? { fields: {}, folder: "." } : named(files, "users", userName, "user", paths);

  const server = text(cluster.fields.server);
  if (!server)
    throw problem("InvalidRequest", `kubeconfig "${paths}": cluster of context "${contextName}" has no server`);
  const ca = await inlineOrFile(cluster, "certificate-authority");
  const cert = await inlineOrFile(user, "client-certificate");
  const key = await inlineOrFile(user, "client-key");
  const servername = text(cluster.fields["tls-server-name"]);
  const credentials = await credentialsOf(user, paths, contextName, clock);
  const acting = impersonation(user.fields);
  return {
    server,
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...credentials.tls,
      ...(servername === undefined ? {} : { servername }),
      rejectUnauthorized: cluster.fields["insecure-skip-tls-verify"] !== true,
    },
    identify: async () => ({ ...(await credentials.identify()), ...acting }),
  };
}

interface Entry {
  readonly fields: Fields;
  readonly folder: string;
}

async function readConfig(path: string): Promise<Entry> {
  const content = await readText(path, "the kubeconfig");
  let fields: unknown;
  try {
    fields = parse(content);
  } catch (cause) {
    throw problem("InvalidRequest", `kubeconfig "${path}" is not YAML: ${messageOf(cause)}`);
  }
  if (!isObject(fields)) throw problem("InvalidRequest", `kubeconfig "${path}" is empty`);
  return { fields, folder: dirname(path) };
}

function named(files: readonly Entry[], list: string, name: string, key: string, paths: string): Entry {
  for (const file of files) {
    const entries = file.fields[list];
    if (!Array.isArray(entries)) continue;
    const found: unknown = entries.find((entry) => isObject(entry) && entry.name === name);
    const fields = isObject(found) ? found[key] : undefined;
    if (isObject(fields)) return { fields, folder: file.folder };
  }
  throw problem("InvalidRequest", `kubeconfig "${paths}" has no ${key} "${name}"`);
}

async function inlineOrFile(entry: Entry, field: string): Promise<string | undefined> {
  const inline = text(entry.fields[`${field}-data`]);
  if (inline !== undefined) return Buffer.from(inline, "base64").toString("utf8");
  const path = text(entry.fields[field]);
  if (path === undefined) return undefined;
  return readText(isAbsolute(path) ? path : join(entry.folder, path), `the kubeconfig's ${field}`);
}

interface Credentials {
  readonly tls: { readonly cert?: string; readonly key?: string };
  identify(): Promise<Record<string, string>>;
}

async function credentialsOf(user: Entry, paths: string, context: string, clock: Clock): Promise<Credentials> {
  const token = text(user.fields.token);
  if (token !== undefined) return { tls: {}, identify: async () => bearer(token) };
  const file = text(user.fields.tokenFile);
  if (file !== undefined)
    return { tls: {}, identify: tokenFile(isAbsolute(file) ? file : join(user.folder, file), clock) };
  const name = text(user.fields.username);
  if (name !== undefined) {
    const basic = Buffer.from(`${name}:${text(user.fields.password) ?? ""}`).toString("base64");
    return { tls: {}, identify: async () => ({ authorization: `Basic ${basic}` }) };
  }
  if (user.fields.exec !== undefined || user.fields["auth-provider"] !== undefined) return external(paths, context);
  return { tls: {}, identify: async () => ({}) };
}

/** Credentials that a program or a cloud's plugin makes: the official client knows them all, so it is asked. */
async function external(paths: string, context: string): Promise<Credentials> {
  // 750 ms and 91 MB to load: only those who need it pay.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  const first = paths.split(process.platform === "win32" ? ";" : ":").find(Boolean) ?? paths;
  config.loadFromFile(first);
  config.setCurrentContext(context);
  const ask = async () => {
    const options: { headers?: Record<string, string>; cert?: string; key?: string } = {};
    try {
      await config.applyToHTTPSOptions(options as never);
    } catch (cause) {
      throw problem("Unauthenticated", `the credential helper of context "${context}" failed: ${messageOf(cause)}`, {
        cause,
      });
    }
    return options;
  };
  const { cert, key } = await ask();
  return {
    tls: { ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) },
    async identify() {
      const { headers } = await ask();
      return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
    },
  };
}

function impersonation(user: Fields): Record<string, string | string[]> {
  const name = text(user.as);
  if (name === undefined) return {};
  const groups = Array.isArray(user["as-groups"]) ? user["as-groups"].filter((group) => typeof group === "string") : [];
  return { "impersonate-user": name, ...(groups.length > 0 ? { "impersonate-group": groups } : {}) };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw problem("InvalidRequest", `cannot read ${what} "${path}": ${messageOf(cause)}`, { cause });
  }
}
