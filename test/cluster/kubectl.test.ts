import { spawnSync } from "node:child_process";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConformanceClient } from "../conformance/client.ts";
import { startEmbedded } from "../conformance/embedded.ts";
import { core } from "./kubectl/core.ts";
import { exceptions } from "./kubectl/exceptions.ts";
import { reading } from "./kubectl/reading.ts";
import { KubectlSession, type KubectlTarget } from "./kubectl/session.ts";
import { writing } from "./kubectl/writing.ts";
import { missingCluster, startReal } from "./real.ts";
import { buildTools } from "./tools.ts";

const why =
  missingCluster() ??
  (process.env.KUBECONFIG ? "the table installs kinds and cluster-wide rights as it likes" : undefined);
if (why) process.stdout.write(`skipped: kubectl on both servers: ${why}\n`);
const say = (line: string) => process.stdout.write(`${line}\n`);

// The newest and the oldest try everything. ROSTER_KUBECTL=all makes those in between do so, the machine's own too.
const all = process.env.ROSTER_KUBECTL === "all";
const own = all ? spawnSync("sh", ["-c", "command -v kubectl"], { encoding: "utf8" }).stdout.trim() : "";
const scenarios = { ...reading, ...writing, ...core };
const sample = Object.fromEntries(Object.entries(scenarios).filter((_, index) => index % 6 === 0));
const kubectls = [
  { version: "1.36", binary: "kubectl", scenarios },
  { version: "1.33", binary: "kubectl-1.33", scenarios: all ? scenarios : sample },
  { version: "1.29", binary: "kubectl-1.29", scenarios },
  ...(own ? [{ version: "of the machine", binary: own, scenarios }] : []),
];

describe.skipIf(why)("kubectl says the same of the embedded API and of a real one", () => {
  const stack = new AsyncDisposableStack();
  let targets: readonly KubectlTarget[] = [];
  let binaries: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    binaries = await buildTools(["kubectl", "kubectl-1.33", "kubectl-1.29"], say);
    const real = stack.use(await startReal({ say }));
    const embedded = stack.use(await startEmbedded());
    targets = [{ ...embedded, adminToken: embedded.tokens.admin }, real];
    for (const target of targets) {
      const { adminToken: admin } = target;
      const client = new ConformanceClient({ ...embedded, ...target, tokens: { admin, ana: "", bob: "" } });
      await stack.use(client).install();
    }
  });
  afterAll(() => stack.disposeAsync());

  for (const [index, { version, binary, scenarios }] of kubectls.entries()) {
    describe(`kubectl ${version}`, () => {
      let [ours, theirs]: readonly Readonly<Record<string, string>>[] = [];
      beforeAll(async () => {
        [ours, theirs] = await Promise.all(
          targets.map(async (target) => {
            using session = new KubectlSession(binaries[binary] ?? binary, target);
            return await session.runAll(scenarios, `k${index}`);
          }),
        );
      });
      for (const name of Object.keys(scenarios)) {
        const reason = exceptions[name];
        if (reason) it(`${name} (differs: ${reason})`, () => expect(ours?.[name]).not.toEqual(theirs?.[name]));
        else it(name, () => expect(ours?.[name]).toEqual(theirs?.[name]));
      }
    });
  }
});
