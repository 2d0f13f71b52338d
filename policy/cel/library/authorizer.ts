import type { Environment } from "@marcbachmann/cel-js";

/** One question to an authorizer: a resource access or a path access, by `user` or (absent) by whoever asks. */
export interface AccessQuestion {
  readonly verb: string;
  readonly path?: string;
  readonly group?: string;
  readonly version?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /** Set by `authorizer.serviceAccount(namespace, name)`. */
  readonly user?: { readonly name: string; readonly groups: readonly string[] };
}

export interface AccessAnswer {
  readonly allowed: boolean;
  readonly reason?: string;
  readonly error?: string;
}

/** Answers at once: rules and bindings are in memory. */
export type Authorize = (question: AccessQuestion) => AccessAnswer;

/** CEL's `authorizer` value. */
export class CelAuthorizer {
  readonly authorize: Authorize;
  readonly question: Omit<AccessQuestion, "verb">;
  /** `authorizer.requestResource`: a check with the request's own resource, namespace and name filled in. */
  readonly requestResource: unknown;
  constructor(authorize: Authorize, question: Omit<AccessQuestion, "verb"> = {}, requestResource: unknown = null) {
    this.authorize = authorize;
    this.question = question;
    this.requestResource = requestResource;
  }
}

class GroupCheck extends CelAuthorizer {}
class PathCheck extends CelAuthorizer {}
class ResourceCheck extends CelAuthorizer {}

class Decision {
  readonly answer: AccessAnswer;
  constructor(answer: AccessAnswer) {
    this.answer = answer;
  }
}

/** The value of the variable `authorizer` for one request. */
export function celAuthorizer(authorize: Authorize, request: Omit<AccessQuestion, "verb">): CelAuthorizer {
  return new CelAuthorizer(authorize, {}, new ResourceCheck(authorize, request));
}

/** Kubernetes' authorizer library (1.27), with field and label selectors (1.31). */
export function addAuthorizer(env: Environment): void {
  const name = (part: string): string => `kubernetes.authorization.${part}`;
  const [root, group, path, resource, decision] = [
    "Authorizer",
    "GroupCheck",
    "PathCheck",
    "ResourceCheck",
    "Decision",
  ].map(name);
  env
    .registerType(root!, CelAuthorizer as never)
    .registerType(group!, GroupCheck as never)
    .registerType(path!, PathCheck as never)
    .registerType(resource!, ResourceCheck as never)
    .registerType(decision!, Decision as never);
  const refine = (field: string) => (check: ResourceCheck, value: string) =>
    new ResourceCheck(check.authorize, { ...check.question, [field]: value });
  const decide = (check: CelAuthorizer, verb: string): Decision =>
    new Decision(check.authorize({ ...check.question, verb }));
  env
    .registerFunction(
      `${root}.group(string): ${group}`,
      (a: CelAuthorizer, value: string) => new GroupCheck(a.authorize, { ...a.question, group: value }),
    )
    .registerFunction(`${root}.path(string): ${path}`, (a: CelAuthorizer, value: string) => {
      if (value === "") throw new Error("path must not be empty");
      return new PathCheck(a.authorize, { ...a.question, path: value });
    })
    .registerFunction(
      `${root}.serviceAccount(string, string): ${root}`,
      (a: CelAuthorizer, namespace: string, account: string) =>
        new CelAuthorizer(a.authorize, {
          ...a.question,
          user: {
            name: `system:serviceaccount:${namespace}:${account}`,
            groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
          },
        }),
    )
    .registerFunction(
      `${group}.resource(string): ${resource}`,
      (a: GroupCheck, value: string) => new ResourceCheck(a.authorize, { ...a.question, resource: value }),
    )
    .registerFunction(`${path}.check(string): ${decision}`, decide)
    .registerFunction(`${resource}.check(string): ${decision}`, decide)
    .registerFunction(`${decision}.allowed(): bool`, (a: Decision) => a.answer.allowed)
    .registerFunction(`${decision}.reason(): string`, (a: Decision) => a.answer.reason ?? "")
    .registerFunction(`${decision}.errored(): bool`, (a: Decision) => a.answer.error !== undefined)
    .registerFunction(`${decision}.error(): string`, (a: Decision) => a.answer.error ?? "");
  for (const field of ["subresource", "namespace", "name", "fieldSelector", "labelSelector"])
    env.registerFunction(`${resource}.${field}(string): ${resource}`, refine(field));
}
