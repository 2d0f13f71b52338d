import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** What a Kubernetes Service does: one address, connections spread over whoever answers. */
export interface Balancer extends AsyncDisposable {
  readonly url: string;
  readonly backends: Set<number>;
}

/** Starts one on loopback, in front of ports on loopback. */
export async function startBalancer(): Promise<Balancer> {
  const backends = new Set<number>();
  const sockets = new Set<Socket>();
  let turn = 0;
  const server = createServer((client) => {
    const candidates = [...backends];
    const first = turn++;
    const join = (attempt: number): void => {
      const port = candidates[(first + attempt) % candidates.length];
      if (port === undefined || attempt === candidates.length) return void client.destroy();
      const backend = connect(port, "127.0.0.1");
      const next = () => join(attempt + 1);
      backend.once("error", next);
      backend.once("connect", () => {
        backend.off("error", next).on("error", () => client.destroy());
        backend.on("close", () => client.destroy());
        client.pipe(backend).pipe(client);
      });
      client.on("close", () => backend.destroy());
      sockets.add(backend);
    };
    client.on("error", () => client.destroy());
    client.on("close", () => sockets.delete(client));
    sockets.add(client);
    join(0);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    backends,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
