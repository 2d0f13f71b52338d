import { isObject } from "../../lib/json.ts";
import type { CelType } from "../../policy/cel/environment.ts";
import { compilePolicyExpression, variableType } from "../admission/expressions.ts";
import { type FieldError, fieldError } from "../http/status.ts";
import type { KubeObject } from "../store/entry.ts";
import type { Strategy } from "./kind.ts";
import { checkQualifiedName, checkSubdomain } from "./names.ts";
import { matchResourcesErrors, paramRefErrors } from "./policy-matches.ts";

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
    return [
      ...matchErrors(spec),
      ...paramKindErrors(spec.paramKind),
      ...contentErrors(spec),
      ...expressionErrors(spec, next.metadata.name),
    ];
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
  return [...found, ...matchResourcesErrors(matchConstraints, "spec.matchConstraints")];
}

function paramKindErrors(kind: unknown): FieldError[] {
  if (!isObject(kind)) return [];
  const found: FieldError[] = [];
  const version = text(kind.apiVersion);
  if (!version) found.push(fieldError.required("spec.paramKind.apiVersion"));
  else if (version.split("/").length > 2) {
    found.push(fieldError.invalid("spec.paramKind.apiVersion", version, `unexpected GroupVersion string: ${version}`));
  }
  if (!text(kind.kind)) found.push(fieldError.required("spec.paramKind.kind"));
  return found;
}

function contentErrors({ validations, auditAnnotations }: Fields): FieldError[] {
  if (!isEmpty(validations) || !isEmpty(auditAnnotations)) return [];
  const detail = "validations or auditAnnotations must contain at least one item";
  return ["spec.validations", "spec.auditAnnotations"].map((field) => fieldError.required(field, detail));
}

// Kubernetes' documentation also names Unauthorized, which its server refuses.
const reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge"];

function expressionErrors(spec: Fields, policyName: string): FieldError[] {
  const hasParams = isObject(spec.paramKind);
  const found: FieldError[] = [];
  const variables: Record<string, CelType> = {};
  const conditions = new Set<string>();
  const check = (field: string, source: unknown, result: "bool" | "string" | "dyn", known?: typeof variables) => {
    const word = field.slice(field.lastIndexOf(".") + 1);
    if (text(source).trim() === "") {
      found.push(fieldError.required(field, `${word} is not specified`));
      return "dyn";
    }
    const message = word === "messageExpression";
    const compiled = compilePolicyExpression(text(source), { variables: known, hasParams, result, message });
    if (compiled.error) {
      // The compiler's text is its own; a cluster says the same in other words.
      found.push(fieldError.invalid(field, source, compiled.error.replace(/^compilation error: /, "")));
    }
    return variableType(compiled);
  };
  objects(spec.matchConditions).forEach((one, at) => {
    const name = text(one.name);
    const field = `spec.matchConditions[${at}].name`;
    if (!name) found.push(fieldError.required(field));
    for (const complaint of name ? checkQualifiedName(name) : [])
      found.push(fieldError.invalid(field, name, complaint));
    if (name && conditions.has(name)) found.push(fieldError.duplicate(field, name));
    conditions.add(name);
    check(`spec.matchConditions[${at}].expression`, one.expression, "bool");
  });
  objects(spec.variables).forEach((one, at) => {
    if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(text(one.name))) {
      found.push(fieldError.invalid(`spec.variables[${at}].name`, text(one.name), "must be a valid CEL identifier"));
    }
    variables[text(one.name)] = check(`spec.variables[${at}].expression`, one.expression, "dyn", { ...variables });
  });
  objects(spec.validations).forEach((one, at) => {
    check(`spec.validations[${at}].expression`, one.expression, "bool", variables);
    found.push(...messageErrors(one.message, `spec.validations[${at}].message`));
    if (one.reason && !reasons.includes(text(one.reason))) {
      found.push(fieldError.notSupported(`spec.validations[${at}].reason`, one.reason, reasons));
    }
    if (one.messageExpression)
      check(`spec.validations[${at}].messageExpression`, one.messageExpression, "string", variables);
  });
  objects(spec.auditAnnotations).forEach((one, at) => {
    const key = `${policyName}/${text(one.key)}`;
    for (const complaint of checkQualifiedName(key)) {
      found.push(fieldError.invalid(`spec.auditAnnotations[${at}].key`, key, complaint));
    }
    check(`spec.auditAnnotations[${at}].valueExpression`, one.valueExpression, "dyn", variables);
  });
  return found;
}

function messageErrors(message: unknown, field: string): FieldError[] {
  if (typeof message !== "string" || message === "") return [];
  if (message.trim() === "") return [fieldError.invalid(field, message, "must be non-empty if specified")];
  return /[\r\n]/.test(message) ? [fieldError.invalid(field, message, "must not contain line breaks")] : [];
}

const actions = ["Audit", "Deny", "Warn"];

/** ValidatingAdmissionPolicyBindings: they name a policy and say what a failure does. */
export const policyBindings: Partial<Strategy> = {
  defaults: (object) => withMatchDefaults(isObject(object.spec) ? object.spec.matchResources : undefined),
  validate(next) {
    const spec = isObject(next.spec) ? next.spec : {};
    const found: FieldError[] = [];
    const policyName = text(spec.policyName);
    if (!policyName) found.push(fieldError.required("spec.policyName"));
    for (const complaint of policyName ? checkSubdomain(policyName) : []) {
      found.push(fieldError.invalid("spec.policyName", policyName, complaint));
    }
    if (isObject(spec.paramRef)) found.push(...paramRefErrors(spec.paramRef, "spec.paramRef"));
    if (isObject(spec.matchResources)) found.push(...matchResourcesErrors(spec.matchResources, "spec.matchResources"));
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
