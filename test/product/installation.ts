import { randomBytes } from "node:crypto";
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import pg from "pg";
import { kinds } from "../../api/kinds.ts";
import type { Resource } from "../../api/resource.ts";
import { officeServers, prepareOffice } from "../../cli/up/office.ts";
import { systemClock } from "../../lib/clock.ts";
import { newToken } from "../../lib/ids.ts";
import { kubeconfigText } from "../cluster/kubeconfig.ts";
import { freePorts } from "../kit/free-ports.ts";
import { type Balancer, startBalancer } from "./balancer.ts";
import { type Cluster, tokenOf } from "./cluster.ts";
import { Program } from "./program.ts";

const root = path.join(import.meta.dirname, "../..");
const systemNamespace = "roster-system";

/** Scenes that last long enough for something to be killed in the middle; in front of those of the shipped role. */
const slowScenes = `scenes:
- name: slow
  when: { intent: slow }
  replies:
  - toolCalls: [{ name: mail.list, arguments: { limit: 5 } }]
  - latencyMs: 3000
    toolCalls: [{ name: artifact.write, arguments: { name: slow.md, content: "done" } }]
  - text: "Done."
- name: talk
  when: { user: "hello" }
  replies: [{ text: "Hello." }]
`;

/**
 * Roster as an installation runs it: controllers, gateways and workers in processes of their own, with their own rights.
 * ROSTER_TEST_LOGS names a folder that keeps what they wrote.
 */
