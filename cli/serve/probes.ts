import { once } from "node:events";
import { createServer } from "node:http";
import { problem } from "../../api/reasons.ts";
import { messageOf } from "../../lib/problem.ts";

export interface Probes {
  /** Resolves when the process may be relied on; otherwise throws why not. */
  ready(): Promise<void>;
  /** In Prometheus' text format. */
  metrics(): Promise<string>;
  /** What is answered to everything else: 503 where another server takes the address over. */
  readonly otherwise: 404 | 503;
}

/**
 * Serves /healthz (the process runs) and /readyz (`ready` resolves; otherwise why not) for a kubelet, and /metrics. Throws
 * PortInUse.
 */
export async function serveProbes(
  address: { readonly host: string; readonly port: number },
  { ready, metrics, otherwise }: Probes,
): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    const answer = (status: number, why = "") =>
      response.writeHead(status, { "content-type": "text/plain" }).end(`${status}${why && ` ${why}`}\n`);
    if (request.url === "/healthz") answer(200);
    else if (request.url === "/readyz")
      ready().then(
        () => answer(200),
        (thrown: unknown) => answer(503, messageOf(thrown)),
      );
    else if (request.url === "/metrics")
      metrics().then(
        (text) => response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(text),
        (thrown: unknown) => answer(503, messageOf(thrown)),
      );
    else answer(otherwise);
  });
  server.listen(address.port, address.host);
  try {
    await once(server, "listening");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EADDRINUSE") throw cause;
    throw problem("PortInUse", `port ${address.port} on ${address.host} is in use`, { cause });
  }
  return {
    async [Symbol.asyncDispose]() {
      // Whoever gives the address up early does so again with everything else.
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
