import { Problem } from "./problem.ts";

/** Integer micro-USD. One US dollar is 1_000_000n. There are no floats in money anywhere. */
export type Micros = bigint;

const usdPattern = /^(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?$/;
const microsPerUsd = 1_000_000n;

/** Reads a decimal string of US dollars with at most six fraction digits. Throws `InvalidAmount`. */
export function parseUsd(text: unknown): Micros {
  if (typeof text !== "string" || !usdPattern.test(text)) {
    throw new Problem(
      "InvalidAmount",
      `amount ${JSON.stringify(text) ?? String(text)} is not a decimal string in USD with at most six fraction digits, such as "25.00"`,
    );
  }
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole) * microsPerUsd + BigInt(fraction.padEnd(6, "0"));
}

/** Writes micro-USD as a decimal string: at least two fraction digits, no trailing zeros beyond them. */
export function formatUsd(amount: Micros): string {
  const sign = amount < 0n ? "-" : "";
  const abs = amount < 0n ? -amount : amount;
  const fraction = (abs % microsPerUsd).toString().padStart(6, "0");
  return `${sign}${abs / microsPerUsd}.${fraction.replace(/0{1,4}$/, "")}`;
}

/**
 * The cost of `tokens` at a price in micro-USD per million tokens, exact, in millionths of a micro-USD.
 * Summands are added first and rounded up once per call by `roundUp`.
 */
export function scaledCost(tokens: bigint, microsPerMillion: Micros): bigint {
  return tokens * microsPerMillion;
}

/** Rounds a sum of `scaledCost`s up to whole micro-USD. */
export function roundUp(scaled: bigint): Micros {
  return (scaled + 999_999n) / 1_000_000n;
}
