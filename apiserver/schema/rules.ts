import { isObject } from "../../lib/json.ts";
import type { Problem } from "../../lib/problem.ts";
import { type CelProgram, compileExpression } from "../../policy/cel/compile.ts";
import { perCallLimit } from "../../policy/cel/cost.ts";
import type { CelType } from "../../policy/cel/environment.ts";
import { optionalValue } from "../../policy/cel/values.ts";
import type { FieldError } from "../http/status.ts";
import { celTypeOf, celValueOf, optionalOf } from "./cel-values.ts";
import { type Correlation, correlatedItems } from "./correlation.ts";
import { duplicate, forbidden, invalid, omitted, required } from "./field-errors.ts";
import { followPath } from "./field-path.ts";
import type { JsonSchema, ValidationRule } from "./json-schema.ts";

/** Cost units that all rules of one object may use together (`celconfig.RuntimeCELCostBudget`). */
const runtimeBudget = 10_000_000;
const maxMessageBytes = 5_000;

/** The rules of one schema node with those below it; nodes without rules anywhere below are left out. */
export interface RuleNode {
  readonly schema: JsonSchema;
  readonly root: boolean;
  readonly rules: readonly CompiledRule[];
  readonly properties: ReadonlyMap<string, RuleNode>;
  readonly additional?: RuleNode;
  readonly items?: RuleNode;
}

export interface CompiledRule {
  readonly source: ValidationRule;
  /** Compiled at first use: a server starts with hundreds of rules and most objects meet few. */
  program(): { readonly program?: CelProgram; readonly problem?: Problem };
  message(): { readonly program?: CelProgram; readonly problem?: Problem };
}

/** The rules of a schema and of all below it; undefined when there are none. */
export function compileRules(schema: JsonSchema, root = true, above: readonly JsonSchema[] = []): RuleNode | undefined {
  // Schemas of built-in kinds may hold themselves; they have no rules.
  if (above.includes(schema)) return undefined;
  const trail = [...above, schema];
  const embedded = schema["x-kubernetes-embedded-resource"] === true;
  const properties = new Map<string, RuleNode>();
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const node = compileRules(property, false, trail);
    if (node) properties.set(key, node);
  }
  const additional =
    typeof schema.additionalProperties === "object"
      ? compileRules(schema.additionalProperties, false, trail)
      : undefined;
  const items = schema.items ? compileRules(schema.items, false, trail) : undefined;
  const sources = schema["x-kubernetes-validations"] ?? [];
  if (sources.length === 0 && properties.size === 0 && !additional && !items) return undefined;
  return {
    schema,
    root: root || embedded,
    rules: rulesOf(schema, root || embedded) ?? [],
    properties,
    ...(additional ? { additional } : {}),
    ...(items ? { items } : {}),
  };
}

/** The rules of one node, compiled at first use; undefined where CEL knows no type for its values. */
export function rulesOf(schema: JsonSchema, root: boolean): readonly CompiledRule[] | undefined {
  const type = celTypeOf(schema, "selfType0", root);
  if (!type) return undefined;
  return (schema["x-kubernetes-validations"] ?? []).map((source) => compileRule(source, () => type));
}

function compileRule(source: ValidationRule, self: () => CelType): CompiledRule {
  const attempt = (expression: string, result: "bool" | "string") => {
    let made: { program?: CelProgram; problem?: Problem } | undefined;
    return () => {
      if (made) return made;
      const type = self();
      const oldSelf = source.optionalOldSelf ? optionalOf(type) : type;
      try {
        const program = compileExpression(expression, {
          variables: { self: type, oldSelf },
          result,
          exact: true,
          converted: true,
        });
        made = { program };
      } catch (thrown) {
        made = { problem: thrown as Problem };
      }
      return made;
    };
  };
  return {
    source,
    program: attempt(source.rule, "bool"),
    message: attempt(source.messageExpression ?? '""', "string"),
  };
}

/** Evaluates all rules of an object, with Kubernetes' messages, until the budget is spent. */
export function validateRules(
  value: unknown,
  old: unknown,
  node: RuleNode,
  correlation?: Correlation,
  warnings: string[] = [],
): FieldError[] {
  const run: Run = { budget: runtimeBudget, errors: [], warnings };
  visit(value, old, node, "", { here: correlation, parent: undefined }, run);
  return run.errors;
}

interface Run {
  budget: number;
  readonly errors: FieldError[];
  readonly warnings: string[];
}

/** Where the value stands beside its old one; without a counterpart the nearest parent that has one decides. */
interface Ratchet {
  readonly here: Correlation | undefined;
  readonly parent: Correlation | undefined;
}

const below = (ratchet: Ratchet, next: Correlation | undefined): Ratchet =>
  ratchet.here ? { here: next, parent: ratchet.here } : ratchet;

const unchanged = ({ here, parent }: Ratchet): boolean => (here ?? parent)?.unchanged() ?? false;

function visit(value: unknown, old: unknown, node: RuleNode, path: string, ratchet: Ratchet, run: Run): void {
  if (value === null || value === undefined || run.budget < 0) return;
  evaluateRules(value, old ?? undefined, node, path, ratchet, run);
  if (Array.isArray(value) && node.items) {
    const before = correlatedItems(old, node.schema);
    for (const [index, item] of value.entries()) {
      const next = below(ratchet, ratchet.here?.item(index));
      visit(item, before(item), node.items, `${path}[${index}]`, next, run);
    }
  } else if (isObject(value)) {
    const before = isObject(old) ? old : {};
    for (const [key, member] of Object.entries(value)) {
      const property = node.properties.get(key);
      const next = property ?? (Object.hasOwn(node.schema.properties ?? {}, key) ? undefined : node.additional);
      if (!next) continue;
      const at = property ? (path === "" ? key : `${path}.${key}`) : `${path}[${key}]`;
      visit(member, before[key], next, at, below(ratchet, ratchet.here?.member(key)), run);
    }
  }
}

