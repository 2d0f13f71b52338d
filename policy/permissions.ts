import { problem } from "../api/reasons.ts";
import { isObject } from "../lib/json.ts";
import { messageOf } from "../lib/problem.ts";
import { type Autonomy, autonomyEarned, type Band, bands } from "./autonomy.ts";
import { type Condition, compileCondition } from "./expressions.ts";

export type Decision = "allow" | "ask" | "deny";

/** One rule in force for one action. A rule for a business verb becomes one of these per tool behind the verb. */
export interface CompiledRule {
  readonly name: string;
  readonly decision: Decision;
  /** `<server>.<tool>` */
  readonly action: string;
  readonly when?: Condition;
  readonly maxPerHour?: number;
  /** Why a deny rule denies, in the role's own words. */
  readonly reason?: string;
  /** file:line where the rule is written. */
  readonly source?: string;
}

export interface ActionRules {
  readonly deny: readonly CompiledRule[];
  readonly ask: readonly CompiledRule[];
  readonly allow: readonly CompiledRule[];
}

/** Permissions of one role revision, ready to judge. Rules are found by action, so a verdict never scans all of them. */
export interface CompiledPolicy {
  /** The band in force: the declared one, unless it was not earned. */
  readonly band: Band;
  readonly autonomy: Autonomy;
  readonly rules: ReadonlyMap<string, ActionRules>;
  /** Rules as written, not per tool, for the role's status. */
  readonly counts: { readonly allow: number; readonly ask: number; readonly deny: number };
}

/** The part of an AgentRoleSpec that decides what a run may do. */
export interface PermissionSpec {
  readonly purpose?: string | undefined;
  readonly autonomyBand?: string | undefined;
  readonly rights?: string | undefined;
  readonly actions?: readonly { readonly name: string; readonly tools: readonly string[] }[] | undefined;
  readonly permissions?:
    | {
        readonly writeAutonomous?: readonly RuleSpec[] | undefined;
        readonly writeRequiresApproval?: readonly RuleSpec[] | undefined;
        readonly deny?: readonly RuleSpec[] | undefined;
      }
    | undefined;
  readonly owner?: unknown;
  readonly outcome?: unknown;
  readonly limits?: unknown;
  readonly safety?: unknown;
  readonly budget?: unknown;
}

interface RuleSpec {
  readonly name: string;
  readonly action: string;
  readonly when?: string | undefined;
  readonly maxPerHour?: number | undefined;
  readonly reason?: string | undefined;
}

/** The variables of a `when` condition. `provenance` and `result` come with the approval flow; until then they are unset. */
const variables = ["arguments", "action", "task", "binding", "parameters", "run", "now", "provenance"] as const;

const lists = {
  writeAutonomous: { decision: "allow", fields: ["name", "action", "when", "maxPerHour"] },
  writeRequiresApproval: {
    decision: "ask",
    fields: ["name", "action", "when", "requires", "approvers", "show", "expiresAfterSeconds"],
  },
  deny: { decision: "deny", fields: ["name", "action", "when", "reason"] },
} as const satisfies Record<string, { decision: Decision; fields: readonly string[] }>;

const actionPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?\.[A-Za-z0-9][A-Za-z0-9_-]*$/;
const rightsClasses = ["ReadOnly", "BoundedMutator", "HighImpact", "Coordinator"];

/**
 * Compiles the permissions of a role. Throws PolicyInvalid naming every bad rule with its file and line, so that one
 * edit can mend them all; `details.rules` has them apart. Pure: the same spec gives the same policy.
 */
