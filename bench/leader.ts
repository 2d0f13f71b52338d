import { kinds } from "../api/kinds.ts";
import { aBinding } from "../test/controller/objects.ts";
import { leaderships } from "../test/faults/leaderships.ts";
import { coldRoster, untilReady } from "./kit/cold.ts";
import { type Benchmark, timed } from "./kit/sample.ts";

/** Two controllers whose leader is killed and stopped in turn: how long a hire waits for the other, and what a former leader still did. */
export const leader: Benchmark = {
  name: "leader",
  about: "leader killed or stopped 100 times: the gap, and ledger effects by a stale one (goal 5)",
  async run({ quick, progress }) {
    const rounds = quick ? 4 : 100;
    await using stack = new AsyncDisposableStack();
    const roster = await coldRoster(stack);
    const { kube } = roster;
    await Promise.all([roster.startController("a-0"), roster.startController("b-0")]);
    const gaps = { killed: [] as number[], stopped: [] as number[] };
    for (let round = 1; round <= rounds; round++) {
      if (round % 20 === 1) progress(`round ${round} of ${rounds}`);
      const leading = await roster.leading();
      const how = round % 2 === 1 ? "killed" : "stopped";
      const ms = await timed(async () => {
        if (how === "killed") await leading.kill();
        else leading.signal("SIGSTOP");
        const { metadata } = await kube.create(kinds.AgentBinding, aBinding(`after-${round}`));
        await untilReady(kube, 1, metadata.resourceVersion, `after-${round}`);
      });
      gaps[how].push(ms);
      if (how === "stopped") leading.signal("SIGCONT");
      else await roster.startController(`${leading.name.slice(0, 1)}-${round}`);
    }
    const { stale } = await leaderships(roster);
    const facts = { rounds };
    return [
      { name: "leader killed → the other has hired", unit: "ms", better: "lower", subject: gaps.killed, facts },
      { name: "leader stopped → the other has hired", unit: "ms", better: "lower", subject: gaps.stopped, facts },
      { name: "ledger effects by a stale leader", unit: "in all", better: "lower", subject: [stale.length], facts },
    ];
  },
};
