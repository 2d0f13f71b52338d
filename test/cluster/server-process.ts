import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, existsSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { systemClock } from "../../lib/clock.ts";

/** One program of a control plane. Disposing it asks it to stop, then forces it. */
export interface ServerProcess extends AsyncDisposable {
  /** The end of its log once it has exited; undefined while it runs. */
  failed(): string | undefined;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

/** Starts a program; its output goes to the end of `log`. */
export function startServer(file: string, args: readonly string[], log: string): ServerProcess {
  const output = createWriteStream(log, { flags: "a" });
  // Nothing of our environment: what a test machine has set must not change what the server does.
  const child: ChildProcess = spawn(file, [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH ?? "" },
  });
  child.stdout?.pipe(output, { end: false });
  child.stderr?.pipe(output, { end: false });
  let ended = false;
  const exit = new Promise<void>((resolve) => {
    const done = () => {
      ended = true;
      resolve();
    };
    // Not "exit": what it wrote last is still on its way to the log then.
    child.once("close", done);
    child.once("error", done);
  });
  return {
    failed: () => (ended ? `${path.basename(file)} ended: ${tail(log)}` : undefined),
    async kill() {
      child.kill("SIGKILL");
      await exit;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      const patience = new AbortController();
      await Promise.race([
        exit,
        systemClock.sleep(5_000, patience.signal).then(
          () => child.kill("SIGKILL"),
          () => {},
        ),
      ]);
      patience.abort();
      await exit;
      await new Promise<void>((resolve) => output.end(resolve));
    },
  };
}

const tail = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8").slice(-2_000) : "");
