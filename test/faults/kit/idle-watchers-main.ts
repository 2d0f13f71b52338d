import process from "node:process";
import { createInterface } from "node:readline";
import { connect, type TLSSocket } from "node:tls";
import { requestText } from "./raw.ts";

// Many watches in a process of their own, which has sockets enough. Says how many are open, then, for each line on its
// standard input, how many have received something since; ends with its input.
const { url, ca, count, path } = JSON.parse(process.argv[2] ?? "{}") as {
  url: string;
  ca: string;
  count: number;
  path: string;
};
const { hostname, port } = new URL(url);
const sockets: TLSSocket[] = [];
const heard = new Set<TLSSocket>();
let session: Buffer | undefined;
let waiting: (() => void) | undefined;

function open(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), ca, ...(session ? { session } : {}) });
    socket.once("session", (made) => {
      session ??= made;
    });
    socket.once("error", reject);
    socket.once("secureConnect", () => socket.write(requestText("GET", path)));
    socket.once("data", (part) => {
      if (!part.toString().startsWith("HTTP/1.1 200")) return reject(new Error(part.toString().slice(0, 100)));
      sockets.push(socket);
      socket.on("data", () => {
        heard.add(socket);
        if (heard.size === count) waiting?.();
      });
      resolve();
    });
  });
}

let left = count;
await Promise.all(
  Array.from({ length: 50 }, async () => {
    while (left-- > 0) await open();
  }),
);
process.stdout.write(`${sockets.length}\n`);
for await (const _line of createInterface({ input: process.stdin })) {
  if (heard.size < count) await new Promise<void>((resolve) => (waiting = resolve));
  process.stdout.write(`${heard.size}\n`);
  heard.clear();
}
for (const socket of sockets) socket.destroy();
