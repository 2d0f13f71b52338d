import { describe, expect, it } from "vitest";
import type { Facts } from "./facts.ts";
import { type CompiledPolicy, compilePolicy, type PermissionSpec } from "./permissions.ts";
import { type Call, combine, type Verdict, verdict, verdictWithoutPolicy } from "./verdict.ts";

const facts: Facts = {
  task: { intent: "triage", payload: { subject: "invoice 7", intent: "forged" } },
  binding: { subject: { kind: "User", name: "ana@acme.example" }, parameters: { style: "brief" }, team: "sales" },
  run: { id: "r1" },
  now: Date.UTC(2026, 10, 21),
};
const role = (band: string, permissions: PermissionSpec["permissions"] = {}): CompiledPolicy =>
  compilePolicy(
    { autonomyBand: band, permissions },
    { label: "role.yaml:4", send: "role.yaml:6", stop: "role.yaml:8" },
  );
const call = (action: string, args: object = {}, effect: Call["effect"] = "Write"): Call => ({
  action,
  arguments: args as Call["arguments"],
  effect,
  hasCredential: true,
});

const lists = {
  writeAutonomous: [{ name: "label", action: "mail.label", when: "arguments.label in ['later']", maxPerHour: 60 }],
  writeRequiresApproval: [{ name: "send", action: "mail.send" }],
  deny: [{ name: "stop", action: "mail.send", when: "arguments.to.exists(a, a.endsWith('@evil.example'))" }],
};
const later = call("mail.label", { label: "later" });

interface Case {
  readonly why: string;
  readonly policy: CompiledPolicy;
  readonly call: Call;
  readonly facts?: Facts;
  readonly want: Partial<Verdict>;
}

