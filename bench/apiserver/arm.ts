import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { Agent, request } from "undici";
import { missingCluster, startReal } from "../../test/cluster/real.ts";

/** A Kubernetes API under measurement. */
export interface Arm extends AsyncDisposable {
  readonly name: string;
  /** Sends one request and reads the answer whole; rejects when it is refused. */
  send(method: string, path: string, body?: string, type?: string): Promise<number>;
  /** Opens a watch and calls `heard` with each part that arrives. Resolves when it is open. */
  watch(path: string, heard: () => void): Promise<void>;
  /** What its process says of itself since the last question; only the embedded one does. */
  inside?(): Promise<Inside>;
}

export interface Inside {
  readonly stallMs: number;
  readonly collectMs: number;
  readonly residentMiB: number;
}

/** The embedded API in a process of its own, on a disk, not in memory. */
export async function embeddedArm(): Promise<Arm> {
  const folder = mkdtempSync("/var/tmp/roster-bench-api-");
  const token = "bench";
  const users = [{ name: "admin", groups: ["system:masters"], token }];
  const script = path.join(import.meta.dirname, "server-main.ts");
  const args = ["--disable-warning=ExperimentalWarning", script, JSON.stringify({ dataDir: folder, port: 0, users })];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => JSON.parse(String((await lines.next()).value)) as unknown;
  const { url, ca } = (await answer()) as { url: string; ca: string };
  const client = clientFor("embedded", url, ca, token);
  return {
    ...client,
    async inside() {
      child.stdin.write("?\n");
      return (await answer()) as Inside;
    },
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      const ended = once(child, "close");
      child.stdin.end();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** kube-apiserver on etcd, with every write durable; or why there is none. */
export async function realArm(): Promise<Arm | string> {
  const why = missingCluster() ?? (process.env.KUBECONFIG ? "KUBECONFIG names a cluster that is not ours to load" : "");
  if (why) return why;
  const cluster = await startReal({ durable: true });
  const client = clientFor("kube-apiserver + etcd", cluster.url, cluster.caPem, cluster.adminToken);
  return {
    ...client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

function clientFor(name: string, url: string, ca: string, token: string): Arm {
  const options = { connect: { ca, timeout: 60_000 }, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 };
  const agent = new Agent({ ...options, connections: 64 });
  const streams = new Agent(options);
  const authorization = `Bearer ${token}`;
  return {
    name,
    async send(method, at, body, type = "application/json") {
      const headers = { authorization, ...(body === undefined ? {} : { "content-type": type }) };
      const answer = await request(url + at, {
        dispatcher: agent,
        method: method as "GET",
        headers,
        ...(body === undefined ? {} : { body }),
      });
      let bytes = 0;
      for await (const part of answer.body) bytes += (part as Buffer).length;
      if (answer.statusCode >= 300) throw new Error(`${name}: ${method} ${at}: ${answer.statusCode}`);
      return bytes;
    },
    async watch(at, heard) {
      const answer = await request(url + at, { dispatcher: streams, headers: { authorization } });
      if (answer.statusCode !== 200) throw new Error(`${name}: watch ${at}: ${answer.statusCode}`);
      // Ended with the agent.
      answer.body.on("error", () => {});
      answer.body.on("data", heard);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([agent.destroy(), streams.destroy()]);
    },
  };
}
