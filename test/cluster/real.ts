import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { Agent, request } from "undici";
import { openCertificates } from "../../apiserver/tls/certificates.ts";
import { systemClock } from "../../lib/clock.ts";
import { freePorts } from "../kit/free-ports.ts";
import { givenCluster } from "./given.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import { type ServerProcess, startServer } from "./server-process.ts";
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
  /** Holds the authority whose client certificates the server accepts; only for one that these tests own. */
  readonly authorityFolder?: string;
  /** Path of a kubeconfig for the administrator. */
  readonly kubeconfig: string;
  /** kubectl of the same version; the machine's own for a given cluster. */
  readonly kubectl: string;
  /** True for a server that these tests own and may fill as they like. */
  readonly own: boolean;
  /** Kills the API server, or starts it again at the same address; only for one that these tests own. */
  readonly apiserver?: { kill(): Promise<void>; start(): Promise<void> };
  /** Makes etcd forget what was before a revision; only for one that these tests own. */
  readonly compact?: (revision: string) => Promise<void>;
  /** What the API server's audit log holds so far, where one was asked for. */
  readonly auditLines?: () => readonly string[];
}

/** The control planes that can be started: of the newest Kubernetes, and of the oldest that Roster is installed on. */
const planes = {
  newest: { apiserver: "kube-apiserver", controllers: "kube-controller-manager", kubectl: "kubectl" },
  // kubectl may be one minor newer than the server.
  oldest: { apiserver: "kube-apiserver-1.32", controllers: "kube-controller-manager-1.32", kubectl: "kubectl-1.33" },
} as const;

export type Plane = keyof typeof planes;

const toolsOf = (plane: Plane) => ["etcd", ...Object.values(planes[plane])] as const;

/** Why there is no real API to test against, in one line; undefined when there is one. */
export function missingCluster(plane: Plane = "newest"): string | undefined {
  return process.env.KUBECONFIG ? undefined : missingTools(toolsOf(plane));
}

/**
 * Starts etcd, kube-apiserver and kube-controller-manager (garbage collection, namespaces, service accounts) on
 * loopback, with TLS and RBAC, on free ports; builds them first where needed. Resolves when `/readyz` answers. Disposing
 * stops all three and removes their data. With `KUBECONFIG` set, answers that cluster and starts nothing.
 */
