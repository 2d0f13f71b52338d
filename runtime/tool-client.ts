import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport, StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import { problem } from "../api/reasons.ts";
import { parkedMeta, stepMeta, type ToolResult } from "../api/wire.ts";
import { isObject, type JsonObject } from "../lib/json.ts";
import { unreachable } from "./patience.ts";
import { fromDetails, toProblem } from "./refusal.ts";

/** Calls tools through the gateway, as any MCP client would. Connects at the first call. */
export interface ToolClient extends AsyncDisposable {
  call(
    step: string,
    action: string,
    args: JsonObject,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<ToolResult>;
}

/** Opens MCP's own client on the gateway. A denied or failed call is a result; a parked one throws ApprovalRequired. */
export function openToolClient(gatewayUrl: string, token: string): ToolClient {
  let opening: Promise<Client> | undefined;
  const connect = async () => {
    const client = new Client({ name: "roster-runtime", version: "1" });
    const transport = new StreamableHTTPClientTransport(new URL(`${gatewayUrl}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${token}` }, redirect: "error" },
    });
    await client.connect(transport);
    return client;
  };
  return {
    async call(step, name, args, { signal, timeoutMs }) {
      let result: unknown;
      try {
        opening ??= connect();
        const client = await opening;
        result = await client.callTool({ name, arguments: args, _meta: { [stepMeta]: step } }, undefined, {
          signal,
          timeout: timeoutMs,
        });
      } catch (thrown) {
        signal.throwIfAborted();
        // A session that failed to open must not be the answer to every later call.
        opening = undefined;
        throw translate(thrown);
      }
      const { _meta, ...rest } = result as ToolResult;
      if (isObject(_meta) && _meta[parkedMeta]) {
        throw problem("ApprovalRequired", `${name} waits for an approval`);
      }
      return rest;
    },
    async [Symbol.asyncDispose]() {
      const client = await opening?.catch(() => undefined);
      await client?.close().catch(() => undefined);
    },
  };
}

function translate(thrown: unknown): unknown {
  if (thrown instanceof McpError) {
    if (thrown.code === ErrorCode.ConnectionClosed || thrown.code === ErrorCode.RequestTimeout)
      return unreachable(thrown);
    const data = isObject(thrown.data) ? thrown.data : {};
    return toProblem(400, data.reason, data.message ?? thrown.message.replace(/^MCP error -?\d+: /, ""));
  }
  if (thrown instanceof StreamableHTTPError) {
    const body = /\{.*\}/s.exec(thrown.message)?.[0] ?? "";
    return fromDetails(thrown.code ?? 500, body);
  }
  // fetch throws a TypeError for a connection that failed.
  if (thrown instanceof TypeError) return unreachable(thrown);
  return thrown;
}
