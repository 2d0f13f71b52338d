import type { Authorize } from "../../policy/cel/library/authorizer.ts";
import type { KubeObject } from "../store/entry.ts";
import { Evaluation } from "./evaluation.ts";
import {
  type AdmissionRequest,
  type Equivalent,
  type Match,
  matchRequest,
  type Served,
  type Subject,
} from "./request.ts";

interface Named {
  readonly metadata: { readonly name?: string };
}

/** `ValidatingAdmissionPolicy` of admissionregistration.k8s.io/v1. */
export interface Policy extends Named {
  readonly spec: {
    readonly failurePolicy?: string;
    readonly paramKind?: { readonly apiVersion?: string; readonly kind?: string };
    readonly matchConstraints?: Match;
    readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
    readonly variables?: readonly { readonly name: string; readonly expression: string }[];
    readonly validations?: readonly Validation[];
    readonly auditAnnotations?: readonly { readonly key: string; readonly valueExpression: string }[];
  };
}

interface Validation {
  readonly expression: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
}

/** `ValidatingAdmissionPolicyBinding`. */
export interface PolicyBinding extends Named {
  readonly spec: {
    readonly policyName?: string;
    readonly paramRef?: ParamRef;
    readonly matchResources?: Match;
    readonly validationActions?: readonly string[];
  };
}

export interface ParamRef {
  readonly name?: string;
  readonly namespace?: string;
  readonly selector?: unknown;
  readonly parameterNotFoundAction?: string;
}

export interface PolicyInput {
  readonly policies: readonly Policy[];
  readonly bindings: readonly PolicyBinding[];
  readonly request: AdmissionRequest;
  /** The object to be stored; null on DELETE. */
  readonly object: unknown;
  /** The stored object; null on CREATE. */
  readonly oldObject: unknown;
  /** Other names of the requested objects, none by default: policies about those are asked as well. */
  readonly equivalents?: () => readonly Equivalent[];
  /** Answers whether the requesting user may do something. */
  readonly authorizer: Authorize;
  /** The Namespace that the object is in or, for selectors alone, that it is; absent for other cluster-scoped kinds. */
  readonly namespaceObject?: unknown;
  /** Finds a binding's parameter objects; without it a policy with parameters is misconfigured. */
  readonly params?: (
    kind: NonNullable<Policy["spec"]["paramKind"]>,
    ref: ParamRef,
    namespace: string,
  ) => readonly unknown[];
}

