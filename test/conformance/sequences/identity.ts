import {
  configMap,
  configMapsPath,
  del,
  get,
  mergePatch,
  post,
  type Sequences,
  type Step,
  widgetsPath,
} from "../step.ts";

const whoPath = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const who = (more: Partial<Step> = {}) =>
  post(
    whoPath,
    { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
    {
      pick: [
        "kind",
        "code",
        "reason",
        "message",
        "status.userInfo.username",
        "status.userInfo.groups",
        "status.userInfo.extra",
        "status.userInfo.uid",
      ],
      ...more,
    },
  );
const brief = { pick: ["code", "reason", "message", "details"] };
const quiet = { pick: ["code"] };
const rbac = "/apis/rbac.authorization.k8s.io/v1";
const accounts = "/api/v1/namespaces/{ns}/serviceaccounts";
const account = (name: string) => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name } });
const clusterRole = (name: string, rules: readonly object[]) =>
  post(
    `${rbac}/clusterroles`,
    { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: `${name}-{ns}` }, rules },
    quiet,
  );
const clusterBinding = (name: string, user: string) =>
  post(
    `${rbac}/clusterrolebindings`,
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: `${name}-{ns}` },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: `${name}-{ns}` },
      subjects: [{ kind: "User", name: user, apiGroup: "rbac.authorization.k8s.io" }],
    },
    quiet,
  );
const unbind = (name: string) => [
  del(`${rbac}/clusterrolebindings/${name}-{ns}`, undefined, { pick: ["status"] }),
  del(`${rbac}/clusterroles/${name}-{ns}`, undefined, { pick: ["status"] }),
];
const acts = (user: string, more: Readonly<Record<string, string>> = {}) => ({
  headers: { "impersonate-user": user, ...more },
});
const doing = (user: string, more: Readonly<Record<string, string>> = {}) => ({
  certificate: "carl" as const,
  ...acts(user, more),
});
const token = (spec: object, more: Partial<Step> = {}) =>
  post(`${accounts}/robot/token`, { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec }, more);
const review = (spec: object, more: Partial<Step> = {}) =>
  post(
    "/apis/authentication.k8s.io/v1/tokenreviews",
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec },
    {
      pick: [
        "kind",
        "code",
        "reason",
        "message",
        "details",
        "status.authenticated",
        "status.error",
        "status.audiences",
        "status.user.username",
        "status.user.groups",
      ],
      ...more,
    },
  );

