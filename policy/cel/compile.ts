import type { Environment, ParseResult } from "@marcbachmann/cel-js";
import { Duration } from "@marcbachmann/cel-js/evaluator";
import { problem } from "../../api/reasons.ts";
import type { Problem } from "../../lib/problem.ts";
import { meter, perCallLimit } from "./cost.ts";
import { baseEnvironment, type CelType, declareType, fieldsOf } from "./environment.ts";
import { checkLiterals } from "./literals.ts";
import { evaluateInOrder } from "./order.ts";
import { positionOf } from "./position.ts";
import {
  checkPresence,
  indexedObject,
  meterNodes,
  unknownOptional,
  useKubernetesFunctions,
  visitNodes,
} from "./syntax.ts";
import { fromCel, toCel } from "./values.ts";
import { inKubernetesWords, type LibraryError, syntaxError } from "./wording.ts";

export interface CompileOptions {
  /** What the expression may name. A variable that is declared must be given at evaluation, `null` included. */
  readonly variables: Readonly<Record<string, CelType>>;
  /** What the expression must answer; anything by default. */
  readonly result?: "bool" | "string" | "dyn";
  /** The checker must know that it is that: `dyn` will not do, as in rules of definitions. */
  readonly exact?: boolean;
  /** Values are CEL's own already (whole numbers as bigint, times as Date): they are not converted from JSON. */
  readonly converted?: boolean;
  /** Cost units for one evaluation; Kubernetes' limit by default. */
  readonly costLimit?: number;
}

/** A compiled expression. It keeps no state between evaluations and may run any number of times. */
export interface CelProgram {
  readonly source: string;
  /** The type that the checker inferred, such as `bool` or `dyn`. */
  readonly type: string;
  /** The variables it reads; what is left out need not be computed. */
  readonly reads: ReadonlySet<string>;
  /**
   * Answers the expression's value as plain JSON. Throws `InvalidExpression` with `details.kind` `runtime` (no such key,
   * wrong type at run time) or `cost` (used up its budget); a bounded amount of work either way.
   */
  evaluate(variables: Readonly<Record<string, unknown>>): unknown;
  /** As `evaluate`, with CEL's own value, a budget for this call, and what it used. */
  measure(
    variables: Readonly<Record<string, unknown>>,
    costLimit?: number,
  ): { readonly value?: unknown; readonly failed?: Problem; readonly cost: number };
}

const keep = 5_000;
const programs = new Map<string, CelProgram>();
const environments = new Map<string, Environment>();
const maxSource = 32_768;

/**
 * Compiles a CEL expression in Kubernetes' environment: types are checked, regular expressions run in linear time, and
 * evaluation is bounded. Throws `InvalidExpression`, with `details` line, column and summary. The same source with the
 * same variables is compiled once.
 */
export function compileExpression(source: string, options: CompileOptions): CelProgram {
  const { variables, result, exact, converted, costLimit } = options;
  const key = JSON.stringify([source, variables, result, exact, converted, costLimit]);
  const known = programs.get(key);
  if (known) return known;
  const program = compile(source, options);
  // The oldest goes: a policy set is small and recompiling is correct, only slower.
  if (programs.size >= keep) programs.delete(programs.keys().next().value!);
  programs.set(key, program);
  return program;
}

function compile(source: string, options: CompileOptions): CelProgram {
  if (source.length > maxSource) throw invalid(source, `expression is longer than ${maxSource} characters`, 0);
  const type = check(source, options);
  const names = Object.keys(options.variables);
  const run = parse(source, environmentFor(Object.fromEntries(names.map((name) => [name, "dyn"]))));
  const checked = run.check();
  if (!checked.valid) throw failure(source, checked.error);
  evaluateInOrder(run);
  meterNodes(run);
  const reads = new Set<string>();
  visitNodes(
    run.ast,
    (node) => node.op === "id" && names.includes(node.args as string) && reads.add(node.args as string),
  );
  const limit = options.costLimit ?? perCallLimit;

  const measure: CelProgram["measure"] = (variables, costLimit = limit) => {
    const values: Record<string, unknown> = Object.create(null);
    for (const name of reads)
      values[name] = options.converted ? variables[name] : convert(variables[name], options.variables[name]!);
    const ran = meter.measure(costLimit, () => run(values) as unknown);
    const cost = Math.ceil(ran.cost);
    if (ran.exceeded) return { cost, failed: costExceeded(source, costLimit) };
    if (ran.thrown !== undefined) return { cost, failed: runtimeFailure(source, ran.thrown) };
    return { cost, value: ran.value };
  };
  return {
    source,
    type,
    reads,
    measure,
    evaluate(variables) {
      const { value, failed } = measure(variables);
      if (failed) throw failed;
      if (options.result === "bool" && typeof value !== "boolean") throw wrongResult(source, "bool");
      if (options.result === "string" && typeof value !== "string") throw wrongResult(source, "string");
      return fromCel(value);
    },
  };
}

