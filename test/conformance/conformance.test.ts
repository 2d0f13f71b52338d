import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answer, ConformanceClient, runAll } from "./client.ts";
import { startEmbedded } from "./embedded.ts";
import { exceptions } from "./exceptions.ts";
import { readGolden } from "./golden.ts";
import { groups } from "./sequences/index.ts";

// The answers of a real kube-apiserver are recorded in test/golden/conformance; `npm run test:cluster` compares both live.
const stack = new AsyncDisposableStack();
let client: ConformanceClient;

beforeAll(async () => {
  client = stack.use(new ConformanceClient(stack.use(await startEmbedded())));
  await client.install();
});
afterAll(() => stack.disposeAsync());

for (const [group, sequences] of Object.entries(groups)) {
  describe(`the embedded API answers as kube-apiserver does: ${group}`, () => {
    const golden = readGolden(group);
    let answers: Readonly<Record<string, readonly Answer[]>> = {};
    beforeAll(async () => {
      // Many wait for a watch to end.
      answers = await runAll(client, sequences, `conf-${group}`, 12);
    });
    for (const name of Object.keys(sequences).filter((sentence) => !(`${group}: ${sentence}` in exceptions))) {
      it(name, () => expect(answers[name]).toEqual(golden[name]));
    }
  });
}
