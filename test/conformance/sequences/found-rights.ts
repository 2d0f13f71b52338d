import { configMapsPath, del, get, mergePatch, post, type Sequences, type Step } from "../step.ts";
import { authz, rbac, group as rbacGroup, roleBindings, roles, rule } from "./access-steps.ts";

/** The part of found-kinds about rights: roles, reviews and tokens. */

const namespaces = "/api/v1/namespaces";
const quiet = { pick: ["code"] };
const failed = { pick: ["code", "reason", "message", "details"] };

export const clusterRole = (name: string, more: object): object => ({
  apiVersion: `${rbacGroup}/v1`,
  kind: "ClusterRole",
  metadata: { name },
  ...more,
});
/** Somebody whom no other sequence gives anything. */
const lost = { headers: { "impersonate-user": "lost-{ns}" } };
const lostSubject = { kind: "User", apiGroup: rbacGroup, name: "lost-{ns}" };
const binding = (name: string, kind: "Role" | "ClusterRole", role: string, ...more: Partial<Step>[]): Step =>
  post(
    roleBindings,
    {
      apiVersion: `${rbacGroup}/v1`,
      kind: "RoleBinding",
      metadata: { name },
      roleRef: { apiGroup: rbacGroup, kind, name: role },
      subjects: [lostSubject],
    },
    Object.assign({}, quiet, ...more),
  );