export const identity: Sequences = {
  "without credentials one is nobody, and may almost nothing": [
    who({ as: "nobody" }),
    get(widgetsPath, { as: "nobody" }),
    get("/api", { as: "nobody" }),
    get("/apis", { as: "nobody", ...brief }),
    get("/openapi/v3", { as: "nobody", ...brief }),
    get("/version", { as: "nobody", pick: ["major"] }),
    get("/healthz", { as: "nobody" }),
    get("/livez", { as: "nobody" }),
    get("/readyz", { as: "nobody" }),
    get("/metrics", { as: "nobody" }),
    post(configMapsPath, configMap("a"), { as: "nobody" }),
    get("/", { as: "nobody" }),
    get("/nothing/at/all", { as: "nobody" }),
  ],
  "a token that is nobody's": [
    who({ as: "forger" }),
    get(widgetsPath, { as: "forger" }),
    get("/healthz", { as: "forger" }),
    get("/version", { as: "forger" }),
    get("/nothing", { as: "forger" }),
    get(widgetsPath, { as: "nobody", headers: { authorization: "Basic YTpi" }, ...brief }),
    get(widgetsPath, { as: "nobody", headers: { authorization: "Bearer" }, ...brief }),
    get(widgetsPath, { as: "nobody", headers: { authorization: "bearer token-ana" }, ...brief }),
    get(widgetsPath, { as: "nobody", headers: { authorization: "token-ana" }, ...brief }),
    get(widgetsPath, { as: "nobody", headers: { authorization: "" }, ...brief }),
  ],
  "a client certificate says who one is": [
    who({ certificate: "carl" }),
    who({ certificate: "root" }),
    get(widgetsPath, { certificate: "carl" }),
    get(widgetsPath, { certificate: "root", pick: ["kind"] }),
    clusterRole("certified", [{ apiGroups: ["conform.roster.dev"], resources: ["widgets"], verbs: ["list"] }]),
    post(
      `${rbac}/clusterrolebindings`,
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRoleBinding",
        metadata: { name: "certified-{ns}" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "certified-{ns}" },
        subjects: [{ kind: "Group", name: "auditors", apiGroup: "rbac.authorization.k8s.io" }],
      },
      quiet,
    ),
    get(widgetsPath, { certificate: "carl", until: 200, pick: ["kind"] }),
    ...unbind("certified"),
    get(widgetsPath, { certificate: "carl", until: 403, ...brief }),
  ],
  "a certificate comes before a token": [
    who({ certificate: "carl", headers: { authorization: "Bearer token-ana" } }),
    who({ certificate: "carl", headers: { authorization: "Bearer nonsense" } }),
    who({ certificate: "root", ...acts("carl") }),
  ],
  "administrators act as others": [
    who(acts("dora")),
    who(acts("dora", { "impersonate-group": "painters" })),
    who(acts("dora", { "impersonate-group": "system:authenticated" })),
    who(acts("dora", { "impersonate-uid": "u-1" })),
    who(acts("dora", { "impersonate-extra-scopes": "view", "impersonate-extra-acme.dev%2Fteam": "x" })),
    who(acts("dora", { "impersonate-extra-Mixed-Case": "v" })),
    who(acts("dora", { "impersonate-extra-%zz": "v", "impersonate-extra-%41%ff": "w", "impersonate-extra-%": "x" })),
    who({ as: "bob", ...acts("dora", { "impersonate-extra-%zz": "v" }) }),
    who(acts("system:serviceaccount:{ns}:robot")),
    who(acts("system:serviceaccount:{ns}:robot", { "impersonate-group": "painters" })),
    who(acts("system:anonymous")),
    who(acts("system:anonymous", { "impersonate-group": "painters" })),
    who(acts("dora", { "impersonate-group": "system:masters" })),
    who(acts("dora", { "impersonate-group": "system:unauthenticated" })),
    get(widgetsPath, acts("dora")),
    get(widgetsPath, { ...acts("dora", { "impersonate-group": "system:masters" }), pick: ["kind"] }),
  ],
  "acting as somebody without naming them": [
    who({ headers: { "impersonate-group": "painters" } }),
    who({ headers: { "impersonate-uid": "u" } }),
    who({ headers: { "impersonate-extra-a": "b" } }),
    who({ headers: { "impersonate-extra-%zz": "b" } }),
    who({ headers: { "impersonate-user": "" } }),
    who({ headers: { "impersonate-user": "", "impersonate-group": "painters" } }),
  ],
  "others act as nobody": [
    who({ as: "bob", ...acts("dora") }),
    who({ as: "bob", ...acts("bob") }),
    who({ as: "bob", ...acts("system:serviceaccount:{ns}:robot") }),
    who({ as: "nobody", ...acts("dora") }),
    get("/healthz", { as: "bob", ...acts("dora") }),
    who({ as: "forger", ...acts("dora") }),
  ],
  "rights to act as some are exact": [
    clusterRole("actor", [
      { apiGroups: [""], resources: ["users"], verbs: ["impersonate"], resourceNames: ["dora"] },
      { apiGroups: [""], resources: ["groups"], verbs: ["impersonate"], resourceNames: ["painters"] },
      {
        apiGroups: ["authentication.k8s.io"],
        resources: ["userextras/scopes"],
        verbs: ["impersonate"],
        resourceNames: ["view"],
      },
      { apiGroups: ["authentication.k8s.io"], resources: ["uids"], verbs: ["impersonate"], resourceNames: ["u-1"] },
    ]),
    clusterBinding("actor", "ana"),
    who({ as: "ana", ...acts("dora"), until: 201 }),
    who({ as: "ana", ...acts("eve") }),
    who({ as: "ana", ...acts("dora", { "impersonate-group": "painters" }) }),
    who({ as: "ana", ...acts("dora", { "impersonate-group": "poets" }) }),
    who({ as: "ana", ...acts("dora", { "impersonate-extra-scopes": "view" }) }),
    who({ as: "ana", ...acts("dora", { "impersonate-extra-scopes": "edit" }) }),
    who({ as: "ana", ...acts("dora", { "impersonate-extra-other": "view" }) }),
    who({ as: "ana", ...acts("dora", { "impersonate-uid": "u-1" }) }),
    who({ as: "ana", ...acts("dora", { "impersonate-uid": "u-2" }) }),
    ...unbind("actor"),
  ],
  "constrained rights to act name the deed": [
    clusterRole("doer", [
      {
        apiGroups: ["authentication.k8s.io"],
        resources: ["users"],
        verbs: ["impersonate:user-info"],
        resourceNames: ["dora"],
      },
      {
        apiGroups: ["authentication.k8s.io"],
        resources: ["groups"],
        verbs: ["impersonate:user-info"],
        resourceNames: ["painters"],
      },
      {
        apiGroups: ["authentication.k8s.io"],
        resources: ["serviceaccounts"],
        verbs: ["impersonate:serviceaccount"],
        resourceNames: ["robot"],
      },
      {
        apiGroups: ["authentication.k8s.io"],
        resources: ["selfsubjectreviews"],
        verbs: ["impersonate-on:user-info:create", "impersonate-on:serviceaccount:create"],
      },
    ]),
    clusterBinding("doer", "carl"),
    who({ ...doing("dora"), until: 201 }),
    who(doing("eve")),
    who(doing("dora", { "impersonate-group": "painters" })),
    who(doing("dora", { "impersonate-group": "poets" })),
    who(doing("dora", { "impersonate-uid": "u" })),
    get(widgetsPath, doing("dora")),
    get("/version", doing("dora")),
    ...unbind("doer"),
  ],
  "who am I": [
    who({ as: "ana" }),
    post(
      whoPath,
      { kind: "SelfSubjectReview", apiVersion: "authentication.k8s.io/v1", metadata: { name: "x" } },
      { as: "ana" },
    ),
    post(whoPath, { kind: "Other", apiVersion: "authentication.k8s.io/v1" }, brief),
    post(whoPath, { kind: "SelfSubjectReview", apiVersion: "authentication.k8s.io/v9" }, brief),
    post(whoPath, {}, { pick: ["kind", "code", "message"] }),
    get(whoPath, brief),
    del(`${whoPath}/x`, undefined, brief),
    post(
      `${whoPath}?dryRun=All`,
      { kind: "SelfSubjectReview", apiVersion: "authentication.k8s.io/v1" },
      { pick: ["kind"] },
    ),
  ],
  "a token of an account": [
    post(accounts, account("robot"), { ...quiet, save: { uid: "metadata.uid" } }),
    token(
      {},
      {
        save: { jwt: "status.token" },
        pick: [
          "kind",
          "apiVersion",
          "metadata.name",
          "metadata.namespace",
          "spec.expirationSeconds",
          "spec.boundObjectRef",
          "spec.audiences",
          "status.expirationTimestamp",
        ],
      },
    ),
    who({
      as: "nobody",
      headers: { authorization: "Bearer {jwt}" },
      pick: ["status.userInfo.username", "status.userInfo.groups"],
    }),
    get(widgetsPath, { as: "nobody", headers: { authorization: "Bearer {jwt}" } }),
    get(widgetsPath, { as: "nobody", headers: { authorization: "Bearer {jwt}x" }, ...brief }),
    review(
      { token: "{jwt}" },
      { pick: ["status.authenticated", "status.user.username", "status.user.groups", "status.error"] },
    ),
    del(`${accounts}/robot`, undefined, quiet),
    who({ as: "nobody", headers: { authorization: "Bearer {jwt}" }, until: 401, ...brief }),
    review({ token: "{jwt}" }, { pick: ["status.authenticated", "status.user"] }),
  ],
  "a token for other audiences is none here": [
    post(accounts, account("robot"), quiet),
    token(
      { audiences: ["vault", "mail"] },
      { save: { jwt: "status.token" }, pick: ["spec.audiences", "spec.expirationSeconds"] },
    ),
    who({ as: "nobody", headers: { authorization: "Bearer {jwt}" }, ...brief }),
    review({ token: "{jwt}" }, { pick: ["status.authenticated", "status.user"] }),
    review({ token: "{jwt}", audiences: ["vault"] }),
    review({ token: "{jwt}", audiences: ["mail", "vault", "third"] }),
    review({ token: "{jwt}", audiences: ["third"] }, { pick: ["status.authenticated", "status.user"] }),
  ],
  "how long a token may live": [
    post(accounts, account("robot"), quiet),
    ...[599, 600, 0, -5, 2 ** 32, 2 ** 32 + 1, 3600, 31536000].map((expirationSeconds) =>
      token({ expirationSeconds }, { pick: ["code", "reason", "message", "details", "spec.expirationSeconds"] }),
    ),
    token({ expirationSeconds: "x" }, brief),
  ],
  "a token bound to a secret goes with it": [
    post(accounts, account("robot"), quiet),
    post(
      "/api/v1/namespaces/{ns}/secrets",
      { apiVersion: "v1", kind: "Secret", metadata: { name: "s" } },
      { ...quiet, save: { sUid: "metadata.uid" } },
    ),
    token(
      { boundObjectRef: { kind: "Secret", apiVersion: "v1", name: "s", uid: "{sUid}" } },
      { save: { jwt: "status.token" }, pick: ["spec.boundObjectRef"] },
    ),
    token({ boundObjectRef: { kind: "Secret", apiVersion: "v1", name: "s" } }, { pick: ["spec.boundObjectRef"] }),
    token({ boundObjectRef: { kind: "Secret", apiVersion: "v1", name: "none" } }, brief),
    token({ boundObjectRef: { kind: "Secret", apiVersion: "v1", name: "s", uid: "other" } }, brief),
    token({ boundObjectRef: { kind: "ConfigMap", apiVersion: "v1", name: "s" } }, brief),
    token({ boundObjectRef: { kind: "Secret", apiVersion: "v9", name: "s" } }, brief),
    who({ as: "nobody", headers: { authorization: "Bearer {jwt}" }, pick: ["status.userInfo.username"] }),
    del("/api/v1/namespaces/{ns}/secrets/s", undefined, quiet),
    who({ as: "nobody", headers: { authorization: "Bearer {jwt}" }, until: 401, ...brief }),
  ],
  "token requests that cannot be": [
    token({}, brief),
    post(accounts, account("robot"), quiet),
    get(`${accounts}/robot/token`, brief),
    mergePatch(`${accounts}/robot/token`, {}, brief),
    post(`${accounts}/robot/token`, { kind: "ConfigMap", apiVersion: "v1" }, brief),
    post(`${accounts}/robot/token`, {}, { pick: ["kind", "code", "message"] }),
    token({}, { as: "ana", ...brief }),
    post(
      "/api/v1/namespaces/nope-{ns}/serviceaccounts/robot/token",
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
      brief,
    ),
    post(
      `${accounts}/robot/token?dryRun=All`,
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
      { pick: ["kind", "code", "message"] },
    ),
    post(
      `${accounts}/robot/token`,
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", metadata: { name: "other" }, spec: {} },
      brief,
    ),
  ],
  "reviews of tokens": [
    review({ token: "token-ana" }, { pick: ["status.authenticated", "status.user.username", "status.user.groups"] }),
    review({ token: "nobody's" }),
    review({ token: "" }),
    review({}),
    review({ token: "token-ana" }, { as: "ana" }),
    post(
      "/apis/authentication.k8s.io/v1/tokenreviews",
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", metadata: { name: "n" }, spec: { token: "x" } },
      { pick: ["metadata", "code", "message"] },
    ),
    get("/apis/authentication.k8s.io/v1/tokenreviews", brief),
  ],
};
