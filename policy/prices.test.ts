import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundInputTokens, costOf, type PricedTier, priceVersion, readUsage, worstCase } from "./prices.ts";

const tier: PricedTier = {
  name: "workhorse",
  prices: { input: 150_000n, output: 600_000n },
  maxOutputTokens: 1000,
  minOutputTokens: 64,
  tokensPerKilobyte: 1000,
};

describe("boundInputTokens", () => {
  it.each([
    ["an empty request still pays for the template", 0, 1000, 64n],
    ["a thousand bytes at a thousand tokens per kilobyte are a token a byte", 1000, 1000, 1064n],
    ["a part of a token is a whole token", 1, 300, 65n],
    ["large requests do not overflow", 4_000_000_000_000, 1000, 4_000_000_000_064n],
  ])("%s", (_, bytes, perKilobyte, want) => {
    expect(boundInputTokens(bytes, perKilobyte)).toBe(want);
  });

  it.each([[-1], [0.5], [Number.NaN], [Number.POSITIVE_INFINITY]])("refuses %s bytes", (bytes) => {
    expect(() => boundInputTokens(bytes, 1000)).toThrow(/cannot have/);
  });

  it("refuses a tier that claims its tokens are free", () => {
    expect(() => boundInputTokens(10, 0)).toThrow(/tokensPerKilobyte/);
  });
});

describe("worstCase", () => {
  it("charges the input at the highest rate that may apply", () => {
    const prices = { input: 100_000n, cachedInput: 10_000n, cacheWrite: 125_000n, output: 600_000n };
    const want = (1064n * 125_000n + 999_999n) / 1_000_000n;
    expect(worstCase({ ...tier, prices }, { bytes: 1000 }).fixed).toBe(want);
  });

  it("multiplies input and output by the number of answers", () => {
    const one = worstCase(tier, { bytes: 1_000_000 });
    const three = worstCase(tier, { bytes: 1_000_000, n: 3 });
    expect(three.outputMicrosPerMillion).toBe(one.outputMicrosPerMillion * 3n);
    expect(three.fixed).toBe((1_000_064n * 3n * 150_000n + 999_999n) / 1_000_000n);
  });

  it("never asks for more output than the tier gives", () => {
    expect(worstCase(tier, { bytes: 1, maxOutputTokens: 50_000 }).maxOutputTokens).toBe(1000);
  });

  it("lets a caller ask for less than the tier's minimum", () => {
    expect(worstCase(tier, { bytes: 1, maxOutputTokens: 5 })).toMatchObject({ maxOutputTokens: 5, minOutputTokens: 5 });
  });

  it.each([
    ["input", { output: 1n }],
    ["output", { input: 1n }],
    ["input and output", {}],
  ])("denies when the price of %s is unknown", (missing, prices) => {
    expect(() => worstCase({ ...tier, prices }, { bytes: 1 })).toThrow(`has no price for ${missing}`);
  });

  it("takes a price of zero as a price", () => {
    expect(worstCase({ ...tier, prices: { input: 0n, output: 0n } }, { bytes: 9 }).fixed).toBe(0n);
  });

  it("refuses a negative price, which would earn money", () => {
    expect(() => worstCase({ ...tier, prices: { input: -1n, output: 0n } }, { bytes: 9 })).toThrow(/negative price/);
  });

  it.each([[0], [-1], [1.5], [1000], [Number.NaN]])("refuses %s answers", (n) => {
    expect(() => worstCase(tier, { bytes: 1, n })).toThrow(/n must be/);
  });

  it("covers any honest usage within the limits", () => {
    const prices = { input: 150_001n, cachedInput: 75_003n, cacheWrite: 180_007n, output: 600_011n };
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(1000), fc.nat(100), fc.nat(100), (bytes, out, cached, written) => {
        const worst = worstCase({ ...tier, prices }, { bytes });
        const input = Number(boundInputTokens(bytes, 1000));
        const [c, w] = cached + written > input ? [0, 0] : [cached, written];
        const cost = costOf(prices, {
          inputTokens: input,
          cachedInputTokens: c,
          cacheWriteTokens: w,
          outputTokens: out,
        });
        const hold =
          worst.fixed + (BigInt(worst.maxOutputTokens) * worst.outputMicrosPerMillion + 999_999n) / 1_000_000n;
        expect(hold >= cost).toBe(true);
      }),
    );
  });
});

describe("readUsage", () => {
  it("reads OpenAI's usage with its parts", () => {
    const raw = { prompt_tokens: 12, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 5 } };
    expect(readUsage(raw)).toEqual({
      usage: { inputTokens: 12, cachedInputTokens: 5, cacheWriteTokens: 0, outputTokens: 3 },
    });
  });

  const absurd: Record<string, unknown> = {
    "usage is missing": undefined,
    "usage.prompt_tokens is missing": { completion_tokens: 1 },
    "usage.completion_tokens is missing": { prompt_tokens: 1, completion_tokens: null },
    "usage.prompt_tokens is not a number": { prompt_tokens: Number.NaN, completion_tokens: 1 },
    "usage.prompt_tokens is negative": { prompt_tokens: -5, completion_tokens: 1 },
    "usage.completion_tokens is above 1000000000": { prompt_tokens: 1, completion_tokens: Number.POSITIVE_INFINITY },
    "usage.completion_tokens is a string": { prompt_tokens: 1, completion_tokens: "7" },
    "usage.completion_tokens is a list": { prompt_tokens: 1, completion_tokens: [7] },
    "usage.completion_tokens is not whole": { prompt_tokens: 1, completion_tokens: 0.5 },
    "usage.cached_tokens is negative": {
      prompt_tokens: 1,
      completion_tokens: 1,
      prompt_tokens_details: { cached_tokens: -9 },
    },
    "usage counts more cached tokens than input tokens": {
      prompt_tokens: 1,
      completion_tokens: 1,
      prompt_tokens_details: { cached_tokens: 2 },
    },
  };
  it.each(Object.entries(absurd))("%s", (why, raw) => {
    expect(readUsage(raw)).toEqual({ absurd: why });
  });

  it("takes a list or a number for missing usage", () => {
    expect(readUsage([1])).toEqual({ absurd: "usage is missing" });
    expect(readUsage(7)).toEqual({ absurd: "usage is missing" });
  });
});

describe("costOf", () => {
  it("adds exactly and rounds up once", () => {
    // 1 input token is 0.15 micro-USD and 1 output token 0.6: together one micro-USD, not two.
    const usage = { inputTokens: 1, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 1 };
    expect(costOf(tier.prices, usage)).toBe(1n);
  });

  it("charges cached input at its own price, and at the full price where none is given", () => {
    const usage = { inputTokens: 1_000_000, cachedInputTokens: 1_000_000, cacheWriteTokens: 0, outputTokens: 0 };
    expect(costOf({ ...tier.prices, cachedInput: 10n }, usage)).toBe(10n);
    expect(costOf(tier.prices, usage)).toBe(150_000n);
  });
});

describe("priceVersion", () => {
  it("changes with any price and not with the order they are written in", () => {
    expect(priceVersion({ input: 1n, output: 2n })).toBe(priceVersion({ output: 2n, input: 1n }));
    expect(priceVersion({ input: 1n, output: 2n })).not.toBe(priceVersion({ input: 1n, output: 3n }));
  });
});
