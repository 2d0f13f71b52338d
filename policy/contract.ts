import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import ajvFormats from "ajv-formats";
import { problem } from "../api/reasons.ts";
import { isObject, type Json, type JsonObject } from "../lib/json.ts";
import { messageOf } from "../lib/problem.ts";
import { compilePattern } from "./cel/index.ts";
import { type Condition, compileCondition } from "./expressions.ts";
import { type Facts, toVariables } from "./facts.ts";

/** The part of an AgentRoleSpec's contract that is checked here. Schemas are JSON Schema 2020-12. */
export interface ContractSpec {
  readonly input?: JsonObject | undefined;
  readonly output?: JsonObject | undefined;
  readonly preconditions?: readonly RuleSpec[] | undefined;
  readonly postconditions?: readonly RuleSpec[] | undefined;
  readonly evidence?: readonly { readonly kind: string; readonly name: string }[] | undefined;
}

interface RuleSpec {
  readonly rule: string;
  readonly message?: string | undefined;
}

/** Why something does not fit, in one line that names the place; undefined when it fits. */
export type Misfit = string | undefined;

/** A contract ready to check. Every check is pure, bounded and never throws. */
export interface Contract {
  /** The task's payload against `input`, then the preconditions. */
  checkInput(facts: Facts): Misfit;
  /** The final answer against `output`, then the postconditions. */
  checkOutput(output: Json, facts: Facts): Misfit;
  /** Names of artifacts that a run must leave. */
  readonly evidence: readonly string[];
}

const maxSchemaBytes = 65_536;
const maxSchemaDepth = 40;
const inputVariables = ["task", "binding", "parameters", "run", "now"] as const;
const outputVariables = [...inputVariables, "output"] as const;

/** Compiles a contract; an absent one accepts everything. Throws PolicyInvalid naming every schema and rule that is bad. */
export function compileContract(spec: ContractSpec = {}): Contract {
  const faults: string[] = [];
  const attempt = <T>(where: string, compile: () => T): T | undefined => {
    try {
      return compile();
    } catch (cause) {
      faults.push(`${where}: ${messageOf(cause)}`);
      return undefined;
    }
  };
  const input = attempt("contract.input", () => compileSchema(spec.input));
  const output = attempt("contract.output", () => compileSchema(spec.output));
  const rules = (list: readonly RuleSpec[] | undefined, name: string, variables: readonly string[]) =>
    (list ?? []).flatMap((rule, index) => {
      const where = `contract.${name}[${index}]`;
      const condition = attempt(where, () => compileCondition(rule.rule, variables));
      return condition ? [{ condition, message: rule.message }] : [];
    });
  const preconditions = rules(spec.preconditions, "preconditions", inputVariables);
  const postconditions = rules(spec.postconditions, "postconditions", outputVariables);
  if (faults.length > 0) throw problem("PolicyInvalid", faults.join("; "));

  return {
    checkInput: (facts) => input?.(facts.task.payload ?? {}, "payload") ?? firstUnmet(preconditions, facts, {}),
    checkOutput: (answer, facts) => output?.(answer, "output") ?? firstUnmet(postconditions, facts, { output: answer }),
    evidence: (spec.evidence ?? []).filter(({ kind }) => kind === "Artifact").map(({ name }) => name),
  };
}

/** Checks a value against a compiled schema; `name` stands for the value in the message. */
export type SchemaCheck = (value: unknown, name: string) => Misfit;

/**
 * Compiles a JSON Schema (2020-12) from outside into a check. Patterns match in linear time (RE2), nothing is fetched,
 * size and depth are bounded. Undefined for no schema. Throws InvalidRequest for a schema that is not one.
 */
export function compileSchema(schema: JsonObject | undefined): SchemaCheck | undefined {
  if (schema === undefined) return undefined;
  checkBounds(schema);
  let validate: ValidateFunction;
  try {
    validate = newAjv().compile(schema as object);
  } catch (cause) {
    throw problem("InvalidRequest", `not a JSON Schema: ${messageOf(cause)}`, { cause });
  }
  return (value, name) => {
    try {
      return validate(value) ? undefined : describe(validate.errors?.[0], name);
    } catch (cause) {
      // A recursive schema over a deep value ends here; the parser's depth limit keeps this rare.
      return `${name} cannot be checked: ${messageOf(cause)}`;
    }
  };
}

// A fresh instance per schema: `$id`s of two roles must never meet, and what one role compiles can be forgotten.
function newAjv(): Ajv2020 {
  const linear = (pattern: string) => {
    const compiled = compilePattern(pattern);
    // ajv keys patterns by their text form.
    return { test: (text: string) => compiled.test(text), toString: () => `/${pattern}/` };
  };
  const ajv = new Ajv2020({
    allErrors: false,
    strict: false,
    ownProperties: true,
    unicodeRegExp: true,
    // A schema need not repeat what the role's author may not know: unknown formats are notes, not checks.
    logger: false,
    code: { regExp: Object.assign(linear, { code: "linear" }) },
  });
  (ajvFormats as unknown as (ajv: Ajv2020, options: { mode: "fast" }) => void)(ajv, { mode: "fast" });
  return ajv;
}

function checkBounds(schema: JsonObject): void {
  if (JSON.stringify(schema).length > maxSchemaBytes) {
    throw problem("InvalidRequest", `the schema is larger than ${maxSchemaBytes} bytes`);
  }
  const walk = (value: unknown, depth: number): void => {
    if (depth > maxSchemaDepth) throw problem("InvalidRequest", `the schema is nested deeper than ${maxSchemaDepth}`);
    if (Array.isArray(value)) for (const item of value) walk(item, depth + 1);
    else if (isObject(value)) for (const item of Object.values(value)) walk(item, depth + 1);
  };
  walk(schema, 0);
}

function describe(error: ErrorObject | undefined, name: string): string {
  if (!error) return `${name} does not fit its schema`;
  const at = error.instancePath.replaceAll("/", ".");
  const params = error.params as Record<string, unknown>;
  const member = params.additionalProperty ?? params.unevaluatedProperty;
  // This sentence may end up in a status that others read, so only what looks like a member's name is quoted.
  const extra = typeof member === "string" && /^[A-Za-z0-9_-]{1,40}$/.test(member) ? member : undefined;
  const allowed = Array.isArray(params.allowedValues) ? `: ${JSON.stringify(params.allowedValues).slice(0, 300)}` : "";
  return `${name}${at} ${error.message ?? "does not fit"}${extra === undefined ? "" : ` ("${extra}")`}${allowed}`;
}

function firstUnmet(
  rules: readonly { readonly condition: Condition; readonly message?: string | undefined }[],
  facts: Facts,
  more: Readonly<Record<string, unknown>>,
): Misfit {
  const variables = toVariables(facts, more);
  for (const { condition, message } of rules) {
    let holds: boolean;
    try {
      holds = condition.holds(variables);
    } catch {
      // A condition that cannot be evaluated is not met: the contract promises that it holds, not that it may.
      holds = false;
    }
    if (!holds) return message ?? `"${condition.source}" does not hold`;
  }
  return undefined;
}
