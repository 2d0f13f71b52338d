import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import process from "node:process";

const root = path.join(import.meta.dirname, "../..");
const lifeline = path.join(root, "cli/up/lifeline.ts");

/** One of our programs in a process of its own, which sees nothing of the test's environment and ends with the test. */
export class Program implements AsyncDisposable {
  readonly name: string;
  readonly #child: ChildProcess;
  /** The exit code; null after a signal. */
  readonly ended: Promise<number | null>;
  #output = "";
  #heard = Promise.withResolvers<void>();
  #over = false;

  constructor(name: string, script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.name = name;
    const file = path.join(root, script);
    const child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", "--import", lifeline, file, ...args],
      {
        cwd: root,
        env: { PATH: process.env.PATH ?? "", ...env },
        stdio: ["pipe", "pipe", "pipe"],
      },
    );
    this.#child = child;
    const hear = (chunk: Buffer) => {
      this.#output += chunk.toString();
      this.#heard.resolve();
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.stdin?.on("error", () => {});
    this.ended = once(child, "close").then(([code]) => {
      this.#over = true;
      this.#heard.resolve();
      return code as number | null;
    });
  }

  /** Every line that it wrote so far. */
  get lines(): readonly string[] {
    return this.#output.split("\n").filter((line) => line !== "");
  }

  get running(): boolean {
    return !this.#over;
  }

  /** The first line that fits. Throws with all that it said when it ends before. */
  async line(pattern: RegExp): Promise<string> {
    for (;;) {
      this.#heard = Promise.withResolvers();
      const found = this.lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      if (this.#over) throw new Error(`${this.name} ended without a line like ${pattern}:\n${this.#output}`);
      await this.#heard.promise;
    }
  }

  /** The address that it announces as one line of JSON. */
  async url(): Promise<string> {
    return (JSON.parse(await this.line(/^\{"url":/)) as { url: string }).url;
  }

  /** Sends a signal and does not wait: SIGSTOP holds it where it is, SIGCONT lets it go on. */
  signal(name: NodeJS.Signals): void {
    if (!this.#over) this.#child.kill(name);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Ends it, as a crash would unless told otherwise, and waits until it is gone. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (!this.#over) this.#child.kill(signal);
    // One that is stopped takes no other signal before it goes on.
    if (!this.#over && signal !== "SIGKILL") this.#child.kill("SIGCONT");
    await this.ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill("SIGTERM");
  }
}