function evaluateRules(value: unknown, old: unknown, node: RuleNode, path: string, ratchet: Ratchet, run: Run): void {
  if (node.rules.length === 0) return;
  const field = path === "" ? "<nil>" : path;
  const type = node.schema.type ?? "";
  const report = (detail: string): void => void run.errors.push(invalid(field, type, detail));
  if (run.budget <= 0) {
    report("validation failed due to running out of cost budget, no further validation rules will be run");
    run.budget = -1;
    return;
  }
  const self = celValueOf(value, node.schema, node.root);
  const oldSelf = old !== undefined && node.rules.some(readsOld) ? celValueOf(old, node.schema, node.root) : undefined;
  for (const rule of node.rules) {
    const { source } = rule;
    if (source.rule.trim() === "") continue;
    const { program, problem } = rule.program();
    if (!program) {
      report(`rule compile error: ${compileMessage(problem!)}`);
      continue;
    }
    const transition = program.reads.has("oldSelf");
    if (transition && oldSelf === undefined && !source.optionalOldSelf) continue;
    const variables = { self, oldSelf: source.optionalOldSelf ? optionalValue(oldSelf) : oldSelf };
    const result = program.measure(variables, Math.min(perCallLimit, run.budget));
    run.budget -= result.cost;
    if (result.failed) {
      if (!reportFailure(result.failed, source, report, run)) return;
      continue;
    }
    if (result.value === true) continue;
    const error = describe(rule, variables, value, field, node.schema, run);
    // What did not change keeps its old faults; a rule about the change itself always counts.
    if (transition || !unchanged(ratchet)) run.errors.push(error);
    else run.warnings.push(`${error.field}: ${error.message}`);
    if (run.budget < 0) return;
  }
}

function readsOld({ source, program, message }: CompiledRule): boolean {
  if (source.optionalOldSelf || program().program?.reads.has("oldSelf")) return true;
  return source.messageExpression !== undefined && message().program?.reads.has("oldSelf") === true;
}

/** False when nothing more may run. */
function reportFailure(failed: Problem, source: ValidationRule, report: (detail: string) => void, run: Run): boolean {
  const text = (source.message || source.rule).trim();
  const summary = String(failed.details.summary);
  if (failed.details.kind === "cost") {
    report(
      run.budget < 0
        ? "validation failed due to running out of cost budget, no further validation rules will be run"
        : `'${summary}': no further validation rules will be run due to call cost exceeds limit for rule: ${text}`,
    );
    run.budget = -1;
    return false;
  }
  const overload = /no such overload|no matching overload/.test(summary);
  report(
    overload
      ? `'no such overload': call arguments did not match a supported operator, function or macro signature for rule: ${text}`
      : `${summary} evaluating rule: ${text}`,
  );
  return true;
}

function describe(
  rule: CompiledRule,
  variables: Readonly<Record<string, unknown>>,
  value: unknown,
  field: string,
  schema: JsonSchema,
  run: Run,
): FieldError {
  const { source } = rule;
  const at = source.fieldPath ? fieldBelow(field, source.fieldPath, schema) : field;
  const shown = schema.type === "object" || schema.type === "array" ? omitted : value;
  const detail =
    messageOf(rule, variables, run) ?? (source.message ? source.message.trim() : `failed rule: ${source.rule.trim()}`);
  if (source.reason === "FieldValueForbidden") return forbidden(at, detail);
  if (source.reason === "FieldValueRequired") return required(at, detail);
  if (source.reason === "FieldValueDuplicate") return duplicate(at, shown);
  return invalid(at, shown, detail);
}

/** Fields by name, keys of maps in brackets, however the rule writes them. */
function fieldBelow(field: string, path: string, schema: JsonSchema): string {
  const found = followPath(path, schema);
  const text = "wrong" in found ? path.replace(/^\./, "") : found.text;
  return field === "<nil>" ? text : `${field}${text.startsWith("[") ? "" : "."}${text}`;
}

/** The text of messageExpression when it is usable: one line, not empty, not too long. */
function messageOf(rule: CompiledRule, variables: Readonly<Record<string, unknown>>, run: Run): string | undefined {
  const { program } = rule.source.messageExpression ? rule.message() : {};
  if (!program) return undefined;
  const { value, cost } = program.measure(variables, Math.min(perCallLimit, Math.max(run.budget, 0)));
  run.budget -= cost;
  const text = typeof value === "string" ? value.trim() : "";
  return text === "" || text.includes("\n") || Buffer.byteLength(text) > maxMessageBytes ? undefined : text;
}

/** A compiler's complaint as cel-go prints it: place, line and a caret. */
export function compileMessage(problem: Problem): string {
  const {
    summary,
    line = 1,
    column = 1,
    source = "",
    evaluatesTo,
  } = problem.details as {
    summary?: string;
    line?: number;
    column?: number;
    source?: string;
    evaluatesTo?: string;
  };
  if (evaluatesTo !== undefined)
    return summary === "must evaluate to bool" ? "cel expression must evaluate to a bool" : "must evaluate to a string";
  const text = String(source).split("\n")[line - 1] ?? "";
  return `compilation failed: ERROR: <input>:${line}:${column}: ${summary}\n | ${text}\n | ${".".repeat(Math.max(0, column - 1))}^`;
}
