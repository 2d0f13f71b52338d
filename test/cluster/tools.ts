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

/** One tool: where it is built from. Each Go module lies beside this file with its own go.sum. */
interface Tool {
  readonly module: "kubernetes" | "etcd";
  readonly packagePath: string;
}

const tools = {
  etcd: { module: "etcd", packagePath: "go.etcd.io/etcd/server/v3" },
  "kube-apiserver": { module: "kubernetes", packagePath: "k8s.io/kubernetes/cmd/kube-apiserver" },
  "kube-controller-manager": { module: "kubernetes", packagePath: "k8s.io/kubernetes/cmd/kube-controller-manager" },
  kubectl: { module: "kubernetes", packagePath: "k8s.io/kubernetes/cmd/kubectl" },
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof tools;

/** Where built tools are kept: outside the checkout, one folder for each version. `ROSTER_KUBE_CACHE` moves it. */
export function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME || path.join(homedir(), ".cache");
  return process.env.ROSTER_KUBE_CACHE || path.join(base, "roster", "kubernetes", kubernetesVersion);
}

/** Why the tools cannot be had, in one line; undefined when they can. */
export function missingTools(): string | undefined {
  if (names().every((name) => isExecutable(path.join(cacheFolder(), name)))) return undefined;
  const go = spawnSync("go", ["version"], { encoding: "utf8" });
  if (go.status === 0) return undefined;
  return `no real Kubernetes API: Go is not installed to build one, ${cacheFolder()} has none, and KUBECONFIG is not set. Install Go (https://go.dev/dl) or set KUBECONFIG to a cluster that may be written to`;
}

/**
 * The path of each tool, building what is missing (once for each version: about five minutes on two cores). Safe to
 * call from several processes: a finished tool appears by a rename.
 */
export async function buildTools(say: (line: string) => void): Promise<Readonly<Record<ToolName, string>>> {
  const folder = cacheFolder();
  mkdirSync(folder, { recursive: true });
  const missing = () => names().filter((name) => !isExecutable(path.join(folder, name)));
  if (missing().length > 0) {
    const release = await lock(path.join(folder, "building"), () => missing().length === 0);
    try {
      for (const name of missing()) {
        say(`building ${name} for Kubernetes ${kubernetesVersion}; it is kept in ${folder}`);
        await build(name, folder);
      }
    } finally {
      release();
    }
  }
  return Object.fromEntries(names().map((name) => [name, path.join(folder, name)])) as Record<ToolName, string>;
}

const names = (): ToolName[] => Object.keys(tools) as ToolName[];

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function build(name: ToolName, folder: string): Promise<void> {
  const { module, packagePath } = tools[name];
  const version = "k8s.io/component-base/version";
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(kubernetesVersion)!;
  const flags = `-s -w -X ${version}.gitVersion=${kubernetesVersion} -X ${version}.gitMajor=${major} -X ${version}.gitMinor=${minor}`;
  const output = path.join(folder, `${name}.${process.pid}`);
  return new Promise((resolve, reject) => {
    const child = spawn("go", ["build", "-trimpath", "-ldflags", flags, "-o", output, packagePath], {
      cwd: path.join(here, module),
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" },
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code !== 0) return reject(new Error(`go build ${packagePath} failed with exit code ${code}`));
      renameSync(output, path.join(folder, name));
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
