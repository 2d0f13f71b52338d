import { describe, expect, it } from "vitest";
import type { Json } from "../lib/json.ts";
import { type ContractSpec, compileContract } from "./contract.ts";
import type { Facts } from "./facts.ts";

const facts = (payload?: object): Facts => ({
  task: { intent: "snapshot", ...(payload ? { payload: payload as never } : {}) },
  binding: { subject: { kind: "User", name: "ana" }, parameters: {} },
  run: { id: "r1" },
  now: 0,
});
const output = {
  type: "object",
  required: ["items"],
  additionalProperties: false,
  properties: { items: { type: "array", items: { type: "string" }, maxItems: 3 }, mood: { enum: ["good", "bad"] } },
};
const spec: ContractSpec = {
  input: { type: "object", properties: { horizonDays: { type: "integer", minimum: 1 } } },
  output: output as never,
  preconditions: [{ rule: "task.intent == 'snapshot'", message: "only snapshots" }],
  postconditions: [
    { rule: "output.items.size() <= 2", message: "at most two items" },
    { rule: "output.items.all(i, i != '')" },
  ],
  evidence: [{ kind: "Artifact", name: "snapshot.md" }],
};

describe("checkOutput", () => {
  const contract = compileContract(spec);
  const table: Record<string, [Json, string | undefined]> = {
    "accepts what fits": [{ items: ["a"] }, undefined],
    "names a missing member": [{}, "output must have required property 'items'"],
    "names the place of a wrong type": [{ items: ["a", 7] }, "output.items.1 must be string"],
    "names a member too many": [
      { items: [], x: 1 },
      "output must NOT have additional properties; the schema knows items, mood",
    ],
    "names the allowed values": [
      { items: [], mood: "meh" },
      'output.mood must be equal to one of the allowed values: ["good","bad"]',
    ],
    "says the message of a postcondition": [{ items: ["a", "b", "c"] }, "at most two items"],
    "quotes a postcondition without a message": [{ items: [""] }, `"output.items.all(i, i != '')" does not hold`],
    "refuses text where an object is due": ["done", "output must be object"],
  };
  it.each(Object.entries(table))("%s", (_, [answer, want]) => {
    expect(contract.checkOutput(answer, facts())).toBe(want);
  });

  it("takes a condition that cannot be evaluated for unmet", () => {
    const strict = compileContract({ postconditions: [{ rule: "output.total > 0", message: "needs a total" }] });
    expect(strict.checkOutput({}, facts())).toBe("needs a total");
  });

  it("accepts anything without a contract", () => {
    expect(compileContract(undefined).checkOutput("done", facts())).toBeUndefined();
  });

  it("lists the evidence that a run must leave", () => {
    expect(contract.evidence).toEqual(["snapshot.md"]);
  });
});

describe("checkInput", () => {
  const contract = compileContract(spec);
  it("accepts a task without payload as an empty one", () => {
    expect(contract.checkInput(facts())).toBeUndefined();
  });
  it("names the member that does not fit", () => {
    expect(contract.checkInput(facts({ horizonDays: 0 }))).toBe("payload.horizonDays must be >= 1");
  });
  it("checks the preconditions", () => {
    expect(contract.checkInput({ ...facts(), task: { intent: "other" } })).toBe("only snapshots");
  });
});

describe("compileContract", () => {
  let deep: object = { type: "object" };
  for (let i = 0; i < 60; i++) deep = { properties: { a: deep } };
  const bad: Record<string, [ContractSpec, RegExp]> = {
    "a schema with a wrong type": [{ output: { type: "objct" } }, /contract.output: not a JSON Schema/],
    "a schema that points elsewhere": [{ input: { $ref: "https://evil.example/s.json" } }, /contract.input.*resolve/],
    "a schema nested too deep": [{ output: deep as never }, /deeper than 40/],
    "a schema too large": [{ output: { description: "x".repeat(70_000) } }, /larger than/],
    "a pattern that does not parse": [{ output: { type: "string", pattern: "(" } }, /contract.output/],
    "a pattern that only backtracking can match": [{ output: { pattern: "(a)\\1" } }, /contract.output/],
    "a rule that does not parse": [{ postconditions: [{ rule: "output." }] }, /contract.postconditions\[0\]/],
    "a precondition that reads the output": [{ preconditions: [{ rule: "output.x" }] }, /preconditions\[0\].*output/],
  };
  it.each(Object.entries(bad))("refuses %s", (_, [contract, message]) => {
    expect(() => compileContract(contract)).toThrow(message);
  });

  it("names all faults at once", () => {
    expect(() => compileContract({ output: { type: "x" }, postconditions: [{ rule: "(" }] })).toThrow(
      /contract.output.*; contract.postconditions/,
    );
  });
});
