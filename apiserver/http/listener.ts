import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { problem } from "../../api/reasons.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Certificates } from "../tls/certificates.ts";

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly certificates: Certificates;
  readonly clock: Clock;
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Answers to requests that cannot be parsed, by Node's error code; all others are 400. */
const malformed: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

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
    connectionsCheckingInterval: 5_000,
    keepAliveTimeout: 120_000,
    handshakeTimeout: 20_000,
    maxHeaderSize: 64 << 10,
  });
  server.on("request", options.handler);
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable) return void socket.destroy();
    // Nothing more is parsed: each further part would be an error of its own.
    socket.removeAllListeners("data");
    const status = malformed[error.code ?? ""] ?? "400 Bad Request";
    socket.end(`HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`);
    // What was sent already is read and thrown away for a moment: a socket closed over unread bytes is reset, and the
    // client would never see the answer.
    let left = 16 << 20;
    socket.on("data", (part: Buffer) => {
      left -= part.length;
      if (left < 0) socket.destroy();
    });
    socket.resume();
    const patience = options.clock.after(1_000, () => socket.destroy());
    socket.once("close", () => patience[Symbol.dispose]());
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
