import { describe, expect, it } from "vitest";
import { problem } from "../../api/reasons.ts";
import type { Permit, Receipt } from "../stages.ts";
import type { ModelFacts } from "./judge.ts";
import { parseAnswer } from "./provider.ts";
import { backoffMs, readRetryAfter, settleModel } from "./settle.ts";

const tier = { prices: { input: 1_000_000n, output: 2_000_000n }, tokensPerKilobyte: 1_000 };
const permit = (more: object = {}) =>
  ({
    stage: "permitted",
    callId: "c",
    held: 500n,
    maxOutputTokens: 100,
    attempt: 1,
    signal: new AbortController().signal,
    judged: {
      known: { facts: { tier, bytes: 200 }, call: { caller: { token: { pinnedRole: { content: {} } } } } },
    },
    ...more,
  }) as unknown as Permit<ModelFacts>;
const answered = (usage: unknown): Receipt<ModelFacts> => ({
  stage: "performed",
  permit: permit(),
  outcome: "answered",
  response: {},
  isError: false,
  usage,
});

describe("a model call costs", () => {
  const costs: Record<string, { readonly usage: unknown; readonly want: object }> = {
    "what honest usage says": {
      usage: { prompt_tokens: 10, completion_tokens: 5 },
      want: { charge: 20n, estimated: false },
    },
    "the hold where usage is missing": { usage: undefined, want: { charge: 500n, estimated: true } },
    "the hold where a count is negative": {
      usage: { prompt_tokens: -1, completion_tokens: 5 },
      want: { charge: 500n, estimated: true },
    },
    "the hold where a count is text": {
      usage: { prompt_tokens: "10", completion_tokens: 5 },
      want: { charge: 500n, estimated: true },
    },
    "the hold where a count is NaN": {
      usage: { prompt_tokens: Number.NaN, completion_tokens: 5 },
      want: { charge: 500n, estimated: true },
    },
    "the hold where a count is beyond belief": {
      usage: { prompt_tokens: 10, completion_tokens: 1_000_000 },
      want: { charge: 500n, estimated: true },
    },
    "more than the hold where the provider credibly went over": {
      usage: { prompt_tokens: 10, completion_tokens: 400 },
      want: { charge: 810n, estimated: false },
    },
  };
  for (const [name, { usage, want }] of Object.entries(costs)) {
    it(name, () => expect(settleModel(answered(usage))).toMatchObject({ settle: "happened", ...want }));
  }
});

describe("a failed model call", () => {
  const failed = (
    reason: "ModelUnavailable" | "RateLimited" | "ModelRejected",
    sent: "none" | "unknown" | "refused",
    more: object = {},
    attempt = 1,
  ) =>
    settleModel({
      stage: "performed",
      permit: permit({ attempt }),
      outcome: "failed",
      why: problem(reason, "x"),
      sent,
      ...more,
    });

  it("costs nothing and is tried again where the provider said no", () => {
    expect(failed("ModelUnavailable", "refused")).toMatchObject({
      settle: "abandoned",
      money: "release",
      againAfterMs: expect.any(Number),
    });
  });
  it("waits as long as it was told", () => {
    expect(failed("RateLimited", "refused", { retryAfterMs: 1_500 })).toMatchObject({ againAfterMs: 1_500 });
  });
  it("does not wait longer than a worker would", () => {
    expect(failed("RateLimited", "refused", { retryAfterMs: 600_000 })).not.toHaveProperty("againAfterMs");
  });
  it("is charged and not repeated where the provider fell silent", () => {
    const finding = failed("ModelUnavailable", "unknown");
    expect(finding).toMatchObject({ settle: "abandoned", money: "charge" });
    expect(finding).not.toHaveProperty("againAfterMs");
  });
  it("is final where the request itself was refused, and after the last attempt", () => {
    expect(failed("ModelRejected", "refused")).not.toHaveProperty("againAfterMs");
    expect(failed("ModelUnavailable", "refused", {}, 3)).not.toHaveProperty("againAfterMs");
  });
});

it("backs off further each time, never beyond eight seconds", () => {
  expect([1, 2, 3, 20].map((attempt) => backoffMs(attempt, () => 1))).toEqual([400, 800, 1_600, 8_000]);
});

it("reads Retry-After as seconds and as a date", () => {
  const now = Date.UTC(2026, 10, 20, 9);
  expect(readRetryAfter("3", now)).toBe(3_000);
  expect(readRetryAfter("Fri, 20 Nov 2026 09:00:05 GMT", now)).toBe(5_000);
  expect(readRetryAfter("soon", now)).toBeUndefined();
});

it("reads an answer whose usage is NaN, and leaves NaN in text alone", () => {
  expect(parseAnswer('{"a":"NaN \\" NaN","usage":{"prompt_tokens":NaN,"x":-Infinity}}')).toEqual({
    a: 'NaN " NaN',
    usage: { prompt_tokens: null, x: null },
  });
  expect(() => parseAnswer("<html>")).toThrow("not valid JSON");
});
