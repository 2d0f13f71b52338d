import process from "node:process";
import { beforeAll, describe, expect, it } from "vitest";
import type { Resource } from "../../api/resource.ts";
import { judge, type Verdict } from "./gitops-judge.ts";
import { buildTools, missingTools } from "./tools.ts";

const why = missingTools(["gitops-judge"]);
if (why) process.stdout.write(`skipped: what Flux and Argo CD make of our objects: ${why}\n`);

const condition = (type: string, status: string) => ({ type, status, reason: "Some", message: `${type} is ${status}` });
const looked = (observedGeneration: number, ...conditions: object[]) => ({ observedGeneration, conditions });
const unlooked = "Roster's controller has not looked at this yet";

// Not our reading of them: kstatus, by which Flux waits, and the Lua that Argo CD runs.
describe.skipIf(why)("what Flux and Argo CD make of one of our objects", () => {
  const table: Readonly<Record<string, readonly [status: object, kstatus: string, health: string, message: string]>> = {
    "that nobody has looked at": [{ observedGeneration: -1 }, "InProgress", "Progressing", unlooked],
    "whose older spec was Ready": [looked(1, condition("Ready", "True")), "InProgress", "Progressing", unlooked],
    "that is Ready": [looked(2, condition("Ready", "True")), "Current", "Healthy", "Ready is True"],
    "that is Ready and not funded": [
      looked(2, condition("Funded", "False"), condition("Ready", "True")),
      "Current",
      "Healthy",
      "Ready is True",
    ],
    "that waits for another": [
      looked(2, condition("Ready", "False"), condition("Reconciling", "True")),
      "InProgress",
      "Degraded",
      "Ready is False",
    ],
    "that a person has to correct": [
      looked(2, condition("Ready", "False"), condition("Stalled", "True")),
      "Failed",
      "Degraded",
      "Ready is False",
    ],
  };
  beforeAll(() => buildTools(["gitops-judge"], (line) => process.stdout.write(`${line}\n`)));

  it("is what its Ready says, of its own generation", async () => {
    const objects = Object.values(table).map(
      ([status]) =>
        ({
          apiVersion: "roster.dev/v1alpha1",
          kind: "AgentBinding",
          metadata: { name: "tess-ana", namespace: "acme", generation: 2 },
          spec: {},
          status,
        }) as Resource,
    );
    const verdicts = await judge(objects);
    const said = Object.keys(table).map((what, index) => [what, verdicts[index]]);
    const wanted = Object.entries(table).map(([what, [, kstatus, health, message]]) => [
      what,
      { kstatus, health, message } as Verdict,
    ]);
    expect(said).toEqual(wanted);
  });
});
