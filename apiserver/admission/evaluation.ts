import { isObject } from "../../lib/json.ts";
import type { Problem } from "../../lib/problem.ts";
import { celAuthorizer } from "../../policy/cel/library/authorizer.ts";
import { toCel } from "../../policy/cel/values.ts";
import { type PolicyCompiler, policyCompiler } from "./expressions.ts";
import type { Judged, Policy } from "./policies.ts";
import { type AdmissionRequest, isNamespace, type Served } from "./request.ts";

/** Evaluates one policy's expressions over one request; a variable is computed when first read, at most once. */
export class Evaluation {
  budget = 0;
  readonly #values: Record<string, unknown>;
  readonly #compile: PolicyCompiler;

  constructor(input: Judged, param: unknown, spec: Policy["spec"]) {
    const { request } = input;
    const { resource, subResource, name, namespace } = request;
    this.#compile = policyCompiler(spec);
    this.#values = {
      object: toCel(input.object ?? null),
      oldObject: toCel(input.oldObject ?? null),
      namespaceObject: toCel((isNamespace(request) ? null : input.namespaceObject) ?? null),
      params: toCel(param ?? null),
      request: toCel(toRead(request, input.served)),
      authorizer: celAuthorizer(input.authorizer, {
        group: resource.group,
        version: resource.version,
        resource: resource.resource,
        subresource: subResource,
        namespace,
        name,
      }),
      variables: this.#lazily(spec.variables ?? []),
    };
  }

  evaluate(
    source: string,
    variables: readonly string[],
    result: "bool" | "string" | "dyn",
    message = false,
  ): { readonly value?: unknown; readonly error?: string } {
    const { error, failed, ...rest } = this.#run(source, variables, result, message);
    if (!failed) return error === undefined ? rest : { error };
    if (this.budget <= 0)
      return { error: "validation failed due to running out of cost budget, no further validation rules will be run" };
    return { error: `expression '${source}' resulted in error: ${summaryOf(failed)}` };
  }

  #run(
    source: string,
    variables: readonly string[],
    result: "bool" | "string" | "dyn",
    message: boolean,
  ): { readonly value?: unknown; readonly error?: string; readonly failed?: Problem } {
    const { program, error } = this.#compile(source, variables, result, message);
    if (!program) return { error };
    const { cost, ...outcome } = program.measure(this.#values, Math.min(1_000_000, Math.max(this.budget, 0)));
    this.budget -= cost;
    return outcome;
  }

  #lazily(variables: NonNullable<Policy["spec"]["variables"]>): object {
    const object = {};
    for (const [index, { name, expression }] of variables.entries()) {
      // Only those declared before it are in scope, so there are no cycles.
      const earlier = variables.slice(0, index).map((variable) => variable.name);
      let known: { readonly value?: unknown; readonly error?: string; readonly failed?: Problem } | undefined;
      Object.defineProperty(object, name, {
        enumerable: true,
        get: () => {
          known ??= this.#run(expression, earlier, "dyn", false);
          const { value, error, failed } = known;
          if (error !== undefined) throw new Error(`composited variable "${name}" fails to compile: ${error}`);
          if (failed) throw new Error(`composited variable "${name}" fails to evaluate: ${summaryOf(failed)}`);
          return value;
        },
      });
    }
    return object;
  }
}

/** The request as expressions read it: what is empty is absent, as in the JSON of a cluster. */
function toRead(request: AdmissionRequest, { kind, resource }: Served): object {
  const { name, namespace, subResource, userInfo, operation, dryRun = false, options } = request;
  const filled = Object.entries({ name, namespace, subResource, requestSubResource: subResource });
  return {
    ...Object.fromEntries(filled.filter(([, value]) => value !== "")),
    kind,
    resource,
    requestKind: request.kind,
    requestResource: request.resource,
    operation,
    userInfo: Object.fromEntries(Object.entries(userInfo).filter(([, value]) => !isEmpty(value))),
    dryRun,
    ...(options === undefined ? {} : { options }),
  };
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value) || typeof value === "string") return value.length === 0;
  return value === undefined || (isObject(value) && Object.keys(value).length === 0);
}

function summaryOf(failed: Problem): string {
  return String(failed.details.summary ?? failed.message);
}
