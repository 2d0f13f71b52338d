import { del, get, mergePatch, post, type Sequences, type Step } from "../step.ts";

const group = "/apis/admissionregistration.k8s.io/v1";
const maps = "/api/v1/namespaces/{ns}/configmaps";
const verdict = { pick: ["kind", "code", "reason", "message", "details"] };

const configMap = (name: string, data: Readonly<Record<string, string>> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
});

/** A policy for this namespace alone, with its binding; the last step waits until it refuses `bad`. */
function policy(name: string, spec: object, actions: readonly string[] = ["Deny"]): Step[] {
  const constraints = {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "{ns}" } },
    resourceRules: [
      { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["configmaps"] },
    ],
  };
  return [
    post(`${group}/validatingadmissionpolicies`, {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicy",
      metadata: { name: `${name}-{ns}` },
      spec: { matchConstraints: constraints, ...spec },
    }),
    post(`${group}/validatingadmissionpolicybindings`, {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name: `${name}-{ns}` },
      spec: { policyName: `${name}-{ns}`, validationActions: actions },
    }),
  ];
}

const refused = (code: number, data: Readonly<Record<string, string>>, more: object = {}): Step =>
  post(`${maps}?dryRun=All`, configMap("probe", data), { until: code, ...verdict, ...more });

const gone = (name: string): Step[] => [
  del(`${group}/validatingadmissionpolicybindings/${name}-{ns}`, undefined, { pick: ["status"] }),
  del(`${group}/validatingadmissionpolicies/${name}-{ns}`, undefined, { pick: ["status"] }),
];

export const admission: Sequences = {
  "a policy refuses what its expressions say": [
    ...policy("plain", {
      validations: [
        { expression: "!has(object.data) || size(object.data) <= 2", message: "at most two keys" },
        { expression: "object.metadata.name != 'no'" },
      ],
    }),
    refused(422, { a: "1", b: "2", c: "3" }),
    post(maps, configMap("no"), verdict),
    post(maps, configMap("no", { a: "1", b: "2", c: "3" }), verdict),
    post(maps, configMap("yes", { a: "1" }), { pick: ["data"] }),
    mergePatch(`${maps}/yes`, { data: { b: "2", c: "3" } }, verdict),
    ...gone("plain"),
  ],
  "messages may be computed, and reasons chosen": [
    ...policy("words", {
      validations: [
        {
          expression: "object.data.level != 'high'",
          messageExpression: "'level ' + object.data.level + ' in ' + request.namespace.substring(0, 4)",
          reason: "Forbidden",
        },
      ],
    }),
    refused(403, { level: "high" }),
    post(`${maps}?dryRun=All`, configMap("x", { level: "low" }), { pick: ["data"] }),
    ...gone("words"),
  ],
  "variables and conditions": [
    ...policy("vars", {
      variables: [
        { name: "kind", expression: "object.data['kind']" },
        { name: "isBad", expression: "variables.kind.startsWith('bad')" },
      ],
      matchConditions: [{ name: "has-kind", expression: "has(object.data) && 'kind' in object.data" }],
      validations: [{ expression: "!variables.isBad", messageExpression: "'kind is ' + variables.kind" }],
    }),
    refused(422, { kind: "badger" }),
    post(`${maps}?dryRun=All`, configMap("x", { other: "bad" }), { pick: ["data"] }),
    post(`${maps}?dryRun=All`, configMap("x", { kind: "good" }), { pick: ["data"] }),
    ...gone("vars"),
  ],
  "old and new on an update": [
    ...policy("old", {
      validations: [
        {
          expression: "request.operation == 'CREATE' || object.data.id == oldObject.data.id",
          message: "id stays",
          reason: "Forbidden",
        },
        { expression: "object.data.id != 'probe'" },
      ],
    }),
    refused(422, { id: "probe" }),
    post(maps, configMap("a", { id: "1" }), { pick: ["data"] }),
    mergePatch(`${maps}/a`, { data: { id: "2" } }, verdict),
    mergePatch(`${maps}/a`, { data: { more: "x" } }, { pick: ["data"] }),
    ...gone("old"),
  ],
  "who asks, and what they may": [
    ...policy("who", {
      validations: [
        { expression: "request.userInfo.username != 'nobody' && object.metadata.name != 'probe'" },
        {
          expression:
            "authorizer.group('').resource('secrets').namespace(object.metadata.namespace).name('s').check('get').allowed()",
          message: "only for those who read secrets",
          reason: "RequestEntityTooLarge",
        },
      ],
    }),
    refused(422, {}),
    post(`${maps}?dryRun=All`, configMap("x"), { pick: ["data"] }),
    post("/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles", {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: "maps" },
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["create"] }],
    }),
    post("/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings", {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "maps" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "maps" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "ana" }],
    }),
    post(`${maps}?dryRun=All`, configMap("x"), { as: "ana", until: 413, ...verdict }),
    ...gone("who"),
  ],
  "a policy that only warns": [
    ...policy("warn", { validations: [{ expression: "object.metadata.name == 'x'", message: "not x" }] }, ["Warn"]),
    ...policy("mark", { validations: [{ expression: "object.metadata.name != 'probe'" }] }),
    refused(422, {}),
    post(maps, configMap("y"), { pick: ["data"] }),
    ...gone("mark"),
    ...gone("warn"),
  ],
  "an expression that fails": [
    ...policy("fail", { validations: [{ expression: "object.data.nope == 'x'" }] }),
    refused(422, { a: "1" }),
    ...gone("fail"),
    post(`${maps}?dryRun=All`, configMap("y", { a: "1" }), { until: 201, pick: ["data"] }),
    ...policy("lax", { failurePolicy: "Ignore", validations: [{ expression: "object.data.nope == 'x'" }] }),
    ...policy("mark", { validations: [{ expression: "object.metadata.name != 'probe'" }] }),
    refused(422, { a: "1" }),
    post(`${maps}?dryRun=All`, configMap("y", { a: "1" }), { pick: ["data"] }),
    ...gone("mark"),
    ...gone("lax"),
  ],
  "policies that cannot be": [
    ...[
      { validations: [{ expression: "1" }] },
      { validations: [] },
      { validations: [{ expression: "nope" }] },
      { validations: [{ expression: "true", reason: "Nope" }] },
      { validations: [{ expression: "true" }], failurePolicy: "Maybe" },
      { validations: [{ expression: "true" }], matchConditions: [{ name: "a b", expression: "true" }] },
      { validations: [{ expression: "true" }], variables: [{ name: "x", expression: "variables.y" }] },
    ].map((spec) => ({ ...policy("bad", spec)[0]!, ...verdict })),
    get(`${group}/validatingadmissionpolicies/bad-{ns}`, verdict),
  ],
};
