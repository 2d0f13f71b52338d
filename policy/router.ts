import { problem } from "../api/reasons.ts";
import type { Json, JsonObject } from "../lib/json.ts";
import { messageOf } from "../lib/problem.ts";
import { type Condition, compileCondition, compileValue, type Value } from "./expressions.ts";
import { type Facts, toVariables } from "./facts.ts";

/** The part of an AgentRoleSpec that decides who answers. */
export interface RouterSpec {
  readonly modelTiers?: Readonly<Record<string, string>> | undefined;
  readonly router?: { readonly rungs?: readonly RungSpec[] | undefined } | undefined;
}

interface RungSpec {
  readonly name: string;
  readonly type: "Rule" | "Cache" | "Tier";
  readonly when?: string | undefined;
  readonly rule?: {
    readonly drop?: { readonly reason?: string | undefined } | undefined;
    readonly call?:
      | { readonly action: string; readonly arguments?: Readonly<Record<string, string>> | undefined }
      | undefined;
    readonly answer?: { readonly output: string } | undefined;
    readonly goto?: { readonly rung: string } | undefined;
  };
  readonly tier?: { readonly slot: string; readonly escalateOn?: readonly string[] | undefined } | undefined;
}

type Act =
  | { readonly kind: "drop"; readonly reason: string }
  | { readonly kind: "answer"; readonly output: Value }
  | { readonly kind: "call"; readonly action: string; readonly arguments: readonly (readonly [string, Value])[] }
  | { readonly kind: "goto"; readonly rung: string };

interface TierRung {
  readonly rung: string;
  readonly slot: string;
  /** Name of the ModelTier in that slot. */
  readonly tier: string;
  readonly escalateOn: readonly string[];
}

type Rung = { readonly name: string; readonly when?: Condition } & (
  | { readonly type: "Rule"; readonly act: Act }
  | { readonly type: "Cache" }
  | { readonly type: "Tier"; readonly tier: TierRung }
);

/** A role's ladder, ready to route. */
export interface Ladder {
  readonly rungs: readonly Rung[];
}

/** A rung that was passed by, and why; absent for rules whose condition simply does not hold. */
export interface Skipped {
  readonly rung: string;
  readonly reason: string;
}

/** Who answers. `skipped` explains the way there. */
export type Route = { readonly rung: string; readonly skipped: readonly Skipped[] } & (
  | { readonly kind: "answer"; readonly output: Json }
  | { readonly kind: "drop"; readonly reason: string }
  | { readonly kind: "call"; readonly action: string; readonly arguments: JsonObject }
  /** The model tiers to try, cheapest first: the first is used, the next ones when a check that it names fails. */
  | { readonly kind: "tier"; readonly tiers: readonly [TierRung, ...TierRung[]] }
  | { readonly kind: "none"; readonly reason: string }
);

const variables = ["task", "binding", "parameters", "run", "now"] as const;

/** The rung of a role without a router. */
export const onlyRung = "work";

/** The slot that does the work where a role has no router; the first slot where it has no such slot. */
const workSlot = "draft";

/**
 * Compiles a role's router. A role without one has a single tier rung "work". Throws PolicyInvalid naming every bad
 * rung, with file and line where the source map knows them.
 */
export function compileRouter(spec: RouterSpec, sourceMap: Readonly<Record<string, string>> = {}): Ladder {
  const tiers = spec.modelTiers ?? {};
  const written = spec.router?.rungs ?? [];
  const faults: string[] = [];
  const rungs: Rung[] = [];
  for (const [index, rung] of written.entries()) {
    try {
      rungs.push(compileRung(rung, index, written, tiers));
    } catch (cause) {
      const source = sourceMap[rung.name];
      faults.push(`rung "${rung.name}"${source ? ` (${source})` : ""}: ${messageOf(cause)}`);
    }
  }
  if (faults.length > 0) throw problem("PolicyInvalid", faults.join("; "));
  return { rungs: written.length > 0 ? rungs : defaultRungs(tiers) };
}

function defaultRungs(tiers: Readonly<Record<string, string>>): readonly Rung[] {
  const slot = tiers[workSlot] === undefined ? Object.keys(tiers).sort()[0] : workSlot;
  if (slot === undefined) return [];
  return [
    { name: onlyRung, type: "Tier", tier: { rung: onlyRung, slot, tier: tiers[slot] as string, escalateOn: [] } },
  ];
}

