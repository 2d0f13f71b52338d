import { del, get, post, put, type Sequences, widget, widgetsPath } from "../step.ts";

const roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles";
const roleBindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings";
const role = (rules: object[]) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  metadata: { name: "r" },
  rules,
});
const bound = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "RoleBinding",
  metadata: { name: "b" },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "r" },
  subjects: [{ kind: "User", name: "ana", apiGroup: "rbac.authorization.k8s.io" }],
};
const widgetsRule = (verbs: string[], more: object = {}) => ({
  apiGroups: ["conform.roster.dev"],
  resources: ["widgets"],
  verbs,
  ...more,
});
const self = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
const review = (attributes: object) => ({
  apiVersion: "authorization.k8s.io/v1",
  kind: "SelfSubjectAccessReview",
  spec: { resourceAttributes: attributes },
});

const answer = { pick: ["kind", "status", "message", "reason", "code", "details"] };

export const serving: Sequences = {
  "discovery of a group": [
    get("/apis/conform.roster.dev"),
    get("/apis/conform.roster.dev/v1"),
    get("/apis/conform.roster.dev/v1beta1"),
    get("/apis/conform.roster.dev/v9"),
  ],
  "discovery of core kinds that both serve": [
    get("/api/v1", { pick: ["kind", "groupVersion"] }),
    get("/version", { pick: ["major", "minor"] }),
  ],
  health: [get("/livez"), get("/readyz"), get("/healthz")],
  "a user without rights": [
    get(widgetsPath, { as: "ana" }),
    post(widgetsPath, widget("a"), { as: "ana" }),
    get(`${widgetsPath}/a`, { as: "ana" }),
    get("/api/v1/namespaces", { as: "ana" }),
    get("/metrics-of-nobody", { as: "ana" }),
    get(`${widgetsPath}/a/status`, { as: "ana" }),
  ],
  "a role lets a user do what it says": [
    post(roles, role([widgetsRule(["get", "create"])])),
    post(roleBindings, bound),
    post(widgetsPath, widget("a"), { as: "ana", until: 201, pick: ["metadata.name"] }),
    get(`${widgetsPath}/a`, { as: "ana", pick: ["metadata.name"] }),
    get(widgetsPath, { as: "ana" }),
    del(`${widgetsPath}/a`, undefined, { as: "ana" }),
    get(`${widgetsPath}/a`, { as: "bob" }),
  ],
  "a role for one name and a virtual verb": [
    post(roles, role([widgetsRule(["run"], { resourceNames: ["a"] })])),
    post(roleBindings, bound),
    post(
      self,
      review({ group: "conform.roster.dev", resource: "widgets", verb: "run", name: "a", namespace: "{ns}" }),
      { as: "ana", pick: ["status.allowed"] },
    ),
    post(
      self,
      review({ group: "conform.roster.dev", resource: "widgets", verb: "run", name: "b", namespace: "{ns}" }),
      { as: "ana", pick: ["status.allowed"] },
    ),
    post(self, review({ group: "conform.roster.dev", resource: "widgets", verb: "list", namespace: "{ns}" }), {
      as: "bob",
      pick: ["status.allowed"],
    }),
  ],
  "nobody grants what they do not hold": [
    post(
      roles,
      role([
        {
          apiGroups: ["conform.roster.dev", "rbac.authorization.k8s.io"],
          resources: ["widgets", "roles", "rolebindings"],
          verbs: ["get", "create", "update"],
        },
      ]),
    ),
    post(roleBindings, bound),
    post(roles, { ...role([widgetsRule(["delete"])]), metadata: { name: "more" } }, { as: "ana", until: 403 }),
    post(
      roles,
      { ...role([widgetsRule(["get"])]), metadata: { name: "same" } },
      { as: "ana", pick: ["metadata.name"] },
    ),
  ],
  "reviews of others": [
    post(
      "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: { user: "carl", groups: ["system:masters"], resourceAttributes: { verb: "delete", resource: "nodes" } },
      },
      { pick: ["status.allowed"] },
    ),
    post(
      "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: { resourceAttributes: { verb: "get" } },
      },
      answer,
    ),
    post(
      "/apis/authentication.k8s.io/v1/selfsubjectreviews",
      { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
      { as: "ana", pick: ["kind", "status.userInfo.username", "status.userInfo.groups"] },
    ),
    post(
      "/apis/authentication.k8s.io/v1/tokenreviews",
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token: "nobody's" } },
      { pick: ["status"] },
    ),
  ],
  "a binding of a role that is unchangeable": [
    post(roles, role([widgetsRule(["get"])])),
    post(roleBindings, bound, { save: { rv: "metadata.resourceVersion" } }),
    put(`${roleBindings}/b`, {
      ...bound,
      metadata: { name: "b", resourceVersion: "{rv}" },
      roleRef: { ...bound.roleRef, name: "other" },
    }),
    post(roles, { ...role([{ verbs: [] }]), metadata: { name: "bad" } }),
    post(roleBindings, { ...bound, metadata: { name: "bad" }, roleRef: { apiGroup: "x", kind: "Thing", name: "" } }),
  ],
  "a namespace that does not exist": [
    get("/apis/conform.roster.dev/v1/namespaces/none-{ns}/widgets"),
    post("/apis/conform.roster.dev/v1/namespaces/none-{ns}/widgets", widget("a")),
    post("/api/v1/namespaces/none-{ns}/configmaps", { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } }),
  ],
  "a namespace goes with all that is in it": [
    post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "sub-{ns}" } }),
    post(
      "/apis/conform.roster.dev/v1/namespaces/sub-{ns}/widgets",
      widget("a", {}, { finalizers: ["conform.roster.dev/hold"] }),
      { pick: ["metadata.name"] },
    ),
    del("/api/v1/namespaces/sub-{ns}", undefined, { pick: ["kind", "status.phase", "spec"] }),
    post("/apis/conform.roster.dev/v1/namespaces/sub-{ns}/widgets", widget("b")),
    {
      method: "PATCH",
      path: "/apis/conform.roster.dev/v1/namespaces/sub-{ns}/widgets/a",
      body: { metadata: { finalizers: null } },
      type: "application/merge-patch+json",
      pick: ["metadata.name"],
    },
    get("/api/v1/namespaces/sub-{ns}", { until: 404 }),
  ],
  "a namespace's name": [
    post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "a.b" } }),
    post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } }),
  ],
  "methods that are not allowed": [
    { method: "PUT", path: widgetsPath, body: {} },
    { method: "POST", path: `${widgetsPath}/a`, body: {} },
    { method: "PATCH", path: widgetsPath, body: {}, type: "application/merge-patch+json" },
  ],
};
