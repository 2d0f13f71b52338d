import { kinds } from "../api/kinds.ts";
import { bindingOf, echo, Follower, isReady, runOf, startFleet } from "./kit/fleet.ts";
import { type Benchmark, timed } from "./kit/sample.ts";

const phaseOf = (object: unknown) => (object as { status?: { phase?: string } } | undefined)?.status?.phase ?? "";

/** Hire, run and fire one agent after the other on a fleet that is otherwise idle, beside bare create → watch echo. */
export const onePath: Benchmark = {
  name: "path",
  about: "apply → Ready (goal 1), request → answered, delete → last model call (goal 10)",
  async run({ quick, progress }) {
    const rounds = quick ? 5 : 60;
    await using fleet = await startFleet();
    const { kube } = fleet;
    await using configMaps = await Follower.open(kube, kinds.ConfigMap);
    await using bindings = await Follower.open(kube, kinds.AgentBinding);
    await using runs = await Follower.open(kube, kinds.AgentRun);

    const echoes: number[] = [];
    const hires: number[] = [];
    const answers: number[] = [];
    // The first rounds pay for code that is compiled on first use; they are not part of the figure.
    const warmUp = quick ? 1 : 5;
    for (let round = 0; round < rounds + warmUp; round++) {
      if (round % 20 === 0) progress(`hiring and running, ${round} of ${rounds}`);
      const name = `clerk-${round}`;
      const bare = await timed(() => echo(kube, configMaps, `echo-${round}`));
      const hired = await timed(async () => {
        await kube.create(kinds.AgentBinding, bindingOf(name));
        await bindings.until((seen) => isReady(seen.get(name)));
      });
      const answered = await timed(async () => {
        await kube.create(kinds.AgentRun, runOf(`tick-${round}`, name, "tick"));
        await runs.until((seen) => phaseOf(seen.get(`tick-${round}`)) === "Succeeded");
      });
      if (round < warmUp) continue;
      echoes.push(bare);
      hires.push(hired);
      answers.push(answered);
    }

    // Firing this many in ten minutes is held otherwise, once they are revoked: a safety that is not measured here.
    const release = { metadata: { annotations: { "roster.dev/release-deletion": "true" } } };
    await kube.mergePatch(kinds.Namespace, "acme", undefined, release);
    const fires: number[] = [];
    const departures: number[] = [];
    const fireRounds = quick ? 3 : 30;
    for (let round = 0; round < fireRounds; round++) {
      if (round % 10 === 0) progress(`firing in the middle of a run, ${round} of ${fireRounds}`);
      const name = `busy-${round}`;
      await kube.create(kinds.AgentBinding, bindingOf(name));
      await bindings.until((seen) => isReady(seen.get(name)));
      const before = fleet.modelCalls().length;
      await kube.create(kinds.AgentRun, runOf(`busy-${round}`, name, "busy"));
      while (fleet.modelCalls().length < before + 5) await new Promise((resolve) => setTimeout(resolve, 5));
      const deleted = Date.now();
      const gone = await timed(async () => {
        await kube.delete(kinds.AgentBinding, name, "acme");
        await bindings.until((seen) => seen.get(name) === undefined);
      });
      departures.push(gone);
      fires.push(Math.max(0, (fleet.modelCalls().at(-1)?.time ?? deleted) - deleted));
    }
    const against = { name: "bare create → watch echo", values: echoes };
    const facts = { rounds, clients: 1 };
    return [
      { name: "apply binding → Ready", unit: "ms", better: "lower", subject: hires, against, facts },
      { name: "request → answered by a rule", unit: "ms", better: "lower", subject: answers, against, facts },
      {
        name: "delete → revoked everywhere and gone",
        unit: "ms",
        better: "lower",
        subject: departures,
        against,
        facts: { rounds: fireRounds },
      },
      {
        name: "delete → last model call",
        unit: "ms",
        better: "lower",
        subject: fires,
        against,
        facts: { rounds: fireRounds },
      },
    ];
  },
};
