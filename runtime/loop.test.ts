import { describe, expect, it } from "vitest";
import { problem } from "../api/reasons.ts";
import { canonicalJson, type JsonObject } from "../lib/json.ts";
import { aClaim, completion, failed, result, scriptedPorts } from "../test/runtime/kit.ts";
import { loop } from "./loop.ts";

const search = completion([{ name: "mail.search", arguments: { query: "unread" } }]);
const mail = { "mail.search": () => result({ messages: [{ subject: "Hello" }] }) };
const accepted = { stage: "finished", phase: "Succeeded" };
const invalid = (message: string, reason = "OutputInvalid") => ({ outcome: "invalid", reason, message }) as const;
const said = (asked: { readonly request: JsonObject } | undefined) => (asked?.request.messages ?? []) as JsonObject[];
const contract = { output: { type: "object" } } as const;

describe("loop", () => {
  it("thinks, acts, and hands in the answer with rung and tier", async () => {
    const { ports, asked, called, finished } = scriptedPorts({
      model: [search, completion("One mail: Hello")],
      tools: mail,
    });
    expect(await loop(aClaim(), ports)).toEqual(accepted);
    expect(called).toEqual([{ step: "0.0", action: "mail.search", arguments: { query: "unread" } }]);
    expect(asked.map(({ step, request }) => [step, request.model])).toEqual([
      [0, "workhorse"],
      [1, "workhorse"],
    ]);
    expect(said(asked[1]).at(-1)).toEqual({
      role: "tool",
      tool_call_id: "c0",
      content: '{"messages":[{"subject":"Hello"}]}',
    });
    expect(finished).toEqual([{ output: "One mail: Hello", rung: "work", tier: "workhorse", reason: "Succeeded" }]);
  });

  it("gives a denial to the model as data and goes on", async () => {
    const send = completion([{ name: "mail.send", arguments: { to: ["x"] } }]);
    const tools = { "mail.send": () => failed('{"reason":"PolicyDenied","rule":"send"}') };
    const { ports, asked } = scriptedPorts({ model: [send, completion("I may not send.")], tools });
    expect(await loop(aClaim(), ports)).toEqual(accepted);
    expect(said(asked[1]).at(-1)?.content).toBe('Error: {"reason":"PolicyDenied","rule":"send"}');
  });

  it("performs the calls of one answer in order, each as an action of that step", async () => {
    const both = completion([
      { name: "mail.search", arguments: { query: "a" } },
      { name: "mail.search", arguments: { query: "b" } },
    ]);
    const { ports, called } = scriptedPorts({ model: [both, completion("done")], tools: mail });
    await loop(aClaim(), ports);
    expect(called.map(({ step, arguments: args }) => [step, args.query])).toEqual([
      ["0.0", "a"],
      ["0.1", "b"],
    ]);
  });

  it("answers what cannot be a call without the gateway", async () => {
    const odd = completion([
      { name: "mail.search", arguments: "{oops" },
      { name: "shout", arguments: {} },
    ]);
    const { ports, called, asked } = scriptedPorts({ model: [odd, completion("done")] });
    await loop(aClaim(), ports);
    expect(called).toEqual([]);
    expect(
      said(asked[1])
        .slice(-2)
        .map(({ content }) => content),
    ).toEqual([
      "Error: the arguments are not a JSON object; send them again as one",
      'Error: there is no tool "shout"',
    ]);
  });

  const rule = (act: object) => ({ router: { rungs: [{ name: "r", type: "Rule", rule: act }] } }) as never;
  it("lets a rule answer without a model", async () => {
    const { ports, asked, finished } = scriptedPorts({});
    expect(await loop(aClaim({ spec: rule({ answer: { output: "task.intent" } }) }), ports)).toEqual(accepted);
    expect([asked, finished]).toEqual([[], [{ output: "daily-snapshot", rung: "r", reason: "Succeeded" }]]);
  });

  it("lets a rule drop, and call under the same policy", async () => {
    const dropped = scriptedPorts({});
    await loop(aClaim({ spec: rule({ drop: { reason: "noise" } }) }), dropped.ports);
    expect(dropped.finished).toEqual([{ output: { dropped: "noise" }, rung: "r", reason: "Dropped" }]);
    const called = scriptedPorts({ tools: mail });
    await loop(aClaim({ spec: rule({ call: { action: "mail.search", arguments: { query: "'x'" } } }) }), called.ports);
    expect(called.called).toEqual([{ step: "0.0", action: "mail.search", arguments: { query: "x" } }]);
    expect(called.finished[0]).toMatchObject({ output: { messages: [{ subject: "Hello" }] }, rung: "r" });
  });

  it("fails where a rule's call is denied, or nobody answers", async () => {
    const claim = aClaim({ spec: rule({ call: { action: "mail.send" } }) });
    await expect(loop(claim, scriptedPorts({}).ports)).rejects.toMatchObject({ reason: "ToolFailed" });
    await expect(loop(aClaim({ spec: { modelTiers: {} } }), scriptedPorts({}).ports)).rejects.toMatchObject({
      reason: "NoRungApplies",
    });
  });
});

