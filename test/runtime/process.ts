import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const main = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../runtime/main.ts");

/** A runtime as `roster up` starts it: a child with nothing of our environment. */
export interface RuntimeProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Log lines so far. */
  readonly lines: readonly Record<string, unknown>[];
  /** Resolves with the exit code; null after a signal. */
  readonly exited: Promise<number | null>;
}

export function startRuntime(env: Readonly<Record<string, string>>): RuntimeProcess {
  const child = spawn(process.execPath, [main], { env, stdio: ["ignore", "ignore", "pipe"] });
  const lines: Record<string, unknown>[] = [];
  let rest = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) lines.push(part.startsWith("{") ? JSON.parse(part) : { msg: part });
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  return {
    child,
    lines,
    exited,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await exited;
    },
  };
}
