import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { kinds } from "../../api/kinds.ts";
import type { Stored } from "../../api/resource.ts";
import type { KubeClient } from "../../kube/client.ts";
import { resetPostgres, startPostgres } from "../../ledger/embedded/supervisor.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";
import { aBinding, aRole, aTier } from "../../test/controller/objects.ts";
import { Replicas } from "../../test/faults/replicas.ts";
import { isReady } from "./fleet.ts";

/** API, Postgres and controllers as processes of their own, with one role to hold; goes with the stack. */
export async function coldRoster(stack: AsyncDisposableStack): Promise<Replicas> {
  const folder = mkdtempSync("/var/tmp/roster-bench-");
  // As root Postgres runs as nobody, who cannot enter what mkdtemp makes.
  chmodSync(folder, 0o755);
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const home = path.join(folder, "h");
  stack.defer(() => resetPostgres(home, { log: silentLog, clock: systemClock }));
  const postgres = stack.use(await startPostgres({ home, log: silentLog, clock: systemClock }));
  const roster = stack.use(await Replicas.start(postgres.url));
  await roster.kube.create(kinds.ModelTier, aTier("workhorse"));
  await roster.kube.create(kinds.AgentRole, aRole());
  return roster;
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Makes bindings of these names, sixteen at a time. */
export async function create(kube: KubeClient, names: readonly string[]): Promise<void> {
  const todo = names.values();
  const one = async () => {
    for (const name of todo) await kube.create(kinds.AgentBinding, aBinding(name));
  };
  await Promise.all(Array.from({ length: 16 }, one));
}

export async function versionOf(kube: KubeClient): Promise<string> {
  return (await kube.list(kinds.ModelTier)).resourceVersion;
}

/** Resolves when as many, or the one named, became Ready after a version. */
export function untilReady(kube: KubeClient, count: number, resourceVersion: string, name?: string): Promise<void> {
  const counts = (binding: Stored) => isReady(binding) && (name === undefined || binding.metadata.name === name);
  return untilSeen(kube, count, resourceVersion, counts);
}

/** Resolves when so many bindings were seen, after a version, as they are to be. */
export async function untilSeen(
  kube: KubeClient,
  count: number,
  resourceVersion: string,
  counts: (binding: Stored) => boolean,
): Promise<void> {
  const stop = new AbortController();
  const seen = new Set<string>();
  const options = { namespace: "acme", resourceVersion, signal: stop.signal };
  for await (const event of kube.watch<Stored>(kinds.AgentBinding, options)) {
    if (event.type !== "BOOKMARK" && counts(event.object)) seen.add(event.object.metadata.name);
    if (seen.size === count) break;
  }
  stop.abort();
}

// Ticks of a hundredth of a second on every Linux that Node runs on.
const msPerTick = 10;

/** Processor time of a process so far. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * msPerTick;
}

/** Processor time of everything on this machine so far. */
export function machineCpuMs(): number {
  const [, user, nice, system, , , irq, softirq] = readFileSync("/proc/stat", "utf8").split("\n")[0]!.split(/\s+/);
  return [user, nice, system, irq, softirq].reduce((sum, ticks) => sum + Number(ticks), 0) * msPerTick;
}

export function residentKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}
