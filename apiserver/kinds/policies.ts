import { isObject } from "../../lib/json.ts";
import { compilePolicyExpression } from "../admission/expressions.ts";
import { type FieldError, fieldError } from "../http/status.ts";
import type { KubeObject } from "../store/entry.ts";
import type { Strategy } from "./kind.ts";
import { checkQualifiedName } from "./names.ts";

type Fields = Record<string, unknown>;

const objects = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isObject) : []);
const text = (value: unknown) => (typeof value === "string" ? value : "");
const isEmpty = (value: unknown) => !Array.isArray(value) || value.length === 0;

function withMatchDefaults(match: unknown): void {
  if (!isObject(match)) return;
  match.matchPolicy ||= "Equivalent";
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  for (const rule of [...objects(match.resourceRules), ...objects(match.excludeResourceRules)]) rule.scope ||= "*";
}

function completePolicy(object: KubeObject): void {
  if (!isObject(object.spec)) return;
  object.spec.failurePolicy ||= "Fail";
  withMatchDefaults(object.spec.matchConstraints);
}

/** ValidatingAdmissionPolicies: complete, and every expression compiles, so that no write is refused for a typing error. */
export const policies: Partial<Strategy> = {
  defaults: completePolicy,
  prepareCreate(object) {
    object.status = {};
  },
  validate(next) {
    const spec = isObject(next.spec) ? next.spec : {};
    return [...matchErrors(spec), ...contentErrors(spec), ...expressionErrors(spec)];
  },
};

function matchErrors(spec: Fields): FieldError[] {
  const { failurePolicy, matchConstraints } = spec;
  const found: FieldError[] = [];
  if (failurePolicy !== undefined && failurePolicy !== "Fail" && failurePolicy !== "Ignore") {
    found.push(fieldError.notSupported("spec.failurePolicy", failurePolicy, ["Fail", "Ignore"]));
  }
  if (!isObject(matchConstraints)) return [...found, fieldError.required("spec.matchConstraints")];
  if (isEmpty(matchConstraints.resourceRules)) found.push(fieldError.required("spec.matchConstraints.resourceRules"));
  return found;
}

function contentErrors({ validations, auditAnnotations }: Fields): FieldError[] {
  if (!isEmpty(validations) || !isEmpty(auditAnnotations)) return [];
  const detail = "validations or auditAnnotations must contain at least one item";
  return ["spec.validations", "spec.auditAnnotations"].map((field) => fieldError.required(field, detail));
}

// Kubernetes' documentation also names Unauthorized, which its server refuses.
const reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge"];

function expressionErrors(spec: Fields): FieldError[] {
  const hasParams = isObject(spec.paramKind);
  const found: FieldError[] = [];
  const variables: string[] = [];
  const check = (field: string, source: unknown, result: "bool" | "string" | "dyn") => {
    if (text(source).trim() === "") {
      found.push(fieldError.required(field, field.endsWith(".expression") ? "expression is not specified" : ""));
      return;
    }
    const { error } = compilePolicyExpression(text(source), { variables, hasParams, result });
    if (error) {
      // The compiler's text is its own; a cluster says the same in other words.
      found.push(fieldError.invalid(field, source, error.replace(/^compilation error: /, "")));
    }
  };
  objects(spec.matchConditions).forEach((one, at) => {
    for (const complaint of checkQualifiedName(text(one.name))) {
      found.push(fieldError.invalid(`spec.matchConditions[${at}].name`, text(one.name), complaint));
    }
    check(`spec.matchConditions[${at}].expression`, one.expression, "bool");
  });
  objects(spec.variables).forEach((one, at) => {
    check(`spec.variables[${at}].expression`, one.expression, "dyn");
    variables.push(text(one.name));
  });
  objects(spec.validations).forEach((one, at) => {
    check(`spec.validations[${at}].expression`, one.expression, "bool");
    if (one.reason && !reasons.includes(text(one.reason))) {
      found.push(fieldError.notSupported(`spec.validations[${at}].reason`, one.reason, reasons));
    }
    if (one.messageExpression) check(`spec.validations[${at}].messageExpression`, one.messageExpression, "string");
  });
  objects(spec.auditAnnotations).forEach((one, at) => {
    check(`spec.auditAnnotations[${at}].valueExpression`, one.valueExpression, "dyn");
  });
  return found;
}

const actions = ["Audit", "Deny", "Warn"];

/** ValidatingAdmissionPolicyBindings: they name a policy and say what a failure does. */
export const policyBindings: Partial<Strategy> = {
  defaults: (object) => withMatchDefaults(isObject(object.spec) ? object.spec.matchResources : undefined),
  validate(next) {
    const spec = isObject(next.spec) ? next.spec : {};
    const found: FieldError[] = [];
    if (!spec.policyName) found.push(fieldError.required("spec.policyName"));
    const chosen = Array.isArray(spec.validationActions) ? spec.validationActions : [];
    const field = "spec.validationActions";
    if (chosen.length === 0) found.push(fieldError.required(field, "at least one validation action is required"));
    chosen.forEach((action, at) => {
      if (!actions.includes(String(action))) found.push(fieldError.notSupported(`${field}[${at}]`, action, actions));
      else if (chosen.indexOf(action) !== at) found.push(fieldError.duplicate(`${field}[${at}]`, action));
    });
    if (chosen.includes("Deny") && chosen.includes("Warn")) {
      const detail =
        "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)";
      found.push(fieldError.invalid(field, chosen, detail));
    }
    return found;
  },
};
