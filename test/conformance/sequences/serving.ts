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

const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const crd = (plural: string, schema: object, more: object = {}, metadata: object = {}) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.made.roster.dev`, ...metadata },
  spec: {
    group: "made.roster.dev",
    scope: "Namespaced",
    names: {
      plural,
      singular: plural.slice(0, -1),
      kind: plural[0]!.toUpperCase() + plural.slice(1, -1),
      listKind: `${plural[0]!.toUpperCase() + plural.slice(1, -1)}List`,
    },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    ...more,
  },
});
const spec = (schema: object) => ({ type: "object", properties: { spec: schema } });
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

export const defining: Sequences = {
  "a definition is checked": [
    post(crds, crd("ones", spec({})), answer),
    post(crds, crd("twos", spec({ type: "array" })), answer),
    post(crds, crd("threes", spec({ type: "object", anyOf: [{ type: "object" }] })), answer),
    post(
      crds,
      crd(
        "fours",
        spec({
          type: "object",
          properties: {
            x: {
              type: "array",
              items: { type: "object", properties: { a: { type: "string" } } },
              "x-kubernetes-list-type": "map",
            },
          },
        }),
      ),
      answer,
    ),
    post(crds, crd("fives", spec({ type: "string", default: 3 })), answer),
    post(crds, crd("sixes", spec({ type: "string", pattern: "(" })), answer),
    post(crds, { ...crd("sevens", spec({ type: "object" })), metadata: { name: "wrong" } }, answer),
    post(crds, crd("eights", spec({ type: "object" }), { versions: [] }), answer),
    post(
      crds,
      crd("nines", {
        type: "object",
        properties: { metadata: { type: "object", properties: { labels: { type: "object" } } } },
      }),
      answer,
    ),
    post(
      crds,
      crd(
        "tens",
        spec({
          type: "object",
          properties: { a: { type: "string" } },
          oneOf: [{ properties: { b: { minLength: 1 } } }],
        }),
      ),
      { pick: ["kind", "spec"] },
    ),
  ],
  "rules of a definition are compiled": [
    post(
      crds,
      crd(
        "rones",
        spec({
          type: "object",
          properties: { a: { type: "string" } },
          "x-kubernetes-validations": [{ rule: "self.b == 'x'" }],
        }),
      ),
      answer,
    ),
    post(
      crds,
      crd(
        "rtwos",
        spec({
          type: "object",
          properties: { a: { type: "string" } },
          "x-kubernetes-validations": [{ rule: "self.a" }],
        }),
      ),
      answer,
    ),
    post(
      crds,
      crd(
        "rthrees",
        spec({
          type: "object",
          properties: { a: { type: "integer" } },
          "x-kubernetes-validations": [{ rule: "self.a == 'x'" }],
        }),
      ),
      answer,
    ),
    post(crds, crd("rfours", spec({ type: "object", "x-kubernetes-validations": [{ rule: "" }] })), answer),
    post(
      crds,
      crd(
        "rfives",
        spec({ type: "array", items: { type: "string", "x-kubernetes-validations": [{ rule: "self == oldSelf" }] } }),
      ),
      answer,
    ),
    post(
      crds,
      crd(
        "rsixes",
        spec({
          type: "object",
          properties: { xs: { type: "array", items: { type: "string" } } },
          "x-kubernetes-validations": [{ rule: "self.xs.all(a, self.xs.all(b, a != b))" }],
        }),
      ),
      answer,
    ),
  ],
  "a definition comes, changes and goes": [
    post(crds, crd("makes", spec({ type: "object", properties: { a: { type: "string" } } })), {
      pick: ["metadata.name", "spec", "metadata.generation"],
    }),
    get("/apis/made.roster.dev/v1/namespaces/{ns}/makes", { until: 200 }),
    post(
      "/apis/made.roster.dev/v1/namespaces/{ns}/makes",
      { apiVersion: "made.roster.dev/v1", kind: "Make", metadata: { name: "m" }, spec: { a: "x", b: "y" } },
      { until: 201, pick: ["spec"] },
    ),
    get(`${crds}/makes.made.roster.dev`, {
      pick: [
        "status.acceptedNames",
        "status.storedVersions",
        "status.conditions.0.type",
        "status.conditions.0.status",
        "status.conditions.0.reason",
        "status.conditions.1.type",
        "status.conditions.1.status",
      ],
    }),
    {
      method: "PATCH",
      path: `${crds}/makes.made.roster.dev`,
      body: { spec: { names: { plural: "other" } } },
      type: "application/merge-patch+json",
      ...answer,
    },
    {
      method: "PATCH",
      path: `${crds}/makes.made.roster.dev`,
      body: { spec: { scope: "Cluster" } },
      type: "application/merge-patch+json",
      ...answer,
    },
    del(`${crds}/makes.made.roster.dev`, undefined, { pick: ["kind"] }),
    get(`${crds}/makes.made.roster.dev`, { until: 404 }),
    get("/apis/made.roster.dev/v1/namespaces/{ns}/makes", { until: 404 }),
  ],
};