const cases: Record<string, Case> = {
  "allows a listed write whose condition holds, with its cap": {
    why: "Moderate runs listed writes alone",
    policy: role("Moderate", lists),
    call: later,
    want: { decision: "allow", rule: "label", source: "role.yaml:4", cap: { key: "label", maxPerHour: 60 } },
  },
  "denies a listed write whose condition does not hold": {
    why: "deny by default",
    policy: role("Moderate", lists),
    call: call("mail.label", { label: "trash" }),
    want: { decision: "deny", rule: "(default)" },
  },
  "denies a listed write whose condition cannot be evaluated": {
    why: "an error in an allow rule is no match",
    policy: role("Moderate", lists),
    call: call("mail.label", {}),
    want: { decision: "deny", rule: "(default)" },
  },
  "denies a write that no rule lists": {
    why: "no band grants an unlisted write",
    policy: role("High", lists),
    call: call("mail.delete", {}, "Destructive"),
    want: { decision: "deny", rule: "(default)", reason: "no rule of the role lists mail.delete" },
  },
  "asks where the rule asks": {
    why: "writeRequiresApproval",
    policy: role("Moderate", lists),
    call: call("mail.send", { to: ["bo@acme.example"] }),
    want: { decision: "ask", rule: "send", source: "role.yaml:6" },
  },
  "denies where a deny rule holds, although another rule asks": {
    why: "deny beats ask",
    policy: role("High", lists),
    call: call("mail.send", { to: ["x@evil.example"] }),
    want: { decision: "deny", rule: "stop", source: "role.yaml:8" },
  },
  "denies where a deny rule cannot be evaluated": {
    why: "an error in a deny rule is a match",
    policy: role("High", lists),
    call: call("mail.send", { to: 7 }),
    want: { decision: "deny", rule: "stop" },
  },
  "says the role's own words when it denies": {
    why: "a denial is data for the model",
    policy: role("High", { deny: [{ name: "d", action: "mail.send", reason: "not on a Saturday" }] }),
    call: call("mail.send"),
    want: { decision: "deny", reason: "not on a Saturday" },
  },
  "asks where one rule allows and another asks": {
    why: "ask beats allow",
    policy: role("High", {
      writeAutonomous: [{ name: "a", action: "mail.send" }],
      writeRequiresApproval: [{ name: "b", action: "mail.send", when: "arguments.to.size() > 1" }],
    }),
    call: call("mail.send", { to: ["a", "b"] }),
    want: { decision: "ask", rule: "b" },
  },
  "reads by default": {
    why: "reads default to allowed where a credential is bound",
    policy: role("Observe"),
    call: call("mail.search", {}, "Read"),
    want: { decision: "allow", rule: "(reads)" },
  },
  "asks for a read that is listed for approval": {
    why: "a listing may tighten a read",
    policy: role("Moderate", { writeRequiresApproval: [{ name: "r", action: "mail.search" }] }),
    call: call("mail.search", {}, "Read"),
    want: { decision: "ask", rule: "r" },
  },
  "denies a read without a credential": {
    why: "nothing may be read with somebody else's credential",
    policy: role("High"),
    call: { ...call("mail.search", {}, "Read"), hasCredential: false },
    want: { decision: "deny", rule: "(no-credential)" },
  },
  "denies a listed write without a credential": {
    why: "the credential is the outer bound",
    policy: role("High", lists),
    call: { ...later, hasCredential: false },
    want: { decision: "deny", rule: "(no-credential)" },
  },
  "denies a listed write in band Observe": {
    why: "Observe reads only",
    policy: role("Observe", lists),
    call: later,
    want: { decision: "deny", rule: "(band)" },
  },
  "denies what asks in band Observe": {
    why: "Observe proposes in words, not by asking for the act",
    policy: role("Observe", lists),
    call: call("mail.send", { to: [] }),
    want: { decision: "deny", rule: "(band)" },
  },
  "asks for a listed write in band Low": {
    why: "Low asks for every write",
    policy: role("Low", lists),
    call: later,
    want: { decision: "ask", rule: "label" },
  },
  "lifts the cap in band High": {
    why: "High is Moderate without the caps",
    policy: role("High", lists),
    call: later,
    want: { decision: "allow", rule: "label" },
  },
  "lets the binding tighten the band": {
    why: "the binding may only tighten",
    policy: role("High", lists),
    call: later,
    facts: { ...facts, binding: { ...facts.binding, band: "Low" } },
    want: { decision: "ask" },
  },
  "does not let the binding widen the band": {
    why: "the binding may only tighten",
    policy: role("Low", lists),
    call: later,
    facts: { ...facts, binding: { ...facts.binding, band: "High" } },
    want: { decision: "ask" },
  },
  "takes an unknown band of a binding for the tightest": {
    why: "fail closed",
    policy: role("High", lists),
    call: later,
    facts: { ...facts, binding: { ...facts.binding, band: "Highest" } },
    want: { decision: "deny", rule: "(band)" },
  },
  "lets a run write its own memory in band Observe": {
    why: "builtins are scoped to the binding itself",
    policy: role("Observe"),
    call: { ...call("memory.write", { path: "a" }), hasCredential: false },
    want: { decision: "allow", rule: "(builtin)" },
  },
  "lets a deny rule close a builtin": {
    why: "deny beats the default",
    policy: role("High", { deny: [{ name: "d", action: "memory.write" }] }),
    call: call("memory.write"),
    want: { decision: "deny", rule: "d" },
  },
  "does not let a payload shadow the task": {
    why: "payload fields come from outside",
    policy: role("High", { writeAutonomous: [{ name: "a", action: "x.y", when: "task.intent == 'triage'" }] }),
    call: call("x.y"),
    want: { decision: "allow" },
  },
  "reads payload members, parameters and team in conditions": {
    why: "they are visible to policy",
    policy: role("High", {
      writeAutonomous: [
        {
          name: "a",
          action: "x.y",
          when: "task.subject.contains('invoice') && parameters.style == 'brief' && binding.team == 'sales' && now > timestamp('2026-01-01T00:00:00Z')",
        },
      ],
    }),
    call: call("x.y"),
    want: { decision: "allow" },
  },
  "compares numbers of arguments with whole numbers": {
    why: "JSON has one kind of number and CEL has two",
    policy: role("High", {
      writeAutonomous: [{ name: "a", action: "x.y", when: "arguments.n <= 3 && arguments.f < 1.5" }],
    }),
    call: call("x.y", { n: 3, f: 0.5 }),
    want: { decision: "allow" },
  },
  "denies while provenance is not known": {
    why: "a deny rule over provenance must hold until there is provenance",
    policy: role("High", {
      writeAutonomous: [{ name: "a", action: "mail.send" }],
      deny: [{ name: "p", action: "mail.send", when: "!provenance.arguments.to.all(s, s.trust == 'trusted')" }],
    }),
    call: call("mail.send", { to: ["a"] }),
    want: { decision: "deny", rule: "p" },
  },
  "takes a condition that is not true or false for an error": {
    why: "only true is a match",
    policy: role("High", { writeAutonomous: [{ name: "a", action: "x.y", when: "arguments.flag" }] }),
    call: call("x.y", { flag: "true" }),
    want: { decision: "deny", rule: "(default)" },
  },
};

