import { post, type Step } from "../step.ts";

export const rbac = "/apis/rbac.authorization.k8s.io/v1";
export const roles = `${rbac}/namespaces/{ns}/roles`;
export const roleBindings = `${rbac}/namespaces/{ns}/rolebindings`;
export const group = "rbac.authorization.k8s.io";
export const quiet = { pick: ["code"] };
export const brief = { pick: ["code", "reason", "message", "details"] };
export const authz = "/apis/authorization.k8s.io/v1";
export const verdict = {
  pick: ["kind", "code", "message", "details", "status.allowed", "status.denied", "status.evaluationError"],
};

export type Rule = Readonly<Record<string, readonly string[]>>;
export const rule = (
  apiGroup: string,
  resources: readonly string[],
  verbs: readonly string[],
  more: Rule = {},
): Rule => ({
  apiGroups: [apiGroup],
  resources,
  verbs,
  ...more,
});
export const widgetRule = (verbs: readonly string[], more: Rule = {}) =>
  rule("conform.roster.dev", ["widgets"], verbs, more);
export const role = (name: string, rules: readonly Rule[], more: Partial<Step> = {}) =>
  post(roles, { apiVersion: `${group}/v1`, kind: "Role", metadata: { name }, rules }, { ...quiet, ...more });
export const subject = { kind: "User", name: "ana", apiGroup: group };
export const bind = (name: string, more: object = {}, step: Partial<Step> = {}) =>
  post(
    roleBindings,
    {
      apiVersion: `${group}/v1`,
      kind: "RoleBinding",
      metadata: { name },
      roleRef: { apiGroup: group, kind: "Role", name },
      subjects: [subject],
      ...more,
    },
    { ...quiet, ...step },
  );
/** Waits until what was granted or taken is in force. */
export const can = (attributes: object, allowed: boolean, as: "ana" | "bob" = "ana"): Step[] => [
  self({ resourceAttributes: { namespace: "{ns}", ...attributes } }, { as, until: allowed ? "status.allowed" : 201 }),
];
export const self = (spec: object, more: Partial<Step> = {}) =>
  post(
    `${authz}/selfsubjectaccessreviews`,
    { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec },
    { ...verdict, ...more },
  );
export const ask = (resource: string, verb: string, more: object = {}) =>
  self(
    { resourceAttributes: { namespace: "{ns}", group: "conform.roster.dev", resource, verb, ...more } },
    { as: "ana" },
  );
export const other = (spec: object, more: Partial<Step> = {}) =>
  post(
    `${authz}/subjectaccessreviews`,
    { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec },
    { ...verdict, ...more },
  );
export const granted = { group: "conform.roster.dev", resource: "widgets" };
