import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";

/** A shell that stays open between blocks, as a reader's terminal does: variables and functions last. */
export class Shell implements AsyncDisposable {
  readonly #process;
  readonly #script: string;
  readonly #closed: Promise<unknown>;
  #output = "";
  #heard = Promise.withResolvers<void>();
  #over = false;

  /** `scratch` is a folder for the block that runs. */
  constructor(cwd: string, env: Readonly<Record<string, string>>, scratch: string) {
    this.#script = path.join(scratch, "block.sh");
    this.#process = spawn("sh", ["-s"], { cwd, env, stdio: ["pipe", "pipe", "pipe"], detached: true });
    const hear = (chunk: Buffer) => {
      this.#output += chunk.toString();
      this.#heard.resolve();
    };
    this.#process.stdout.on("data", hear);
    this.#process.stderr.on("data", hear);
    this.#closed = once(this.#process, "close").then(() => {
      this.#over = true;
      this.#heard.resolve();
    });
  }

  /** Runs a block to its end; resolves with what it wrote and how its last command ended. Rejects when the shell itself ends. */
  async run(commands: string): Promise<{ readonly code: number; readonly output: string }> {
    writeFileSync(this.#script, `${commands}\n`);
    this.#output = "";
    // From a file, so that no command can read the next one as its input.
    this.#process.stdin.write(`. '${this.#script}' </dev/null 2>&1; printf '\\n=== ended %s\\n' "$?"\n`);
    for (;;) {
      const ended = /\n=== ended (\d+)\n$/.exec(this.#output);
      if (ended) return { code: Number(ended[1]), output: this.#output.slice(0, ended.index) };
      if (this.#over) throw new Error(`the shell ended:\n${this.#output}`);
      this.#heard = Promise.withResolvers();
      await this.#heard.promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The whole group: what a block left in the background ends with the terminal.
    if (!this.#over && this.#process.pid !== undefined) process.kill(-this.#process.pid, "SIGKILL");
    await this.#closed;
  }
}
