import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { problem } from "../../api/reasons.ts";
import type { Certificates } from "../tls/certificates.ts";

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly certificates: Certificates;
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Opens the TLS listener. Client certificates are asked for and not demanded. Throws `KubeUnavailable`. */
export async function listen(options: ListenOptions): Promise<{ readonly server: Server; readonly port: number }> {
  const { certPem, keyPem, caPem } = options.certificates;
  const server = createServer({
    cert: `${certPem}\n${caPem}`,
    key: keyPem,
    ca: caPem,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    ALPNProtocols: ["http/1.1"],
    // A client that trickles its headers or body does not hold a socket for ever; answers may take any time.
    headersTimeout: 20_000,
    requestTimeout: 60_000,
    keepAliveTimeout: 120_000,
    handshakeTimeout: 20_000,
    maxHeaderSize: 64 << 10,
  });
  server.on("request", options.handler);
  // Node's own answer to a malformed request is a bare 400; that is enough, and the socket must not leak.
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    else socket.destroy();
  });
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  const { host, port } = options;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const why = cause.code === "EADDRINUSE" ? "the port is in use" : cause.message;
      reject(problem("KubeUnavailable", `cannot listen on ${host}:${port}: ${why}`, { cause }));
    });
    server.listen({ host, port }, resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}
