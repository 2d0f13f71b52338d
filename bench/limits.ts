import { once } from "node:events";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Benchmark, timed } from "./kit/sample.ts";

/** The machine's own limits, measured again in each run, so that other rows can be read as a share of them. */
export const limits: Benchmark = {
  name: "limits",
  about: "durable append, loopback HTTP: what the machine itself allows",
  async run({ quick, progress }) {
    const rounds = quick ? 200 : 2_000;
    progress("durable appends");
    const folder = mkdtempSync(path.join(tmpdir(), "roster-bench-"));
    const file = openSync(path.join(folder, "append"), "w");
    const block = Buffer.alloc(1_024, 7);
    const appends: number[] = [];
    for (let i = 0; i < rounds; i++) {
      const start = performance.now();
      writeSync(file, block);
      fdatasyncSync(file);
      appends.push(performance.now() - start);
    }
    closeSync(file);
    rmSync(folder, { recursive: true });

    progress("loopback HTTP");
    const server = createServer((request, response) => request.resume().on("end", () => response.end("{}")));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const body = JSON.stringify({ padding: "x".repeat(1_000) });
    const trips: number[] = [];
    for (let i = 0; i < rounds; i++) {
      trips.push(await timed(async () => (await fetch(url, { method: "POST", body })).text()));
    }
    server.closeAllConnections();
    server.close();
    return [
      { name: "durable append (fdatasync, 1 KiB)", unit: "ms", better: "lower", subject: appends },
      { name: "loopback HTTP POST, 1 KB", unit: "ms", better: "lower", subject: trips },
    ];
  },
};