export async function startReal(
  options: {
    readonly users?: readonly TestUser[];
    readonly say?: (line: string) => void;
    /** Keep an audit log (metadata) of the requests of this group's members. */
    readonly auditGroup?: string;
    /** Let etcd wait for the disk, as it does in a cluster; what a test writes need not survive the machine. */
    readonly durable?: boolean;
    /** Admission plugins that are off by default and on in some distributions. */
    readonly plugins?: readonly string[];
    /** Further flags of the API server. */
    readonly flags?: readonly string[];
    /** The newest, unless told otherwise. */
    readonly plane?: Plane;
  } = {},
): Promise<RealCluster> {
  const given = process.env.KUBECONFIG;
  if (given) return givenCluster(given);
  const plane = options.plane ?? "newest";
  const why = missingTools(toolsOf(plane));
  if (why) throw new Error(why);
  const { apiserver: serverName, controllers: controllersName, kubectl } = planes[plane];
  const binaries = await buildTools(toolsOf(plane), options.say ?? (() => {}));
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(path.join(tmpdir(), "roster-real-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const start = (name: keyof typeof binaries, args: readonly string[]): ServerProcess =>
    stack.use(startServer(binaries[name], args, path.join(folder, `${name}.log`)));

  const [etcdPort, peerPort, port] = await freePorts(3);
  start("etcd", [
    `--data-dir=${folder}/etcd`,
    `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
    `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    ...(options.durable ? [] : ["--unsafe-no-fsync"]),
    "--log-level=error",
  ]);

  const admin: TestUser = { name: "admin", groups: ["system:masters"], token: newToken() };
  const controllers: TestUser = { name: "system:kube-controller-manager", groups: [], token: newToken() };
  const keys = serviceAccountKeys(folder);
  const { caPem: clientAuthority } = await openCertificates(folder, "127.0.0.1", systemClock);
  writeFileSync(`${folder}/clients.crt`, clientAuthority);
  writeFileSync(`${folder}/tokens.csv`, tokenFile([admin, controllers, ...(options.users ?? [])]), { mode: 0o600 });
  const audit = options.auditGroup === undefined ? undefined : auditOf(options.auditGroup, folder);
  const serve = () =>
    startServer(binaries[serverName], [...flags, ...(audit?.flags ?? [])], `${folder}/kube-apiserver.log`);
  const flags = [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${port}`,
    `--cert-dir=${folder}/certs`,
    `--token-auth-file=${folder}/tokens.csv`,
    `--client-ca-file=${folder}/clients.crt`,
    "--authorization-mode=RBAC",
    "--anonymous-auth=true",
    "--service-cluster-ip-range=10.0.0.0/24",
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${keys.publicKey}`,
    `--service-account-signing-key-file=${keys.privateKey}`,
    // There are no pods here, so nothing needs a token mounted.
    "--disable-admission-plugins=ServiceAccount",
    ...(options.plugins ? [`--enable-admission-plugins=${options.plugins.join(",")}`] : []),
    ...(options.flags ?? []),
    "--endpoint-reconciler-type=none",
    "--profiling=false",
    "--v=0",
  ];
  let apiserver = serve();
  stack.defer(() => apiserver[Symbol.asyncDispose]());

  const url = `https://127.0.0.1:${port}`;
  const certificate = `${folder}/certs/apiserver.crt`;
  await until(() => existsSync(certificate), apiserver, 30_000);
  const caPem = readFileSync(certificate, "utf8");
  await untilReady(url, caPem, admin.token, apiserver);

  writeFileSync(`${folder}/controllers.kubeconfig`, kubeconfigText(url, caPem, controllers.token), { mode: 0o600 });
  start(controllersName, [
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
    authorityFolder: folder,
    kubeconfig,
    kubectl: binaries[kubectl],
    own: true,
    apiserver: {
      kill: () => apiserver.kill(),
      async start() {
        apiserver = serve();
        await untilReady(url, caPem, admin.token, apiserver);
      },
    },
    async compact(revision) {
      const answer = await request(`http://127.0.0.1:${etcdPort}/v3/kv/compaction`, {
        method: "POST",
        body: JSON.stringify({ revision, physical: true }),
      });
      if (answer.statusCode !== 200) throw new Error(`etcd does not compact: ${await answer.body.text()}`);
      await answer.body.dump();
    },
    ...(audit ? { auditLines: audit.lines } : {}),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function auditOf(group: string, folder: string): { flags: readonly string[]; lines(): readonly string[] } {
  const policy = {
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [{ level: "Metadata", userGroups: [group] }, { level: "None" }],
  };
  writeFileSync(`${folder}/audit-policy.json`, JSON.stringify(policy));
  const log = `${folder}/audit.log`;
  return {
    flags: [`--audit-policy-file=${folder}/audit-policy.json`, `--audit-log-path=${log}`, "--audit-log-mode=blocking"],
    lines: () => (existsSync(log) ? readFileSync(log, "utf8").split("\n").filter(Boolean) : []),
  };
}

const newToken = (): string => randomBytes(24).toString("hex");

function tokenFile(users: readonly TestUser[]): string {
  return users.map(({ name, groups, token }) => `${token},${name},,"${groups.join(",")}"\n`).join("");
}

function serviceAccountKeys(folder: string): { privateKey: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(`${folder}/sa.key`, privateKey.export({ type: "pkcs1", format: "pem" }), { mode: 0o600 });
  writeFileSync(`${folder}/sa.pub`, publicKey.export({ type: "spki", format: "pem" }));
  return { privateKey: `${folder}/sa.key`, publicKey: `${folder}/sa.pub` };
}

async function until(test: () => boolean | Promise<boolean>, child: ServerProcess, patienceMs: number): Promise<void> {
  const end = systemClock.now() + patienceMs;
  while (!(await test())) {
    const failed = child.failed();
    if (failed) throw new Error(failed);
    if (systemClock.now() > end) throw new Error(`the server was not ready after ${patienceMs / 1000} s`);
    await systemClock.sleep(100);
  }
}

async function untilReady(url: string, caPem: string, token: string, child: ServerProcess): Promise<void> {
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
