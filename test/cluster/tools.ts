import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../lib/clock.ts";

const here = path.dirname(fileURLToPath(import.meta.url));

/** The Kubernetes that Roster's embedded API is measured against. */
export const kubernetesVersion = "v1.36.4";

/** The oldest Kubernetes that Roster is installed on: selectable fields of custom resources came with it. */
export const oldestKubernetesVersion = "v1.32.2";

/** One tool: where it is built from. Each Go module lies beside this file with its own go.sum. */
interface Tool {
  readonly module: string;
  readonly packagePath: string;
  /** Its own, or that of the Kubernetes that it is built for: tools of one version lie in one folder. */
  readonly version: string;
  readonly file: string;
}

const ofKubernetes = (module: string, version: string, file: string): Tool => ({
  module,
  version,
  file,
  packagePath: `k8s.io/kubernetes/cmd/${file}`,
});

const tools = {
  etcd: { module: "etcd", version: kubernetesVersion, file: "etcd", packagePath: "go.etcd.io/etcd/server/v3" },
  "kube-apiserver": ofKubernetes("kubernetes", kubernetesVersion, "kube-apiserver"),
  "kube-controller-manager": ofKubernetes("kubernetes", kubernetesVersion, "kube-controller-manager"),
  kubectl: ofKubernetes("kubernetes", kubernetesVersion, "kubectl"),
  "kubectl-1.29": ofKubernetes("kubernetes-1.29", "v1.29.15", "kubectl"),
  "kubectl-1.33": ofKubernetes("kubernetes-1.33", "v1.33.6", "kubectl"),
  "kube-apiserver-1.32": ofKubernetes("kubernetes-1.32", oldestKubernetesVersion, "kube-apiserver"),
  "kube-controller-manager-1.32": ofKubernetes("kubernetes-1.32", oldestKubernetesVersion, "kube-controller-manager"),
  "gitops-judge": { module: "gitops-judge", packagePath: ".", version: kubernetesVersion, file: "gitops-judge" },
  // A published controller, with its own definitions beside its code.
  kro: { module: "kro", version: "v0.9.4", file: "kro", packagePath: "github.com/kubernetes-sigs/kro/cmd/controller" },
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof tools;

/** Where built tools are kept: outside the checkout, one folder for each version. `ROSTER_KUBE_CACHE` moves it. */
export function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME || path.join(homedir(), ".cache");
  return process.env.ROSTER_KUBE_CACHE || path.join(base, "roster", "kubernetes");
}

/** Why these tools cannot be had, in one line; undefined when they can. */
export function missingTools(names: readonly ToolName[]): string | undefined {
  if (names.every((name) => isExecutable(pathOf(name)))) return undefined;
  const go = spawnSync("go", ["version"], { encoding: "utf8" });
  if (go.status === 0) return undefined;
  return `no real Kubernetes tools: Go is not installed to build them, ${cacheFolder()} has none, and KUBECONFIG is not set. Install Go (https://go.dev/dl) or set KUBECONFIG to a cluster that may be written to`;
}

/**
 * The path of each tool, building what is missing (once for each version: about five minutes on two cores for a
 * control plane, one for a kubectl). Safe to call from several processes: a finished tool appears by a rename.
 */
export async function buildTools<Name extends ToolName>(
  names: readonly Name[],
  say: (line: string) => void,
): Promise<Readonly<Record<Name, string>>> {
  mkdirSync(cacheFolder(), { recursive: true });
  const missing = () => names.filter((name) => !isExecutable(pathOf(name)));
  if (missing().length > 0) {
    const release = await lock(path.join(cacheFolder(), "building"), () => missing().length === 0);
    try {
      for (const name of missing()) {
        const { file, version } = tools[name];
        say(`building ${file} ${version}; it is kept in ${path.dirname(pathOf(name))}`);
        await build(name);
      }
    } finally {
      release();
    }
  }
  return Object.fromEntries(names.map((name) => [name, pathOf(name)])) as Record<Name, string>;
}

/** The folder of a Go module that a tool is built from, which Go has downloaded and verified. Throws where it cannot. */
export function sourceOf(name: ToolName, goModule: string): string {
  const cwd = path.join(here, tools[name].module);
  const download = spawnSync("go", ["mod", "download", "-json", goModule], { cwd, encoding: "utf8" });
  const found = JSON.parse(download.stdout || "{}") as { readonly Dir?: string };
  if (found.Dir === undefined) throw new Error(`go mod download ${goModule}: ${download.stderr || download.stdout}`);
  return found.Dir;
}

const pathOf = (name: ToolName): string => path.join(cacheFolder(), tools[name].version, tools[name].file);

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function build(name: ToolName): Promise<void> {
  const { module, packagePath, version } = tools[name];
  const into = "k8s.io/component-base/version";
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(version)!;
  const flags = `-s -w -X ${into}.gitVersion=${version} -X ${into}.gitMajor=${major} -X ${into}.gitMinor=${minor}`;
  const output = `${pathOf(name)}.${process.pid}`;
  mkdirSync(path.dirname(output), { recursive: true });
  return new Promise((resolve, reject) => {
    const child = spawn("go", ["build", "-trimpath", "-ldflags", flags, "-o", output, packagePath], {
      cwd: path.join(here, module),
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" },
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code !== 0) return reject(new Error(`go build ${packagePath} failed with exit code ${code}`));
      renameSync(output, pathOf(name));
      resolve();
    });
  });
}

/** A folder as a lock; one that nobody has touched for half an hour is a dead builder's. */
async function lock(folder: string, done: () => boolean): Promise<() => void> {
  for (;;) {
    try {
      mkdirSync(folder);
      return () => rmSync(folder, { recursive: true, force: true });
    } catch {
      if (done()) return () => {};
      const stale = existsSync(folder) && systemClock.now() - statSync(folder).mtimeMs > 30 * 60_000;
      if (stale) rmSync(folder, { recursive: true, force: true });
      await systemClock.sleep(500);
    }
  }
}