export interface PolicyOutcome {
  /** The first denial: `message` names policy and binding, `reason` and `code` are for the Status. */
  readonly denied?: { readonly message: string; readonly reason: string; readonly code: number };
  /** Warnings for the client. */
  readonly warnings: readonly string[];
  /** For the audit log. */
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** Cost units for the validations of one policy, and for its match conditions (`celconfig`). */
const validationBudget = 10_000_000;
const matchBudget = 2_500_000;
const maxMessageBytes = 5_000;
const codes: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

/**
 * Evaluates the policies whose bindings match a request, as kube-apiserver's ValidatingAdmissionPolicy plugin does: an
 * expression that fails to compile or to run denies unless failurePolicy is Ignore. Pure and bounded; may run again.
 */
export function evaluatePolicies(input: PolicyInput): PolicyOutcome {
  const warnings: string[] = [];
  const auditAnnotations: Record<string, string> = {};
  let denied: PolicyOutcome["denied"];
  // Policies about policies would let one lock everybody out.
  const exempt = input.request.kind.group === "admissionregistration.k8s.io";
  const { namespaceObject = null, equivalents = () => [] } = input;
  const subject: Subject = { ...input, namespaceObject, equivalents };
  for (const policy of exempt ? [] : input.policies) {
    if (!policy.spec.matchConstraints?.resourceRules?.length) continue;
    const served = matchRequest(policy.spec.matchConstraints, subject);
    if (!served) continue;
    for (const binding of input.bindings.filter(({ spec }) => spec.policyName === policy.metadata.name)) {
      if (!matchRequest(binding.spec.matchResources, subject)) continue;
      for (const decision of decide(policy, binding, as(served, input))) {
        const { message, reason = "Invalid" } = decision;
        const actions = binding.spec.validationActions ?? [];
        const name = `'${policy.metadata.name}' with binding '${binding.metadata.name}'`;
        if (actions.includes("Warn"))
          warnings.push(`Validation failed for ValidatingAdmissionPolicy ${name}: ${message}`);
        if (actions.includes("Audit"))
          auditAnnotations["validation.policy.admission.k8s.io/validation_failure"] = auditOf(
            policy,
            binding,
            decision,
          );
        // A misconfigured policy denies whatever its actions say.
        if (actions.includes("Deny") || decision.configuration) {
          denied ??= {
            message: `ValidatingAdmissionPolicy ${name} denied request: ${message}`,
            reason,
            code: codes[reason] ?? 422,
          };
        }
      }
    }
  }
  return { ...(denied ? { denied } : {}), warnings, auditAnnotations };
}

/** What a request is judged by: the objects as they are read under the name that the policy speaks of. */
export interface Judged extends PolicyInput {
  readonly served: Served;
}

function as(served: Served | Equivalent, input: PolicyInput): Judged {
  if (!("convert" in served)) return { ...input, served };
  const convert = (object: unknown) => (object ? served.convert(object as KubeObject) : object);
  return { ...input, served, object: convert(input.object), oldObject: convert(input.oldObject) };
}

interface Decision {
  readonly message: string;
  readonly reason?: string;
  readonly index: number;
  readonly configuration?: boolean;
}

function auditOf(policy: Policy, binding: PolicyBinding, { message, index }: Decision): string {
  const failure = {
    message,
    policy: policy.metadata.name,
    binding: binding.metadata.name,
    expressionIndex: index,
    validationActions: binding.spec.validationActions ?? [],
  };
  return JSON.stringify([failure]);
}

/** The validations that deny, over each parameter object of the binding. */
function decide(policy: Policy, binding: PolicyBinding, input: Judged): Decision[] {
  const failed = (message: string, configuration = false): Decision[] =>
    policy.spec.failurePolicy === "Ignore" ? [] : [{ message, index: 0, configuration }];
  let params: readonly unknown[] = [undefined];
  if (policy.spec.paramKind && binding.spec.paramRef) {
    if (!input.params) return failed("failed to configure binding: paramKind kind is not served", true);
    const ref = binding.spec.paramRef;
    params = input.params(policy.spec.paramKind, ref, input.request.namespace);
    if (params.length === 0 && ref.parameterNotFoundAction === "Deny") {
      return failed(
        "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
        true,
      );
    }
  }
  return params.flatMap((param) => decideWith(policy, input, param, failed));
}

function decideWith(
  policy: Policy,
  input: Judged,
  param: unknown,
  failed: (message: string) => Decision[],
): Decision[] {
  const { matchConditions = [], variables = [], validations = [] } = policy.spec;
  const names = variables.map(({ name }) => name);
  const run = new Evaluation(input, param, policy.spec);
  const errors: string[] = [];
  run.budget = matchBudget;
  for (const { expression } of matchConditions) {
    const { value, error } = run.evaluate(expression, names, "bool");
    if (error !== undefined) errors.push(error);
    else if (value === false) return [];
  }
  if (errors.length > 0) return failed(errors.length === 1 ? errors[0]! : `[${errors.join(", ")}]`);
  run.budget = validationBudget;
  const decisions: Decision[] = [];
  for (const [index, validation] of validations.entries()) {
    const { value, error } = run.evaluate(validation.expression, names, "bool");
    if (error !== undefined) decisions.push(...failed(error).map((decision) => ({ ...decision, index })));
    else if (value !== true) {
      decisions.push({ message: messageOf(validation, run, names), reason: validation.reason ?? "Invalid", index });
    }
  }
  return decisions;
}

function messageOf(
  { expression, message, messageExpression }: Validation,
  run: Evaluation,
  names: readonly string[],
): string {
  const { value } = messageExpression ? run.evaluate(messageExpression, names, "string", true) : {};
  const text = typeof value === "string" ? value.trim() : "";
  if (text !== "" && !text.includes("\n") && Buffer.byteLength(text) <= maxMessageBytes) return text;
  return message ? message.trim() : `failed expression: ${expression.trim()}`;
}
