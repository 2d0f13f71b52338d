import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { Agent, request } from "undici";
import { parse } from "yaml";
import { systemClock } from "../../lib/clock.ts";
import { buildTools, missingTools } from "./tools.ts";

/** A user of the started server, by static token. */
export interface TestUser {
  readonly name: string;
  readonly groups: readonly string[];
  readonly token: string;
}

/** A real Kubernetes API: one that was started for the tests, or the one that `KUBECONFIG` names. */
export interface RealCluster extends AsyncDisposable {
  readonly url: string;
  readonly caPem: string;
  /** May do everything. */
  readonly adminToken: string;
  /** Path of a kubeconfig for the administrator. */
  readonly kubeconfig: string;
  /** kubectl of the same version; the machine's own for a given cluster. */
  readonly kubectl: string;
  /** True for a server that these tests own and may fill as they like. */
  readonly own: boolean;
}

/** Why there is no real API to test against, in one line; undefined when there is one. */
export function missingCluster(): string | undefined {
  return process.env.KUBECONFIG ? undefined : missingTools();
}

/**
 * Starts etcd, kube-apiserver and kube-controller-manager (garbage collection, namespaces, service accounts) on
 * loopback, with TLS and RBAC, on free ports; builds them first where needed. Resolves when `/readyz` answers. Disposing
 * stops all three and removes their data. With `KUBECONFIG` set, answers that cluster and starts nothing.
 */
export async function startReal(
  options: { readonly users?: readonly TestUser[]; readonly say?: (line: string) => void } = {},
): Promise<RealCluster> {
  const given = process.env.KUBECONFIG;
  if (given) return givenCluster(given);
  const why = missingTools();
  if (why) throw new Error(why);
  const binaries = await buildTools(options.say ?? (() => {}));
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(path.join(tmpdir(), "roster-real-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const start = (name: keyof typeof binaries, args: readonly string[]): Child =>
    stack.use(startChild(binaries[name], args, path.join(folder, `${name}.log`)));

  const [etcdPort, peerPort, port] = await freePorts(3);
  start("etcd", [
    `--data-dir=${folder}/etcd`,
    `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
    `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    // What a test writes need not survive the machine.
    "--unsafe-no-fsync",
    "--log-level=error",
  ]);

  const admin: TestUser = { name: "admin", groups: ["system:masters"], token: newToken() };
  const controllers: TestUser = { name: "system:kube-controller-manager", groups: [], token: newToken() };
  const keys = serviceAccountKeys(folder);
  writeFileSync(`${folder}/tokens.csv`, tokenFile([admin, controllers, ...(options.users ?? [])]), { mode: 0o600 });
  const apiserver = start("kube-apiserver", [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${port}`,
    `--cert-dir=${folder}/certs`,
    `--token-auth-file=${folder}/tokens.csv`,
    "--authorization-mode=RBAC",
    "--anonymous-auth=true",
    "--service-cluster-ip-range=10.0.0.0/24",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${keys.publicKey}`,
    `--service-account-signing-key-file=${keys.privateKey}`,
    // There are no pods here, so nothing needs a token mounted.
    "--disable-admission-plugins=ServiceAccount",
    "--endpoint-reconciler-type=none",
    "--profiling=false",
    "--v=0",
  ]);

  const url = `https://127.0.0.1:${port}`;
  const certificate = `${folder}/certs/apiserver.crt`;
  await until(() => existsSync(certificate), apiserver, 30_000);
  const caPem = readFileSync(certificate, "utf8");
  await untilReady(url, caPem, admin.token, apiserver);

  writeFileSync(`${folder}/controllers.kubeconfig`, kubeconfigText(url, caPem, controllers.token), { mode: 0o600 });
  start("kube-controller-manager", [
    `--kubeconfig=${folder}/controllers.kubeconfig`,
    "--secure-port=0",
    "--leader-elect=false",
    // Its own name may neither collect garbage nor empty a namespace; its service accounts may.
    "--use-service-account-credentials=true",
    `--service-account-private-key-file=${keys.privateKey}`,
    "--controllers=garbage-collector-controller,namespace-controller,serviceaccount-controller,serviceaccount-token-controller,clusterrole-aggregation-controller",
    "--v=0",
  ]);
  const kubeconfig = `${folder}/admin.kubeconfig`;
  writeFileSync(kubeconfig, kubeconfigText(url, caPem, admin.token), { mode: 0o600 });
  const owned = stack.move();
  return {
    url,
    caPem,
    adminToken: admin.token,
    kubeconfig,
    kubectl: binaries.kubectl,
    own: true,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const newToken = (): string => randomBytes(24).toString("hex");

function tokenFile(users: readonly TestUser[]): string {
  return users.map(({ name, groups, token }) => `${token},${name},${name},"${groups.join(",")}"\n`).join("");
}

function serviceAccountKeys(folder: string): { privateKey: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(`${folder}/sa.key`, privateKey.export({ type: "pkcs1", format: "pem" }), { mode: 0o600 });
  writeFileSync(`${folder}/sa.pub`, publicKey.export({ type: "spki", format: "pem" }));
  return { privateKey: `${folder}/sa.key`, publicKey: `${folder}/sa.pub` };
}

/** A kubeconfig with one context; JSON is YAML. */
export function kubeconfigText(server: string, caPem: string, token: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, "certificate-authority-data": Buffer.from(caPem).toString("base64") } }],
    users: [{ name: "u", user: { token } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    "current-context": "c",
  });
}

interface Child extends AsyncDisposable {
  /** The end of its log once it has exited; undefined while it runs. */
  failed(): string | undefined;
}

function startChild(file: string, args: readonly string[], log: string): Child {
  const output = createWriteStream(log);
  // Nothing of our environment: what a test machine has set must not change what the server does.
  const child: ChildProcess = spawn(file, [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH ?? "" },
  });
  child.stdout?.pipe(output);
  child.stderr?.pipe(output);
  let ended = false;
  const exit = new Promise<void>((resolve) => {
    const done = () => {
      ended = true;
      resolve();
    };
    child.once("exit", done);
    child.once("error", done);
  });
  return {
    failed: () => (ended ? `${path.basename(file)} ended: ${tail(log)}` : undefined),
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
      output.destroy();
    },
  };
}

