import { describe, expect, it } from "vitest";
import type { AgentBudget } from "../api/generated/agent-budget.ts";
import type { ModelTier, ModelTierSpec } from "../api/generated/model-tier.ts";
import type { ToolServer, ToolServerSpec } from "../api/generated/tool-server.ts";
import type { BudgetState, TierRecord } from "../ledger/ledger.ts";
import { stored } from "../test/kit/objects.ts";
import { decide as decideBudget } from "./agent-budget/decide.ts";
import type { Plan } from "./kit/reconciler.ts";
import { decide as decideTier } from "./model-tier/decide.ts";
import { matches } from "./model-tier/reconciler.ts";
import { decide as decideServer } from "./tool-server/decide.ts";

const conditions = (plan: Plan<never>) =>
  Object.fromEntries(plan.conditions.map(({ type, status, reason }) => [type, `${status}/${reason}`]));

describe("a tier", () => {
  const plan = (spec: Partial<ModelTierSpec>) =>
    decideTier({
      tier: stored<ModelTier>("ModelTier", "cheap", {
        spec: { model: "m", prices: { inputPerMillion: "0.15", outputPerMillion: "0.60" }, ...spec },
      }),
      namespaces: undefined,
      known: ["cheap"],
    });
  const table = {
    "is offered at the default endpoint": { given: {}, want: "True/Ready" },
    "without a price is not Ready, and put all the same so that calls are denied by name": {
      given: { prices: { inputPerMillion: "1" } },
      want: "False/PriceUnknown",
    },
    "at no URL": { given: { endpoint: { baseURL: "ftp://x" } }, want: "False/InvalidManifest" },
    "that falls back on nothing": { given: { fallbacks: [{ tier: "dear" }] }, want: "False/TierNotFound" },
  };
  for (const [name, { given, want }] of Object.entries(table)) {
    it(name, () => {
      expect(conditions(plan(given) as never)).toEqual({ Ready: want });
      const [write] = plan(given).writes;
      expect(write).toMatchObject({ effect: "putTier", args: { ready: want.startsWith("True") } });
    });
  }
  it("has prices in micro-USD and defaults where nothing is said", () => {
    const [write] = plan({}).writes as unknown as readonly { args: TierRecord }[];
    expect(write?.args).toMatchObject({
      prices: { input: 150_000n, output: 600_000n },
      maxOutputTokens: 4096,
      tokensPerKilobyte: 1000,
    });
  });
});

describe("a namespace selector", () => {
  const labels = { env: "prod", team: "a" };
  const table = {
    "that is empty matches": { given: {}, want: true },
    "matches labels": { given: { matchLabels: { env: "prod" } }, want: true },
    "misses other labels": { given: { matchLabels: { env: "dev" } }, want: false },
    In: { given: { matchExpressions: [{ key: "team", operator: "In" as const, values: ["a", "b"] }] }, want: true },
    "NotIn counts a missing label": {
      given: { matchExpressions: [{ key: "x", operator: "NotIn" as const, values: ["a"] }] },
      want: true,
    },
    Exists: { given: { matchExpressions: [{ key: "x", operator: "Exists" as const }] }, want: false },
    DoesNotExist: { given: { matchExpressions: [{ key: "env", operator: "DoesNotExist" as const }] }, want: false },
  };
  for (const [name, { given, want }] of Object.entries(table))
    it(name, () => expect(matches(given, labels)).toBe(want));
});

describe("a tool server", () => {
  const plan = (spec: Partial<ToolServerSpec>, name = "mail", tools: readonly object[] = []) =>
    decideServer({
      server: stored<ToolServer>("ToolServer", name, { spec: { type: "Local", local: { name }, ...spec } }),
      tenant: "t",
      catalog: { tools: tools as never, ...(tools.length > 0 ? { protocolVersion: "2025-11-25" } : {}) },
    });
  it("is in force before it was asked", () => {
    expect(conditions(plan({}) as never)).toEqual({ Ready: "True/Ready", CatalogStable: "True/NoTools" });
  });
  it("may not take a name of the gateway's own", () => {
    expect(conditions(plan({}, "memory") as never)).toMatchObject({ Ready: "False/InvalidManifest" });
  });
  it("stays Ready when a tool changed, and names it", () => {
    const shown = plan({}, "mail", [
      { name: "send", schemaHash: "b", state: "Quarantined" },
      { name: "list", schemaHash: "a", state: "Admitted" },
    ]);
    expect(conditions(shown as never)).toEqual({ Ready: "True/Ready", CatalogStable: "False/ToolQuarantined" });
    expect(shown.status.summary).toEqual({ tools: "1 admitted, 1 quarantined" });
    expect(shown.status.tools?.map(({ name }) => name)).toEqual(["list", "send"]);
  });
});

describe("a budget", () => {
  const now = Date.parse("2026-11-02T08:00:00Z");
  const spec = { select: { team: "sales" }, limits: [{ window: "Day" as const, amount: "40.00" }] };
  const state: BudgetState = {
    window: "Day",
    start: 0,
    resetsAt: now + 60_000,
    limit: 40_000_000n,
    spent: 1_000_000n,
    held: 500_000n,
    frozen: false,
  };
  const plan = (states: readonly BudgetState[], status = {}) =>
    decideBudget({ budget: stored<AgentBudget>("AgentBudget", "sales", { spec, status }), tenant: "t", states }, now);
  it("is put in force and read again before anything is shown", () => {
    expect(plan([]).next.kind).toBe("again");
    expect(plan([{ ...state, limit: 1n }]).next.kind).toBe("again");
  });
  it("shows what is left, and looks again when its window ends", () => {
    const shown = plan([state]);
    expect(shown.status.summary).toMatchObject({
      selects: "team sales",
      tightest: "Day 40.00",
      spent: "1.00",
      remaining: "38.50",
    });
    expect(shown.next).toEqual({ kind: "recheck", at: now + 61_000 });
  });
  it("keeps what it shows until a minute is over", () => {
    const status = {
      observedGeneration: 1,
      asOf: "2026-11-02T07:59:50Z",
      windows: [],
      summary: { selects: "team sales" },
    };
    expect(plan([state], status).status.windows).toEqual([]);
  });
});
