import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { kinds } from "../../api/kinds.ts";
import type { KubeClient } from "../../kube/client.ts";
import { newToken } from "../../lib/ids.ts";
import { asToken, type Cluster, type Decision, tokenOf } from "../product/cluster.ts";
import { type Plane, type RealCluster, startReal } from "./real.ts";

const root = path.join(import.meta.dirname, "../..");
const main = path.join(root, "cli/main.ts");
const ours = "system:serviceaccounts:roster-system";

/** A real API with kubectl beside it. */
export interface KubectlCluster extends Cluster {
  readonly own: boolean;
  /** Of the administrator, and the kubectl that goes with the server. */
  readonly files: { readonly kubeconfig: string; readonly kubectl: string };
  /** Runs kubectl as the administrator; throws with what it said when it fails. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
}

const namespaced = path.join(root, "manifests/overlays/namespaced");

/**
 * A real kube-apiserver to install on: one of our own with an audit log (the newest, unless `plane` says otherwise), or
 * the one that KUBECONFIG names. `confined`: with Roles in the fleet's namespace instead of ClusterRoles.
 */
export async function startRealCluster(
  say: (line: string) => void,
  { confined = false, plane = "newest" }: { readonly confined?: boolean; readonly plane?: Plane } = {},
): Promise<KubectlCluster> {
  await using stack = new AsyncDisposableStack();
  const ana = { name: "ana@acme.example", groups: [], token: newToken("user_").token };
  const real = stack.use(
    await startReal({ users: [ana], say, plane, auditGroup: ours, plugins: ["OwnerReferencesPermissionEnforcement"] }),
  );
  const { url: server, caPem } = real;
  const admin = stack.use(await asToken({ server, caPem }, real.adminToken));
  const kubectl = kubectlOf(real);
  // Names that nobody else has: what is in a given cluster already is not ours to touch.
  const namespace = real.own ? "acme" : `roster-test-${randomBytes(3).toString("hex")}`;
  if (!real.own) await refuseSecondInstallation(admin);
  const person = real.own ? ana : { name: `system:serviceaccount:${namespace}-people:ana`, token: "" };
  if (!real.own) stack.defer(() => removeAll(kubectl, namespace));
  const resources = stack.move();
  const cluster: KubectlCluster = {
    server,
    caPem,
    admin,
    namespace,
    own: real.own,
    files: { kubeconfig: real.kubeconfig, kubectl: real.kubectl },
    kubectl,
    person,
    async install() {
      await kubectl([
        "apply",
        "-k",
        confined ? path.join(namespaced, "cluster") : path.join(root, "manifests/install"),
      ]);
      await kubectl([
        "wait",
        "--for=condition=Established",
        "crd",
        "-l",
        "app.kubernetes.io/part-of=roster",
        "--timeout=60s",
      ]);
      if (confined) {
        await kubectl(["apply", "-k", namespaced]);
        await kubectl(["create", "namespace", namespace]);
        await kubectl(["apply", "-n", namespace, "-k", path.join(namespaced, "fleet")]);
      }
      if (real.own) return;
      // Kubelets are about: their pods would need an image and would compete with our processes.
      const deployments = ["roster-controller", "roster-gateway", "roster-runtime"];
      await kubectl([
        "scale",
        "-n",
        "roster-system",
        "--replicas=0",
        ...deployments.map((name) => `deployment/${name}`),
      ]);
      await kubectl(["create", "namespace", `${namespace}-people`]);
      await kubectl(["create", "serviceaccount", "ana", "-n", `${namespace}-people`]);
      Object.assign(person, { token: await tokenOf(admin, `${namespace}-people`, "ana") });
    },
    async applyFleet() {
      await kubectl(["apply", "-k", real.own ? path.join(root, "manifests/demo") : demoIn(namespace)]);
      const render = ["--disable-warning=ExperimentalWarning", main, "render", "roles/ea_tess", "roles/office_clock"];
      const { stdout } = await promisify(execFile)(process.execPath, [...render, "-n", namespace], { cwd: root });
      await kubectl(["apply", "-f", "-"], stdout);
      if (!real.own) await grantPerson(admin, namespace);
    },
    ...(confined ? confinement(namespace, kubectl) : {}),
    ...(real.apiserver ? { apiserver: real.apiserver } : {}),
    ...(real.auditLines ? { decisions: () => decisionsOf(real.auditLines?.() ?? []) } : {}),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
  return cluster;
}

function confinement(namespace: string, kubectl: KubectlCluster["kubectl"]): Pick<Cluster, "confined" | "letGo"> {
  const only = ["--namespaces", namespace];
  return {
    confined: { controller: [...only, "--model-tiers", path.join(namespaced, "model-tiers.yaml")], gateway: only },
    async letGo() {
      const patch = ["--type=merge", "-p", JSON.stringify({ metadata: { finalizers: null } })];
      await kubectl(["patch", "-n", namespace, "role/roster-controller", "rolebinding/roster-controller", ...patch]);
    },
  };
}

function kubectlOf(real: RealCluster): KubectlCluster["kubectl"] {
  return async (args, input) => {
    const home = mkdtempSync(path.join(tmpdir(), "roster-kubectl-"));
    try {
      const env = { PATH: process.env.PATH ?? "", HOME: home };
      const running = promisify(execFile)(real.kubectl, ["--kubeconfig", real.kubeconfig, ...args], { env });
      running.child.stdin?.end(input ?? "");
      return (await running).stdout;
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  };
}

async function refuseSecondInstallation(admin: KubeClient): Promise<void> {
  const there = await admin.find(kinds.Namespace, "roster-system");
  const { groups } = await admin.raw<{ groups: readonly { name: string }[] }>("GET", "/apis");
  if (!there && !groups.some(({ name }) => name === "roster.dev")) return;
  throw new Error(
    "Roster is installed on the cluster of KUBECONFIG; this test would disturb it. Use an empty cluster.",
  );
}

/** The demo fleet in a namespace of our own. Kustomize takes bases by relative path only. */
function demoIn(namespace: string): string {
  const folder = path.join(root, ".roster", "product-test", namespace);
  mkdirSync(folder, { recursive: true });
  const resources = [path.relative(folder, path.join(root, "manifests/demo"))];
  writeFileSync(path.join(folder, "kustomization.yaml"), JSON.stringify({ namespace, resources }));
  return folder;
}

/** What the demo gives Ana, for a ServiceAccount: a given cluster knows no Ana. */
async function grantPerson(admin: KubeClient, namespace: string): Promise<void> {
  const subject = { kind: "ServiceAccount", name: "ana", namespace: `${namespace}-people` };
  const apiGroup = "rbac.authorization.k8s.io";
  for (const roleRef of [
    { apiGroup, kind: "Role", name: "run-tess-ana" },
    { apiGroup, kind: "ClusterRole", name: "roster-viewer" },
  ]) {
    const binding = { metadata: { name: `test-${roleRef.name}` }, roleRef, subjects: [subject] };
    await admin.raw("POST", `/apis/${apiGroup}/v1/namespaces/${namespace}/rolebindings`, binding);
  }
}

/** Removes what `install` and `applyFleet` made on a given cluster, and nothing else. */
async function removeAll(kubectl: KubectlCluster["kubectl"], namespace: string): Promise<void> {
  // The controller that would take its finalizers off is gone by now.
  const finalizers = JSON.stringify({ metadata: { finalizers: null } });
  for (const [resource, ...where] of [
    ["agentbindings.roster.dev", "-n", namespace],
    ["secrets", "-n", namespace],
    ["modeltiers.roster.dev"],
  ] as const) {
    const names = await kubectl(["get", resource, ...where, "-o", "name"]).catch(() => "");
    for (const name of names.split("\n").filter(Boolean)) {
      await kubectl(["patch", name, ...where, "--type=merge", "-p", finalizers]).catch(() => "");
    }
  }
  await kubectl(["delete", "namespace", namespace, `${namespace}-people`, "--ignore-not-found"]).catch(() => "");
  await kubectl(["delete", "-k", path.join(root, "manifests/install"), "--ignore-not-found"]);
  rmSync(path.join(root, ".roster", "product-test"), { recursive: true, force: true });
}

interface AuditLine {
  readonly requestReceivedTimestamp: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly namespace?: string;
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
  };
  readonly responseStatus?: { readonly code?: number; readonly message?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

function decisionsOf(lines: readonly string[]): readonly Decision[] {
  return lines.flatMap((line) => {
    const { verb, user, objectRef, responseStatus, annotations, requestReceivedTimestamp } = JSON.parse(
      line,
    ) as AuditLine;
    if (objectRef?.resource === undefined) return [];
    return {
      at: Date.parse(requestReceivedTimestamp),
      account: user.username.split(":").at(-1) ?? "",
      allowed: annotations?.["authorization.k8s.io/decision"] === "allow",
      verb,
      namespace: objectRef.namespace ?? "",
      group: objectRef.apiGroup ?? "",
      resource: objectRef.resource + (objectRef.subresource ? `/${objectRef.subresource}` : ""),
      status: responseStatus?.code ?? 0,
      message: responseStatus?.message ?? "",
    };
  });
}
