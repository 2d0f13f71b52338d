import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { kubeconfigText } from "../kubeconfig.ts";
import { sharedFiles } from "./files.ts";
import { transcriptText } from "./normalise.ts";
import type { Scenario, Scenarios } from "./scenario.ts";

/** A server that scenarios are run against, as its administrator. */
export interface KubectlTarget {
  readonly url: string;
  readonly caPem: string;
  readonly adminToken: string;
}

/**
 * One kubectl with one server: a home of its own, so that neither discovery caches nor settings of the machine are
 * shared. Disposing removes the home; what was made on the server stays.
 */
export class KubectlSession implements Disposable {
  readonly #home = mkdtempSync(path.join(tmpdir(), "roster-kubectl-"));
  readonly #target: KubectlTarget;

  constructor(binary: string, target: KubectlTarget) {
    this.#target = target;
    mkdirSync(path.join(this.#home, "bin"));
    symlinkSync(binary, path.join(this.#home, "bin/kubectl"));
  }

  /**
   * Runs every scenario, some at a time, and then those that have to be alone; the transcripts by name. `prefix` names
   * their namespaces.
   */
  async runAll(scenarios: Scenarios, prefix: string): Promise<Readonly<Record<string, string>>> {
    const transcripts: Record<string, string> = {};
    const numbered = [...Object.entries(scenarios).entries()];
    const worker = async (queue: Iterable<(typeof numbered)[number]>): Promise<void> => {
      for (const [index, [name, scenario]] of queue) transcripts[name] = await this.run(scenario, `${prefix}-${index}`);
    };
    // One iterator for all workers: each scenario is taken once.
    const together = numbered.filter(([, [, scenario]]) => !scenario.alone).values();
    await Promise.all(Array.from({ length: 6 }, () => worker(together)));
    await worker(numbered.filter(([, [, scenario]]) => scenario.alone));
    return transcripts;
  }

  /** Runs one scenario in a new namespace: each line, what it printed and its exit code, without what differs from run to run. */
  async run(scenario: Scenario, ns: string): Promise<string> {
    const folder = path.join(this.#home, ns);
    mkdirSync(path.join(folder, "tmp"), { recursive: true });
    for (const [name, text] of Object.entries({ ...sharedFiles, ...scenario.files })) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text.replaceAll("$ns", ns), { mode: 0o700 });
    }
    const { url, caPem, adminToken } = this.#target;
    writeFileSync(path.join(folder, "kubeconfig"), kubeconfigText(url, caPem, adminToken, ns), { mode: 0o600 });
    const shell = (line: string) => this.#shell(line, folder, ns);
    await shell(`kubectl create namespace ${ns}`);
    const said: string[] = [];
    for (const line of scenario.lines) said.push(`$ ${line}\n${await shell(line)}`);
    return transcriptText(said.join(""), { ns, url, folder });
  }

  #shell(line: string, folder: string, ns: string): Promise<string> {
    const env = {
      PATH: `${this.#home}/bin:${process.env.PATH ?? ""}`,
      HOME: this.#home,
      KUBECONFIG: `${folder}/kubeconfig`,
      TMPDIR: `${folder}/tmp`,
      LC_ALL: "C",
      // Started hundreds of times for some milliseconds each: a third of that would go into collecting garbage.
      GOGC: "off",
      ns,
    };
    return new Promise((resolve) => {
      // What hangs is a finding too: it ends with an exit code that the other server does not have.
      const child = execFile("timeout", ["60", "sh", "-c", line], { cwd: folder, env }, (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        resolve(`${stdout}${stderr && `(stderr)\n${stderr}`}${code === 0 ? "" : `(exit ${code})\n`}`);
      });
      child.stdin?.end();
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.#home, { recursive: true, force: true });
  }
}
