import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../lib/clock.ts";
import { configMap, configMapsPath as maps, widget, widgets, widgetsPath } from "../apiserver/kit.ts";
import { freePorts } from "../kit/free-ports.ts";
import { type ApiProcess, startApiProcess } from "./kit/api-process.ts";
import { openRaw, type Raw, requestText, statusesOf } from "./kit/raw.ts";

// ROSTER_IDLE_WATCHES chooses how many; each needs a socket on both sides.
const idleWatches = Number(process.env.ROSTER_IDLE_WATCHES ?? 10_000);
const limit = spawnSync("sh", ["-c", `ulimit -n ${idleWatches + 1_000} && ulimit -n`], { encoding: "utf8" });
const tooFew =
  limit.status === 0 ? undefined : `this user may not open ${idleWatches + 1_000} files: ${limit.stderr.trim()}`;
if (tooFew) process.stdout.write(`skipped: ${idleWatches} idle watches: ${tooFew}\n`);
const manyFiles = tooFew ? [] : ["sh", "-c", `ulimit -n ${idleWatches + 1_000}; exec "$0" "$@"`];

let folder: string;
let server: ApiProcess;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "roster-clients-"));
  const [port = 0] = await freePorts(1);
  server = await startApiProcess({ dataDir: path.join(folder, "data"), port, crds: [widgets], prefix: manyFiles });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const raw = (): Promise<Raw> => openRaw(server.client.url, server.client.ca);
const openFiles = () => readdirSync(`/proc/${server.pid}/fd`).length;
/** It serves others as if nothing were. */
async function serves(name: string): Promise<void> {
  expect((await server.client.call("POST", maps, configMap(name))).code).toBe(201);
  expect((await server.client.call("GET", `${maps}/${name}`)).code).toBe(200);
}
async function until(test: () => boolean): Promise<void> {
  while (!test()) await systemClock.sleep(50);
}

