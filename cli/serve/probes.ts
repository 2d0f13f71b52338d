import { once } from "node:events";
import { createServer } from "node:http";
import { messageOf } from "../../lib/problem.ts";

/** Serves /healthz (the process runs) and /readyz (`ready` resolves; otherwise why not) for a kubelet. */
export async function serveProbes(
  address: { readonly host: string; readonly port: number },
  ready: () => Promise<void>,
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
