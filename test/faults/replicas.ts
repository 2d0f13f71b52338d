import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import pg from "pg";
import { kinds } from "../../api/kinds.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { openLedger } from "../../ledger/open.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";
import { kubeconfigText } from "../cluster/kubeconfig.ts";
import { type Cluster, tokenOf } from "../product/cluster.ts";
import { startEmbeddedCluster } from "../product/embedded-cluster.ts";
import { Program } from "../product/program.ts";

const systemNamespace = "roster-system";

/**
 * Controllers as processes of their own, which can be killed and stopped, on an API server that is one too and on a real
 * Postgres. The test looks from outside: by the API, and by the ledger's rows.
 */
export class Replicas implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly kube: KubeClient;
  readonly ledger: Ledger;
  readonly controllers = new Map<string, Program>();
  readonly folder: string;
  readonly #databaseUrl: string;
  readonly #rows: pg.Pool;
  readonly #stack: AsyncDisposableStack;
  readonly #programs: Program[] = [];

  private constructor(
    cluster: Cluster,
    ledger: Ledger,
    folder: string,
    databaseUrl: string,
    stack: AsyncDisposableStack,
  ) {
    this.cluster = cluster;
    this.kube = cluster.admin;
    this.ledger = ledger;
    this.folder = folder;
    this.#databaseUrl = databaseUrl;
    this.#rows = new pg.Pool({ connectionString: databaseUrl, max: 2, options: "-c search_path=roster" });
    stack.defer(() => this.#rows.end());
    this.#stack = stack;
  }

  /** Installs Roster and makes the namespace `acme`; controllers are each test's own business. */
  static async start(databaseUrl: string): Promise<Replicas> {
    await using stack = new AsyncDisposableStack();
    const folder = mkdtempSync(path.join(tmpdir(), "roster-replicas-"));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const cluster = stack.use(await startEmbeddedCluster());
    await cluster.install();
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "acme" } };
    await cluster.admin.apply(kinds.Namespace, namespace, { fieldManager: "test" });
    const keyFile = path.join(folder, "master.key");
    writeFileSync(keyFile, randomBytes(32), { mode: 0o600 });
    const ledger = stack.use(
      await openLedger({
        url: databaseUrl,
        clock: systemClock,
        log: silentLog,
        writer: "test",
        keyFile,
        maxConnections: 4,
      }),
    );
    const replicas = new Replicas(cluster, ledger, folder, databaseUrl, stack.move());
    await replicas.#writeKubeconfig();
    return replicas;
  }

  /** Starts one; resolves when it follows every kind. */
  async startController(
    name: string,
    env: Readonly<Record<string, string>> = {},
    level = process.env.ROSTER_TEST_LOG ?? "info",
  ): Promise<Program> {
    const args = ["controller", "--kubeconfig", this.#kubeconfig, "--log-level", level];
    const program = new Program(name, "cli/main.ts", args, {
      ROSTER_IDENTITY: name,
      DATABASE_URL: this.#databaseUrl,
      ROSTER_LEDGER_KEY_FILE: path.join(this.folder, "master.key"),
      ...env,
    });
    this.#stack.use(program);
    this.#programs.push(program);
    this.controllers.set(name, program);
    await program.line(/controller started/);
    return program;
  }

  /** Rows of the ledger itself. */
  async rows<R extends object>(text: string, values: readonly unknown[] = []): Promise<readonly R[]> {
    return (await this.#rows.query<R & pg.QueryResultRow>(text, values as unknown[])).rows;
  }

  /** Who leads by the ledger's row, and until when. */
  async leader(): Promise<{ readonly holder: string; readonly epoch: number; readonly until: number } | undefined> {
    const [row] = await this.rows<{ holder: string; epoch: string; until: string }>(
      "select holder, epoch, until from leaders where name = 'controller'",
    );
    return row && { holder: row.holder, epoch: Number(row.epoch), until: Number(row.until) };
  }

  /** The controller that leads; resolves when one does. */
  async leading(): Promise<Program> {
    for (;;) {
      const leader = await this.leader();
      const program = this.controllers.get(leader?.holder ?? "");
      if (program?.running && leader!.until > Date.now()) return program;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Every line that a controller wrote and that fits. */
  said(pattern: RegExp): readonly string[] {
    return this.#programs.flatMap(({ name, lines }) =>
      lines.filter((line) => pattern.test(line)).map((line) => `${name}: ${line}`),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  get #kubeconfig(): string {
    return path.join(this.folder, "roster-controller.kubeconfig");
  }

  async #writeKubeconfig(): Promise<void> {
    const token = await tokenOf(this.kube, systemNamespace, "roster-controller");
    const { server, caPem } = this.cluster;
    writeFileSync(this.#kubeconfig, kubeconfigText(server, caPem, token), { mode: 0o600 });
  }
}
