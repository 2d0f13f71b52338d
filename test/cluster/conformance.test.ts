import process from "node:process";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answer, ConformanceClient, runAll } from "../conformance/client.ts";
import { startEmbedded, users } from "../conformance/embedded.ts";
import { exceptions } from "../conformance/exceptions.ts";
import { readGolden, writeGolden } from "../conformance/golden.ts";
import { groups } from "../conformance/sequences/index.ts";
import { missingCluster, startReal } from "./real.ts";
import { targetOf } from "./target.ts";

// ROSTER_RECORD=1 writes what the real server answers to test/golden/conformance, which `npm test` compares with.
const record = process.env.ROSTER_RECORD === "1";
const why =
  missingCluster() ??
  (process.env.KUBECONFIG ? "the sequences name users that a given cluster does not know" : undefined);
if (why) process.stdout.write(`skipped: conformance on a real API: ${why}\n`);

describe.skipIf(why)("the embedded API and a real kube-apiserver answer alike", () => {
  const stack = new AsyncDisposableStack();
  let embedded: ConformanceClient;
  let real: ConformanceClient;

  beforeAll(async () => {
    const cluster = stack.use(await startReal({ users, say: (line) => process.stdout.write(`${line}\n`) }));
    real = stack.use(new ConformanceClient(await targetOf(cluster)));
    embedded = stack.use(new ConformanceClient(stack.use(await startEmbedded())));
    await Promise.all([real.install(), embedded.install()]);
  });
  afterAll(() => stack.disposeAsync());

  for (const [group, sequences] of Object.entries(groups)) {
    describe(group, () => {
      let ours: Readonly<Record<string, readonly Answer[]>> = {};
      let theirs: Readonly<Record<string, readonly Answer[]>> = {};
      beforeAll(async () => {
        [ours, theirs] = await Promise.all([
          runAll(embedded, sequences, `conf-${group}`),
          runAll(real, sequences, `conf-${group}`),
        ]);
        if (record) writeGolden(group, Object.fromEntries(Object.keys(sequences).map((name) => [name, theirs[name]!])));
      });
      for (const name of Object.keys(sequences)) {
        const reason = exceptions[`${group}: ${name}`];
        if (reason) {
          it(`${name} (differs: ${reason})`, () => expect(isDeepStrictEqual(ours[name], theirs[name])).toBe(false));
        } else it(name, () => expect(ours[name]).toEqual(theirs[name]));
      }
      it("has recorded what the real server says", () => expect(readGolden(group)).toEqual(theirs));
    });
  }
});
