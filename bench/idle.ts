import { kinds } from "../api/kinds.ts";
import { bindingOf, Follower, isReady, startFleet } from "./kit/fleet.ts";
import { type Benchmark, timed } from "./kit/sample.ts";

/** What an agent costs that does nothing (goal 27), and how fast many are hired (goal 2). */
export const idle: Benchmark = {
  name: "idle",
  about: "memory per idle binding, and hiring many at once (goals 2 and 27)",
  async run({ quick, progress }) {
    const sizes = quick ? [100, 300] : [1_000, 10_000];
    await using fleet = await startFleet();
    await using bindings = await Follower.open(fleet.kube, kinds.AgentBinding);
    const empty = await settledKiB(fleet);
    const rows = [];
    let made = 0;
    for (const size of sizes) {
      progress(`hiring up to ${size} bindings`);
      const from = made;
      const ms = await timed(async () => {
        while (made < size) {
          const batch = Array.from({ length: Math.min(50, size - made) }, () => bindingOf(`idle-${made++}`));
          await Promise.all(batch.map((binding) => fleet.kube.create(kinds.AgentBinding, binding)));
        }
        let ready = 0;
        await bindings.until((seen) => {
          // Counting all on each event would be quadratic: only look at the next one that was not ready.
          while (ready < size && isReady(seen.get(`idle-${ready}`))) ready++;
          return ready === size;
        });
      });
      const perBinding = ((await settledKiB(fleet)) - empty) / size;
      rows.push(
        { name: `memory per idle binding at ${size}`, unit: "KiB", better: "lower" as const, subject: [perBinding] },
        {
          name: `hired per second up to ${size}`,
          unit: "per s",
          better: "higher" as const,
          subject: [((size - from) * 1_000) / ms],
        },
      );
    }
    return rows;
  },
};

/** The least of some readings: what is resident once the collector had time to run. */
async function settledKiB(fleet: { residentKiB(): number }): Promise<number> {
  const readings: number[] = [];
  for (let reading = 0; reading < 10; reading++) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    readings.push(fleet.residentKiB());
  }
  return Math.min(...readings);
}
