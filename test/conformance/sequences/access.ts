import {
  configMap,
  configMapsPath,
  del,
  get,
  mergePatch,
  post,
  put,
  type Sequences,
  type Step,
  widget,
  widgetsPath,
} from "../step.ts";

const rbac = "/apis/rbac.authorization.k8s.io/v1";
const roles = `${rbac}/namespaces/{ns}/roles`;
const roleBindings = `${rbac}/namespaces/{ns}/rolebindings`;
const group = "rbac.authorization.k8s.io";
const quiet = { pick: ["code"] };
const brief = { pick: ["code", "reason", "message", "details"] };
const authz = "/apis/authorization.k8s.io/v1";
const verdict = {
  pick: ["kind", "code", "message", "details", "status.allowed", "status.denied", "status.evaluationError"],
};

type Rule = Readonly<Record<string, readonly string[]>>;
const rule = (apiGroup: string, resources: readonly string[], verbs: readonly string[], more: Rule = {}): Rule => ({
  apiGroups: [apiGroup],
  resources,
  verbs,
  ...more,
});
const widgetRule = (verbs: readonly string[], more: Rule = {}) => rule("conform.roster.dev", ["widgets"], verbs, more);
const role = (name: string, rules: readonly Rule[], more: Partial<Step> = {}) =>
  post(roles, { apiVersion: `${group}/v1`, kind: "Role", metadata: { name }, rules }, { ...quiet, ...more });
const subject = { kind: "User", name: "ana", apiGroup: group };
const bind = (name: string, more: object = {}, step: Partial<Step> = {}) =>
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
const can = (attributes: object, allowed: boolean, as: "ana" | "bob" = "ana"): Step[] => [
  self({ resourceAttributes: { namespace: "{ns}", ...attributes } }, { as, until: allowed ? "status.allowed" : 201 }),
];
const self = (spec: object, more: Partial<Step> = {}) =>
  post(
    `${authz}/selfsubjectaccessreviews`,
    { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec },
    { ...verdict, ...more },
  );
const ask = (resource: string, verb: string, more: object = {}) =>
  self(
    { resourceAttributes: { namespace: "{ns}", group: "conform.roster.dev", resource, verb, ...more } },
    { as: "ana" },
  );
const other = (spec: object, more: Partial<Step> = {}) =>
  post(
    `${authz}/subjectaccessreviews`,
    { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec },
    { ...verdict, ...more },
  );
const granted = { group: "conform.roster.dev", resource: "widgets" };

