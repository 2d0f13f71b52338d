import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConformanceClient, runAll } from "../conformance/client.ts";
import { startEmbedded, users } from "../conformance/embedded.ts";
import { randomCoreSequences, randomSequences } from "../conformance/random.ts";
import { missingCluster, startReal } from "./real.ts";
import { targetOf } from "./target.ts";

// ROSTER_RANDOM=2000 makes it long, ROSTER_SEED=n another history; a failure names seed and number.
const count = Number(process.env["ROSTER_RANDOM"] ?? 300);
const seed = Number(process.env["ROSTER_SEED"] ?? 1);
const why =
  missingCluster() ?? (process.env["KUBECONFIG"] ? "random histories are for a server of their own" : undefined);
if (why) process.stdout.write(`skipped: random histories on a real API: ${why}\n`);

describe.skipIf(why)("random histories end alike on the embedded and a real API", () => {
  const stack = new AsyncDisposableStack();
  let embedded: ConformanceClient;
  let real: ConformanceClient;

  beforeAll(async () => {
    real = stack.use(new ConformanceClient(await targetOf(stack.use(await startReal({ users })))));
    embedded = stack.use(new ConformanceClient(stack.use(await startEmbedded())));
    await Promise.all([real.install(), embedded.install()]);
  });
  afterAll(() => stack.disposeAsync());

  const kinds = {
    "of a custom kind: applies, updates and patches by three managers": randomSequences(seed, count),
    "of built-in kinds, with strategic merge patches": randomCoreSequences(seed, Math.ceil(count / 2)),
  };
  for (const [index, [name, sequences]] of Object.entries(kinds).entries()) {
    it(name, { timeout: 30_000 + count * 200 }, async () => {
      const [ours, theirs] = await Promise.all([
        runAll(embedded, sequences, `random-${index}`),
        runAll(real, sequences, `random-${index}`),
      ]);
      for (const sequence of Object.keys(sequences)) expect(ours[sequence], sequence).toEqual(theirs[sequence]);
    });
  }
});
