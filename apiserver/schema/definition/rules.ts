import type { FieldError } from "../../http/status.ts";
import { estimateCost } from "../cost-estimate.ts";
import { maxRequestBytes, sizesOf } from "../cost-sizes.ts";
import { fieldErrorOf, forbidden, goQuote, invalid, required } from "../field-errors.ts";
import { followPath } from "../field-path.ts";
import type { JsonSchema, ValidationRule } from "../json-schema.ts";
import { type CompiledRule, compileMessage, rulesOf } from "../rules.ts";
import { goRule } from "./go-schema.ts";

const notSupported = (field: string, value: unknown, supported: readonly string[]): FieldError =>
  fieldErrorOf("FieldValueNotSupported", field, value, `supported values: ${supported.map(goQuote).join(", ")}`);

const reasonsOfRules = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/** What is wrong with a rule before it is compiled. */
export function ruleShapeErrors(rule: ValidationRule, schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { message = "", messageExpression = "", fieldPath = "", reason } = rule;
  const lines = /[\n\r]/;
  if (!rule.rule?.trim()) errors.push(required(`${path}.rule`, "rule is not specified"));
  else if (message !== "" && message.trim() === "")
    errors.push(invalid(`${path}.message`, message, "must be non-empty if specified"));
  else if (lines.test(message.trim())) errors.push(invalid(`${path}.message`, message, "must not contain line breaks"));
  else if (lines.test(rule.rule.trim()) && message.trim() === "")
    errors.push(required(`${path}.message`, "message must be specified if rule contains line breaks"));
  if (messageExpression !== "" && messageExpression.trim() === "")
    errors.push(required(`${path}.messageExpression`, "messageExpression must be non-empty if specified"));
  if (reason !== undefined && !reasonsOfRules.includes(reason))
    errors.push(notSupported(`${path}.reason`, reason, reasonsOfRules));
  if (fieldPath !== "" && fieldPath.trim() === "")
    errors.push(invalid(`${path}.fieldPath`, fieldPath, "must be non-empty if specified"));
  if (lines.test(fieldPath)) errors.push(invalid(`${path}.fieldPath`, fieldPath, "must not contain line breaks"));
  if (fieldPath !== "" && "wrong" in followPath(fieldPath, schema))
    errors.push(invalid(`${path}.fieldPath`, fieldPath, "must be a valid path"));
  return errors;
}

/** Kubernetes' limits for the estimated cost of one rule and of all rules of a definition. */
const ruleLimit = 10_000_000;
const definitionLimit = 100_000_000;
const advice =
  "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";

interface RulePlace {
  readonly path: string;
  readonly root: boolean;
  readonly uncorrelatable?: string | undefined;
  /** How often the value may occur in one object; unbounded when undefined. */
  readonly cardinality: number | undefined;
}

/**
 * Compiles the rules of one schema and adds up what their worst case, over the largest object that the schema allows,
 * would cost. The estimate follows cel-go's factors; near the limit the two may differ, far above and below they agree.
 */
export class RuleJudge {
  readonly #path: string;
  readonly #stored: boolean;
  #total = 0;
  readonly #expensive: { readonly field: string; readonly cost: number }[] = [];

  /** `stored`: the same schema is stored already, so no rule is too expensive by itself. */
  constructor(path: string, stored: boolean) {
    this.#path = path;
    this.#stored = stored;
  }

  /** Why the rules of one node are refused. */
  errors(schema: JsonSchema, place: RulePlace): FieldError[] {
    const root = place.root || schema["x-kubernetes-embedded-resource"] === true;
    const rules = rulesOf(schema, root);
    if (!rules) {
      const detail =
        "internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations";
      return [fieldErrorOf("InternalError", `${place.path}.x-kubernetes-validations`, undefined, detail)];
    }
    return rules.flatMap((rule, i) =>
      this.#ruleErrors(rule, `${place.path}.x-kubernetes-validations[${i}]`, schema, { ...place, root }),
    );
  }

  #ruleErrors(rule: CompiledRule, path: string, schema: JsonSchema, place: RulePlace): FieldError[] {
    const { source } = rule;
    const { program, problem } = rule.program();
    const errors: FieldError[] = [];
    if (program) {
      const times = place.cardinality ?? Math.floor(maxRequestBytes / (sizesOf(schema).minBytes + 1));
      const cost = estimateCost(source.rule, schema, place.root) * times;
      errors.push(...this.#priced("rule", `${path}.rule`, cost));
    }
    if (problem) errors.push(invalid(`${path}.rule`, goRule(source), compileMessage(problem)));
    if (program && source.messageExpression) {
      const message = rule.message();
      const at = `${path}.messageExpression`;
      if (message.problem)
        errors.push(invalid(at, goRule(source), `messageExpression ${compileMessage(message.problem)}`));
      else {
        const cost = estimateCost(source.messageExpression, schema, place.root);
        errors.push(...this.#priced("messageExpression", at, cost));
      }
    }
    if (program?.reads.has("oldSelf")) {
      const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelatable}`;
      if (place.uncorrelatable) errors.push(invalid(`${path}.rule`, source.rule, detail));
    } else if (source.optionalOldSelf !== undefined) {
      const detail = "may not be set if oldSelf is not used in rule";
      errors.push(invalid(`${path}.optionalOldSelf`, source.optionalOldSelf, detail));
    }
    return errors;
  }

  #priced(what: "rule" | "messageExpression", field: string, cost: number): FieldError[] {
    this.#total += cost;
    // The share of the others is not worth naming.
    if (cost >= definitionLimit / 100) this.#expensive.push({ field, cost });
    if (this.#stored || cost <= ruleLimit) return [];
    return [
      forbidden(field, `estimated ${what} cost exceeds budget by factor of ${factor(cost / ruleLimit)} ${advice}`),
    ];
  }

  /** Why all rules together are refused, naming the four most expensive ones. */
  totalErrors(): FieldError[] {
    if (this.#total <= definitionLimit) return [];
    const worst = this.#expensive.sort((a, b) => b.cost - a.cost).slice(0, 4);
    const part = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
    const over = `x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of ${factor(this.#total / definitionLimit)} ${advice}`;
    return [...worst.map(({ field }) => forbidden(field, part)), forbidden(this.#path, over)];
  }
}

function factor(times: number): string {
  if (times > 100) return "more than 100x";
  return times < 1.5 ? `${times.toFixed(6)}x` : `${times.toFixed(1)}x`;
}