export class Installation implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly controllers = new Map<string, Program>();
  readonly gateways = new Map<string, Program>();
  readonly operatorToken = newToken("rso_").token;
  readonly workerToken = newToken("rsw_").token;
  /** In front of the gateways. */
  readonly service: Balancer;
  readonly folder: string;
  readonly #databaseUrl: string;
  readonly #stack: AsyncDisposableStack;
  readonly #programs: Program[] = [];
  readonly #outages: { readonly from: number; readonly to: number }[] = [];
  runtime: Program | undefined;

  private constructor(
    cluster: Cluster,
    databaseUrl: string,
    folder: string,
    service: Balancer,
    stack: AsyncDisposableStack,
  ) {
    this.cluster = cluster;
    this.service = service;
    this.folder = folder;
    this.#databaseUrl = databaseUrl;
    this.#stack = stack;
  }

  /** Installs, hires the demo fleet, and starts two controllers, two gateways and a worker. */
  static async start(cluster: Cluster, databaseUrl: string): Promise<Installation> {
    await using stack = new AsyncDisposableStack();
    const folder = mkdtempSync(path.join(tmpdir(), "roster-product-"));
    chmodSync(folder, 0o755);
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const service = stack.use(await startBalancer());
    await cluster.install();
    const installation = new Installation(cluster, databaseUrl, folder, service, stack.move());
    try {
      await installation.#prepare();
      await Promise.all([
        ...["controller-a", "controller-b"].map((name) => installation.startController(name)),
        ...["gateway-a", "gateway-b"].map((name) => installation.startGateway(name)),
      ]);
      installation.startRuntime();
      await cluster.applyFleet();
      return installation;
    } catch (thrown) {
      await installation[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async startController(name: string): Promise<Program> {
    const more = this.cluster.confined?.controller ?? [];
    const args = ["controller", "--kubeconfig", this.#file("roster-controller.kubeconfig"), ...more];
    const program = this.#start(name, "cli/main.ts", args, this.#ledgerEnv(name));
    this.controllers.set(name, program);
    await program.line(/controller started/);
    return program;
  }

  async startGateway(name: string): Promise<Program> {
    const [port] = await freePorts(1);
    const config = ["--config", this.#file("gateway.yaml"), "--listen", `127.0.0.1:${port}`];
    const more = this.cluster.confined?.gateway ?? [];
    const args = ["gateway", "--kubeconfig", this.#file("roster-gateway.kubeconfig"), ...config, ...more];
    const tokens = {
      ROSTER_WORKER_TOKEN_FILE: this.#file("worker-token"),
      ROSTER_OPERATOR_TOKEN_FILE: this.#file("operator-token"),
    };
    const program = this.#start(name, "cli/main.ts", args, { ...this.#ledgerEnv(name), ...tokens });
    this.gateways.set(name, program);
    await program.line(/gateway started/);
    this.service.backends.add(port!);
    return program;
  }

  startRuntime(): Program {
    this.runtime = this.#start("runtime", "runtime/main.ts", [], {
      ROSTER_GATEWAY_URL: this.service.url,
      ROSTER_WORKER_TOKEN: this.workerToken,
      ROSTER_WORKER_ID: "worker",
      ROSTER_WORKER_CONCURRENCY: "4",
    });
    return this.runtime;
  }

  /** Runs a command of the CLI as somebody, to its end. */
  async roster(args: readonly string[], token: string): Promise<{ readonly ok: boolean; readonly text: string }> {
    const kubeconfig = this.#file(`${randomBytes(4).toString("hex")}.kubeconfig`);
    const { server, caPem } = this.cluster;
    writeFileSync(kubeconfig, kubeconfigText(server, caPem, token), { mode: 0o600 });
    const program = this.#start("roster", "cli/main.ts", [...args, "--kubeconfig", kubeconfig], {});
    const code = await program.ended;
    return { ok: code === 0, text: program.lines.join("\n") };
  }

  /** Which gateway a run is claimed through now. */
  async gatewayOf(objectName: string): Promise<string | undefined> {
    const client = new pg.Client({ connectionString: this.#databaseUrl });
    await client.connect();
    try {
      const found = await client.query("select gateway from runs where object_name = $1 and phase = 'Running'", [
        objectName,
      ]);
      return (found.rows[0] as { gateway?: string } | undefined)?.gateway;
    } finally {
      await client.end();
    }
  }

  /** Log lines of controllers and gateways, dead ones included, that fit; but for those of an outage of the API server. */
  said(pattern: RegExp): readonly string[] {
    const timeOf = (line: string) => (line.startsWith("{") ? (JSON.parse(line) as { time: number }).time : 0);
    return this.#programs
      .filter(({ name }) => /^(controller|gateway)-/.test(name))
      .flatMap(({ name, lines }) =>
        lines.filter((line) => pattern.test(line) && !this.isOutage(timeOf(line))).map((line) => `${name}: ${line}`),
      );
  }

  /** Without its API server, what `during` says, until that serves again with all that it knows. */
  async outage(during: () => Promise<void>): Promise<void> {
    const from = systemClock.now();
    await this.cluster.apiserver?.kill();
    await during();
    await this.cluster.apiserver?.start();
    this.#outages.push({ from, to: systemClock.now() });
  }

  /** True for a time when the API server was away, or answered before it had read its own RBAC objects. */
  isOutage(at: number): boolean {
    return this.#outages.some(({ from, to }) => from <= at && at <= to);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    const folder = process.env.ROSTER_TEST_LOGS;
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    for (const { name, lines } of this.#programs)
      appendFileSync(path.join(folder, `${name}.log`), `${lines.join("\n")}\n`);
  }

  #start(name: string, script: string, args: readonly string[], env: Readonly<Record<string, string>>): Program {
    const program = this.#stack.use(new Program(name, script, args, env));
    this.#programs.push(program);
    return program;
  }

  #file(name: string): string {
    return path.join(this.folder, name);
  }

  #ledgerEnv(identity: string): Readonly<Record<string, string>> {
    return {
      ROSTER_IDENTITY: identity,
      DATABASE_URL: this.#databaseUrl,
      ROSTER_LEDGER_KEY_FILE: this.#file("master.key"),
    };
  }

  /** What an operator makes before the first start: keys, tokens, the gateway's settings; and the model and the office. */
  async #prepare(): Promise<void> {
    const { cluster } = this;
    writeFileSync(this.#file("master.key"), randomBytes(32), { mode: 0o600 });
    writeFileSync(this.#file("worker-token"), this.workerToken, { mode: 0o600 });
    writeFileSync(this.#file("operator-token"), this.operatorToken, { mode: 0o600 });
    for (const account of ["roster-controller", "roster-gateway"]) {
      const token = await tokenOf(cluster.admin, systemNamespace, account);
      writeFileSync(this.#file(`${account}.kubeconfig`), kubeconfigText(cluster.server, cluster.caPem, token), {
        mode: 0o600,
      });
    }
    mkdirSync(this.#file("scenes/a-slow"), { recursive: true });
    writeFileSync(this.#file("scenes/a-slow/rehearsal.yaml"), slowScenes);
    mkdirSync(this.#file("scenes/b-tess"));
    await cp(path.join(root, "roles/ea_tess/rehearsal.yaml"), this.#file("scenes/b-tess/rehearsal.yaml"));
    const scripts = path.join(this.folder, "scenes", "*", "rehearsal.yaml");
    const model = this.#start("rehearsal", "rehearsal/main.ts", ["--port", "0", "--scripts", scripts], {});
    const office = await prepareOffice({ root, folder: this.#file("office") });
    const officeArgs = ["--root", this.#file("office"), "--port", "0", "--users", office.usersFile];
    const officeUrl = await this.#start("office", "examples/office/main.ts", officeArgs, {}).url();
    const gateway = {
      defaultModel: { baseURL: await model.url() },
      localServers: Object.fromEntries(
        officeServers.map((name) => [name, { kind: "http", url: new URL(`/${name}`, officeUrl).href }]),
      ),
    };
    writeFileSync(this.#file("gateway.yaml"), JSON.stringify(gateway));
    await cluster.admin.mergePatch(kinds.ConfigMap, "roster-gateway", systemNamespace, {
      data: { url: this.service.url },
    });
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: cluster.namespace } };
    await cluster.admin.apply(kinds.Namespace, namespace, { fieldManager: "test" });
    for (const { secretName, user, token } of office.people) {
      await cluster.admin.create(kinds.Secret, credential(secretName, cluster.namespace, user, token));
    }
  }
}

function credential(name: string, namespace: string, user: string, token: string): Resource {
  const annotations = {
    "roster.dev/allowed-origins": officeServers.map((server) => `local:${server}`).join(","),
    "roster.dev/subject": user,
  };
  const data = { token: Buffer.from(token).toString("base64") };
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace, annotations },
    type: "roster.dev/credential",
    data,
  } as Resource;
}
