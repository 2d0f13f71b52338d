import { problem } from "../api/reasons.ts";
import type { Json, JsonObject } from "../lib/json.ts";
import { messageOf } from "../lib/problem.ts";
import { type Condition, compileCondition } from "./expressions.ts";
import { type Facts, toVariables } from "./facts.ts";
import { compileSchema, type Misfit } from "./json-schema.ts";

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

/** A contract ready to check. Every check is pure, bounded and never throws. */
export interface Contract {
  /** The task's payload against `input`, then the preconditions. */
  checkInput(facts: Facts): Misfit;
  /** The final answer against `output`, then the postconditions. */
  checkOutput(output: Json, facts: Facts): Misfit;
  /** Names of artifacts that a run must leave. */
  readonly evidence: readonly string[];
}

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
