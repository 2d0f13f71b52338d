import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { problem } from "../../api/reasons.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { BindingState, ToolServerRecord } from "../../ledger/ledger.ts";
import type { Clock } from "../../lib/clock.ts";
import { type Credential, readCredential } from "../credentials/secret.ts";
import type { Egress } from "../egress/egress.ts";
import type { LocalServer } from "../ports.ts";
import { boundedFetch } from "./bounded-fetch.ts";
import { specOfServer } from "./manifest.ts";

/** Most bytes of one answer of a tool server; a run sees far less of it. */
export const maxAnswerBytes = 8_000_000;

/** Where a tool server is, whose credential goes there, and how. */
export interface Target {
  readonly server: ToolServerRecord;
  readonly local: LocalServer | undefined;
  readonly url: URL | undefined;
  readonly credential: Credential | undefined;
}

export interface ConnectPorts {
  readonly kube: KubeClient;
  readonly egress: Egress;
  readonly clock: Clock;
  readonly config: { readonly localServers: Readonly<Record<string, LocalServer>> };
}

/** Whether a call to the server needs a credential of the binding. */
export function needsCredential(
  server: ToolServerRecord,
  localServers: Readonly<Record<string, LocalServer>>,
): boolean {
  const spec = specOfServer(server);
  const local = spec.type === "Local" ? findLocal(spec.local?.name, localServers) : undefined;
  return spec.credential !== undefined || (local?.kind === "stdio" && local.credentialEnv !== undefined);
}

/** Whether the binding can call the server at all: it has a credential for it, or the server takes none. */
export function hasCredential(
  server: ToolServerRecord,
  binding: BindingState,
  localServers: Readonly<Record<string, LocalServer>>,
): boolean {
  return !needsCredential(server, localServers) || binding.credentials.some((item) => item.server === server.name);
}

/**
 * Resolves where the server is and reads the binding's credential for it, afresh each time, so that a Secret that
 * stopped consenting stops the next call. Throws ToolServerUnreachable, SecretNotFound, SecretNotConsenting,
 * OriginRefused, KubeUnavailable.
 */
export async function aim(server: ToolServerRecord, binding: BindingState, ports: ConnectPorts): Promise<Target> {
  const spec = specOfServer(server);
  const local = spec.type === "Local" ? findLocal(spec.local?.name, ports.config.localServers) : undefined;
  if (spec.type === "Local" && !local) {
    throw problem("ToolServerNotFound", `the gateway's operator has no local server "${spec.local?.name ?? ""}"`);
  }
  const url =
    local?.kind === "stdio" ? undefined : readUrl(local?.kind === "http" ? local.url : spec.http?.url, server.name);
  if (!needsCredential(server, ports.config.localServers)) return { server, local, url, credential: undefined };
  const bound = binding.credentials.find((item) => item.server === server.name);
  if (!bound) throw problem("SecretNotFound", `the binding has no credential for server "${server.name}"`);
  const credential = await readCredential(
    { namespace: binding.namespace, name: bound.secretName, key: bound.key },
    { destination: spec.type === "Local" ? `local:${spec.local?.name}` : url!.origin, subject: binding.subject.name },
    ports.kube,
  );
  return { server, local, url, credential };
}

/** Makes the transport of one session. It is the session's own and carries this binding's credential only. */
export function toTransport(target: Target, ports: ConnectPorts): Transport {
  const { local, credential } = target;
  if (local?.kind === "stdio") {
    return new StdioClientTransport({
      command: local.command,
      args: [...local.args],
      // The SDK adds PATH, HOME and their like; nothing else of our own environment reaches the child.
      env: {
        ...local.env,
        ...(credential && local.credentialEnv !== undefined ? { [local.credentialEnv]: credential.value } : {}),
      },
      // What a child writes there may quote mail or keys, and belongs into no log of ours.
      stderr: "ignore",
      maxBufferSize: maxAnswerBytes,
    });
  }
  const url = target.url!;
  const fetch = boundedFetch({
    origin: url.origin,
    dispatcher: ports.egress.to(url, { trusted: local !== undefined, credentialed: credential !== undefined }),
    headers: headersOf(target),
    maxBytes: maxAnswerBytes,
    clock: ports.clock,
  });
  const transport = new StreamableHTTPClientTransport(url, {
    fetch,
    // A lost answer is judged by the tool's repeat class, never by a transport that quietly asks again.
    reconnectionOptions: {
      maxRetries: 0,
      initialReconnectionDelay: 1_000,
      maxReconnectionDelay: 1_000,
      reconnectionDelayGrowFactor: 1,
    },
  });
  // The SDK's class declares its optional callbacks without `| undefined`, which exactOptionalPropertyTypes minds.
  return transport as Transport;
}

function headersOf({ server, credential }: Target): Readonly<Record<string, string>> {
  const header = specOfServer(server).credential;
  if (!header || !credential) return {};
  return { [header.header]: `${header.prefix ?? ""}${credential.value}` };
}

function findLocal(name: string | undefined, all: Readonly<Record<string, LocalServer>>): LocalServer | undefined {
  return name !== undefined && Object.hasOwn(all, name) ? all[name] : undefined;
}

function readUrl(text: string | undefined, server: string): URL {
  try {
    return new URL(text ?? "");
  } catch (cause) {
    throw problem("ToolServerUnreachable", `ToolServer "${server}" has no valid URL`, { cause });
  }
}
