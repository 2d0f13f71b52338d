import { configMap, del, get, mergePatch, post, put, type Sequences, type Step, widget, widgetsPath } from "../step.ts";

const group = "/apis/admissionregistration.k8s.io/v1";
export const policiesPath = `${group}/validatingadmissionpolicies`;
export const bindingsPath = `${group}/validatingadmissionpolicybindings`;
const maps = "/api/v1/namespaces/{ns}/configmaps";
const quiet = { pick: ["code"] };
const verdict = { pick: ["kind", "code", "reason", "message", "details"] };
export const here = { matchLabels: { "kubernetes.io/metadata.name": "{ns}" } };
const rule = (resources: readonly string[], operations: readonly string[] = ["CREATE", "UPDATE"], apiGroup = "") => ({
  apiGroups: [apiGroup],
  apiVersions: ["v1"],
  operations,
  resources,
});

export const policyObject = (name: string, spec: object) => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingAdmissionPolicy",
  metadata: { name: `${name}-{ns}` },
  spec: { matchConstraints: { namespaceSelector: here, resourceRules: [rule(["configmaps"])] }, ...spec },
});
export const bindingObject = (name: string, spec: object = {}) => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingAdmissionPolicyBinding",
  metadata: { name: `${name}-{ns}` },
  spec: { policyName: `${name}-{ns}`, validationActions: ["Deny"], ...spec },
});
/** Steps that make a policy and its binding. */
export const bound = (name: string, spec: object, binding: object = {}): Step[] => [
  post(policiesPath, policyObject(name, spec), { pick: ["code", "message"] }),
  post(bindingsPath, bindingObject(name, binding), quiet),
];
export const gone = (...names: readonly string[]): Step[] =>
  names.flatMap((name) => [
    del(`${bindingsPath}/${name}-{ns}`, undefined, { pick: ["status"] }),
    del(`${policiesPath}/${name}-{ns}`, undefined, { pick: ["status"] }),
  ]);
const dry = (object: object, more: Partial<Step> = {}) => post(`${maps}?dryRun=All`, object, { ...verdict, ...more });
/** Policies come into force after a moment, all those before this one with it. */
export const inForce: Step[] = [
  ...bound("force", { validations: [{ expression: "object.metadata.name != 'probe'" }] }),
  dry(configMap("probe"), { until: 422 }),
];
export const over = gone("force");

