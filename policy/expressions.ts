import type { Json } from "../lib/json.ts";
import { compileExpression } from "./cel/index.ts";
import type { Variables } from "./facts.ts";

/** A compiled CEL condition of a role. Throws InvalidExpression where it cannot be evaluated; the caller says what that means. */
export interface Condition {
  readonly source: string;
  holds(variables: Variables): boolean;
}

/** A compiled CEL expression of a role whose value is JSON. Throws InvalidExpression where it cannot be evaluated. */
export interface Value {
  readonly source: string;
  of(variables: Variables): Json;
}

// A tenth of what Kubernetes grants one rule: a verdict reads several conditions and must stay within milliseconds.
const costLimit = 100_000;

/** Compiles a condition over the named variables. Throws InvalidExpression. */
export function compileCondition(source: string, names: readonly string[]): Condition {
  const program = compileExpression(source, { variables: dynamic(names), result: "bool", costLimit });
  return { source, holds: (variables) => program.evaluate(variables) === true };
}

/** Compiles an expression that may answer any JSON. Throws InvalidExpression. */
export function compileValue(source: string, names: readonly string[]): Value {
  const program = compileExpression(source, { variables: dynamic(names), costLimit });
  return { source, of: (variables) => program.evaluate(variables) as Json };
}

// Task, parameters and arguments have no schema at hand when a role compiles, so members are found when it runs.
function dynamic(names: readonly string[]): Readonly<Record<string, "dyn">> {
  return Object.fromEntries(names.map((name) => [name, "dyn" as const]));
}
