import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import type { ApiServerOptions } from "../../../apiserver/server.ts";
import { ApiClient } from "./api-client.ts";

export interface ApiProcessOptions extends Partial<Omit<ApiServerOptions, "clock" | "log">> {
  readonly dataDir: string;
  readonly port: number;
  /** Divides the server's waits of a minute and more. */
  readonly hurry?: number;
  /** Put before the command, such as `strace -f …`. */
  readonly prefix?: readonly string[];
  /** Options of Node itself. */
  readonly node?: readonly string[];
}

/** How a server process came to its end, and what it said. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly said: string;
}

/** The embedded API as a process of its own. Disposing kills it as a crash would. */
export interface ApiProcess extends AsyncDisposable {
  readonly client: ApiClient;
  readonly pid: number;
  /** Resolves when the process is gone, however it went. */
  readonly ended: Promise<Ending>;
  /** What it has said on standard error so far. */
  said(): string;
  kill(): Promise<void>;
  /** Asks it to stop. */
  stop(): Promise<Ending>;
  residentMiB(): number;
}

const main = path.join(import.meta.dirname, "api-server-main.ts");
export const adminToken = "admin-token";
const admin = { name: "admin", groups: ["system:masters"], token: adminToken };

/** Starts a server and resolves when it answers; rejects with what it said when it ends before. */
export async function startApiProcess(options: ApiProcessOptions): Promise<ApiProcess> {
  const { prefix = [], node = [], ...rest } = options;
  const settings = JSON.stringify({ users: [admin], ...rest });
  const [command = "", ...args] = [...prefix, process.execPath, ...node, main, settings];
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    // A tracer's children go with it only when the whole group is killed.
    detached: true,
    env: { ...process.env, NODE_OPTIONS: "--disable-warning=ExperimentalWarning" },
  });
  let said = "";
  child.stderr.on("data", (part) => {
    said += String(part);
  });
  const ended = once(child, "close").then(
    ([code, signal]): Ending => ({ code, signal: signal as NodeJS.Signals | null, said }),
  );
  const first = await Promise.race([firstLine(child), ended]);
  if (typeof first !== "string") {
    throw Object.assign(new Error(`the server ended before it was ready: ${first.said}`), { ending: first });
  }
  // Its own id, not that of a tracer around it.
  const { url, ca, pid } = JSON.parse(first) as { url: string; ca: string; pid: number };
  const client = new ApiClient(url, ca, adminToken);
  const kill = async () => {
    signalGroup(child, "SIGKILL");
    await ended;
    await client[Symbol.asyncDispose]();
  };
  return {
    client,
    pid,
    ended,
    said: () => said,
    kill,
    stop() {
      process.kill(pid, "SIGTERM");
      return ended;
    },
    residentMiB: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? Number.NaN) / 1024,
    [Symbol.asyncDispose]: kill,
  };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal);
  } catch {
    // It has ended by itself.
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const part of child.stdout!) {
    text += String(part);
    if (text.includes("\n")) break;
  }
  // A process that ends without a line is the other racer's news.
  return text.includes("\n") ? text.slice(0, text.indexOf("\n")) : new Promise(() => {});
}