const clusterBinding = (name: string, role: string): Step =>
  post(
    `${rbac}/clusterrolebindings`,
    {
      apiVersion: `${rbacGroup}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup: rbacGroup, kind: "ClusterRole", name: role },
      subjects: [lostSubject],
    },
    quiet,
  );
const review = (kind: string, spec: object, more: Partial<Step> = {}): Step =>
  post(
    `${authz}/${kind.toLowerCase()}s`,
    { apiVersion: "authorization.k8s.io/v1", kind, spec },
    {
      pick: ["code", "message", "status.allowed", "status.reason", "status.evaluationError", "status.incomplete"],
      ...more,
    },
  );
const asks = (user: string): Step =>
  review("SubjectAccessReview", {
    user,
    resourceAttributes: { namespace: "{ns}", verb: "get", resource: "configmaps", name: "a" },
  });

const local = (metadata: object): Step =>
  post(
    `${authz}/namespaces/{ns}/localsubjectaccessreviews`,
    {
      apiVersion: "authorization.k8s.io/v1",
      kind: "LocalSubjectAccessReview",
      metadata,
      spec: { user: "x", resourceAttributes: { namespace: "{ns}", verb: "get", resource: "configmaps" } },
    },
    { pick: ["code", "reason", "message", "metadata.namespace", "status"] },
  );
export const token = "/api/v1/namespaces/{ns}/serviceaccounts/default/token";
export const tokenRequest = (metadata: object, spec: object = {}): object => ({
  apiVersion: "authentication.k8s.io/v1",
  kind: "TokenRequest",
  metadata,
  spec,
});
const account = get("/api/v1/namespaces/{ns}/serviceaccounts/default", { until: 200, ...quiet });

const collected = `${rbac}/clusterroles/all-{ns}`;
const part = `${rbac}/clusterroles/part-{ns}`;
const seen = { pick: ["metadata.managedFields", "rules"] };
/** Somebody who may make roles tries to grant what they have not. */
const grantsMore = [
  post(
    roles,
    { ...clusterRole("own", { rules: [rule(rbacGroup, ["roles", "rolebindings"], ["create"])] }), kind: "Role" },
    { ...quiet },
  ),
  binding("own", "Role", "own"),
  post(
    roles,
    { ...clusterRole("more", { rules: [rule("", ["secrets"], ["get"])] }), kind: "Role" },
    {
      ...lost,
      ...failed,
      settled: 1_000,
    },
  ),
];
export const foundRights: Sequences = {
  "a refusal names the roles that bindings miss": [
    clusterBinding("lost-{ns}", "gone-{ns}"),
    binding("gone", "Role", "gone"),
    get(`${configMapsPath}/a`, { ...lost, ...failed, settled: 1_000 }),
    get(namespaces, { ...lost, ...failed }),
    get("/metrics", { ...lost, ...failed }),
    asks("lost-{ns}"),
    review("SelfSubjectAccessReview", { nonResourceAttributes: { path: "/metrics", verb: "get" } }, lost),
    review("SelfSubjectRulesReview", { namespace: "{ns}" }, lost),
    post(roles, { ...clusterRole("mine", { rules: [] }), kind: "Role" }, { ...lost, ...failed }),
    ...grantsMore,
    del(`${rbac}/clusterrolebindings/lost-{ns}`, undefined, quiet),
  ],
  "a refusal names the only role that a binding misses": [
    binding("gone", "ClusterRole", "x-gone"),
    get(`${configMapsPath}/a`, { ...lost, ...failed, settled: 1_000 }),
    // It matters in its own namespace alone.
    get(namespaces, { ...lost, ...failed }),
    asks("lost-{ns}"),
    review("SelfSubjectRulesReview", { namespace: "{ns}" }, lost),
    ...grantsMore,
    review(
      "SelfSubjectAccessReview",
      {
        resourceAttributes: { namespace: "{ns}", verb: "create", group: rbacGroup, resource: "roles" },
      },
      lost,
    ),
    post(roles, { ...clusterRole("big", { rules: [rule("", ["secrets"], ["get"])] }), kind: "Role" }, quiet),
    binding("more", "Role", "big", lost, failed),
    // One missing role that two bindings name is told once.
    binding("gone-too", "ClusterRole", "x-gone"),
    get(`${configMapsPath}/a`, { ...lost, ...failed, settled: 1_000 }),
  ],
  "a review is about the namespace of its path": [
    local({ namespace: "other" }),
    local({ namespace: "{ns}" }),
    local({}),
    account,
    post(token, tokenRequest({ namespace: "other" }), failed),
    post(token, tokenRequest({ name: "other" }), failed),
    review("SubjectAccessReview", { user: "x", nonResourceAttributes: { path: "/x", verb: "get" } }),
    post(
      `${authz}/subjectaccessreviews`,
      {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        metadata: { namespace: "other" },
        spec: { user: "x", nonResourceAttributes: { path: "/x", verb: "get" } },
      },
      { pick: ["code", "message", "metadata"] },
    ),
  ],
  "a token says who asked for what": [
    account,
    ...[
      {},
      { expirationSeconds: 700 },
      { audiences: ["x"] },
      { audiences: ["https://kubernetes.default.svc.cluster.local"], boundObjectRef: null },
    ].map((spec) =>
      post(`${token}?fieldManager=one`, tokenRequest({}, spec), { pick: ["metadata", "spec.expirationSeconds"] }),
    ),
    post(`${token}?fieldManager=one`, tokenRequest({ name: "default", labels: { a: "b" } }), { pick: ["metadata"] }),
  ],
  "the default roles are kept up to date": [
    ...[
      "cluster-admin",
      "admin",
      "edit",
      "view",
      "system:aggregate-to-view",
      "system:basic-user",
      "system:discovery",
    ].map((name) => get(`${rbac}/clusterroles/${name}`, { pick: ["metadata.annotations", "metadata.labels"] })),
    ...["cluster-admin", "system:basic-user", "system:public-info-viewer"].map((name) =>
      get(`${rbac}/clusterrolebindings/${name}`, { pick: ["metadata.annotations", "metadata.labels"] }),
    ),
  ],
  "the rules of an aggregated role have an owner": [
    post(
      `${rbac}/clusterroles?fieldManager=one`,
      {
        ...clusterRole("part-{ns}", { rules: [rule("", ["configmaps"], ["get"])] }),
        metadata: { name: "part-{ns}", labels: { part: "{ns}" } },
      },
      quiet,
    ),
    post(
      `${rbac}/clusterroles?fieldManager=one`,
      clusterRole("all-{ns}", { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: "{ns}" } }] } }),
      seen,
    ),
    get(collected, { ...seen, until: "rules.0" }),
    mergePatch(part, { rules: [rule("", ["configmaps"], ["get"]), rule("", ["secrets"], ["list"])] }, quiet),
    get(collected, { ...seen, until: "rules.1" }),
    mergePatch(collected, { rules: [rule("", ["x"], ["get"])] }, quiet),
    get(collected, { ...seen, until: "rules.1" }),
    mergePatch(part, { metadata: { labels: null } }, quiet),
    get(collected, { ...seen, settled: 1_000 }),
    post(
      `${rbac}/clusterroles?fieldManager=one`,
      clusterRole("given-{ns}", {
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: "none-{ns}" } }] },
        rules: [rule("", ["configmaps"], ["get"])],
      }),
      seen,
    ),
    get(`${rbac}/clusterroles/given-{ns}`, { ...seen, settled: 1_000 }),
    ...["part", "all", "given"].map((name) => del(`${rbac}/clusterroles/${name}-{ns}`, undefined, quiet)),
  ],
};
