import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConformanceClient } from "../conformance/client.ts";
import { startEmbedded, users } from "../conformance/embedded.ts";
import type { Batch } from "../conformance/random/generator.ts";
import { generators } from "../conformance/random/index.ts";
import { runBatch } from "../conformance/random/run.ts";
import { missingCluster, startReal } from "./real.ts";
import { targetOf } from "./target.ts";

// ROSTER_RANDOM=20000 makes it long (a night), ROSTER_SEED=n another history; a failure names seed and number.
const count = Number(process.env.ROSTER_RANDOM ?? 2_000);
const seed = Number(process.env.ROSTER_SEED ?? 1);
const why = missingCluster() ?? (process.env.KUBECONFIG ? "random histories are for a server of their own" : undefined);
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

  for (const { name, share, make, follow } of generators) {
    it(name, { timeout: 60_000 + count * 200 }, async () => {
      const compare = async (batch: Batch, prefix: string) => {
        const [ours, theirs] = await Promise.all([runBatch(embedded, batch, prefix), runBatch(real, batch, prefix)]);
        for (const history of Object.keys(theirs)) expect(ours[history], history).toEqual(theirs[history]);
        return theirs;
      };
      const answers = await compare(make(seed, Math.ceil((count * share) / 1_000)), `random-${name}`);
      if (follow) await compare(follow(seed, answers), `random-${name}-more`);
    });
  }
});