describe("bodies that are meant to hurt", () => {
  const json = "application/json";
  const deepText = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  const bodies: Readonly<
    Record<
      string,
      { type?: string; body: string | Buffer; code: number; says: RegExp; headers?: Record<string, string> }
    >
  > = {
    "JSON of a hundred thousand levels": { body: deepText(100_000), code: 400, says: /exceeded max depth/ },
    "YAML of ten thousand levels": {
      type: "application/yaml",
      body: deepText(10_000),
      code: 400,
      says: /depth|stack|nest/i,
    },
    "YAML of ten thousand indented levels": {
      type: "application/yaml",
      body: Array.from({ length: 2_000 }, (_, i) => `${" ".repeat(i)}a:\n`).join(""),
      code: 400,
      says: /depth|stack|nest/i,
    },
    "YAML whose aliases grow without end": {
      type: "application/yaml",
      body: `a0: &a0 [x, x]\n${Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\n`).join("")}`,
      code: 400,
      says: /alias/i,
    },
    "bytes that are no UTF-8": {
      body: Buffer.concat([
        Buffer.from('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":"'),
        Buffer.from([0xff, 0xfe, 0xc0]),
        Buffer.from('"}}'),
      ]),
      code: 400,
      says: /UTF-8/,
    },
    "a key that changes what objects inherit": {
      body: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","__proto__":{"admin":true}}}',
      code: 400,
      says: /__proto__/,
    },
    "the same in YAML": {
      type: "application/yaml",
      body: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, __proto__: {admin: true}}\n",
      code: 400,
      says: /__proto__/,
    },
    "gzip that nobody asked for": {
      body: gzipSync(Buffer.alloc(50 << 20)),
      headers: { "Content-Encoding": "gzip" },
      code: 400,
      says: /Status/,
    },
    text: { type: "text/plain", body: "hello", code: 415, says: /accepted media types/ },
    "a form": { type: "application/x-www-form-urlencoded", body: "a=b", code: 415, says: /accepted media types/ },
    nothing: { body: "", code: 400, says: /./ },
    "a protobuf that is cut": {
      type: "application/vnd.kubernetes.protobuf",
      body: Buffer.from("k8s\0\n\xff\xff\xff\xff\x0f", "latin1"),
      code: 400,
      says: /./,
    },
  };
  for (const [name, { type = json, body, code, says, headers = {} }] of Object.entries(bodies)) {
    it(`gets a clear answer: ${name}`, async () => {
      const client = await raw();
      using _client = client;
      const bytes = Buffer.from(body);
      client.socket.write(
        requestText("POST", maps, {
          "Content-Type": type,
          "Content-Length": bytes.length,
          Connection: "close",
          ...headers,
        }),
      );
      client.socket.write(bytes);
      await client.closed;
      expect(statusesOf(client.text())).toEqual([code]);
      expect(client.text()).toMatch(says);
      expect(client.text()).toContain('"kind":"Status"');
    });
  }

  it("refuses bodies of more than 3 MiB without reading them, a hundred at once, in bounded memory", async () => {
    const before = server.residentMiB();
    const clients = await Promise.all(Array.from({ length: 100 }, raw));
    const chunk = Buffer.alloc(1 << 20, "x");
    for (const { socket } of clients) {
      socket.on("error", () => {});
      socket.write(requestText("POST", maps, { "Content-Type": json, "Transfer-Encoding": "chunked" }));
      for (let i = 0; i < 4; i++)
        socket.write(Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n")]));
    }
    await Promise.all(clients.map((client) => client.answers(1)));
    for (const client of clients) {
      expect(statusesOf(client.text())).toEqual([413]);
      client[Symbol.dispose]();
    }
    const announced = await raw();
    announced.socket.write(requestText("POST", maps, { "Content-Type": json, "Content-Length": 10_000_000 }));
    await announced.answers(1);
    expect(announced.text()).toMatch(/Request entity too large: limit is 3145728/);
    announced[Symbol.dispose]();
    expect(server.residentMiB() - before).toBeLessThan(600);
    await serves("after-large-bodies");
  });

  it("stores an object of just under 1.5 MiB and refuses a larger one as etcd does", async () => {
    const big = (name: string, size: number) => widget(name, { colour: "x".repeat(size) });
    expect((await server.client.call("POST", widgetsPath, big("fits", 1_570_000))).code).toBe(201);
    const { code, body } = await server.client.call("POST", widgetsPath, big("large", 1_600_000));
    expect([code, body.message]).toEqual([500, "etcdserver: request is too large"]);
    expect((await server.client.call("GET", `${widgetsPath}/large`)).code).toBe(404);
  });
});

describe("connections that are meant to hurt", () => {
  it("answers pipelined requests in their order", async () => {
    using client = await raw();
    await serves("piped");
    const paths = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? `${maps}/piped` : `${maps}/missing-${i}`));
    client.socket.write(paths.map((at) => requestText("GET", at)).join(""));
    await client.answers(100);
    expect(statusesOf(client.text())).toEqual(paths.map((_, i) => (i % 2 === 0 ? 200 : 404)));
  });

  it("answers a client that has closed its half", async () => {
    using client = await raw();
    client.socket.end(requestText("GET", `${maps}/piped`));
    await client.closed;
    expect(statusesOf(client.text())).toEqual([200]);
  });

  const malformed: Readonly<Record<string, { text: string; code: number }>> = {
    "headers of ten megabytes": { text: requestText("GET", maps, { "X-Large": "x".repeat(10 << 20) }), code: 431 },
    "a URL of a megabyte": { text: requestText("GET", `${maps}?a=${"x".repeat(1 << 20)}`), code: 431 },
    "ten thousand headers": {
      text: requestText("GET", maps, Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`X-${i}`, "y"]))),
      code: 431,
    },
    "a method that is none": { text: requestText("BREW", maps), code: 400 },
    "no HTTP": { text: "\x16\x03\x01 hello\r\n\r\n", code: 400 },
    "two lengths": {
      text: requestText("POST", maps, { "Content-Length": 5, "content-length": 6 }, "hello!"),
      code: 400,
    },
    "a length and chunks": {
      text: requestText("POST", maps, { "Content-Length": 5, "Transfer-Encoding": "chunked" }, "0\r\n\r\n"),
      code: 400,
    },
    "a negative length": { text: requestText("POST", maps, { "Content-Length": -1 }), code: 400 },
  };
  for (const [name, { text, code }] of Object.entries(malformed)) {
    it(`refuses and closes: ${name}`, async () => {
      using client = await raw();
      client.socket.on("error", () => {});
      client.socket.write(text);
      await client.closed;
      expect(statusesOf(client.text())).toEqual([code]);
    });
  }

  it("reads thousands of query parameters", async () => {
    const query = Array.from({ length: 4_000 }, (_, i) => `p${i}=1`).join("&");
    expect((await server.client.call("GET", `${maps}?${query}`)).code).toBe(200);
  });

  it("closes whoever trickles, and serves all others meanwhile", { timeout: 180_000 }, async () => {
    const before = openFiles();
    const { hostname, port } = new URL(server.client.url);
    const silent = Array.from({ length: 100 }, (): Socket => connectTcp(Number(port), hostname));
    const ended = silent.map(
      (socket) =>
        new Promise<void>((resolve) =>
          socket
            .on("close", () => resolve())
            .on("error", () => {})
            .resume(),
        ),
    );
    const headers = await Promise.all(Array.from({ length: 100 }, raw));
    const bodies = await Promise.all(Array.from({ length: 100 }, raw));
    for (const { socket } of [...headers, ...bodies]) socket.on("error", () => {});
    for (const { socket } of headers) socket.write("GET /api HTTP/1.1\r\nHost: x\r\n");
    for (const { socket } of bodies)
      socket.write(requestText("POST", maps, { "Content-Type": "application/json", "Content-Length": 1_000_000 }));
    const trickle = setInterval(() => {
      for (const { socket } of headers) if (socket.writable) socket.write("X-a: b\r\n");
      for (const { socket } of bodies) if (socket.writable) socket.write(" ");
    }, 1_000);
    try {
      for (let i = 0; i < 20; i++) await serves(`beside-${i}`);
      await Promise.all([...ended, ...headers.map(({ closed }) => closed), ...bodies.map(({ closed }) => closed)]);
    } finally {
      clearInterval(trickle);
    }
    for (const client of [...headers, ...bodies]) {
      expect(statusesOf(client.text())).toEqual([408]);
      client[Symbol.dispose]();
    }
    await until(() => openFiles() <= before + 10);
  });
});

describe.skipIf(tooFew)("ten thousand idle watches", () => {
  it("cost bounded memory, all hear of a change, and leave nothing behind", { timeout: 300_000 }, async () => {
    const before = { files: openFiles(), memory: server.residentMiB() };
    const { url, ca } = server.client;
    const half = Math.ceil(idleWatches / 2);
    const version = (await server.client.call("GET", maps)).body.metadata.resourceVersion;
    const at = `${maps}?watch=true&resourceVersion=${version}`;
    const watchers = [half, idleWatches - half].map((count) => startWatchers({ url, ca, count, path: at }));
    const opened = await Promise.all(watchers.map((watcher) => watcher.line()));
    expect(opened.map(Number).reduce((a, b) => a + b)).toBe(idleWatches);
    const memory = server.residentMiB();
    await serves("heard-by-all");
    for (const watcher of watchers) watcher.ask();
    const heard = await Promise.all(watchers.map((watcher) => watcher.line()));
    expect(heard.map(Number).reduce((a, b) => a + b)).toBe(idleWatches);
    process.stdout.write(
      `${idleWatches} idle watches: ${Math.round(memory - before.memory)} MiB, ${(((memory - before.memory) * 1024) / idleWatches).toFixed(0)} KiB each\n`,
    );
    // What a TLS connection costs in Node, with room; not a copy of anything.
    expect(memory - before.memory).toBeLessThan(idleWatches * 0.15);
    for (const watcher of watchers) watcher.end();
    await until(() => openFiles() <= before.files + 10);
    await serves("after-all");
  });
});

interface Watchers {
  line(): Promise<string>;
  ask(): void;
  end(): void;
}

function startWatchers(options: object): Watchers {
  const [command = "", ...args] = [
    ...manyFiles,
    process.execPath,
    path.join(import.meta.dirname, "kit/idle-watchers-main.ts"),
    JSON.stringify(options),
  ];
  const child: ChildProcess = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return {
    line: async () => String((await lines.next()).value),
    ask: () => void child.stdin!.write("\n"),
    end: () => void child.stdin!.end(),
  };
}
