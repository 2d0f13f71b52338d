import { connect, type TLSSocket } from "node:tls";

/** A TLS connection on which a test writes what it likes, and what came back on it. */
export interface Raw extends Disposable {
  readonly socket: TLSSocket;
  /** All that was received so far. */
  text(): string;
  /** Resolves when the other side has closed. */
  readonly closed: Promise<void>;
  /** Resolves when so many answers have begun. */
  answers(count: number): Promise<void>;
}

/** Opens a connection to a server by its URL. */
export function openRaw(url: string, ca: string): Promise<Raw> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), ca });
    let text = "";
    let look = () => {};
    socket.on("data", (part) => {
      text += part.toString("latin1");
      look();
    });
    socket.on("error", reject);
    const closed = new Promise<void>((done) => {
      socket.on("end", done);
      socket.on("close", () => done());
    });
    const raw: Raw = {
      socket,
      text: () => text,
      closed,
      answers: (count) =>
        new Promise((done, fail) => {
          look = () => text.split("HTTP/1.1 ").length > count && done();
          void closed.then(() => fail(new Error(`closed after: ${text.slice(0, 200)}`)));
          look();
        }),
      [Symbol.dispose]: () => socket.destroy(),
    };
    socket.once("secureConnect", () => resolve(raw));
  });
}

/** The text of a request. */
export function requestText(
  method: string,
  path: string,
  headers: Readonly<Record<string, string | number>> = {},
  body = "",
): string {
  const lines = Object.entries({ Host: "localhost", Authorization: "Bearer admin-token", ...headers });
  return `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
}

/** The status of each answer in what was received. */
export const statusesOf = (text: string): readonly number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => Number(code));
