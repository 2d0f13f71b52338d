import { rmSync } from "node:fs";
import { newHome, startFleet } from "./kit/fleet.ts";
import type { Benchmark } from "./kit/sample.ts";

/** `npm start` without the installation of dependencies: a first start, and a second one on the same state. */
export const start: Benchmark = {
  name: "start",
  about: "start → first governed run (goal 26), cold and warm state",
  async run({ quick, progress }) {
    const cold: number[] = [];
    const ready: number[] = [];
    const warm: number[] = [];
    for (let round = 0; round < (quick ? 1 : 5); round++) {
      progress(`round ${round + 1}`);
      const home = newHome();
      const began = performance.now();
      let seen: () => void;
      const firstRun = new Promise<void>((resolve) => {
        seen = resolve;
      });
      const first = await startFleet({ home, demo: true, line: (text) => / done {2,}tess-/.test(text) && seen() });
      ready.push(first.readyMs);
      await firstRun;
      cold.push(performance.now() - began);
      await first.stop();
      const second = await startFleet({ home, demo: true });
      warm.push(second.readyMs);
      await second.stop();
      rmSync(home, { recursive: true, force: true });
    }
    return [
      { name: "start → first governed run done, new state", unit: "ms", better: "lower", subject: cold },
      { name: "start → ready, new state", unit: "ms", better: "lower", subject: ready },
      { name: "start → ready, state of before", unit: "ms", better: "lower", subject: warm },
    ];
  },
};
