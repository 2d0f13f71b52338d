import { describe, expect, it } from "vitest";
import type { Facts } from "./facts.ts";
import { compileRouter, type Route, type RouterSpec, route } from "./router.ts";

const modelTiers = { classify: "cheap", draft: "workhorse", judge: "frontier" };
const facts = (payload: object = {}): Facts => ({
  task: { intent: "mail", text: "look", payload: payload as never },
  binding: { subject: { kind: "User", name: "ana@acme.example" }, parameters: { style: "brief" } },
  run: { id: "r1" },
  now: 0,
});
const rungs = (...list: object[]): RouterSpec => ({ modelTiers, router: { rungs: list as never } });
const drop = {
  name: "news",
  type: "Rule",
  when: "task.from.endsWith('@news.example')",
  rule: { drop: { reason: "newsletter" } },
};
const invoice = {
  name: "invoices",
  type: "Rule",
  when: "task.subject.contains('invoice')",
  rule: { call: { action: "mail.label", arguments: { id: "task.id", label: "'invoices'" } } },
};
const triage = { name: "triage", type: "Tier", tier: { slot: "classify", escalateOn: ["OutputInvalid"] } };
const work = { name: "work", type: "Tier", tier: { slot: "draft" } };

interface Case {
  readonly spec: RouterSpec;
  readonly payload?: object;
  readonly want: Partial<Route>;
}

const cases: Record<string, Case> = {
  "a role without a router works in slot draft": {
    spec: { modelTiers },
    want: { kind: "tier", rung: "work", tiers: [{ rung: "work", slot: "draft", tier: "workhorse", escalateOn: [] }] },
  },
  "a role without a slot draft works in its first slot by name": {
    spec: { modelTiers: { judge: "frontier", extra: "cheap" } },
    want: { kind: "tier", tiers: [{ rung: "work", slot: "extra", tier: "cheap", escalateOn: [] }] },
  },
  "a role without tiers has nobody to answer": {
    spec: {},
    want: { kind: "none", reason: "the role has no modelTiers and no router" },
  },
  "a rule drops without a model": {
    spec: rungs(drop, work),
    payload: { from: "x@news.example" },
    want: { kind: "drop", rung: "news", reason: "newsletter" },
  },
  "a rule calls with arguments computed from the task": {
    spec: rungs(drop, invoice, work),
    payload: { from: "b@bank.example", subject: "your invoice", id: "m-7" },
    want: { kind: "call", rung: "invoices", action: "mail.label", arguments: { id: "m-7", label: "invoices" } },
  },
  "a rule answers": {
    spec: rungs({
      name: "hi",
      type: "Rule",
      rule: { answer: { output: "{'text': 'hello ' + binding.subject.name}" } },
    }),
    want: { kind: "answer", rung: "hi", output: { text: "hello ana@acme.example" } },
  },
  "an answer keeps whole numbers whole": {
    spec: rungs({ name: "n", type: "Rule", rule: { answer: { output: "{'n': task.n + 1, 'list': [1, 2]}" } } }),
    payload: { n: 41 },
    want: { kind: "answer", output: { n: 42, list: [1, 2] } },
  },
  "a condition that cannot be evaluated passes on, and says so": {
    spec: rungs(drop, work),
    payload: {},
    want: { kind: "tier", rung: "work", skipped: [{ rung: "news", reason: expect.stringContaining("from") as never }] },
  },
  "a value that cannot be evaluated passes on": {
    spec: rungs(invoice, work),
    payload: { subject: "invoice" },
    want: { kind: "tier", rung: "work" },
  },
  "a cache rung passes on, with the reason": {
    spec: rungs({ name: "same", type: "Cache", cache: { ttlSeconds: 60 } }, work),
    want: {
      kind: "tier",
      rung: "work",
      skipped: [{ rung: "same", reason: "cache rungs are not served in this version" }],
    },
  },
  "a tier names the tiers above it": {
    spec: rungs(triage, invoice, work, { name: "judge", type: "Tier", when: "false", tier: { slot: "judge" } }),
    want: {
      kind: "tier",
      rung: "triage",
      tiers: [
        { rung: "triage", slot: "classify", tier: "cheap", escalateOn: ["OutputInvalid"] },
        { rung: "work", slot: "draft", tier: "workhorse", escalateOn: [] },
      ],
    },
  },
  "a rule may choose a later rung": {
    spec: rungs({ name: "skip", type: "Rule", rule: { goto: { rung: "work" } } }, triage, work),
    want: { kind: "tier", rung: "work" },
  },
  "a ladder may end with nobody": {
    spec: rungs(drop),
    payload: { from: "a@b.example" },
    want: { kind: "none", reason: "no rung of the router applies" },
  },
};

describe("route", () => {
  it.each(Object.entries(cases))("%s", (_, { spec, payload, want }) => {
    expect(route(compileRouter(spec), facts(payload))).toMatchObject(want);
  });
});

describe("compileRouter", () => {
  const bad: Record<string, [RouterSpec, RegExp]> = {
    "a slot that modelTiers lacks": [rungs({ name: "x", type: "Tier", tier: { slot: "nope" } }), /slot "nope"/],
    "a tier rung without a slot": [rungs({ name: "x", type: "Tier" }), /slot ""/],
    "a rule that does nothing": [rungs({ name: "x", type: "Rule", rule: {} }), /exactly one/],
    "a rule that does two things": [
      rungs({ name: "x", type: "Rule", rule: { drop: {}, goto: { rung: "y" } } }),
      /exactly one/,
    ],
    "a condition that does not parse": [rungs({ ...drop, when: "task." }), /rung "news"/],
    "an argument that does not parse": [
      rungs({ name: "x", type: "Rule", rule: { call: { action: "a.b", arguments: { id: "task.(" } } } }),
      /rung "x"/,
    ],
    "a way back": [rungs(work, { name: "x", type: "Rule", rule: { goto: { rung: "work" } } }), /not a later rung/],
    "a way to itself": [rungs({ name: "x", type: "Rule", rule: { goto: { rung: "x" } } }), /not a later rung/],
    "two rungs of one name": [rungs(work, work), /used by another/],
    "an unknown type": [rungs({ name: "x", type: "Oracle" }), /Rule, Cache or Tier/],
  };
  it.each(Object.entries(bad))("refuses %s", (_, [spec, message]) => {
    expect(() => compileRouter(spec)).toThrow(message);
  });

  it("names every bad rung with its file and line", () => {
    const spec = rungs({ name: "a", type: "Tier" }, { name: "b", type: "Rule", rule: {} });
    expect(() => compileRouter(spec, { a: "role.yaml:3" })).toThrow(/rung "a" \(role.yaml:3\).*; rung "b":/);
  });
});