const tail = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8").slice(-2_000) : "");

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function until(test: () => boolean | Promise<boolean>, child: Child, patienceMs: number): Promise<void> {
  const end = systemClock.now() + patienceMs;
  while (!(await test())) {
    const failed = child.failed();
    if (failed) throw new Error(failed);
    if (systemClock.now() > end) throw new Error(`the server was not ready after ${patienceMs / 1000} s`);
    await systemClock.sleep(100);
  }
}

async function untilReady(url: string, caPem: string, token: string, child: Child): Promise<void> {
  await using dispatcher = new Disposing(caPem);
  const ready = async (): Promise<boolean> => {
    try {
      const { statusCode, body } = await request(`${url}/readyz`, {
        dispatcher: dispatcher.agent,
        headers: { authorization: `Bearer ${token}` },
      });
      await body.dump();
      return statusCode === 200;
    } catch {
      return false;
    }
  };
  await until(ready, child, 120_000);
}

class Disposing {
  readonly agent: Agent;
  constructor(caPem: string) {
    this.agent = new Agent({ connect: { ca: caPem } });
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent.destroy();
  }
}

interface Kubeconfig {
  readonly "current-context": string;
  readonly contexts: readonly {
    readonly name: string;
    readonly context: { readonly cluster: string; readonly user: string };
  }[];
  readonly clusters: readonly {
    readonly name: string;
    readonly cluster: {
      readonly server: string;
      readonly "certificate-authority-data"?: string;
      readonly "certificate-authority"?: string;
    };
  }[];
  readonly users: readonly { readonly name: string; readonly user: { readonly token?: string } }[];
}

function givenCluster(file: string): RealCluster {
  const config = parse(readFileSync(file, "utf8")) as Kubeconfig;
  const context = config.contexts.find(({ name }) => name === config["current-context"])?.context;
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster;
  const token = config.users.find(({ name }) => name === context?.user)?.user.token;
  if (!cluster || !token)
    throw new Error(`KUBECONFIG ${file}: the current context must name a cluster and a user with a token`);
  const data = cluster["certificate-authority-data"];
  const caFile = cluster["certificate-authority"];
  const caPem = data ? Buffer.from(data, "base64").toString() : caFile ? readFileSync(caFile, "utf8") : "";
  return {
    url: cluster.server,
    caPem,
    adminToken: token,
    kubeconfig: file,
    kubectl: "kubectl",
    own: false,
    async [Symbol.asyncDispose]() {},
  };
}