export const access: Sequences = {
  "each verb is a right of its own": [
    role("r", [widgetRule(["get", "patch"])]),
    bind("r"),
    ...can({ ...granted, verb: "patch" }, true),
    post(widgetsPath, widget("a"), quiet),
    ...["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "*", ""].map((verb) =>
      ask("widgets", verb),
    ),
    get(`${widgetsPath}/a`, { as: "ana", pick: ["metadata.name"] }),
    mergePatch(`${widgetsPath}/a`, { spec: { size: 2 } }, { as: "ana", pick: ["spec.size"] }),
    put(`${widgetsPath}/a`, widget("a"), { as: "ana" }),
    del(`${widgetsPath}/a`, undefined, { as: "ana" }),
    del(widgetsPath, undefined, { as: "ana" }),
    get(`${widgetsPath}?watch=true`, { as: "ana" }),
  ],
  "rights to names": [
    role("r", [widgetRule(["get", "list", "watch", "create", "delete"], { resourceNames: ["a", "b"] })]),
    bind("r"),
    ...can({ ...granted, verb: "get", name: "a" }, true),
    post(widgetsPath, widget("a"), quiet),
    get(`${widgetsPath}/a`, { as: "ana", pick: ["metadata.name"] }),
    get(`${widgetsPath}/c`, { as: "ana" }),
    get(widgetsPath, { as: "ana", ...brief }),
    get(`${widgetsPath}?fieldSelector=metadata.name%3Da`, { as: "ana", pick: ["items.0.metadata.name"] }),
    get(`${widgetsPath}?fieldSelector=metadata.name%3D%3Da`, { as: "ana", pick: ["items.0.metadata.name"] }),
    get(`${widgetsPath}?fieldSelector=metadata.name%3Dc`, { as: "ana", ...brief }),
    get(`${widgetsPath}?fieldSelector=metadata.name!%3Da`, { as: "ana", ...brief }),
    get(`${widgetsPath}?fieldSelector=metadata.name%3Da,spec.color%3Dred`, { as: "ana", pick: ["kind"] }),
    get(`${widgetsPath}?fieldSelector=metadata.name%3Da&watch=true&timeoutSeconds=1`, {
      as: "ana",
      watch: {},
      pick: ["type", "object.metadata.name"],
    }),
    del(`${widgetsPath}?fieldSelector=metadata.name%3Da`, undefined, { as: "ana", ...brief }),
    // A name in the body is not a name in the URL.
    post(widgetsPath, widget("b"), { as: "ana", ...brief }),
    ask("widgets", "get", { name: "b" }),
    ask("widgets", "get", { name: "c" }),
    ask("widgets", "get"),
  ],
  "subresources are rights of their own": [
    role("r", [
      rule("conform.roster.dev", ["widgets/status"], ["get", "patch"]),
      rule("conform.roster.dev", ["*/scale"], ["get"]),
    ]),
    bind("r"),
    ...can({ ...granted, verb: "get", subresource: "scale" }, true),
    post(widgetsPath, widget("a"), quiet),
    get(`${widgetsPath}/a/status`, { as: "ana", pick: ["kind"] }),
    mergePatch(`${widgetsPath}/a/status`, { status: { phase: "New" } }, { as: "ana", pick: ["status"] }),
    get(`${widgetsPath}/a/scale`, { as: "ana", pick: ["kind"] }),
    get(`${widgetsPath}/a`, { as: "ana", ...brief }),
    put(`${widgetsPath}/a/status`, widget("a"), { as: "ana", ...brief }),
    mergePatch(`${widgetsPath}/a/scale`, { spec: { replicas: 2 } }, { as: "ana", ...brief }),
    get(`${widgetsPath}/a/nothing`, { as: "ana", ...brief }),
    ask("widgets", "get", { subresource: "status" }),
    ask("gadgets", "get", { subresource: "scale" }),
    ask("widgets/status", "get"),
  ],
  "everything of a group, a resource or a verb": [
    role("all", [rule("conform.roster.dev", ["*"], ["get"]), rule("*", ["configmaps"], ["*"])]),
    bind("all"),
    ...can({ resource: "configmaps", verb: "anything" }, true),
    ask("widgets", "get"),
    ask("widgets", "get", { subresource: "status" }),
    ask("widgets", "list"),
    self(
      { resourceAttributes: { namespace: "{ns}", group: "any.dev", resource: "configmaps", verb: "get" } },
      { as: "ana" },
    ),
    self({ resourceAttributes: { namespace: "{ns}", resource: "secrets", verb: "get" } }, { as: "ana" }),
    self(
      { resourceAttributes: { namespace: "{ns}", resource: "configmaps", subresource: "x", verb: "get" } },
      { as: "ana" },
    ),
    self({ resourceAttributes: { resource: "configmaps", verb: "get" } }, { as: "ana" }),
    self({ resourceAttributes: { namespace: "default", resource: "configmaps", verb: "get" } }, { as: "ana" }),
    get("/api/v1/configmaps", { as: "ana" }),
  ],
  "why something is allowed": [
    role("because", [widgetRule(["get"])]),
    bind("because"),
    ...can({ ...granted, verb: "get" }, true),
    self(
      { resourceAttributes: { namespace: "{ns}", ...granted, verb: "get" } },
      { as: "ana", pick: ["spec", "status"] },
    ),
    self(
      { resourceAttributes: { namespace: "{ns}", ...granted, verb: "list" } },
      { as: "ana", pick: ["spec", "status"] },
    ),
    self({ resourceAttributes: { verb: "get", resource: "pods" } }, { pick: ["spec", "status"] }),
  ],
  "paths that are no resources": [
    post(
      `${rbac}/clusterroles`,
      {
        apiVersion: `${group}/v1`,
        kind: "ClusterRole",
        metadata: { name: "paths-{ns}" },
        rules: [{ nonResourceURLs: ["/metrics", "/logs-{ns}/*"], verbs: ["get"] }],
      },
      quiet,
    ),
    post(
      `${rbac}/clusterrolebindings`,
      {
        apiVersion: `${group}/v1`,
        kind: "ClusterRoleBinding",
        metadata: { name: "paths-{ns}" },
        roleRef: { apiGroup: group, kind: "ClusterRole", name: "paths-{ns}" },
        subjects: [{ kind: "User", name: "bob", apiGroup: group }],
      },
      quiet,
    ),
    self({ nonResourceAttributes: { path: "/logs-{ns}/a", verb: "get" } }, { as: "bob", until: "status.allowed" }),
    ...[
      "/logs-{ns}/a/b",
      "/logs-{ns}/",
      "/logs-{ns}",
      "/metrics",
      "/metrics/x",
      "/api",
      "/api/v1",
      "/version",
      "/secret",
    ].map((path) => self({ nonResourceAttributes: { path, verb: "get" } }, { as: "bob" })),
    self({ nonResourceAttributes: { path: "/metrics", verb: "post" } }, { as: "bob" }),
    get("/logs-{ns}/x", { as: "bob", ...brief }),
    get("/logs-other", { as: "bob" }),
    post("/logs-other", {}, { as: "bob" }),
    del(`${rbac}/clusterrolebindings/paths-{ns}`, undefined, quiet),
    del(`${rbac}/clusterroles/paths-{ns}`, undefined, quiet),
  ],
  "reviews of others ask for user or group": [
    other(
      { user: "carl", resourceAttributes: { verb: "get", resource: "secrets", namespace: "{ns}" } },
      { pick: ["spec", "status"] },
    ),
    other({ groups: ["system:masters"], resourceAttributes: { verb: "get", resource: "secrets" } }),
    other({ user: "x", groups: ["system:masters"], nonResourceAttributes: { verb: "get", path: "/x" } }),
    other({ user: "system:serviceaccount:{ns}:default", resourceAttributes: { verb: "get", resource: "secrets" } }),
    other({ user: "x" }),
    other({ resourceAttributes: { verb: "get", resource: "secrets" } }),
    other({ user: "x", resourceAttributes: {}, nonResourceAttributes: {} }),
    other({ user: "x", resourceAttributes: { verb: "get", resource: "secrets" } }, { as: "ana" }),
    other(
      { user: "x", uid: "u", extra: { a: ["b"] }, resourceAttributes: { verb: "*", resource: "*", group: "*" } },
      { pick: ["spec", "status"] },
    ),
    post(
      `${authz}/subjectaccessreviews`,
      {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        metadata: { name: "n" },
        spec: { user: "x", resourceAttributes: {} },
      },
      brief,
    ),
    post(
      `${authz}/subjectaccessreviews`,
      { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec: { user: 3 } },
      brief,
    ),
    self({}),
    self({ resourceAttributes: { verb: "get" }, nonResourceAttributes: { path: "/" } }),
    post(
      `${authz}/selfsubjectaccessreviews?fieldValidation=Strict`,
      { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec: { nope: 1 } },
      brief,
    ),
  ],
  "reviews by selectors": [
    role("r", [widgetRule(["list"])]),
    bind("r"),
    ...can({ ...granted, verb: "list" }, true),
    ask("widgets", "list", { fieldSelector: { rawSelector: "metadata.name=a" } }),
    ask("widgets", "list", { labelSelector: { requirements: [{ key: "a", operator: "In", values: ["b"] }] } }),
    ask("widgets", "list", { fieldSelector: {} }),
    ask("widgets", "list", {
      fieldSelector: { rawSelector: "a=b", requirements: [{ key: "a", operator: "In", values: ["b"] }] },
    }),
    ask("widgets", "list", { labelSelector: { requirements: [{ key: "a", operator: "Nope" }] } }),
  ],
  "a review within a namespace": [
    ...[
      { user: "x", resourceAttributes: { verb: "get", resource: "secrets", namespace: "{ns}" } },
      { user: "x", resourceAttributes: { verb: "get", resource: "secrets", namespace: "other" } },
      { user: "x", resourceAttributes: { verb: "get", resource: "secrets" } },
      { user: "x", nonResourceAttributes: { verb: "get", path: "/" } },
      { groups: ["system:masters"], resourceAttributes: { verb: "get", resource: "secrets", namespace: "{ns}" } },
    ].map((spec) =>
      post(
        `${authz}/namespaces/{ns}/localsubjectaccessreviews`,
        {
          apiVersion: "authorization.k8s.io/v1",
          kind: "LocalSubjectAccessReview",
          metadata: { namespace: "{ns}" },
          spec,
        },
        brief.pick ? { pick: [...brief.pick, "status", "metadata.namespace"] } : {},
      ),
    ),
    post(
      `${authz}/localsubjectaccessreviews`,
      { apiVersion: "authorization.k8s.io/v1", kind: "LocalSubjectAccessReview", spec: {} },
      brief,
    ),
  ],
  "all rules of a user": [
    role("r", [widgetRule(["get"], { resourceNames: ["a"] }), rule("", ["configmaps"], ["list", "get"])]),
    bind("r"),
    ...can({ resource: "configmaps", verb: "get" }, true),
    post(
      `${authz}/selfsubjectrulesreviews`,
      { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview", spec: { namespace: "{ns}" } },
      { as: "nobody", pick: ["code", "message"] },
    ),
    post(
      `${authz}/selfsubjectrulesreviews`,
      { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview", spec: {} },
      brief,
    ),
    post(
      `${authz}/selfsubjectrulesreviews`,
      { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview", spec: { namespace: "{ns}" } },
      { certificate: "root" },
    ),
  ],
  "nobody gives more than they have": [
    role("own", [
      rule(group, ["roles", "rolebindings"], ["create", "update", "patch", "get"]),
      widgetRule(["get", "list"]),
      rule("", ["configmaps"], ["get"], { resourceNames: ["one"] }),
    ]),
    bind("own"),
    ...can({ group, resource: "roles", verb: "create" }, true),
    role("less", [widgetRule(["get"])], { as: "ana", pick: ["metadata.name"] }),
    role("same", [widgetRule(["list", "get"])], { as: "ana", pick: ["metadata.name"] }),
    role("more", [widgetRule(["get", "delete", "create"])], { as: "ana", ...brief }),
    role("wide", [widgetRule(["*"])], { as: "ana", ...brief }),
    role("named", [widgetRule(["get"], { resourceNames: ["a"] })], { as: "ana", pick: ["metadata.name"] }),
    role("unnamed", [rule("", ["configmaps"], ["get"])], { as: "ana", ...brief }),
    role("one", [rule("", ["configmaps"], ["get"], { resourceNames: ["one"] })], {
      as: "ana",
      pick: ["metadata.name"],
    }),
    role("sub", [rule("conform.roster.dev", ["widgets/status"], ["get"])], { as: "ana", ...brief }),
    role("many", [widgetRule(["get", "delete"]), rule("", ["secrets", "pods"], ["get", "list"])], {
      as: "ana",
      ...brief,
    }),
    mergePatch(`${roles}/less`, { rules: [widgetRule(["delete"])] }, { as: "ana", ...brief }),
    mergePatch(`${roles}/less`, { metadata: { labels: { a: "b" } } }, { as: "ana", pick: ["metadata.labels"] }),
    // What an administrator made too wide may be touched where the rules stay.
    role("big", [widgetRule(["delete"])]),
    mergePatch(
      `${roles}/big`,
      { metadata: { labels: { a: "b" } } },
      { as: "ana", pick: ["metadata.labels", "code", "message"] },
    ),
    role("empty", [], { as: "ana", pick: ["metadata.name", "rules"] }),
  ],
  "nobody binds more than they have": [
    role("own", [rule(group, ["rolebindings"], ["create", "update", "patch"]), widgetRule(["get"])]),
    bind("own"),
    ...can({ group, resource: "rolebindings", verb: "create" }, true),
    role("small", [widgetRule(["get"])]),
    role("big", [widgetRule(["delete"])]),
    bind("small", {}, { as: "ana", pick: ["metadata.name"] }),
    bind("big", {}, { as: "ana", ...brief }),
    bind("missing", {}, { as: "ana", ...brief }),
    bind(
      "cluster",
      { roleRef: { apiGroup: group, kind: "ClusterRole", name: "view" } },
      { as: "ana", pick: ["code", "reason", "details.kind", "details.name"] },
    ),
    bind("none", { roleRef: { apiGroup: group, kind: "ClusterRole", name: "none-{ns}" } }, { as: "ana", ...brief }),
    bind("missing", {}, { pick: ["metadata.name"] }),
    mergePatch(
      `${roleBindings}/small`,
      { subjects: [{ ...subject, name: "bob" }] },
      { as: "ana", pick: ["subjects.0.name"] },
    ),
    mergePatch(`${roleBindings}/missing`, { subjects: [] }, { as: "ana", ...brief }),
  ],
  "the verbs escalate and bind allow it": [
    role("own", [
      rule(group, ["roles"], ["create", "escalate"]),
      rule(group, ["rolebindings"], ["create"]),
      rule(group, ["roles"], ["bind"], { resourceNames: ["big"] }),
    ]),
    bind("own"),
    ...can({ group, resource: "roles", verb: "escalate" }, true),
    role("big", [widgetRule(["delete"])], { as: "ana", pick: ["metadata.name"] }),
    role("huge", [widgetRule(["*"])], { as: "ana", pick: ["metadata.name"] }),
    bind("big", {}, { as: "ana", pick: ["metadata.name"] }),
    bind("huge", {}, { as: "ana", ...brief }),
  ],
  "bindings to groups and accounts": [
    role("r", [widgetRule(["get"])]),
    bind("groups", {
      roleRef: { apiGroup: group, kind: "Role", name: "r" },
      subjects: [{ kind: "Group", name: "people" }],
    }),
    ...can({ ...granted, verb: "get" }, true, "bob"),
    bind(
      "accounts",
      {
        roleRef: { apiGroup: group, kind: "Role", name: "r" },
        subjects: [
          { kind: "ServiceAccount", name: "robot", namespace: "far" },
          { kind: "ServiceAccount", name: "local" },
        ],
      },
      { pick: ["subjects", "code", "message"] },
    ),
    ...[
      "system:serviceaccount:far:robot",
      "system:serviceaccount:{ns}:robot",
      "system:serviceaccount:{ns}:local",
      "robot",
    ].map((user) => other({ user, resourceAttributes: { namespace: "{ns}", ...granted, verb: "get" } })),
    bind("all-accounts", {
      roleRef: { apiGroup: group, kind: "Role", name: "r" },
      subjects: [{ kind: "Group", name: "system:serviceaccounts:near", apiGroup: group }],
    }),
    other(
      {
        user: "system:serviceaccount:near:x",
        groups: ["system:serviceaccounts:near"],
        resourceAttributes: { namespace: "{ns}", ...granted, verb: "get" },
      },
      { until: "status.allowed" },
    ),
  ],
  "a ClusterRole in a namespace, and only there": [
    post(
      `${rbac}/clusterroles`,
      {
        apiVersion: `${group}/v1`,
        kind: "ClusterRole",
        metadata: { name: "c-{ns}" },
        rules: [widgetRule(["get"]), { nonResourceURLs: ["/x"], verbs: ["get"] }],
      },
      quiet,
    ),
    bind("c", { roleRef: { apiGroup: group, kind: "ClusterRole", name: "c-{ns}" } }),
    ...can({ ...granted, verb: "get" }, true),
    self({ resourceAttributes: { namespace: "default", ...granted, verb: "get" } }, { as: "ana" }),
    self({ resourceAttributes: { ...granted, verb: "get" } }, { as: "ana" }),
    self({ nonResourceAttributes: { path: "/x", verb: "get" } }, { as: "ana" }),
    del(`${rbac}/clusterroles/c-{ns}`, undefined, quiet),
  ],
  "roles that collect others": [
    post(
      `${rbac}/clusterroles`,
      {
        apiVersion: `${group}/v1`,
        kind: "ClusterRole",
        metadata: { name: "sum-{ns}" },
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { "to-{ns}": "yes" } }] },
        rules: [widgetRule(["delete"])],
      },
      { pick: ["rules", "aggregationRule"] },
    ),
    post(
      `${rbac}/clusterroles`,
      {
        apiVersion: `${group}/v1`,
        kind: "ClusterRole",
        metadata: { name: "b-{ns}", labels: { "to-{ns}": "yes" } },
        rules: [widgetRule(["list"])],
      },
      quiet,
    ),
    post(
      `${rbac}/clusterroles`,
      {
        apiVersion: `${group}/v1`,
        kind: "ClusterRole",
        metadata: { name: "a-{ns}", labels: { "to-{ns}": "yes" } },
        rules: [widgetRule(["get"]), widgetRule(["list"])],
      },
      quiet,
    ),
    get(`${rbac}/clusterroles/sum-{ns}`, { until: "rules.1", pick: ["rules"] }),
    mergePatch(
      `${rbac}/clusterroles/b-{ns}`,
      { rules: [widgetRule(["list"]), widgetRule(["watch"]), widgetRule(["patch"])] },
      quiet,
    ),
    get(`${rbac}/clusterroles/sum-{ns}`, { until: "rules.3", pick: ["rules"] }),
    del(`${rbac}/clusterroles/sum-{ns}`, undefined, quiet),
    del(`${rbac}/clusterroles/a-{ns}`, undefined, quiet),
    del(`${rbac}/clusterroles/b-{ns}`, undefined, quiet),
  ],
  "roles and bindings that cannot be": [
    ...[
      [{}],
      [{ verbs: ["get"] }],
      [{ verbs: ["get"], apiGroups: [""] }],
      [{ verbs: ["get"], resources: ["x"] }],
      [{ apiGroups: [""], resources: ["x"], verbs: [] }],
      [{ nonResourceURLs: ["/x"], verbs: ["get"] }],
      [{ verbs: ["get"], apiGroups: [""], resources: ["a"], nonResourceURLs: ["/x"] }],
    ].map((rules, index) =>
      post(
        `${roles}?dryRun=All`,
        { apiVersion: `${group}/v1`, kind: "Role", metadata: { name: `r${index}` }, rules },
        brief,
      ),
    ),
    post(
      `${rbac}/clusterroles?dryRun=All`,
      {
        apiVersion: `${group}/v1`,
        kind: "ClusterRole",
        metadata: { name: "x" },
        rules: [{ nonResourceURLs: ["x", "/a*b"], verbs: ["get"] }],
      },
      brief,
    ),
    post(
      `${rbac}/clusterroles?dryRun=All`,
      { apiVersion: `${group}/v1`, kind: "ClusterRole", metadata: { name: "x" }, aggregationRule: {} },
      brief,
    ),
    post(
      `${rbac}/clusterroles?dryRun=All`,
      {
        apiVersion: `${group}/v1`,
        kind: "ClusterRole",
        metadata: { name: "x" },
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { "bad key!": "x" } }] },
      },
      brief,
    ),
    ...[
      { kind: "User", name: "" },
      { kind: "Robot", name: "x" },
      { kind: "User", name: "x", apiGroup: "other" },
      { kind: "ServiceAccount", name: "x", apiGroup: group },
      { kind: "ServiceAccount", name: "Bad_Name" },
    ].map((one) => bind("x", { subjects: [one] }, brief)),
    bind("x", { roleRef: {} }, brief),
    bind("x", { roleRef: { kind: "Role" } }, brief),
    bind("x", { roleRef: { kind: "Other", name: "r", apiGroup: group } }, brief),
    bind("x", { roleRef: { kind: "Role", name: "a/b", apiGroup: group } }, brief),
    post(
      `${rbac}/clusterrolebindings?dryRun=All`,
      {
        apiVersion: `${group}/v1`,
        kind: "ClusterRoleBinding",
        metadata: { name: "x" },
        roleRef: { kind: "Role", name: "r", apiGroup: group },
        subjects: [{ kind: "ServiceAccount", name: "x" }],
      },
      brief,
    ),
    role("a:b.c", [widgetRule(["get"])], { pick: ["metadata.name"] }),
    role("a/b", [], brief),
    role("..", [], brief),
    role("per%cent", [], brief),
    post(configMapsPath, configMap("done"), quiet),
  ],
};
