import { kinds } from "../api/kinds.ts";
import type { Stored } from "../api/resource.ts";
import type { KubeClient } from "../kube/client.ts";
import { coldRoster, create, machineCpuMs, pause, residentKiB, untilReady, versionOf } from "./kit/cold.ts";
import { type Benchmark, type Row, timed } from "./kit/sample.ts";

/** What a fleet of some size had cost by then. */
interface Step {
  readonly size: number;
  readonly cpuMs: number;
  readonly kib: number;
  readonly changes: readonly number[];
}

/** One fleet that grows tenfold and tenfold again: what each binding costs, and how long one change takes (goal 3). */
export const growth: Benchmark = {
  name: "growth",
  about: "from 1,000 bindings to 10,000 and 100,000: CPU, memory, and the time of one change (goal 3)",
  async run({ quick, progress }) {
    const sizes = quick ? [50, 500] : [1_000, 10_000, 100_000];
    await using stack = new AsyncDisposableStack();
    const roster = await coldRoster(stack);
    const { kube } = roster;
    const controller = await roster.startController("one");
    const empty = residentKiB(controller.pid);
    const rows: Row[] = [];
    const steps: Step[] = [];
    let cpu = 0;
    for (const size of sizes) {
      progress(`growing to ${size.toLocaleString("en")}`);
      const from = steps.at(-1)?.size ?? 0;
      const names = Array.from({ length: size - from }, (_, index) => `grown-${from + index}`);
      const version = await versionOf(kube);
      const began = machineCpuMs();
      await Promise.all([create(kube, names), untilReady(kube, names.length, version)]);
      cpu += machineCpuMs() - began;
      // Events that wait for their turn, and the collector.
      await pause(quick ? 2_000 : 30_000);
      const changes: number[] = [];
      for (let round = 0; round < (quick ? 5 : 40); round++) changes.push(await timed(() => change(kube, round)));
      steps.push({ size, cpuMs: cpu, kib: residentKiB(controller.pid) - empty, changes });
    }
    const slope = (what: "cpuMs" | "kib", after: Step, before: Step): Row => ({
      name: `slope of ${what === "cpuMs" ? "CPU" : "memory"}, ${before.size} → ${after.size}`,
      unit: "log-log",
      better: "lower",
      subject: [Math.log(after[what] / before[what]) / Math.log(after.size / before.size)],
    });
    for (const [index, step] of steps.entries()) {
      const facts = { bindings: step.size };
      const before = steps[index - 1];
      rows.push(
        {
          name: `grown to ${step.size}: CPU of everything for each`,
          unit: "ms",
          better: "lower",
          subject: [step.cpuMs / step.size],
          facts,
        },
        {
          name: `grown to ${step.size}: memory of the controller for each`,
          unit: "KiB",
          better: "lower",
          subject: [step.kib / step.size],
          facts,
        },
        {
          name: `one change among ${step.size}`,
          unit: "ms",
          better: "lower",
          subject: step.changes,
          facts,
          ...(index === 0 ? {} : { against: { name: `among ${steps[0]!.size}`, values: steps[0]!.changes } }),
        },
      );
      if (before !== undefined) rows.push(slope("cpuMs", step, before), slope("kib", step, before));
    }
    const [first, last] = [steps[0]!, steps.at(-1)!];
    if (steps.length > 2) rows.push(slope("cpuMs", last, first), slope("kib", last, first));
    return rows;
  },
};

/** Changes a parameter of one binding and resolves when the controller has put it into force. */
async function change(kube: KubeClient, round: number): Promise<void> {
  const written = await kube.mergePatch<Stored>(kinds.AgentBinding, "grown-0", "acme", {
    spec: { parameters: { round: String(round) } },
  });
  const { resourceVersion, generation } = written.metadata;
  const stop = new AbortController();
  const options = {
    namespace: "acme",
    fieldSelector: "metadata.name=grown-0",
    resourceVersion,
    signal: stop.signal,
  };
  for await (const event of kube.watch<Stored>(kinds.AgentBinding, options)) {
    if (event.type === "BOOKMARK") continue;
    const { status } = event.object as { status?: { observedGeneration?: number } };
    if (status?.observedGeneration === generation) break;
  }
  stop.abort();
}
