import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { problem } from "../../api/reasons.ts";
import { messageOf } from "../../lib/problem.ts";
import { serveChat } from "../models/chat.ts";
import type { Ports } from "../ports.ts";
import type { ClaimDesk } from "../runs/claim-desk.ts";
import { serveClaims } from "../runs/claims.ts";
import { toApp } from "./app.ts";
import { toProblem, toProblemDetails } from "./status.ts";

/**
 * Makes the HTTP server: streams on node:http, because cutting them decides; the rest through hono. Slow clients are
 * ended while they still send their request, not while they wait for an answer.
 */
export function toServer(ports: Ports, desk: ClaimDesk): Server {
  const app = getRequestListener(toApp(ports).fetch, { overrideGlobalObjects: false });
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    response.setHeader("x-content-type-options", "nosniff");
    // A client that goes away while it is written to is no fault; without a listener Node would end the process.
    response.on("error", () => undefined);
    switch (`${request.method} ${pathOf(request)}`) {
      case "POST /v1/chat/completions":
        return void serveChat(request, response, ports);
      case "POST /runtime/v1/claims":
        return void serveClaims(request, response, desk, ports).catch((thrown) => refuse(response, thrown, ports));
      default:
        return void app(request, response);
    }
  };
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 15_000,
      maxHeaderSize: 16_384,
      connectionsCheckingInterval: 5_000,
    },
    listener,
  );
  server.maxHeadersCount = 100;
  server.maxConnections = 20_000;
  return server;
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? "/";
  const query = url.indexOf("?");
  return query < 0 ? url : url.slice(0, query);
}

function refuse(response: ServerResponse, thrown: unknown, ports: Ports): void {
  const why = toProblem(thrown);
  if (why.reason === "InternalError") ports.log.error("a claim failed", { error: messageOf(why.cause ?? thrown) });
  if (response.headersSent || response.destroyed) return void response.destroy();
  const details = toProblemDetails(why);
  response.writeHead(details.status, { "content-type": "application/problem+json" });
  response.end(JSON.stringify(details));
}

/** Starts to listen. Throws PortInUse. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  const ready = Promise.withResolvers<void>();
  server.once("error", ready.reject);
  server.listen(port, host, ready.resolve);
  try {
    await ready.promise;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EADDRINUSE") throw cause;
    throw problem("PortInUse", `port ${port} on ${host} is in use; set ROSTER_GATEWAY_PORT to another`, { cause });
  }
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}
