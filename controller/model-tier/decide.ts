import type { ModelTier, ModelTierSpec } from "../../api/generated/model-tier.ts";
import type { Stored } from "../../api/resource.ts";
import type { TierRecord } from "../../ledger/ledger.ts";
import { parseUsd } from "../../lib/money.ts";
import { type Mark, met, type Plan, settled, unmet } from "../kit/reconciler.ts";

export interface Snapshot {
  readonly tier: Stored<ModelTier>;
  /** Names of all namespaces that the selector matches; undefined where there is no selector. */
  readonly namespaces: readonly string[] | undefined;
  /** Tiers that exist, for the fallbacks. */
  readonly known: readonly string[];
}

/** Puts the tier in force as declared. One without prices is put too: the gateway then denies each call and says why. */
export function decide(snapshot: Snapshot): Plan<ModelTier> {
  const { tier } = snapshot;
  const ready = judge(tier.spec, snapshot.known);
  const record = toRecord(snapshot, ready.status === "True");
  return {
    writes: [{ kind: "ledger", effect: "putTier", args: record, once: `tier/${tier.metadata.name}` }],
    conditions: [ready],
    status: {},
    next: settled,
  };
}

/** The tier is gone: roles that use it show it, calls to it are denied. */
export function release(snapshot: Snapshot): Plan<ModelTier> {
  return {
    writes: [{ kind: "ledger", effect: "dropTier", args: { name: snapshot.tier.metadata.name } }],
    conditions: [unmet("Ready", "Settled", "the tier is withdrawn")],
    status: {},
    next: settled,
  };
}

function judge(spec: ModelTierSpec, known: readonly string[]): Mark {
  const missing = (["inputPerMillion", "outputPerMillion"] as const).filter(
    (field) => spec.prices?.[field] === undefined,
  );
  if (missing.length > 0) {
    return unmet(
      "Ready",
      "PriceUnknown",
      `prices.${missing.join(" and prices.")} ${missing.length > 1 ? "are" : "is"} missing; calls are denied`,
    );
  }
  if (spec.endpoint !== undefined && !isHttp(spec.endpoint.baseURL)) {
    return unmet("Ready", "InvalidManifest", `endpoint.baseURL "${spec.endpoint.baseURL}" is not an http or https URL`);
  }
  const unknown = (spec.fallbacks ?? []).map(({ tier }) => tier).filter((name) => !known.includes(name));
  if (unknown.length > 0)
    return unmet("Ready", "TierNotFound", `fallback "${unknown.join('", "')}" is not a ModelTier`);
  return met("Ready", "Ready", spec.endpoint === undefined ? "offered at the gateway's default endpoint" : "offered");
}

function isHttp(text: string): boolean {
  return URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol);
}

function toRecord({ tier, namespaces }: Snapshot, ready: boolean): TierRecord {
  const { spec, metadata } = tier;
  const price = (text: string | undefined) => (text === undefined ? undefined : parseUsd(text));
  const prices = {
    input: price(spec.prices?.inputPerMillion),
    cachedInput: price(spec.prices?.cachedInputPerMillion),
    cacheWrite: price(spec.prices?.cacheWritePerMillion),
    output: price(spec.prices?.outputPerMillion),
  };
  return {
    name: metadata.name,
    uid: metadata.uid,
    model: spec.model,
    ...(spec.endpoint === undefined ? {} : { baseURL: spec.endpoint.baseURL }),
    ...(spec.endpoint?.apiKeySecretRef === undefined ? {} : { apiKeySecretRef: spec.endpoint.apiKeySecretRef }),
    prices: Object.fromEntries(Object.entries(prices).filter(([, value]) => value !== undefined)),
    maxOutputTokens: spec.maxOutputTokens ?? 4_096,
    minOutputTokens: spec.minOutputTokens ?? Math.min(64, spec.maxOutputTokens ?? 64),
    ...(spec.contextWindow === undefined ? {} : { contextWindow: spec.contextWindow }),
    tokensPerKilobyte: spec.tokensPerKilobyte ?? 1_000,
    timeoutSeconds: spec.timeoutSeconds ?? 60,
    concurrency: spec.concurrency ?? 32,
    allowedFields: spec.allowedFields ?? [],
    fallbacks: (spec.fallbacks ?? []).map(({ tier: name }) => name),
    ...(namespaces === undefined ? {} : { namespaces: [...namespaces].sort() }),
    ready,
  };
}
