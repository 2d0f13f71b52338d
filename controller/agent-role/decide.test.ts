import { describe, expect, it } from "vitest";
import type { AgentRole, AgentRoleSpec } from "../../api/generated/agent-role.ts";
import { stored } from "../../test/kit/objects.ts";
import { resolveContent } from "./content.ts";
import { decide, type Snapshot, serversOf } from "./decide.ts";

const now = Date.parse("2026-11-02T08:00:00Z");
const spec: AgentRoleSpec = { soul: "Be brief.", modelTiers: { draft: "workhorse" } };

const given = (more: Partial<Snapshot> = {}, specMore: Partial<AgentRoleSpec> = {}): Snapshot => ({
  role: stored<AgentRole>("AgentRole", "assistant", { spec: { ...spec, ...specMore } }),
  tenant: "t",
  contents: [],
  missingContents: [],
  tiers: [{ name: "workhorse", state: "ready" }],
  servers: [],
  bindings: { total: 2, ready: 1 },
  inForce: undefined,
  total: [],
  spentToday: 0n,
  offboarding: undefined,
  ...more,
});

const show = (snapshot: Snapshot) => {
  const plan = decide(snapshot, now);
  return {
    writes: plan.writes.map((write) => (write.kind === "ledger" ? write.effect : write.kind)),
    conditions: Object.fromEntries(plan.conditions.map(({ type, status, reason }) => [type, `${status}/${reason}`])),
    summary: plan.status.summary,
  };
};
const { revision } = resolveContent(spec, []);

describe("a role", () => {
  const table: Record<string, { why: string; given: Snapshot; want: Partial<ReturnType<typeof show>> }> = {
    "comes into force": {
      why: "pinned to a revision",
      given: given(),
      want: {
        writes: ["ensureTenant", "putRole"],
        summary: { bindings: "1/2", rules: "0 allow 0 ask 0 deny", today: "0.00" },
      },
    },
    "shows what issuers were not told yet": {
      why: "the binding that it belonged to may be gone",
      given: given({ offboarding: "1 pending, 2 handed on" }),
      want: { summary: expect.objectContaining({ offboarding: "1 pending, 2 handed on" }) },
    },
    "is not put again when nothing changed": {
      why: "deciding again yields no writes",
      given: given({ inForce: { uid: "assistant-uid", revision, compiled: true, sourceMap: {} } }),
      want: { writes: [] },
    },
    "waits for content": {
      why: "half a role is no role",
      given: given({ missingContents: ["tess-1"] }),
      want: { writes: [], conditions: { Ready: "False/ContentNotFound" } },
    },
    "waits for a tier": {
      why: "no run could think",
      given: given({ tiers: [{ name: "workhorse", state: "missing" }] }),
      want: {
        conditions: expect.objectContaining({
          Ready: "False/TierNotFound",
          TiersResolved: "False/TierNotFound",
        }) as never,
      },
    },
    "may not use a tier of others": {
      why: "prices and keys belong to the platform",
      given: given({ tiers: [{ name: "workhorse", state: "notForNamespace" }] }),
      want: { conditions: expect.objectContaining({ TiersResolved: "False/TierNotFound" }) as never },
    },
    "is Ready without one of its tool servers, and says so": {
      why: "calls to it are refused; the rest works",
      given: given({}, { actions: [{ name: "send", tools: ["mail.send"] }] }),
      want: {
        conditions: expect.objectContaining({
          Ready: "True/Ready",
          ToolsResolved: "False/ToolServerNotFound",
        }) as never,
      },
    },
    "is put as not compiled when a rule is bad": {
      why: "running runs of it must learn that their rights are gone; new ones are refused",
      given: given({}, { permissions: { deny: [{ name: "x", action: "nowhere" }] } }),
      want: {
        writes: ["ensureTenant", "putRole"],
        conditions: expect.objectContaining({
          Ready: "False/PolicyInvalid",
          PolicyCompiled: "False/PolicyInvalid",
        }) as never,
      },
    },
    "above Observe needs an owner, an outcome and a stop": {
      why: "autonomy is earned by products",
      given: given({}, { purpose: "Product", autonomyBand: "High" }),
      want: {
        conditions: expect.objectContaining({ AutonomyEarned: "False/NotEarned", Ready: "True/Ready" }) as never,
      },
    },
    "takes its total out of force when it has none any more": {
      why: "absent means no limit of its own",
      given: given({
        total: [{ window: "Day", start: 0, resetsAt: 1, limit: 1n, spent: 0n, held: 0n, frozen: false }],
      }),
      want: { writes: ["ensureTenant", "putRole", "dropBudget"] },
    },
  };
  for (const [name, { why, given: snapshot, want }] of Object.entries(table)) {
    it(name, () => expect(show(snapshot), why).toMatchObject(want));
  }

  it("finds its servers in verbs, rules and rungs, and none for the builtins", () => {
    const permissions = {
      writeAutonomous: [
        { name: "a", action: "crm.update" },
        { name: "b", action: "verb" },
      ],
    };
    const rungs = [{ name: "r", type: "Rule" as const, rule: { call: { action: "files.read" } } }];
    expect(
      serversOf({ actions: [{ name: "v", tools: ["mail.send", "memory.write"] }], permissions, router: { rungs } }),
    ).toEqual(["crm", "files", "mail"]);
  });
});

describe("content from ConfigMaps", () => {
  const data = {
    "SOUL.md": "You are Tess.",
    "skills.daily": "---\nname: daily\ndescription: >-\n  Prepares the\n  day\n---\nDo it.",
    "memory.preferences.md": "brief",
    "scripts.hours": "1 + 1",
  };
  it("is folded in and pinned", () => {
    const { soul: _, ...bare } = spec;
    const resolved = resolveContent({ ...bare, contentFrom: [{ configMapRef: { name: "c" } }] }, [{ name: "c", data }]);
    expect(resolved.spec).toMatchObject({
      soul: "You are Tess.",
      skills: [{ name: "daily", description: "Prepares the day", body: "Do it." }],
      memorySeed: [{ path: "preferences.md", content: "brief" }],
      scripts: [{ name: "hours", source: "1 + 1" }],
    });
    expect(resolved.spec.contentFrom).toBeUndefined();
    expect(resolved.revision).not.toBe(revision);
  });
  it("gives way to what the role says itself", () => {
    expect(resolveContent(spec, [{ name: "c", data }]).spec.soul).toBe("Be brief.");
  });
  it("has no name of its own in the revision", () => {
    expect(resolveContent(spec, [{ name: "a", data }]).revision).toBe(
      resolveContent(spec, [{ name: "b", data }]).revision,
    );
  });
  for (const [what, bad] of Object.entries({
    "a misspelt key": { "soul.md": "x" },
    "a skill without description": { "skills.x": "hello" },
  })) {
    it(`is refused with ${what}`, () => {
      expect(() => resolveContent(spec, [{ name: "c", data: bad }])).toThrow(
        expect.objectContaining({ reason: "InvalidManifest" }),
      );
    });
  }
});