/** Checks against the declared types. Evaluation uses dynamic ones: the same answers without wrapping every object. */
function check(source: string, options: CompileOptions): string {
  const parsed = parse(source, environmentFor(options.variables));
  const { valid, type, error } = parsed.check();
  if (!valid) throw failure(source, error);
  const fields = (name: string) => fieldsOf(options.variables, name);
  // Our own expressions may read a field in either way.
  const indexed = options.exact ? indexedObject(parsed.ast, fields) : undefined;
  if (indexed) {
    const summary = `found no matching overload for '_[_]' applied to '(${indexed.types})'`;
    throw invalid(source, summary, positionOf(source, indexed.node));
  }
  const optional = unknownOptional(parsed.ast, fields);
  if (optional) throw invalid(source, `undefined field '${optional.name}'`, positionOf(source, optional.node));
  const want = options.result ?? "dyn";
  // Our own expressions may build any value.
  const literal = checkLiterals(source, parsed.ast, { mixable: want === "dyn" && !options.exact });
  if (literal) throw invalid(source, literal.summary, literal.pos);
  if (want !== "dyn" && type !== want && (options.exact || !type?.startsWith("dyn"))) {
    throw invalid(source, `must evaluate to ${want}`, 0, { evaluatesTo: type });
  }
  return type ?? "dyn";
}

function environmentFor(variables: CompileOptions["variables"]): Environment {
  const key = JSON.stringify(variables);
  const known = environments.get(key);
  if (known) return known;
  const env = baseEnvironment().clone();
  const declared = new Set<string>();
  for (const [name, type] of Object.entries(variables)) env.registerVariable(name, declareType(env, type, declared));
  if (environments.size >= keep) environments.delete(environments.keys().next().value!);
  environments.set(key, env);
  return env;
}

function parse(source: string, env: Environment): ParseResult {
  let parsed: ParseResult;
  try {
    parsed = env.parse(source);
  } catch (error) {
    const { summary, at } = syntaxError(source, error as LibraryError);
    throw invalid(source, summary, at);
  }
  checkPresence(parsed);
  const unknown = useKubernetesFunctions(parsed);
  if (unknown) throw invalid(source, `undeclared reference to '${unknown.name}' (in container '')`, unknown.pos);
  return parsed;
}

function convert(value: unknown, type: CelType): unknown {
  if (value === undefined) return undefined;
  if (type === "double" && typeof value === "number") return value;
  if (type === "timestamp" && typeof value === "string") return new Date(value);
  if (type === "duration" && typeof value === "number") return new Duration(BigInt(Math.trunc(value)));
  return toCel(value);
}

function failure(source: string, thrown: unknown): Problem {
  const error = thrown as LibraryError;
  const start = error.range?.start ?? 0;
  // cel-go points at the dot of a field that does not exist.
  const dot = error.code === "no_such_key" ? source.lastIndexOf(".", start) : -1;
  const at =
    dot >= 0
      ? dot
      : error.node && error.range
        ? positionOf(source, error.node, error.code === "invalid_logical_operand")
        : start;
  return invalid(source, inKubernetesWords(error, true), at);
}

function runtimeFailure(source: string, thrown: unknown): Problem {
  const summary = inKubernetesWords(thrown as LibraryError, false);
  return problem("InvalidExpression", `CEL ${quoted(source)} failed: ${summary}`, {
    details: { kind: "runtime", summary, source },
  });
}

function costExceeded(source: string, limit: number): Problem {
  const summary = "operation cancelled: actual cost limit exceeded";
  return problem("InvalidExpression", `CEL ${quoted(source)} failed: ${summary} (${limit})`, {
    details: { kind: "cost", summary, source },
  });
}

function wrongResult(source: string, want: string): Problem {
  const summary = `must evaluate to ${want}`;
  return problem("InvalidExpression", `CEL ${quoted(source)} ${summary}`, {
    details: { kind: "runtime", summary, source },
  });
}

function invalid(source: string, summary: string, at: number, more: Record<string, unknown> = {}): Problem {
  const before = source.slice(0, at).split("\n");
  const [line, column] = [before.length, before.at(-1)!.length + 1];
  return problem("InvalidExpression", `cannot compile CEL ${quoted(source)}: ${summary} (at ${line}:${column})`, {
    details: { kind: "compile", summary, line, column, source, ...more },
  });
}

/** Expressions may be long; a message names the beginning. */
function quoted(source: string): string {
  return JSON.stringify(source.length > 200 ? `${source.slice(0, 200)}…` : source);
}