export function compilePolicy(spec: PermissionSpec, sourceMap: Readonly<Record<string, string>> = {}): CompiledPolicy {
  const faults: { readonly rule: string; readonly source?: string; readonly message: string }[] = [];
  const fault = (rule: string, message: string) =>
    faults.push({ rule, message, ...(sourceMap[rule] === undefined ? {} : { source: sourceMap[rule] }) });

  const verbs = readVerbs(spec.actions ?? [], fault);
  const rules = new Map<string, { deny: CompiledRule[]; ask: CompiledRule[]; allow: CompiledRule[] }>();
  const counts = { allow: 0, ask: 0, deny: 0 };
  const seen = new Set<string>();

  for (const [list, { decision, fields }] of Object.entries(lists)) {
    const written = spec.permissions?.[list as keyof typeof lists] ?? [];
    for (const [index, rule] of written.entries()) {
      if (!isObject(rule) || typeof rule.name !== "string" || rule.name === "") {
        fault(`${list}[${index}]`, "a rule needs a name");
        continue;
      }
      // Names key the caps, the source map and the audit, so two rules of one name could not be told apart.
      if (seen.has(rule.name)) fault(rule.name, "the name is used by another rule");
      seen.add(rule.name);
      // A misspelt condition would make an allow rule wider than it was meant.
      const unknown = Object.keys(rule).filter((field) => !(fields as readonly string[]).includes(field));
      if (unknown.length > 0)
        fault(rule.name, `${list} rules have no field ${unknown.map((u) => `"${u}"`).join(", ")}`);
      counts[decision]++;
      const base = compileRule(rule, decision, sourceMap[rule.name], fault);
      for (const action of resolve(rule, verbs, fault)) {
        const entry = rules.get(action) ?? { deny: [], ask: [], allow: [] };
        rules.set(action, entry);
        entry[decision].push({ ...base, action });
      }
    }
  }
  checkRights(spec, counts, fault);
  if (spec.autonomyBand !== undefined && !(bands as readonly string[]).includes(spec.autonomyBand)) {
    fault("autonomyBand", `must be one of ${bands.join(", ")}, not "${spec.autonomyBand}"`);
  }
  if (faults.length > 0) {
    const text = faults.map((f) => `rule "${f.rule}"${f.source ? ` (${f.source})` : ""}: ${f.message}`);
    throw problem("PolicyInvalid", text.join("; "), { details: { rules: faults } });
  }
  const autonomy = autonomyEarned(spec);
  return { band: autonomy.band, autonomy, rules, counts };
}

type Fault = (rule: string, message: string) => void;

function readVerbs(
  actions: NonNullable<PermissionSpec["actions"]>,
  fault: Fault,
): ReadonlyMap<string, readonly string[]> {
  const verbs = new Map<string, readonly string[]>();
  for (const { name, tools } of actions) {
    if (verbs.has(name)) fault(`actions.${name}`, "the verb is defined twice");
    if (name.includes(".")) fault(`actions.${name}`, "a business verb has no dot; dots are for <server>.<tool>");
    if (tools.length === 0) fault(`actions.${name}`, "a business verb needs at least one tool");
    for (const tool of tools) {
      if (!actionPattern.test(tool)) fault(`actions.${name}`, `"${tool}" is not <server>.<tool>`);
    }
    verbs.set(name, tools);
  }
  return verbs;
}

function resolve(rule: RuleSpec, verbs: ReadonlyMap<string, readonly string[]>, fault: Fault): readonly string[] {
  if (typeof rule.action !== "string" || rule.action === "") {
    fault(rule.name, "a rule needs an action");
    return [];
  }
  const tools = verbs.get(rule.action);
  if (tools) return [...new Set(tools)];
  if (actionPattern.test(rule.action)) return [rule.action];
  const known = verbs.size > 0 ? `; known verbs: ${[...verbs.keys()].sort().join(", ")}` : "";
  fault(rule.name, `action "${rule.action}" is neither <server>.<tool> nor a verb in actions${known}`);
  return [];
}

function compileRule(rule: RuleSpec, decision: Decision, source: string | undefined, fault: Fault): CompiledRule {
  if (rule.maxPerHour !== undefined && (!Number.isSafeInteger(rule.maxPerHour) || rule.maxPerHour < 0)) {
    fault(rule.name, `maxPerHour must be a whole number of at least 0, not ${JSON.stringify(rule.maxPerHour)}`);
  }
  let when: Condition | undefined;
  if (rule.when !== undefined) {
    try {
      when = compileCondition(rule.when, variables);
    } catch (cause) {
      fault(rule.name, `when: ${messageOf(cause)}`);
    }
  }
  return {
    name: rule.name,
    decision,
    action: rule.action,
    ...(when ? { when } : {}),
    ...(rule.maxPerHour === undefined ? {} : { maxPerHour: rule.maxPerHour }),
    ...(rule.reason === undefined ? {} : { reason: rule.reason }),
    ...(source === undefined ? {} : { source }),
  };
}

function checkRights(spec: PermissionSpec, counts: CompiledPolicy["counts"], fault: Fault): void {
  if (spec.rights === undefined) return;
  if (!rightsClasses.includes(spec.rights)) {
    fault("rights", `must be one of ${rightsClasses.join(", ")}, not "${spec.rights}"`);
  } else if ((spec.rights === "ReadOnly" || spec.rights === "Coordinator") && counts.allow + counts.ask > 0) {
    fault("rights", `a role with rights ${spec.rights} may hold no write, and ${counts.allow + counts.ask} are listed`);
  }
}