export const policies: Sequences = {
  "a policy and its binding as they are stored": [
    post(policiesPath, policyObject("p", { validations: [{ expression: "true" }] })),
    post(bindingsPath, bindingObject("p")),
    put(`${policiesPath}/p-{ns}`, policyObject("p", { validations: [{ expression: "true" }] }), verdict),
    mergePatch(
      `${policiesPath}/p-{ns}`,
      { spec: { failurePolicy: "Ignore" } },
      { pick: ["spec.failurePolicy", "metadata.generation"] },
    ),
    mergePatch(
      `${bindingsPath}/p-{ns}`,
      { spec: { validationActions: ["Warn", "Audit"] } },
      { pick: ["spec.validationActions", "metadata.generation"] },
    ),
    ...gone("p"),
  ],
  "a type check is told in the status": [
    post(
      policiesPath,
      policyObject("typed", { validations: [{ expression: "object.data.size() > 0 && object.spec.replicas > 1" }] }),
      quiet,
    ),
    post(policiesPath, policyObject("fine", { validations: [{ expression: "object.data.size() > 0" }] }), quiet),
    get(`${policiesPath}/fine-{ns}`, { pick: ["metadata.generation"] }),
    del(`${policiesPath}/typed-{ns}`, undefined, quiet),
    del(`${policiesPath}/fine-{ns}`, undefined, quiet),
  ],
  "deletions are judged by what goes": [
    post(maps, configMap("kept", {}, { labels: { keep: "yes" } }), quiet),
    post(maps, configMap("free"), quiet),
    ...bound("del", {
      matchConstraints: { namespaceSelector: here, resourceRules: [rule(["configmaps"], ["DELETE"])] },
      validations: [
        { expression: "!has(oldObject.metadata.labels) || !('keep' in oldObject.metadata.labels)", message: "kept" },
      ],
    }),
    ...inForce,
    del(`${maps}/kept`, undefined, verdict),
    del(`${maps}/kept?dryRun=All`, undefined, verdict),
    del(`${maps}/free`, undefined, { pick: ["status"] }),
    del(`${maps}?labelSelector=keep`, undefined, verdict),
    mergePatch(`${maps}/kept`, { metadata: { labels: null } }, quiet),
    del(`${maps}/kept`, undefined, { pick: ["status"] }),
    ...over,
    ...gone("del"),
  ],
  "status and scale are resources of their own": [
    post(widgetsPath, widget("a", { replicas: 1 }), quiet),
    ...bound("sub", {
      matchConstraints: {
        namespaceSelector: here,
        resourceRules: [rule(["widgets/status", "widgets/scale"], ["UPDATE"], "conform.roster.dev")],
      },
      validations: [
        {
          expression: "request.subResource != 'status' || !has(object.status.phase) || object.status.phase != 'Done'",
          message: "never done",
        },
        {
          expression: "request.subResource != 'scale' || object.spec.replicas < 5",
          messageExpression:
            "object.kind + ' of ' + string(object.spec.replicas) + ' from ' + string(oldObject.spec.replicas)",
        },
      ],
    }),
    ...inForce,
    mergePatch(`${widgetsPath}/a/status`, { status: { phase: "Done" } }, verdict),
    mergePatch(`${widgetsPath}/a/status`, { status: { phase: "New" } }, { pick: ["status"] }),
    mergePatch(`${widgetsPath}/a/scale`, { spec: { replicas: 9 } }, verdict),
    mergePatch(`${widgetsPath}/a/scale`, { spec: { replicas: 3 } }, { pick: ["spec"] }),
    mergePatch(`${widgetsPath}/a`, { spec: { replicas: 9 } }, { pick: ["spec.replicas"] }),
    ...over,
    ...gone("sub"),
  ],
  "what a request tells its policies": [
    ...bound("told", {
      validations: [
        {
          expression: "object.metadata.name != 'show'",
          messageExpression:
            "[request.operation, request.kind.group, request.kind.version, request.kind.kind, request.resource.resource, request.subResource, request.name, request.userInfo.username, string(request.dryRun), string(request.userInfo.groups)].join('|')",
        },
        {
          expression: "!has(object.metadata.generateName)",
          messageExpression: "'name [' + request.name + '] from ' + object.metadata.generateName",
        },
      ],
    }),
    ...inForce,
    dry(configMap("show")),
    post(maps, configMap("show"), verdict),
    dry(
      { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "g-" } },
      { pick: ["code", "details.causes", "details.kind"] },
    ),
    post(`${maps}?dryRun=All&fieldManager=me`, configMap("show"), { ...verdict, certificate: "root" }),
    ...over,
    ...gone("told"),
  ],
  "the namespace and its labels": [
    ...bound("space", {
      validations: [
        { expression: "namespaceObject.metadata.name == request.namespace", message: "elsewhere" },
        {
          expression:
            "!('team' in namespaceObject.metadata.labels) || object.metadata.name.startsWith(namespaceObject.metadata.labels.team)",
          messageExpression: "'not of ' + namespaceObject.metadata.labels.team",
        },
      ],
    }),
    ...inForce,
    dry(configMap("x"), { pick: ["metadata.name", "code", "message"] }),
    mergePatch("/api/v1/namespaces/{ns}", { metadata: { labels: { team: "red" } } }, quiet),
    dry(configMap("x"), { until: 422 }),
    dry(configMap("red-x"), { pick: ["metadata.name", "code"] }),
    ...over,
    ...gone("space"),
  ],
  "several bindings, several actions": [
    post(
      policiesPath,
      policyObject("many", {
        validations: [
          { expression: "object.metadata.name != 'x'", message: "not x" },
          { expression: "object.metadata.name != 'x'", reason: "Forbidden" },
        ],
      }),
      quiet,
    ),
    post(
      bindingsPath,
      {
        ...bindingObject("many"),
        metadata: { name: "warns-{ns}" },
        spec: { policyName: "many-{ns}", validationActions: ["Warn"] },
      },
      quiet,
    ),
    post(
      bindingsPath,
      {
        ...bindingObject("many"),
        metadata: { name: "audits-{ns}" },
        spec: { policyName: "many-{ns}", validationActions: ["Audit"] },
      },
      quiet,
    ),
    ...inForce,
    dry(configMap("x"), { pick: ["metadata.name", "code", "message"] }),
    post(bindingsPath, bindingObject("many"), quiet),
    dry(configMap("x"), { until: 422 }),
    del(`${bindingsPath}/warns-{ns}`, undefined, quiet),
    del(`${bindingsPath}/audits-{ns}`, undefined, quiet),
    ...over,
    ...gone("many"),
  ],
  "a binding chooses among what its policy matches": [
    ...bound(
      "some",
      { validations: [{ expression: "false", message: "never" }] },
      {
        matchResources: { objectSelector: { matchLabels: { strict: "yes" } } },
      },
    ),
    ...inForce,
    dry(configMap("a", {}, { labels: { strict: "yes" } })),
    dry(configMap("a", {}, { labels: { strict: "no" } }), { pick: ["metadata.name", "code"] }),
    dry(configMap("a"), { pick: ["metadata.name", "code"] }),
    post(maps, configMap("b"), quiet),
    mergePatch(`${maps}/b`, { metadata: { labels: { strict: "yes" } } }, verdict),
    ...over,
    ...gone("some"),
  ],
  "exclusions and names": [
    ...bound("names", {
      matchConstraints: {
        namespaceSelector: here,
        resourceRules: [{ ...rule(["configmaps"], ["UPDATE"]), resourceNames: ["a", "b"] }],
        excludeResourceRules: [{ ...rule(["configmaps"], ["*"]), resourceNames: ["b"] }],
      },
      validations: [{ expression: "false", message: "never" }],
    }),
    ...inForce,
    ...["a", "b", "c"].map((name) => post(maps, configMap(name), quiet)),
    ...["a", "b", "c"].map((name) =>
      mergePatch(`${maps}/${name}`, { data: { k: "v" } }, { pick: ["code", "message", "data"] }),
    ),
    ...over,
    ...gone("names"),
  ],
  "a parameter of a custom kind": [
    post(widgetsPath, widget("limits", { size: 2 }), quiet),
    ...bound(
      "params",
      {
        paramKind: { apiVersion: "conform.roster.dev/v1", kind: "Widget" },
        validations: [
          {
            expression: "!has(object.data) || size(object.data) <= params.spec.size",
            messageExpression: "'at most ' + string(params.spec.size)",
          },
        ],
      },
      { paramRef: { name: "limits", namespace: "{ns}", parameterNotFoundAction: "Deny" } },
    ),
    dry(configMap("x", { a: "1", b: "2", c: "3" }), { until: 422, ...quiet }),
    // A cluster looks for parameters only once a policy asks for their kind.
    dry(configMap("x", { a: "1" }), { until: 201, pick: ["code", "data", "message"] }),
    dry(configMap("x", { a: "1", b: "2", c: "3" })),
    mergePatch(`${widgetsPath}/limits`, { spec: { size: 3 } }, { pick: ["spec.size"] }),
    dry(configMap("x", { a: "1", b: "2", c: "3" }), { until: 201, pick: ["code", "data"] }),
    ...gone("params"),
  ],
  "parameters that are not there": [
    ...bound(
      "deny",
      {
        paramKind: { apiVersion: "v1", kind: "ConfigMap" },
        validations: [{ expression: "params.data.ok == 'yes'" }],
      },
      { paramRef: { name: "nope", namespace: "{ns}", parameterNotFoundAction: "Deny" } },
    ),
    dry(configMap("x"), { until: 422 }),
    ...gone("deny"),
    dry(configMap("x"), { until: 201, ...quiet }),
    ...bound(
      "allow",
      {
        paramKind: { apiVersion: "v1", kind: "ConfigMap" },
        validations: [{ expression: "params.data.ok == 'yes'" }],
      },
      { paramRef: { name: "nope", namespace: "{ns}", parameterNotFoundAction: "Allow" } },
    ),
    ...inForce,
    dry(configMap("x"), { pick: ["code", "message"] }),
    ...over,
    ...gone("allow"),
  ],
  "the authorizer knows who asks and others": [
    ...bound("asks", {
      validations: [
        { expression: "authorizer.requestResource.check('create').allowed()", message: "may not create" },
        {
          expression:
            "!authorizer.serviceAccount(request.namespace, 'robot').group('').resource('secrets').namespace(request.namespace).check('get').allowed()",
          message: "robots read no secrets",
        },
        { expression: "authorizer.path('/healthz').check('get').allowed()", message: "not healthy" },
        {
          expression:
            "object.metadata.name != 'x' || authorizer.group('conform.roster.dev').resource('widgets').subresource('status').namespace('x').name('y').check('patch').reason() == 'because'",
          messageExpression: "'reason of ' + request.userInfo.username",
        },
      ],
    }),
    ...inForce,
    dry(configMap("x")),
    ...over,
    ...gone("asks"),
  ],
  "conditions that skip, fail and are ignored": [
    ...bound("cond", {
      failurePolicy: "Fail",
      matchConditions: [
        { name: "by-name", expression: "object.metadata.name.startsWith('c')" },
        { name: "may-fail", expression: "object.data.flag == 'on'" },
      ],
      validations: [{ expression: "false", message: "caught" }],
    }),
    ...inForce,
    dry(configMap("c", { flag: "on" })),
    dry(configMap("c", { flag: "off" }), { pick: ["code", "message"] }),
    dry(configMap("c")),
    dry(configMap("d"), { pick: ["code", "message"] }),
    dry(configMap("d", { flag: "on" }), { pick: ["code", "message"] }),
    mergePatch(`${policiesPath}/cond-{ns}`, { spec: { failurePolicy: "Ignore" } }, quiet),
    dry(configMap("c"), { until: 201, pick: ["code", "message"] }),
    ...over,
    ...gone("cond"),
  ],
  "messages that are empty, long or broken": [
    ...bound("words", {
      validations: [
        { expression: "object.metadata.name != 'empty'", messageExpression: "''", message: "fallback" },
        { expression: "object.metadata.name != 'lines'", messageExpression: "'a\\nb'", message: "one line" },
        { expression: "object.metadata.name != 'long'", messageExpression: "string(object.data.text)" },
        { expression: "object.metadata.name != 'fails'", messageExpression: "string(object.data.nope)" },
        { expression: "object.metadata.name != 'bare'" },
        { expression: "  object.metadata.name   !=\n 'spaced'  " },
        { expression: "object.metadata.name != 'reason'", reason: "Unauthorized" },
      ].filter(({ reason }) => reason === undefined),
    }),
    ...inForce,
    ...["empty", "lines", "fails", "bare", "spaced"].map((name) => dry(configMap(name))),
    dry(configMap("long", { text: "x".repeat(6000) }), verdict),
    ...over,
    ...gone("words"),
  ],
  "policies and bindings that cannot be": [
    ...[
      { matchConstraints: undefined, validations: [{ expression: "true" }] },
      { matchConstraints: {}, validations: [{ expression: "true" }] },
      { matchConstraints: { resourceRules: [{}] }, validations: [{ expression: "true" }] },
      { matchConstraints: { resourceRules: [{ ...rule(["a/b/c"]) }] }, validations: [{ expression: "true" }] },
      {
        matchConstraints: { resourceRules: [rule(["configmaps"], ["CONNECT", "NOPE"])] },
        validations: [{ expression: "true" }],
      },
      { matchConstraints: { resourceRules: [rule(["*", "configmaps"])] }, validations: [{ expression: "true" }] },
      {
        matchConstraints: { resourceRules: [{ ...rule(["configmaps"]), scope: "Everywhere" }] },
        validations: [{ expression: "true" }],
      },
      {
        matchConstraints: { matchPolicy: "Nearly", resourceRules: [rule(["configmaps"])] },
        validations: [{ expression: "true" }],
      },
      { validations: [{ expression: "true", message: "a\nb" }] },
      { validations: [{ expression: "true", message: " " }] },
      { validations: [{ expression: "true", reason: "Unauthorized" }] },
      { validations: [{ expression: "true", messageExpression: "1" }] },
      { validations: [{ expression: "true", messageExpression: "object.metadata.name" }] },
      { validations: [{ expression: "object.data.flag" }] },
      { validations: [{ expression: "true", messageExpression: "authorizer.path('/x').check('get').reason()" }] },
      { validations: [{ expression: "" }] },
      { variables: [{ name: "1x", expression: "true" }], validations: [{ expression: "true" }] },
      {
        variables: [
          { name: "x", expression: "true" },
          { name: "x", expression: "true" },
        ],
        validations: [{ expression: "true" }],
      },
      { matchConditions: [{ name: "", expression: "true" }], validations: [{ expression: "true" }] },
      {
        matchConditions: [
          { name: "x", expression: "true" },
          { name: "x", expression: "true" },
        ],
        validations: [{ expression: "true" }],
      },
      { paramKind: { apiVersion: "", kind: "" }, validations: [{ expression: "true" }] },
      { paramKind: { apiVersion: "a/b/c", kind: "X" }, validations: [{ expression: "true" }] },
      { auditAnnotations: [{ key: "k", valueExpression: "'v'" }] },
      { auditAnnotations: [{ key: "a b", valueExpression: "'v'" }] },
      { auditAnnotations: [{ key: "k", valueExpression: "" }] },
    ].map((spec) =>
      post(`${policiesPath}?dryRun=All`, policyObject("bad", spec), { pick: ["code", "reason", "message", "details"] }),
    ),
    ...[
      { policyName: "" },
      { validationActions: [] },
      { validationActions: ["Deny", "Warn"] },
      { validationActions: ["Deny", "Deny"] },
      { validationActions: ["Shout"] },
      { paramRef: {} },
      { paramRef: { name: "x" } },
      { paramRef: { name: "x", parameterNotFoundAction: "Maybe" } },
      { paramRef: { name: "x", selector: {}, parameterNotFoundAction: "Deny" } },
      { paramRef: { selector: { matchLabels: { a: "b" } }, parameterNotFoundAction: "Allow" } },
      { policyName: "Bad_Name" },
      { matchResources: { resourceRules: [{}] } },
    ].map((spec) =>
      post(`${bindingsPath}?dryRun=All`, bindingObject("bad", spec), {
        pick: ["code", "reason", "message", "details"],
      }),
    ),
  ],
};
