import { isObject } from "../lib/json.ts";

/** How much a role does alone, from least to most. */
export const bands = ["Observe", "Low", "Moderate", "High"] as const;
export type Band = (typeof bands)[number];

/** What the role declares, what it gets, and what it lacks for the rest. Shown as the condition AutonomyEarned. */
export interface Autonomy {
  readonly declared: Band;
  readonly band: Band;
  readonly earned: boolean;
  /** The missing parts in words, in the order a person would add them. */
  readonly missing: readonly string[];
}

/** The fields that are read; a role spec has them. */
export interface AutonomySpec {
  readonly purpose?: string | undefined;
  readonly autonomyBand?: string | undefined;
  readonly owner?: unknown;
  readonly outcome?: unknown;
  readonly limits?: unknown;
  readonly safety?: unknown;
  readonly budget?: unknown;
}

/**
 * A product above Observe needs somebody who answers for it, an outcome, a measure of it and a rule that stops it;
 * without them its band is Observe. A script (the default) is narrow enough for its lists alone to bound it, which is
 * why the short form of a role runs as it stands (docs/decisions/0004-autonomy-is-earned-by-products.md).
 */
export function autonomyEarned(spec: AutonomySpec): Autonomy {
  const declared = toBand(spec.autonomyBand);
  const missing = spec.purpose === "Product" && declared !== "Observe" ? missingParts(spec) : [];
  return { declared, band: missing.length > 0 ? "Observe" : declared, earned: missing.length === 0, missing };
}

function missingParts(spec: AutonomySpec): readonly string[] {
  const owner = isObject(spec.owner) && (Boolean(spec.owner.group) || Boolean(spec.owner.user));
  const outcome = isObject(spec.outcome) ? spec.outcome : {};
  const limits = isObject(spec.limits) ? spec.limits : {};
  const stops =
    limits.maxSteps !== undefined ||
    limits.maxActiveSeconds !== undefined ||
    (Array.isArray(spec.safety) && spec.safety.length > 0);
  return [
    ...(owner ? [] : ["owner"]),
    ...(outcome.statement ? [] : ["outcome"]),
    ...(Array.isArray(outcome.kpis) && outcome.kpis.length > 0 ? [] : ["KPI"]),
    ...(stops ? [] : ["stopping rule (limits or safety)"]),
  ];
}

/** The band of that name; Observe, which allows least, for anything else. */
export function toBand(name: string | undefined): Band {
  return bands.find((band) => band === name) ?? "Observe";
}

/** The tighter of two bands. */
export function tighterBand(a: Band, b: Band): Band {
  return bands.indexOf(a) <= bands.indexOf(b) ? a : b;
}