function compileRung(
  rung: RungSpec,
  index: number,
  all: readonly RungSpec[],
  tiers: Readonly<Record<string, string>>,
): Rung {
  if (all.findIndex((other) => other.name === rung.name) !== index) throw new Error("the name is used by another rung");
  const base = {
    name: rung.name,
    ...(rung.when === undefined ? {} : { when: compileCondition(rung.when, variables) }),
  };
  if (rung.type === "Cache") return { ...base, type: "Cache" };
  if (rung.type === "Rule") return { ...base, type: "Rule", act: compileAct(rung.rule ?? {}, index, all) };
  if (rung.type !== "Tier") throw new Error(`type must be Rule, Cache or Tier, not "${String(rung.type)}"`);
  const slot = rung.tier?.slot ?? "";
  const tier = tiers[slot];
  if (tier === undefined) throw new Error(`slot "${slot}" is not in modelTiers`);
  return { ...base, type: "Tier", tier: { rung: rung.name, slot, tier, escalateOn: rung.tier?.escalateOn ?? [] } };
}

function compileAct(rule: NonNullable<RungSpec["rule"]>, index: number, all: readonly RungSpec[]): Act {
  const { drop, call, answer, goto } = rule;
  if ([drop, call, answer, goto].filter((act) => act !== undefined).length !== 1) {
    throw new Error("exactly one of drop, call, answer and goto must be set");
  }
  if (drop) return { kind: "drop", reason: drop.reason ?? "" };
  if (answer) return { kind: "answer", output: compileValue(answer.output, variables) };
  if (call) {
    const args = Object.entries(call.arguments ?? {}).map(([key, cel]) => [key, compileValue(cel, variables)] as const);
    return { kind: "call", action: call.action, arguments: args };
  }
  const rung = goto?.rung ?? "";
  // Only forward, so that every ladder ends.
  if (all.findIndex((other) => other.name === rung) <= index) throw new Error(`goto "${rung}" is not a later rung`);
  return { kind: "goto", rung };
}

/**
 * Finds who answers: rungs in order, the first that applies wins. A condition or value that cannot be evaluated means
 * the rung does not apply. Pure; never throws.
 */
export function route(ladder: Ladder, facts: Facts): Route {
  const known = toVariables(facts);
  const skipped: Skipped[] = [];
  const skip = (rung: string, reason: string) => void skipped.push({ rung, reason });
  let waitFor: string | undefined;

  for (const [index, rung] of ladder.rungs.entries()) {
    if (waitFor !== undefined && rung.name !== waitFor) continue;
    waitFor = undefined;
    if (!applies(rung, known, skip)) continue;
    if (rung.type === "Cache") {
      skip(rung.name, "cache rungs are not served in this version");
      continue;
    }
    if (rung.type === "Tier") {
      return { kind: "tier", rung: rung.name, skipped, tiers: [rung.tier, ...laterTiers(ladder, index, known)] };
    }
    const { act } = rung;
    if (act.kind === "goto") {
      waitFor = act.rung;
      continue;
    }
    if (act.kind === "drop") return { kind: "drop", rung: rung.name, skipped, reason: act.reason };
    try {
      if (act.kind === "answer") return { kind: "answer", rung: rung.name, skipped, output: act.output.of(known) };
      const args = Object.fromEntries(act.arguments.map(([key, value]) => [key, value.of(known)]));
      return { kind: "call", rung: rung.name, skipped, action: act.action, arguments: args };
    } catch (cause) {
      skip(rung.name, messageOf(cause));
    }
  }
  const reason =
    ladder.rungs.length === 0 ? "the role has no modelTiers and no router" : "no rung of the router applies";
  return { kind: "none", rung: "", skipped, reason };
}

function applies(
  rung: Rung,
  known: ReturnType<typeof toVariables>,
  skip: (rung: string, reason: string) => void,
): boolean {
  if (!rung.when) return true;
  try {
    return rung.when.holds(known);
  } catch (cause) {
    skip(rung.name, messageOf(cause));
    return false;
  }
}

/** Tiers above, to go up to when a check fails. Rules stand aside then: they were judged on the way down. */
function laterTiers(ladder: Ladder, index: number, known: ReturnType<typeof toVariables>): readonly TierRung[] {
  const ignore = () => undefined;
  return ladder.rungs
    .slice(index + 1)
    .flatMap((rung) => (rung.type === "Tier" && applies(rung, known, ignore) ? [rung.tier] : []));
}
