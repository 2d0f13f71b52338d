import type { FieldError } from "../http/status.ts";
import type { RuleCostContext } from "./cost-estimate.ts";
import { estimateCost, sizesOf } from "./cost-estimate.ts";
import { forbidden } from "./field-errors.ts";
import type { JsonSchema } from "./json-schema.ts";

/** Kubernetes' limits for the estimated cost of one rule and of all rules of a definition. */
const ruleLimit = 10_000_000;
const definitionLimit = 100_000_000;
const advice =
  "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";

/**
 * Finds rules whose worst case, over the largest object that the schema allows, costs more than Kubernetes accepts. The
 * estimate follows cel-go's factors; near the limit the two may differ, far above and below they agree.
 */
export function costErrors(schema: JsonSchema, path: string): FieldError[] {
  const costs: Cost[] = [];
  visit(schema, path, { cardinality: 1, root: true }, costs);
  const total = costs.reduce((sum, { cost }) => sum + cost, 0);
  const errors = costs
    .filter(({ cost }) => cost > ruleLimit)
    .map(({ field, cost, what }) =>
      forbidden(field, `estimated ${what} cost exceeds budget by factor of ${factor(cost / ruleLimit)} ${advice}`),
    );
  if (total <= definitionLimit) return errors;
  for (const { field } of [...costs].sort((a, b) => b.cost - a.cost).slice(0, 4)) {
    errors.push(
      forbidden(field, "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"),
    );
  }
  const over = `x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of ${factor(total / definitionLimit)} ${advice}`;
  errors.push(forbidden(path, over));
  return errors;
}

interface Cost {
  readonly field: string;
  readonly cost: number;
  readonly what: "rule" | "messageExpression";
}

function visit(schema: JsonSchema, path: string, at: RuleCostContext, costs: Cost[]): void {
  schema["x-kubernetes-validations"]?.forEach((rule, i) => {
    const field = `${path}.x-kubernetes-validations[${i}]`;
    const { rule: source, messageExpression } = rule;
    costs.push({ field: `${field}.rule`, what: "rule", cost: estimateCost(source, schema, at.root) * at.cardinality });
    if (messageExpression) {
      costs.push({
        field: `${field}.messageExpression`,
        what: "messageExpression",
        cost: estimateCost(messageExpression, schema, at.root),
      });
    }
  });
  for (const [key, property] of Object.entries(schema.properties ?? {}))
    visit(property, `${path}.properties[${key}]`, { ...at, root: false }, costs);
  const many = sizesOf(schema).max;
  if (typeof schema.additionalProperties === "object") {
    const below = { cardinality: at.cardinality * many, root: false };
    visit(schema.additionalProperties, `${path}.additionalProperties`, below, costs);
  }
  if (schema.items) visit(schema.items, `${path}.items`, { cardinality: at.cardinality * many, root: false }, costs);
}

function factor(times: number): string {
  if (times > 100) return "more than 100x";
  return times < 1.5 ? `${times.toFixed(6)}x` : `${times.toFixed(1)}x`;
}
