import type { Reason } from "../../api/reasons.ts";
import { boundInputTokens, costOf, readUsage } from "../../policy/prices.ts";
import { problemFor } from "../shown.ts";
import type { Finding, Receipt } from "../stages.ts";
import { specOf } from "../standing.ts";
import type { ModelFacts } from "./judge.ts";

// A provider whose count is somewhat above our bound bills for it, and that is an overrun to be recorded. Ten times
// the bound is no bill but a broken counter.
const credibleFactor = 10;
const defaultRetries = { transient: 2, rateLimited: 2 } as const;
const maxRetryAfterMs = 30_000;

/**
 * Decides what a model's answer costs and whether a failure is tried again. Usage that is missing or absurd costs the
 * hold, labelled estimated; usage that is credible and more than the hold costs what it says, and the ledger records
 * the overrun. Pure but for jitter.
 */
export function settleModel(receipt: Receipt<ModelFacts>): Finding<ModelFacts> {
  if (receipt.outcome === "failed") return failed(receipt);
  const { permit, response, isError } = receipt;
  const { tier, bytes } = permit.judged.known.facts;
  const base = { stage: "verified", receipt, settle: "happened", response, isError } as const;
  const read = readUsage(receipt.usage);
  if ("absurd" in read) return { ...base, charge: permit.held, estimated: true, error: read.absurd };
  const { usage } = read;
  const mostInput = Number(boundInputTokens(bytes, tier!.tokensPerKilobyte)) * credibleFactor;
  const mostOutput = (permit.maxOutputTokens + 64) * credibleFactor;
  if (usage.inputTokens > mostInput || usage.outputTokens > mostOutput) {
    return { ...base, charge: permit.held, estimated: true, error: "usage is far above what the request can cost" };
  }
  const { inputTokens, outputTokens } = usage;
  return { ...base, usage: { inputTokens, outputTokens }, charge: costOf(tier!.prices, usage), estimated: false };
}

type Failed = Receipt<ModelFacts> & { readonly outcome: "failed" };

function failed(receipt: Failed): Finding<ModelFacts> {
  const { why, sent, permit } = receipt;
  // A provider that answered with an error, or was never reached, does not bill. One that fell silent may.
  const money = sent === "unknown" ? "charge" : "release";
  const base = { stage: "verified", receipt, settle: "abandoned", money, why } as const;
  if (sent === "unknown" || permit.signal.aborted) return base;
  const retries = specOf(permit.judged.known.call.caller.token.pinnedRole).retries;
  if (why.reason === "RateLimited" && permit.attempt <= (retries?.rateLimited ?? defaultRetries.rateLimited)) {
    const wait = receipt.retryAfterMs ?? backoffMs(permit.attempt);
    return wait <= maxRetryAfterMs ? { ...base, againAfterMs: wait } : base;
  }
  if (why.reason === "ModelUnavailable" && permit.attempt <= (retries?.transient ?? defaultRetries.transient)) {
    return { ...base, againAfterMs: receipt.retryAfterMs ?? backoffMs(permit.attempt) };
  }
  return base;
}

/** Exponential with full jitter: many workers that failed together must not come back together. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(8_000, 200 * 2 ** attempt);
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}

/** `Retry-After` (RFC 9110 §10.2.3) in milliseconds; undefined where absent or unreadable. */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^[0-9]{1,9}$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** What a provider says about an error: its sentence, and its word for programs. */
export interface ProviderWords {
  readonly message: string;
  readonly code: string;
}

/**
 * What the provider said no with, as a problem. The sentence is the provider's, shortened, and for the caller only: it may
 * quote the prompt. Others are shown the status and the provider's code. lib/log redacts keys in either.
 */
export function problemOfStatus(status: number, said: ProviderWords) {
  if (status === 429) return worded("RateLimited", "the provider asked to wait (429)", said);
  if (status >= 500 || status === 408 || status === 409) {
    return worded("ModelUnavailable", `the provider failed with status ${status}`, said);
  }
  return worded("ModelRejected", `the provider refused the request with status ${status}`, said);
}

/** A failure in our words, followed by the provider's: its sentence for the caller, its code for everybody. */
export function worded(reason: Reason, ours: string, { message, code }: ProviderWords) {
  return problemFor(reason, {
    message: message === "" ? ours : `${ours}: ${message.slice(0, 300)}`,
    shown: code === "" ? ours : `${ours} (${code})`,
  });
}
