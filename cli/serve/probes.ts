import { once } from "node:events";
import { createServer } from "node:http";
import { messageOf } from "../../lib/problem.ts";

/** Serves /healthz (the process runs) and /readyz (`ready` resolves; otherwise why not) for a kubelet, and /metrics. */
export async function serveProbes(
  address: { readonly host: string; readonly port: number },
  ready: () => Promise<void>,
  metrics: () => Promise<string>,
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
    else answer(404);
  });
  server.listen(address.port, address.host);
  await once(server, "listening");
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
