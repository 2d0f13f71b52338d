import { describe, expect, it } from "vitest";
import { Problem } from "../lib/problem.ts";
import { compilePolicy, type PermissionSpec } from "./permissions.ts";

function refusal(spec: PermissionSpec, sources: Record<string, string> = {}): string {
  try {
    compilePolicy(spec, sources);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(Problem);
    expect((thrown as Problem).reason).toBe("PolicyInvalid");
    return (thrown as Problem).message;
  }
  throw new Error("compiled");
}

const tess: PermissionSpec = {
  autonomyBand: "Moderate",
  actions: [
    { name: "create_draft", tools: ["mail.create_draft"] },
    { name: "label_or_file_email", tools: ["mail.label", "mail.move"] },
    { name: "send_email", tools: ["mail.send"] },
  ],
  permissions: {
    writeAutonomous: [
      { name: "create_draft", action: "create_draft" },
      { name: "label_or_file_email", action: "label_or_file_email" },
    ],
    writeRequiresApproval: [{ name: "send_email", action: "send_email" }],
  },
};

describe("compilePolicy", () => {
  it("resolves business verbs to the tools behind them and counts rules as written", () => {
    const policy = compilePolicy(tess);
    expect([...policy.rules.keys()].sort()).toEqual(["mail.create_draft", "mail.label", "mail.move", "mail.send"]);
    expect(policy.counts).toEqual({ allow: 2, ask: 1, deny: 0 });
  });

  it("runs the short form of a role at the band it declares", () => {
    expect(compilePolicy(tess)).toMatchObject({ band: "Moderate", autonomy: { earned: true } });
  });

  it("takes an empty role for one that only reads", () => {
    expect(compilePolicy({})).toMatchObject({ band: "Observe", counts: { allow: 0, ask: 0, deny: 0 } });
  });

  it("keeps where a rule is written", () => {
    const policy = compilePolicy(tess, { send_email: "roles/ea_tess/role.yaml:9" });
    expect(policy.rules.get("mail.send")?.ask[0]?.source).toBe("roles/ea_tess/role.yaml:9");
  });

  const allow = (...writeAutonomous: object[]): PermissionSpec => ({
    permissions: { writeAutonomous: writeAutonomous as never },
  });
  const bad: Record<string, [PermissionSpec, RegExp]> = {
    "an action that is neither a tool nor a verb": [allow({ name: "x", action: "send_email" }), /neither <server>/],
    "an action with a wildcard": [allow({ name: "x", action: "mail.*" }), /neither <server>/],
    "a rule without an action": [allow({ name: "x" }), /needs an action/],
    "a rule without a name": [allow({ action: "mail.send" }), /writeAutonomous\[0\].*needs a name/],
    "a rule that is not an object": [allow([] as never), /needs a name/],
    "a misspelt condition": [allow({ name: "x", action: "a.b", wehn: "true" }), /no field "wehn"/],
    "a condition that does not parse": [allow({ name: "x", action: "a.b", when: "arguments.to ==" }), /when:/],
    "a condition over an unknown variable": [
      allow({ name: "x", action: "a.b", when: "argments.to == 'x'" }),
      /argments/,
    ],
    "a negative cap": [allow({ name: "x", action: "a.b", maxPerHour: -1 }), /at least 0, not -1/],
    "a fraction of a cap": [allow({ name: "x", action: "a.b", maxPerHour: 1.5 }), /not 1.5/],
    "two rules of one name": [allow({ name: "x", action: "a.b" }, { name: "x", action: "a.c" }), /used by another/],
    "a verb without tools": [{ actions: [{ name: "v", tools: [] }] }, /at least one tool/],
    "a verb with a bad tool": [{ actions: [{ name: "v", tools: ["send"] }] }, /"send" is not/],
    "a verb defined twice": [
      {
        actions: [
          { name: "v", tools: ["a.b"] },
          { name: "v", tools: ["a.c"] },
        ],
      },
      /defined twice/,
    ],
    "rights ReadOnly with a write": [{ ...tess, rights: "ReadOnly" }, /ReadOnly may hold no write, and 3/],
    "rights Coordinator with a write": [{ ...tess, rights: "Coordinator" }, /Coordinator may hold no write/],
    "unknown rights": [{ rights: "Root" }, /must be one of ReadOnly/],
    "an unknown band": [{ autonomyBand: "moderate" }, /must be one of Observe/],
  };
  it.each(Object.entries(bad))("refuses %s", (_, [spec, message]) => {
    expect(refusal(spec)).toMatch(message);
  });

  it("lists every bad rule at once, each with its file and line", () => {
    const spec = allow({ name: "one", action: "nope" }, { name: "two", action: "a.b", when: "(" });
    const text = refusal(spec, { one: "role.yaml:7", two: "role.yaml:8" });
    expect(text).toContain('rule "one" (role.yaml:7): action "nope"');
    expect(text).toContain('rule "two" (role.yaml:8): when:');
    expect(text).not.toContain("\n");
  });

  it("allows ReadOnly to deny", () => {
    const deny = [{ name: "d", action: "mail.search" }];
    expect(compilePolicy({ rights: "ReadOnly", permissions: { deny } }).counts.deny).toBe(1);
  });
});

describe("autonomy", () => {
  const complete: PermissionSpec = {
    purpose: "Product",
    autonomyBand: "High",
    owner: { group: "ops" },
    outcome: { statement: "Days start well", kpis: [{ name: "read-rate" }] },
    limits: { maxSteps: 20 },
  };

  it("gives a complete product its band", () => {
    expect(compilePolicy(complete)).toMatchObject({ band: "High", autonomy: { earned: true, missing: [] } });
  });

  const lacking: Record<string, Partial<PermissionSpec>> = {
    owner: { owner: {} },
    outcome: { outcome: { kpis: [{ name: "x" }] } },
    KPI: { outcome: { statement: "x", kpis: [] } },
    "stopping rule (limits or safety)": { limits: { maxConcurrentRuns: 1 } },
  };
  it.each(Object.entries(lacking))("caps a product without %s at Observe", (missing, change) => {
    const { band, autonomy } = compilePolicy({ ...complete, ...change });
    expect({ band, missing: autonomy.missing, declared: autonomy.declared }).toEqual({
      band: "Observe",
      missing: [missing],
      declared: "High",
    });
  });

  it("takes a safety rule for a stopping rule", () => {
    expect(compilePolicy({ ...complete, limits: undefined, safety: [{}] }).autonomy.earned).toBe(true);
  });

  it("asks nothing of a product that only observes", () => {
    expect(compilePolicy({ purpose: "Product", autonomyBand: "Observe" }).autonomy.earned).toBe(true);
  });
});