describe("verdict", () => {
  it.each(Object.entries(cases))("%s", (_, c) => {
    const got = verdict(c.policy, c.call, c.facts ?? facts);
    expect(got, c.why).toMatchObject(c.want);
    if (c.want.decision === "allow" && !c.want.cap) expect(got.cap).toBeUndefined();
  });

  it("looks only at rules of the action, whatever else is listed", () => {
    const many = Array.from({ length: 500 }, (_, i) => ({
      name: `r${i}`,
      action: `s.t${i}`,
      when: "arguments.n == 1",
    }));
    const policy = role("High", { writeAutonomous: many });
    expect(policy.rules.get("s.t250")).toMatchObject({ allow: [{ name: "r250" }], ask: [], deny: [] });
    expect(verdict(policy, call("s.t250", { n: 1 }), facts).rule).toBe("r250");
  });
});

describe("verdictWithoutPolicy", () => {
  it("reads on, asks for writes, and leaves a run its own memory", () => {
    expect(verdictWithoutPolicy(call("mail.search", {}, "Read")).decision).toBe("allow");
    expect(verdictWithoutPolicy(call("mail.send")).decision).toBe("ask");
    expect(verdictWithoutPolicy(call("memory.write")).decision).toBe("allow");
  });
});

describe("combine", () => {
  const v = (decision: Verdict["decision"], maxPerHour?: number, key = "k"): Verdict => ({
    decision,
    rule: "r",
    reason: "",
    ...(maxPerHour === undefined ? {} : { cap: { key, maxPerHour } }),
  });
  const table: Record<string, [Verdict, Verdict, Partial<Verdict>]> = {
    "a later denial holds": [v("allow"), v("deny"), { decision: "deny" }],
    "a later ask holds": [v("allow"), v("ask"), { decision: "ask" }],
    "a later widening does not reach a run in flight": [v("ask"), v("allow"), { decision: "ask" }],
    "a pinned denial stays": [v("deny"), v("ask"), { decision: "deny" }],
    "the lower cap holds": [v("allow", 60), v("allow", 5, "new"), { cap: { key: "new", maxPerHour: 5 } }],
    "a pinned lower cap stays": [v("allow", 5), v("allow", 60, "new"), { cap: { key: "k", maxPerHour: 5 } }],
    "a new cap holds where there was none": [v("allow"), v("allow", 9, "new"), { cap: { key: "new", maxPerHour: 9 } }],
    "a pinned cap stays where the new role has none": [v("allow", 5), v("allow"), { cap: { key: "k", maxPerHour: 5 } }],
  };
  it.each(Object.entries(table))("%s", (_, [pinned, current, want]) => {
    expect(combine(pinned, current)).toMatchObject(want);
  });
});