describe("answers that are not accepted", () => {
  const spec = { contract, retries: { invalidOutput: 1 } } as const;

  it("go back once with the error, and a good one ends the run", async () => {
    const { ports, asked, finished } = scriptedPorts({
      model: [completion("no JSON"), completion('```json\n{"items":[]}\n```')],
    });
    expect(await loop(aClaim({ spec }), ports)).toEqual(accepted);
    expect(said(asked[1]).at(-1)?.content).toMatch(/not accepted: the answer must be one JSON/);
    expect(finished.map(({ output }) => output)).toEqual([{ items: [] }]);
  });

  it("fail the run when the repairs are used up", async () => {
    const { ports } = scriptedPorts({
      model: [completion("{}"), completion("{}")],
      finish: [invalid("output must have items"), invalid("output must have items")],
    });
    await expect(loop(aClaim({ spec }), ports)).rejects.toMatchObject({
      reason: "OutputInvalid",
      message: "output must have items (after 1 repair)",
    });
  });

  it("go up one rung where the rung says so", async () => {
    const rungs = [
      { name: "triage", type: "Tier", tier: { slot: "classify", escalateOn: ["OutputInvalid"] } },
      { name: "work", type: "Tier", tier: { slot: "draft" } },
    ];
    const { ports, asked, finished } = scriptedPorts({
      model: [completion("{}"), completion("{}"), completion("{}")],
      finish: [invalid("bad"), invalid("bad")],
    });
    expect(await loop(aClaim({ spec: { ...spec, router: { rungs } as never } }), ports)).toEqual(accepted);
    expect(asked.map(({ request }) => request.model)).toEqual(["cheap", "cheap", "workhorse"]);
    expect(finished.at(-1)).toMatchObject({ rung: "work", tier: "workhorse" });
  });

  it("keep the gateway's reason where evidence is missing", async () => {
    const missing = invalid('artifact "snapshot.md" was not left', "EvidenceMissing");
    const { ports } = scriptedPorts({ model: [completion("a"), completion("b")], finish: [missing, missing] });
    await expect(loop(aClaim(), ports)).rejects.toMatchObject({ reason: "EvidenceMissing" });
  });

  it("are repaired when they were cut or empty, without asking the gateway", async () => {
    const { ports, asked, finished } = scriptedPorts({
      model: [completion("half an ans", "length"), completion("short")],
    });
    await loop(aClaim(), ports);
    expect(said(asked[1]).at(-1)?.content).toMatch(/cut at the output limit/);
    expect(finished).toHaveLength(1);
  });

  it("fail the run when the model refuses", async () => {
    const refusal = {
      choices: [{ message: { role: "assistant", content: null, refusal: "no" }, finish_reason: "stop" }],
    };
    await expect(loop(aClaim(), scriptedPorts({ model: [refusal] }).ports)).rejects.toMatchObject({
      reason: "ModelRejected",
    });
  });
});

