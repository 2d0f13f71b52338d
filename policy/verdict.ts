import type { JsonObject } from "../lib/json.ts";
import { tighterBand, toBand } from "./autonomy.ts";
import { type Facts, toVariables, type Variables } from "./facts.ts";
import type { ActionRules, CompiledPolicy, CompiledRule, Decision } from "./permissions.ts";

/** One call as the gateway sees it, after its arguments passed the tool's schema. */
export interface Call {
  /** `<server>.<tool>` */
  readonly action: string;
  readonly arguments: JsonObject;
  readonly effect: "Read" | "Write" | "Destructive";
  /** The binding has a credential for the server, or the server needs none. */
  readonly hasCredential: boolean;
}

/** Policy's answer. `rule` names what decided: a rule of the role, or one of the defaults in parentheses. */
export interface Verdict {
  readonly decision: Decision;
  readonly rule: string;
  /** file:line of the rule. */
  readonly source?: string;
  /** One sentence for the model, the person and the audit. */
  readonly reason: string;
  /** The most calls an hour under this key; counting is the guard's, in its transaction. */
  readonly cap?: { readonly key: string; readonly maxPerHour: number };
}

/** Servers that the gateway itself plays, scoped to the binding and run that call them. */
export const builtinServers: readonly string[] = ["memory", "artifact", "skill"];

/** Whether the action is one of the gateway's own. */
export function isBuiltin(action: string): boolean {
  return builtinServers.includes(serverOf(action));
}

/** The server part of `<server>.<tool>`. */
export function serverOf(action: string): string {
  return action.slice(0, Math.max(0, action.indexOf(".")));
}

const none: ActionRules = { deny: [], ask: [], allow: [] };

/**
 * Judges one call: deny beats ask beats allow, and what nothing allows is denied. Reads of servers that the binding
 * has a credential for are allowed by default; writes must be listed, and the band then says whether they run alone.
 * A condition that cannot be evaluated counts as matched in a deny rule and as not matched elsewhere. Pure and
 * synchronous; looks only at rules of this action. Never throws.
 */
export function verdict(policy: CompiledPolicy, call: Call, facts: Facts): Verdict {
  const rules = policy.rules.get(call.action) ?? none;
  const variables = toVariables(facts, { arguments: call.arguments, action: call.action });

  const denied = rules.deny.find((rule) => matches(rule, variables, true));
  if (denied) return from(denied, denied.reason ?? `rule "${denied.name}" denies ${call.action}`);
  if (isBuiltin(call.action))
    return standing("allow", "(builtin)", "its own memory, artifacts and skills are open to a run");
  if (!call.hasCredential) {
    return standing("deny", "(no-credential)", `the binding has no credential for server "${serverOf(call.action)}"`);
  }
  const band = tighterBand(policy.band, facts.binding.band === undefined ? policy.band : toBand(facts.binding.band));
  const reads = call.effect === "Read";
  if (!reads && band === "Observe") {
    return standing("deny", "(band)", `band Observe reads and proposes; ${call.action} would change something`);
  }
  const asked = rules.ask.find((rule) => matches(rule, variables, false));
  if (asked) return from(asked, `rule "${asked.name}" wants an approval for ${call.action}`);

  const allowed = rules.allow.find((rule) => matches(rule, variables, false));
  if (!allowed) {
    if (reads) return standing("allow", "(reads)", "reads of bound servers are allowed by default");
    return standing("deny", "(default)", notListed(call.action, rules));
  }
  if (!reads && band === "Low") {
    return { ...from(allowed, `band Low asks for every write, ${call.action} included`), decision: "ask" };
  }
  const verdict = from(allowed, `rule "${allowed.name}" allows ${call.action}`);
  if (allowed.maxPerHour === undefined || band === "High") return verdict;
  return { ...verdict, cap: { key: allowed.name, maxPerHour: allowed.maxPerHour } };
}

/**
 * The verdict while the role's current policy does not compile: nobody can say what it allows now, so reads go on and
 * a person decides about each write.
 */
export function verdictWithoutPolicy(call: Call): Verdict {
  if (call.effect === "Read" || isBuiltin(call.action)) {
    return standing("allow", "(policy-invalid)", "reads go on while the role's policy does not compile");
  }
  return standing("ask", "(policy-invalid)", "the role's policy does not compile now, so every write asks");
}

const strictness: Readonly<Record<Decision, number>> = { allow: 0, ask: 1, deny: 2 };

/**
 * Rights are pinned ∩ current: the stricter of the two verdicts holds, and of two caps the lower. With equal strictness
 * the pinned one is named, because that is the role as the run knew it.
 */
export function combine(pinned: Verdict, current: Verdict): Verdict {
  if (strictness[current.decision] > strictness[pinned.decision]) return current;
  if (pinned.decision !== "allow" || current.decision !== "allow" || current.cap === undefined) return pinned;
  if (pinned.cap !== undefined && pinned.cap.maxPerHour <= current.cap.maxPerHour) return pinned;
  return { ...pinned, cap: current.cap };
}

function matches(rule: CompiledRule, variables: Variables, onError: boolean): boolean {
  if (!rule.when) return true;
  try {
    return rule.when.holds(variables);
  } catch {
    return onError;
  }
}

function notListed(action: string, rules: ActionRules): string {
  const conditional = [...rules.ask, ...rules.allow].map((rule) => `"${rule.name}"`);
  if (conditional.length === 0) return `no rule of the role lists ${action}`;
  return `the conditions of ${conditional.join(", ")} for ${action} do not hold`;
}

function from(rule: CompiledRule, reason: string): Verdict {
  const { decision, name, source } = rule;
  return { decision, rule: name, reason, ...(source === undefined ? {} : { source }) };
}

function standing(decision: Decision, rule: string, reason: string): Verdict {
  return { decision, rule, reason };
}
