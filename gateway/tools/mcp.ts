import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  CallToolRequestSchema,
  type CallToolResult,
  ListToolsRequestSchema,
  type Tool,
} from "@modelcontextprotocol/sdk/types.js";
import { problem } from "../../api/reasons.ts";
import { parkedMeta, stepMeta, type ToolDescriptor, type ToolResult } from "../../api/wire.ts";
import { isObject, type Json } from "../../lib/json.ts";
import { isBuiltin } from "../../policy/verdict.ts";
import { type Asked, guard } from "../guard.ts";
import { parseBody, readWebBody } from "../http/body.ts";
import { authenticate } from "../identity/authenticate.ts";
import { runTokenHash } from "../identity/bearer.ts";
import { builtinDoor } from "../memory/door.ts";
import type { Ports } from "../ports.ts";
import type { Door, Outcome } from "../stages.ts";
import { startStopwatch } from "../stopwatch.ts";
import { readArguments } from "./arguments.ts";
import { toolDoor } from "./door.ts";
import { listOffered } from "./offer.ts";
import { fromJournal, toErrorResult } from "./result.ts";

/**
 * POST /mcp: MCP over streamable HTTP, stateless, JSON answers; each request stands alone and carries the run token.
 * Denials and failures of tools are results with `isError`, because the model should read them. What ends the worker's
 * claim (a token revoked, an epoch lost, the ledger away) is thrown, to be answered as an HTTP error.
 */
export async function serveMcp(request: Request, ports: Ports): Promise<Response> {
  const authorization = request.headers.get("authorization");
  // Strangers are refused before their body is read, and nothing but a run token opens this door at all.
  runTokenHash(authorization);
  ports.lease.assertHeld();
  if (request.method !== "POST") {
    return new Response(null, { status: 405, headers: { allow: "POST" } });
  }
  const body = parseBody(await readWebBody(request));
  if (!isObject(body))
    throw problem("InvalidRequest", "send one JSON-RPC message; batches are not part of MCP any more");
  const asked: Asked = { authorization, gone: request.signal, watch: startStopwatch() };
  if (body.method !== "tools/call") await authenticate(authorization, ports);
  const session = openServer(asked, body, ports);
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  try {
    // The SDK's class declares its optional callbacks without `| undefined`, which exactOptionalPropertyTypes minds.
    await session.server.connect(transport as Transport);
    const response = await transport.handleRequest(toHeadersOnly(request), { parsedBody: body });
    if (session.fatal()) throw session.fatal();
    return response;
  } finally {
    await session.server.close();
  }
}

/** One server per request: nothing of one caller can be seen by another. */
function openServer(asked: Asked, message: Readonly<Record<string, unknown>>, ports: Ports) {
  const server = new Server({ name: "roster", version: "0.1.0" }, { capabilities: { tools: {} } });
  let fatal: unknown;
  const keep = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (thrown) {
      fatal = thrown;
      throw thrown;
    }
  };
  server.setRequestHandler(ListToolsRequestSchema, () =>
    keep(async () => {
      const { token } = await authenticate(asked.authorization, ports);
      const owner = { binding: token.binding, pinned: token.pinnedRole, current: token.currentRole };
      return { tools: (await listOffered(owner, ports)).map(toTool) };
    }),
  );
  server.setRequestHandler(CallToolRequestSchema, () =>
    keep(async () => {
      // Read from the message as it was parsed strictly; the SDK's copy went through its own schema.
      const params = isObject(message.params) ? message.params : {};
      const meta = isObject(params._meta) ? params._meta : {};
      const action = String(params.name);
      const call = { action, arguments: readArguments(params.arguments), step: meta[stepMeta] };
      const door: Door<never> = (isBuiltin(action) ? builtinDoor(call, ports) : toolDoor(call, ports)) as Door<never>;
      const outcome = await guard(asked, door, ports);
      ports.metrics.call(
        door.kind,
        outcome.stage === "recorded" ? (outcome.fresh ? "ok" : "recorded") : outcome.why.reason,
      );
      ports.metrics.overhead(door.kind, asked.watch.overheadMs());
      return toResult(action, outcome) as unknown as CallToolResult;
    }),
  );
  return { server, fatal: () => fatal };
}

// Reasons that end the worker's claim, or the whole gateway's service, rather than one call.
const fatalReasons: ReadonlySet<string> = new Set([
  "Unauthenticated",
  "TokenRevoked",
  "EpochLost",
  "Stopped",
  "BindingSuspended",
  "RoleNotFound",
  "TimeLimit",
  "StepLimit",
  "Fired",
  "Cancelled",
  "JournalDiverged",
  "LedgerUnavailable",
  "Recovering",
]);

function toResult(action: string, outcome: Outcome): ToolResult {
  if (outcome.stage === "recorded") return fromJournal(outcome.response);
  if (fatalReasons.has(outcome.why.reason)) throw outcome.why;
  if (outcome.stage === "uncertain") return toErrorResult(outcome.why, { meta: parked("Outcome", action) });
  if (outcome.stage === "failed") return toErrorResult(outcome.why);
  const { rule, source, verdict } = outcome;
  return toErrorResult(outcome.why, {
    rule,
    ...(source === undefined ? {} : { source }),
    ...(verdict === "ask" ? { meta: parked("Approval", action) } : {}),
  });
}

function parked(type: string, name: string): { readonly [parkedMeta]: Json } {
  return { [parkedMeta]: { type, name } };
}

function toTool({ action, description, effect, inputSchema }: ToolDescriptor): Tool {
  return {
    name: action,
    description,
    inputSchema: { ...inputSchema, type: "object" } as Tool["inputSchema"],
    annotations: {
      readOnlyHint: effect === "Read",
      destructiveHint: effect === "Destructive",
      idempotentHint: effect === "Read",
      openWorldHint: !isBuiltin(action),
    },
  };
}

// The body is read already; the transport only looks at method and headers.
function toHeadersOnly(request: Request): Request {
  const headers = new Headers(request.headers);
  headers.delete("content-length");
  if (!headers.has("accept")) headers.set("accept", "application/json, text/event-stream");
  return new Request(request.url, { method: "POST", headers });
}
