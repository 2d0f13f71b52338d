import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { Clock } from "../../lib/clock.ts";
import { parseJson } from "../../lib/json.ts";
import type { Log } from "../../lib/log.ts";
import { messageOf, Problem } from "../../lib/problem.ts";
import { startExpander } from "./calendar/expander.ts";
import { calendarTools } from "./calendar/tools.ts";
import { fileTools } from "./files/tools.ts";
import { mailTools } from "./mail/tools.ts";
import type { Desk, Tool } from "./tool.ts";
import type { Doorkeeper } from "./users.ts";

export interface OfficeServer extends AsyncDisposable {
  readonly url: string;
}

const maxBodyBytes = 1_000_000;

const servers: Readonly<Record<string, { readonly title: string; readonly tools: readonly Tool[] }>> = {
  "/mail": { title: "Mail in a Maildir", tools: mailTools },
  "/calendar": { title: "Calendars in iCalendar files", tools: calendarTools },
  "/files": { title: "A folder of files", tools: fileTools },
};

/**
 * Serves mail, calendar and files of several people over MCP (streamable HTTP, stateless, JSON answers) on loopback.
 * The bearer token alone decides whose folders a call sees; there is no argument that could name another person.
 */
export async function startOffice(options: {
  readonly users: Doorkeeper;
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<OfficeServer> {
  const expander = startExpander(options.clock);
  const alone = oneAtATime();
  const http = createServer((request, response) => {
    answer(request, response, options.users, { clock: options.clock, expander, alone }).catch((thrown) => {
      options.log.error("request failed", { why: messageOf(thrown) });
      if (!response.headersSent) refuse(response, 500, "the office server failed");
      else response.destroy();
    });
  });
  // A slow or silent client must not hold a connection for ever.
  http.requestTimeout = 30_000;
  http.headersTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(options.port, "127.0.0.1", resolve);
  });
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await expander[Symbol.asyncDispose]();
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  users: Doorkeeper,
  ports: Omit<Desk, "user">,
): Promise<void> {
  const path = new URL(request.url ?? "/", "http://localhost").pathname;
  const [, token] = /^Bearer ([\x21-\x7e]{1,512})$/.exec(request.headers.authorization ?? "") ?? [];
  const user = token === undefined ? undefined : await users.admit(token);
  // Before anything else: a stranger learns neither which paths exist nor which tools.
  if (!user) {
    response.setHeader("www-authenticate", 'Bearer realm="office"');
    return refuse(response, 401, "a valid bearer token is needed");
  }
  const served = servers[path];
  if (!served) return refuse(response, 404, `there are ${Object.keys(servers).join(", ")}`);
  if (request.method !== "POST") {
    response.setHeader("allow", "POST");
    return refuse(response, 405, "stateless: only POST");
  }
  let body: unknown;
  try {
    body = parseJson(await read(request), { maxBytes: maxBodyBytes });
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    return refuse(response, thrown.reason === "TooLarge" ? 413 : 400, messageOf(thrown));
  }
  const server = new McpServer({ name: `office${path}`, title: served.title, version: "1.0.0" });
  for (const tool of served.tools) tool.register(server, { ...ports, user });
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
  response.on("close", () => void server.close());
  // The SDK's class has optional callbacks that exactOptionalPropertyTypes tells apart from its own interface.
  await server.connect(transport as Transport);
  await transport.handleRequest(request, response, body);
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new Problem("TooLarge", `the request is larger than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: -32000, message } }));
}

function oneAtATime(): Desk["alone"] {
  let tail: Promise<unknown> = Promise.resolve();
  return (act) => {
    const mine = tail.then(act);
    tail = mine.catch(() => undefined);
    return mine;
  };
}