describe("stopping rules", () => {
  it("end a run after its model steps", async () => {
    const model = [0, 1, 2].map((i) => completion([{ name: "mail.search", arguments: { i } }]));
    const { ports, asked } = scriptedPorts({ model, tools: mail });
    await expect(loop(aClaim({ spec: { limits: { maxSteps: 2 } } }), ports)).rejects.toMatchObject({
      reason: "StepLimit",
      message: "the run took 2 model steps without finishing",
    });
    expect(asked).toHaveLength(2);
  });

  it("end a run that gets the same result for the same call twice", async () => {
    const { ports, asked } = scriptedPorts({ model: [search, search, search], tools: mail });
    await expect(loop(aClaim(), ports)).rejects.toMatchObject({ reason: "NoProgress" });
    expect(asked).toHaveLength(2);
  });

  it("let a run poll while results change", async () => {
    let n = 0;
    const tools = { "mail.search": () => result({ n: n++ }) };
    const { ports } = scriptedPorts({ model: [search, search, search, completion("done")], tools });
    expect(await loop(aClaim(), ports)).toEqual(accepted);
  });

  it("end a run whose time is up before another model call", async () => {
    const { ports, asked } = scriptedPorts({ remainingMs: () => 0 });
    await expect(loop(aClaim(), ports)).rejects.toMatchObject({ reason: "TimeLimit" });
    expect(asked).toEqual([]);
  });

  it("pass on what the gateway refuses with", async () => {
    const { ports } = scriptedPorts({ model: [problem("BudgetExhausted", "AgentBudget sales has 0.00 left")] });
    await expect(loop(aClaim(), ports)).rejects.toMatchObject({ reason: "BudgetExhausted" });
  });
});

describe("re-entry", () => {
  const spec = { contract, retries: { invalidOutput: 2 } } as const;
  const script = {
    model: [
      search,
      completion([
        { name: "mail.search", arguments: { query: "b" } },
        { name: "artifact.write", arguments: { name: "s.md" } },
      ]),
      completion("not JSON"),
      completion('{"bad":true}'),
      completion('{"items":[]}'),
    ],
    tools: {
      "mail.search": (args: JsonObject) => result({ args, b: 1, a: 2 }),
      "artifact.write": () => result({ ok: true }),
    },
    finish: [invalid("needs items")],
  };
  // A journal gives members back in an order of its own.
  const stored = <T>(value: T): T => JSON.parse(canonicalJson(value)) as T;

  it("continues from any recorded step with the same requests, and issues nothing that is recorded", async () => {
    const whole = scriptedPorts(script);
    await loop(aClaim({ spec }), whole.ports);
    expect(whole.transcript).toHaveLength(8);
    const requests = new Map(whole.asked.map(({ step, request }) => [step, JSON.stringify(request)]));

    for (let cut = 0; cut <= whole.transcript.length; cut++) {
      const transcript = stored(whole.transcript.slice(0, cut));
      const done = transcript.filter(({ kind }) => kind === "model").length;
      // Answers are handed in again only where the journal does not show what came of them.
      const handedIn = done === 5;
      const second = scriptedPorts({
        ...script,
        model: script.model.slice(done),
        finish: handedIn ? [] : script.finish,
      });
      expect(await loop(aClaim({ spec, epoch: 2, token: "rst_other", now: 9, transcript }), second.ports)).toEqual(
        accepted,
      );
      for (const { step, request } of second.asked) expect(JSON.stringify(request)).toBe(requests.get(step));
      expect(second.asked.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4].slice(done));
      expect(second.called).toHaveLength(3 - transcript.filter(({ kind }) => kind === "tool").length);
    }
  });
});
