import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";

/** A way to Postgres that can fall silent: connections stay open, and nothing comes through. */
export interface Proxy extends AsyncDisposable {
  /** The same database through the proxy. */
  readonly url: string;
  pause(): void;
  resume(): void;
}

/** Starts a proxy in front of a database URL, TCP or unix socket. */
export async function startProxy(url: string): Promise<Proxy> {
  // A unix socket's URL has no host, which WHATWG's URL refuses.
  const target = new URL(url.replace("@/", "@socket/"));
  const folder = target.searchParams.get("host");
  const port = Number(target.port || target.searchParams.get("port") || 5432);
  const reach = () =>
    folder?.startsWith("/") ? connect(`${folder}/.s.PGSQL.${port}`) : connect(port, folder ?? target.hostname);
  const sockets = new Set<Socket>();
  let silent = false;
  const server = createServer((client) => {
    const database = reach();
    for (const [from, to] of [
      [client, database],
      [database, client],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
      if (silent) from.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const through = new URL(target);
  through.searchParams.delete("host");
  through.searchParams.delete("port");
  const address = server.address() as AddressInfo;
  return {
    url: through.href.replace(/@[^/]*\//, `@127.0.0.1:${address.port}/`),
    pause() {
      silent = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      silent = false;
      for (const socket of sockets) socket.resume();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
