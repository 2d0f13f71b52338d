import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { kinds } from "../api/kinds.ts";
import type { Stored } from "../api/resource.ts";
import type { KubeClient } from "../kube/client.ts";
import { resetPostgres, startPostgres } from "../ledger/embedded/supervisor.ts";
import { systemClock } from "../lib/clock.ts";
import { silentLog } from "../lib/log.ts";
import { aBinding, aRole, aTier } from "../test/controller/objects.ts";
import { Replicas } from "../test/faults/replicas.ts";
import { isReady } from "./kit/fleet.ts";
import { type Benchmark, type Row, timed } from "./kit/sample.ts";

/** A fleet that is there before its controller is, and what it costs once all is settled. API, Postgres and controller are processes of their own. */
export const converge: Benchmark = {
  name: "converge",
  about: "a whole fleet from cold, what it costs when settled, and a newcomer during a resync (goals 2 and 4)",
  async run({ quick, progress }) {
    const size = quick ? 300 : 10_000;
    await using stack = new AsyncDisposableStack();
    const folder = mkdtempSync("/var/tmp/roster-bench-");
    // As root Postgres runs as nobody, who cannot enter what mkdtemp makes.
    chmodSync(folder, 0o755);
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const home = path.join(folder, "h");
    stack.defer(() => resetPostgres(home, { log: silentLog, clock: systemClock }));
    const postgres = stack.use(await startPostgres({ home, log: silentLog, clock: systemClock }));
    const roster = stack.use(await Replicas.start(postgres.url));
    const { kube } = roster;
    await kube.create(kinds.ModelTier, aTier("workhorse"));
    await kube.create(kinds.AgentRole, aRole());
    progress(`making ${size} bindings`);
    await create(
      kube,
      Array.from({ length: size }, (_, index) => `cold-${index}`),
    );
    const facts = { bindings: size };
    const rows: Row[] = [];

    progress("a controller starts");
    const before = await versionOf(kube);
    let controller = await roster.startController("one");
    const started = cpuMs(controller.pid);
    const ms = await timed(() => untilReady(kube, size, before));
    rows.push(
      { name: "converged from cold", unit: "per s", better: "higher", subject: [(size * 1_000) / ms], facts },
      {
        name: "converged from cold: CPU of the controller for each",
        unit: "ms",
        better: "lower",
        subject: [(cpuMs(controller.pid) - started) / size],
        facts,
      },
    );

    progress("all is settled");
    const idleSeconds = quick ? 5 : 30;
    // Events that wait for their turn, and sums of the young.
    await pause(quick ? 5_000 : 30_000);
    const settled = await versionOf(kube);
    const idleFrom = cpuMs(controller.pid);
    await pause(idleSeconds * 1_000);
    rows.push(
      {
        name: "settled: CPU of the controller",
        unit: "%",
        better: "lower",
        subject: [(cpuMs(controller.pid) - idleFrom) / (idleSeconds * 10)],
        facts,
      },
      {
        name: "settled: writes to bindings, roles and runs",
        unit: "in all",
        better: "lower",
        subject: [await writesSince(kube, settled)],
        facts: { ...facts, seconds: idleSeconds },
      },
      {
        name: "settled: resident memory of the controller for each",
        unit: "KiB",
        better: "lower",
        subject: [Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${controller.pid}/status`, "utf8"))?.[1]) / size],
        facts,
      },
    );

    progress("newcomers while the fleet is looked at anew");
    const newcomers: number[] = [];
    for (let round = 0; round < (quick ? 2 : 5); round++) {
      await controller.kill("SIGTERM");
      controller = await roster.startController(`again-${round}`);
      const version = await versionOf(kube);
      newcomers.push(
        await timed(async () => {
          await create(kube, [`fresh-${round}`]);
          await untilReady(kube, 1, version, `fresh-${round}`);
        }),
      );
    }
    rows.push({ name: "apply → Ready during a resync", unit: "ms", better: "lower", subject: newcomers, facts });
    return rows;
  },
};

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function create(kube: KubeClient, names: readonly string[]): Promise<void> {
  const todo = names.values();
  const one = async () => {
    for (const name of todo) await kube.create(kinds.AgentBinding, aBinding(name));
  };
  await Promise.all(Array.from({ length: 16 }, one));
}

async function versionOf(kube: KubeClient): Promise<string> {
  return (await kube.list(kinds.ModelTier)).resourceVersion;
}

/** Resolves when as many, or the one named, became Ready after a version. */
async function untilReady(kube: KubeClient, count: number, resourceVersion: string, name?: string): Promise<void> {
  const stop = new AbortController();
  const ready = new Set<string>();
  const options = { namespace: "acme", resourceVersion, signal: stop.signal };
  for await (const event of kube.watch<Stored>(kinds.AgentBinding, options)) {
    if (event.type === "BOOKMARK" || !isReady(event.object)) continue;
    if (name === undefined || event.object.metadata.name === name) ready.add(event.object.metadata.name);
    if (ready.size === count) break;
  }
  stop.abort();
}

async function writesSince(kube: KubeClient, resourceVersion: string): Promise<number> {
  let writes = 0;
  for (const kind of [kinds.AgentBinding, kinds.AgentRole, kinds.AgentRun]) {
    const signal = AbortSignal.timeout(2_000);
    for await (const event of kube.watch<Stored>(kind, { resourceVersion, signal }))
      if (event.type !== "BOOKMARK") writes++;
  }
  return writes;
}

/** Processor time of a process so far. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  // Ticks of a hundredth of a second on every Linux that Node runs on.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
