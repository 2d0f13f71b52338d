import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, it } from "vitest";
import { ensurePortFree } from "../../cli/up/port.ts";

it("a port in use is named with the process that has it and the variable to set", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const mine = process.platform === "linux" ? ` by process ${process.pid} ` : "";
  await expect(ensurePortFree(port, "ROSTER_API_PORT")).rejects.toMatchObject({
    reason: "PortInUse",
    message: expect.stringMatching(
      new RegExp(`^port ${port} is in use${mine}.*set ROSTER_API_PORT to another one, or to 0 for any$`),
    ),
  });
  server.close();
  await once(server, "close");
  await ensurePortFree(port, "ROSTER_API_PORT");
});
