import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatUsd, parseUsd, roundUp, scaledCost } from "./money.ts";

describe("parseUsd", () => {
  const good: Record<string, { given: string; want: bigint; why: string }> = {
    "reads whole dollars": { given: "25", want: 25_000_000n, why: "the common way to write a limit" },
    "reads cents": { given: "1.50", want: 1_500_000n, why: "written text, never a float" },
    "reads six fraction digits": { given: "0.000001", want: 1n, why: "the smallest amount there is" },
    "reads zero as zero": { given: "0", want: 0n, why: "a limit of zero means no money, not no limit" },
  };
  for (const [sentence, { given, want, why }] of Object.entries(good)) {
    it(sentence, () => expect(parseUsd(given), why).toBe(want));
  }

  const bad: readonly unknown[] = [
    "",
    "-1",
    "+1",
    "1.",
    ".5",
    "01",
    "1e3",
    "NaN",
    "Infinity",
    "1.0000001",
    "1,50",
    " 1",
    "1 ",
    "9999999999999",
    1.5,
    25,
    null,
    undefined,
    {},
    [],
    true,
    "٢٥",
  ];
  for (const given of bad) {
    it(`refuses ${JSON.stringify(given) ?? "undefined"}`, () => {
      expect(() => parseUsd(given)).toThrowError(expect.objectContaining({ reason: "InvalidAmount" }));
    });
  }
});

it("formatUsd writes what parseUsd reads", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 999_999_999_999_999_999n }), (amount) => {
      expect(parseUsd(formatUsd(amount))).toBe(amount);
    }),
  );
  expect(formatUsd(1_500_000n)).toBe("1.50");
  expect(formatUsd(-10n)).toBe("-0.00001");
});

it("roundUp never rounds a cost down, and by less than one micro-dollar", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 9n }), fc.bigInt({ min: 0n, max: 10n ** 9n }), (tokens, price) => {
      const scaled = scaledCost(tokens, price);
      const micros = roundUp(scaled);
      expect(micros * 1_000_000n >= scaled && micros * 1_000_000n - scaled < 1_000_000n).toBe(true);
    }),
  );
});
