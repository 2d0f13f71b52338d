import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  CallToolResultSchema,
  ListToolsResultSchema,
  ToolListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import type { Catalog, ToolServerRecord } from "../../ledger/ledger.ts";
import type { Clock, Instant } from "../../lib/clock.ts";
import type { JsonObject } from "../../lib/json.ts";
import { callScope } from "./call-scope.ts";
import { type SeenCatalog, type SeenTool, updateCatalog } from "./catalog.ts";
import { type CallFailure, failureOfCall } from "./failure.ts";

// Two of these, to connect and to list, must fit into the lease of a run that is being claimed.
const connectTimeoutMs = 5_000;
// The SDK's own timer would hide which limit ended a call; ours is on the signal.
const noSdkTimeoutMs = 2 ** 31 - 1;
const catalogFreshMs = 60_000;
const maxPages = 20;

/**
 * One MCP session with one server for one binding. Never shared between bindings: what a server remembers of a session
 * belongs to that subject. Ends with `close`, with the connection, or with the toolbox.
 */
export class ToolSession {
  readonly #client: Client;
  readonly #server: ToolServerRecord;
  readonly #ports: SessionPorts;
  #seen: SeenCatalog | undefined;
  #seenAt: Instant = 0;
  #closed = false;
  usedAt: Instant;

  private constructor(client: Client, server: ToolServerRecord, ports: SessionPorts) {
    this.#client = client;
    this.#server = server;
    this.#ports = ports;
    this.usedAt = ports.clock.now();
  }

  /** Connects and initialises. Throws whatever the transport throws; `failureOfCall` sorts it. */
  static async open(transport: Transport, server: ToolServerRecord, ports: SessionPorts): Promise<ToolSession> {
    const client = new Client({ name: "roster-gateway", version: "0.1.0" }, { capabilities: {} });
    const session = new ToolSession(client, server, ports);
    client.onclose = () => {
      session.#closed = true;
      ports.onClose(session);
    };
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
      session.#seenAt = 0;
    });
    try {
      await client.connect(transport, { timeout: connectTimeoutMs });
    } catch (thrown) {
      await client.close().catch(() => undefined);
      throw thrown;
    }
    return session;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The server's list against manifest and history, at most a minute old. A change is in the ledger when this resolves. */
  async catalog(): Promise<SeenCatalog> {
    const { clock, catalog } = this.#ports;
    if (this.#seen && clock.now() < this.#seenAt + catalogFreshMs) return this.#seen;
    const at = clock.now();
    const seen: SeenTool[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < maxPages; page++) {
      const answer = await this.#client.request(
        { method: "tools/list", params: cursor === undefined ? {} : { cursor } },
        ListToolsResultSchema,
        { timeout: connectTimeoutMs },
      );
      seen.push(...answer.tools);
      cursor = answer.nextCursor;
      if (cursor === undefined) break;
    }
    const version = (this.#client.transport as { protocolVersion?: string } | undefined)?.protocolVersion;
    this.#seen = await updateCatalog(this.#server, version ?? "unknown", seen, catalog);
    this.#seenAt = at;
    return this.#seen;
  }

  /** Sends one call and waits for its answer, raw. Not repeated here. */
  async call(
    tool: string,
    args: JsonObject,
    options: { readonly signal: AbortSignal; readonly traceparent: string | undefined },
  ): Promise<{ readonly result: unknown } | CallFailure> {
    this.usedAt = this.#ports.clock.now();
    try {
      const broken = Promise.withResolvers<never>();
      const answer = callScope.run({ broken: broken.reject }, () => this.#request(tool, args, options));
      const result = await Promise.race([answer, broken.promise]);
      return { result };
    } catch (thrown) {
      return failureOfCall(thrown, options.signal);
    }
  }

  #request(
    name: string,
    args: JsonObject,
    { signal, traceparent }: { readonly signal: AbortSignal; readonly traceparent: string | undefined },
  ): Promise<unknown> {
    const meta = traceparent === undefined ? {} : { _meta: { traceparent } };
    return this.#client.request(
      { method: "tools/call", params: { name, arguments: args as Record<string, unknown>, ...meta } },
      CallToolResultSchema,
      { signal, timeout: noSdkTimeoutMs },
    );
  }

  /**
   * Ends the session now: a server's process holds the credential of somebody who has just lost it, and is not asked to
   * leave but ended.
   */
  async cut(): Promise<void> {
    const { pid } = this.#client.transport as { readonly pid?: number | null };
    if (pid) process.kill(pid, "SIGKILL");
    await this.close();
  }

  /** Ends the session and its process, if it has one, in good order. May run twice. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#client.close().catch(() => undefined);
  }
}

export interface SessionPorts {
  readonly clock: Clock;
  readonly catalog: Catalog;
  onClose(session: ToolSession): void;
}
