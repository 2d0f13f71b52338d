import { kinds } from "../api/kinds.ts";
import type { Stored } from "../api/resource.ts";
import type { KubeClient } from "../kube/client.ts";
import { coldRoster, cpuMs, create, pause, residentKiB, untilReady, untilSeen, versionOf } from "./kit/cold.ts";
import { type Benchmark, type Row, timed } from "./kit/sample.ts";

/** A fleet that is there before its controller is, and what it costs once all is settled. API, Postgres and controller are processes of their own. */
export const converge: Benchmark = {
  name: "converge",
  about: "a whole fleet from cold, what it costs when settled, and a newcomer during a resync (goals 2 and 4)",
  async run({ quick, progress }) {
    const size = quick ? 300 : 10_000;
    await using stack = new AsyncDisposableStack();
    const roster = await coldRoster(stack);
    const { kube } = roster;
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
        subject: [residentKiB(controller.pid) / size],
        facts,
      },
    );

    progress("the role is edited");
    const former = revisionOf(await kube.get(kinds.AgentBinding, "cold-0", "acme"));
    const edited = await versionOf(kube);
    const rollout = await timed(async () => {
      await kube.mergePatch(kinds.AgentRole, "assistant", "acme", { spec: { soul: "Be kind." } });
      await untilSeen(kube, size, edited, (binding) => revisionOf(binding) !== former);
    });
    rows.push({
      name: "an edited role in force for all of its bindings",
      unit: "per s",
      better: "higher",
      subject: [(size * 1_000) / rollout],
      facts,
    });

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

function revisionOf(binding: Stored): string | undefined {
  return (binding as { readonly status?: { readonly roleRevision?: string } }).status?.roleRevision;
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
