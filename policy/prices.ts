import { problem } from "../api/reasons.ts";
import { digest, isObject } from "../lib/json.ts";
import { type Micros, roundUp, scaledCost } from "../lib/money.ts";

/** Micro-USD per million tokens. A price that is not known is absent, never zero. */
export interface Prices {
  readonly input?: Micros;
  readonly cachedInput?: Micros;
  readonly cacheWrite?: Micros;
  readonly output?: Micros;
}

/** What a model call consumed, as its provider reported it. Cached and written tokens are parts of the input. */
export interface Usage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
}

// What providers wrap around a request before the model sees it: begin and end marks and the preamble to a tool list.
// The syntax of our JSON (28 bytes a message at least) already pays for the marks of each message.
const templateTokens = 64n;

// No provider offers a context near this. A larger report is a broken counter, not a bill.
const maxTokensOfOneCall = 1_000_000_000;

/**
 * An upper bound of the input tokens of a request of `bytes` bytes. A kilobyte is 1000 bytes here, the reading that
 * bounds higher, so that 1000 tokens per kilobyte means "no token is shorter than a byte".
 */
export function boundInputTokens(bytes: number, tokensPerKilobyte: number): bigint {
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    throw problem("InvalidRequest", `a request cannot have ${bytes} bytes`);
  }
  if (!Number.isSafeInteger(tokensPerKilobyte) || tokensPerKilobyte < 1) {
    throw problem("PriceUnknown", `tokensPerKilobyte must be a whole number of at least 1, not ${tokensPerKilobyte}`);
  }
  return (BigInt(bytes) * BigInt(tokensPerKilobyte) + 999n) / 1000n + templateTokens;
}

/** The most a call can cost, in the shape a hold needs: the rest grows only with the output limit. */
export interface WorstCase {
  /** Everything but the output, rounded up. */
  readonly fixed: Micros;
  /** The price of one million output tokens of every one of the `n` answers together. */
  readonly outputMicrosPerMillion: Micros;
  readonly maxOutputTokens: number;
  readonly minOutputTokens: number;
  readonly priceVersion: string;
}

/** The part of a tier that decides what a call may cost. */
export interface PricedTier {
  readonly name: string;
  readonly prices: Prices;
  readonly maxOutputTokens: number;
  readonly minOutputTokens: number;
  readonly tokensPerKilobyte: number;
}

/**
 * The worst case of one request, before it is sent. Input is charged at the highest rate that may apply to any of it,
 * for each of the `n` answers, because which part a provider caches is known only afterwards. Throws PriceUnknown
 * where a price is missing, InvalidRequest where `n` or the limit is absurd.
 */
export function worstCase(
  tier: PricedTier,
  request: { readonly bytes: number; readonly n?: number; readonly maxOutputTokens?: number },
): WorstCase {
  const { input, output } = known(tier.name, tier.prices);
  const n = request.n ?? 1;
  if (!Number.isSafeInteger(n) || n < 1 || n > 128) {
    throw problem("InvalidRequest", `n must be a whole number from 1 to 128, not ${n}`);
  }
  const wanted = request.maxOutputTokens ?? tier.maxOutputTokens;
  if (!Number.isSafeInteger(wanted) || wanted < 1) {
    throw problem("InvalidRequest", `the output limit must be a whole number of at least 1, not ${wanted}`);
  }
  const rates = [input, tier.prices.cachedInput ?? 0n, tier.prices.cacheWrite ?? 0n];
  const highest = rates.reduce((a, b) => (a > b ? a : b));
  const tokens = boundInputTokens(request.bytes, tier.tokensPerKilobyte) * BigInt(n);
  const maxOutputTokens = Math.min(wanted, tier.maxOutputTokens);
  return {
    fixed: roundUp(scaledCost(tokens, highest)),
    outputMicrosPerMillion: output * BigInt(n),
    maxOutputTokens,
    // A caller that asks for less than the tier's minimum gets what it asks for, not a refusal.
    minOutputTokens: Math.min(tier.minOutputTokens, maxOutputTokens),
    priceVersion: priceVersion(tier.prices),
  };
}

/**
 * Reads the `usage` member of an OpenAI-compatible answer. Anything but whole, non-negative numbers that fit together
 * is absurd, with the reason in words; the caller then charges the hold. Never throws.
 */
export function readUsage(raw: unknown): { readonly usage: Usage } | { readonly absurd: string } {
  if (!isObject(raw)) return { absurd: "usage is missing" };
  const details = isObject(raw.prompt_tokens_details) ? raw.prompt_tokens_details : {};
  const read = {
    prompt_tokens: raw.prompt_tokens,
    completion_tokens: raw.completion_tokens,
    cached_tokens: details.cached_tokens ?? 0,
    cache_write_tokens: details.cache_write_tokens ?? 0,
  };
  for (const [name, value] of Object.entries(read)) {
    const why = absurdityOf(value);
    if (why !== undefined) return { absurd: `usage.${name} ${why}` };
  }
  const usage: Usage = {
    inputTokens: read.prompt_tokens as number,
    cachedInputTokens: read.cached_tokens as number,
    cacheWriteTokens: read.cache_write_tokens as number,
    outputTokens: read.completion_tokens as number,
  };
  if (usage.cachedInputTokens + usage.cacheWriteTokens > usage.inputTokens) {
    return { absurd: "usage counts more cached tokens than input tokens" };
  }
  return { usage };
}

function absurdityOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return "is missing";
  if (typeof value !== "number") return `is a ${Array.isArray(value) ? "list" : typeof value}`;
  if (Number.isNaN(value)) return "is not a number";
  if (value < 0) return "is negative";
  if (value > maxTokensOfOneCall) return `is above ${maxTokensOfOneCall}`;
  if (!Number.isInteger(value)) return "is not whole";
  return undefined;
}

/** What a call cost: exact, and rounded up once. Throws PriceUnknown. */
export function costOf(prices: Prices, usage: Usage): Micros {
  const { input, output } = known("of the call", prices);
  const fresh = usage.inputTokens - usage.cachedInputTokens - usage.cacheWriteTokens;
  return roundUp(
    scaledCost(BigInt(fresh), input) +
      scaledCost(BigInt(usage.cachedInputTokens), prices.cachedInput ?? input) +
      scaledCost(BigInt(usage.cacheWriteTokens), prices.cacheWrite ?? input) +
      scaledCost(BigInt(usage.outputTokens), output),
  );
}

/** Names a price table by its content: each money entry carries it, so that a charge can be explained later. */
export function priceVersion(prices: Prices): string {
  const text = Object.fromEntries(Object.entries(prices).map(([name, price]) => [name, String(price)]));
  return digest(text).slice(0, 16);
}

function known(tier: string, prices: Prices): { readonly input: Micros; readonly output: Micros } {
  const missing = (["input", "output"] as const).filter((name) => prices[name] === undefined);
  if (missing.length > 0) {
    throw problem("PriceUnknown", `ModelTier "${tier}" has no price for ${missing.join(" and ")}`);
  }
  const negative = Object.entries(prices).find(([, price]) => price !== undefined && price < 0n);
  if (negative) throw problem("PriceUnknown", `ModelTier "${tier}" has a negative price for ${negative[0]}`);
  return { input: prices.input as Micros, output: prices.output as Micros };
}
