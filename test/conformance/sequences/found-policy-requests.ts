import {
  apply,
  configMap,
  configMapsPath,
  del,
  gadget,
  gadgetsPath,
  get,
  mergePatch,
  post,
  put,
  type Sequences,
  widget,
  widgetsPath,
} from "../step.ts";
import { bound, gone, here, inForce, over, policiesPath, policyObject } from "./policies.ts";

export const quiet = { pick: ["code"] };
export const verdict = { pick: ["kind", "code", "reason", "message", "details"] };
export const causes = { pick: ["code", "details.causes"] };
const every = ["CREATE", "UPDATE", "DELETE"];
export const rule = (apiGroup: string, apiVersion: string, resources: readonly string[], operations = every) => ({
  apiGroups: [apiGroup],
  apiVersions: [apiVersion],
  operations,
  resources,
});
/** Only the objects of this sequence, where a kind has no namespace. */
export const mine = { objectSelector: { matchLabels: { of: "{ns}" } } };
export const labels = { of: "{ns}" };
export const oneGadget = (name: string, more: object = {}) => gadget(`${name}-{ns}`, more, { labels });

const shown = (path: string) => `(has(${path}) ? string(${path}) : '-')`;
const given = (path: string) => `(has(${path}) ? 'given' : '-')`;
/** What a policy hears of a request, in one line. */
export const told = [
  "request.operation",
  "request.kind.group + '/' + request.kind.version + '/' + request.kind.kind",
  "request.resource.group + '/' + request.resource.version + '/' + request.resource.resource",
  "request.requestKind.group + '/' + request.requestKind.version + '/' + request.requestKind.kind",
  "request.requestResource.version + '/' + request.requestResource.resource",
  `'sub ' + ${shown("request.subResource")} + ' ' + ${shown("request.requestSubResource")}`,
  `'name ' + (!has(request.name) ? '-' : request.name.startsWith('g-') ? 'generated' : request.name)`,
  `'namespace ' + ${shown("request.namespace")}`,
  `'uid ' + ${given("request.userInfo.uid")} + ' extra ' + ${given("request.userInfo.extra")} + ' groups ' + ${given("request.userInfo.groups")}`,
  `'dry ' + ${shown("request.dryRun")}`,
  `'options ' + ${["kind", "apiVersion", "fieldManager", "fieldValidation", "propagationPolicy", "gracePeriodSeconds", "orphanDependents"].map((name) => shown(`request.options.${name}`)).join(" + ' ' + ")}`,
  `'dryRun ' + (has(request.options.dryRun) ? request.options.dryRun.join(',') : '-') + ' force ' + ${given("request.options.force")}`,
  `'preconditions ' + ${given("request.options.preconditions")} + ' ' + (has(request.options.preconditions) ? ${given("request.options.preconditions.uid")} + ' ' + ${given("request.options.preconditions.resourceVersion")} : '')`,
  "'object ' + (object == null ? '-' : object.apiVersion) + ' old ' + (oldObject == null ? '-' : oldObject.apiVersion)",
].join(" + '|' + ");
export const tells = { validations: [{ expression: "false", messageExpression: told }] };

export const foundPolicyRequests: Sequences = {
  "what a policy hears of each write": [
    post(configMapsPath, configMap("a"), { ...quiet, save: { uid: "metadata.uid" } }),
    ...bound("hears", {
      matchConstraints: { namespaceSelector: here, resourceRules: [rule("", "v1", ["configmaps"])] },
      // The probe is for the policy that says when this one is in force.
      validations: [{ expression: "object != null && object.metadata.name == 'probe'", messageExpression: told }],
    }),
    ...inForce,
    ...[
      post(configMapsPath, configMap("b"), verdict),
      post(`${configMapsPath}?fieldManager=me&fieldValidation=Strict&dryRun=All`, configMap("b"), verdict),
      post(configMapsPath, configMap("b"), { ...verdict, certificate: "root" }),
      post(configMapsPath, { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "g-" } }, causes),
      put(`${configMapsPath}/a?fieldManager=me`, configMap("a", { x: "1" }), verdict),
      mergePatch(`${configMapsPath}/a`, { data: { x: "1" } }, verdict),
      mergePatch(`${configMapsPath}/a?fieldManager=me&fieldValidation=Warn&dryRun=All`, { data: { x: "1" } }, verdict),
      apply(`${configMapsPath}/a`, "me", configMap("a", { x: "1" }), { ...verdict, query: "&force=true" }),
      apply(`${configMapsPath}/c`, "me", configMap("c", { x: "1" }), { ...verdict, query: "&force=true" }),
      del(`${configMapsPath}/a`, undefined, verdict),
      del(`${configMapsPath}/a`, { propagationPolicy: "Background", gracePeriodSeconds: 0 }, verdict),
      del(`${configMapsPath}/a`, { orphanDependents: true, dryRun: ["All"], preconditions: {} }, verdict),
      del(`${configMapsPath}/a`, { kind: "DeleteOptions", apiVersion: "v1", preconditions: null }, verdict),
      del(`${configMapsPath}/a?propagationPolicy=Foreground&gracePeriodSeconds=5&dryRun=All`, undefined, verdict),
      del(`${configMapsPath}/a?gracePeriodSeconds=0&orphanDependents=false`, undefined, verdict),
      del(`${configMapsPath}/a?uid=other`, undefined, verdict),
      del(`${configMapsPath}/a?uid={uid}`, undefined, verdict),
      del(`${configMapsPath}?fieldSelector=metadata.name%3Da`, { propagationPolicy: "Orphan" }, verdict),
    ],
    ...over,
    ...gone("hears"),
  ],
  "what a policy hears of subresources and of what has no namespace": [
    post(widgetsPath, widget("a"), quiet),
    get(`${widgetsPath}/a`, { save: { uid: "metadata.uid", rv: "metadata.resourceVersion" }, pick: ["kind"] }),
    ...bound("halves", {
      matchConstraints: {
        namespaceSelector: here,
        resourceRules: [
          rule("conform.roster.dev", "*", ["widgets", "widgets/status", "widgets/scale"], ["UPDATE", "DELETE"]),
          rule("", "v1", ["namespaces"], ["UPDATE", "DELETE"]),
        ],
      },
      ...tells,
    }),
    ...inForce,
    mergePatch(`${widgetsPath}/a/status?fieldManager=me`, { status: { phase: "New" } }, verdict),
    mergePatch(`${widgetsPath}/a/scale?fieldManager=me`, { spec: { replicas: 3 } }, verdict),
    del(`${widgetsPath}/a`, { preconditions: { uid: "{uid}" } }, verdict),
    del(`${widgetsPath}/a`, { preconditions: { resourceVersion: "{rv}" } }, verdict),
    mergePatch("/api/v1/namespaces/{ns}", { metadata: { labels: { a: "b" } } }, verdict),
    del("/api/v1/namespaces/{ns}", undefined, verdict),
    mergePatch("/api/v1/namespaces/{ns}?dryRun=All", { metadata: { labels: { a: "b" } } }, verdict),
    ...over,
    ...gone("halves"),
  ],
  "a namespace that gets a name": [
    ...bound("spaces", {
      matchConstraints: { ...mine, resourceRules: [rule("", "v1", ["namespaces"], ["CREATE"])] },
      ...tells,
    }),
    ...inForce,
    post("/api/v1/namespaces", { kind: "Namespace", apiVersion: "v1", metadata: { name: "n-{ns}", labels } }, verdict),
    post(
      "/api/v1/namespaces",
      { kind: "Namespace", apiVersion: "v1", metadata: { generateName: "g-", labels } },
      causes,
    ),
    ...over,
    ...gone("spaces"),
  ],
  "what is absent is no key": [
    post(widgetsPath, widget("a"), quiet),
    ...[
      "request.subResource == ''",
      "request.requestSubResource == ''",
      "request.userInfo.uid == ''",
      "request.userInfo.extra.size() == 0",
      "request.options.fieldManager == ''",
      "request.options.dryRun.size() == 0",
      "request.options.nope == ''",
    ].flatMap((expression, index) =>
      bound(`key${index}`, {
        matchConstraints: { namespaceSelector: here, resourceRules: [rule("conform.roster.dev", "v1", ["widgets"])] },
        matchConditions: [{ name: "one", expression: `object != null && object.metadata.name == 'w${index}'` }],
        validations: [{ expression }],
      }),
    ),
    ...bound("names", {
      matchConstraints: {
        namespaceSelector: here,
        resourceRules: [rule("conform.roster.dev", "v1", ["widgets"], ["DELETE"])],
      },
      validations: [{ expression: "request.name == 'a'" }],
    }),
    ...bound("spaceless", {
      matchConstraints: { ...mine, resourceRules: [rule("conform.roster.dev", "v1", ["gadgets"])] },
      validations: [{ expression: "request.namespace == ''" }],
    }),
    ...inForce,
    ...Array.from({ length: 7 }, (_, index) =>
      post(`${widgetsPath}`, widget(`w${index}`), { ...verdict, certificate: "root" }),
    ),
    post(gadgetsPath, oneGadget("x"), verdict),
    del(widgetsPath, undefined, verdict),
    ...over,
    ...gone("names", "spaceless", ...Array.from({ length: 7 }, (_, index) => `key${index}`)),
  ],
  "variables that fail say why": [
    ...bound("vars", {
      variables: [
        { name: "bad", expression: "object.data['nope']" },
        { name: "worse", expression: "variables.bad + 'x'" },
      ],
      validations: [
        { expression: "object.metadata.name != 'x' || variables.bad == 'y'" },
        { expression: "object.metadata.name != 'y' || variables.worse == 'y'" },
        {
          expression: "object.metadata.name != 'z'",
          messageExpression: "string(variables.worse)",
          message: "told otherwise",
        },
      ],
    }),
    ...inForce,
    ...["x", "y", "z"].map((name) => post(configMapsPath, configMap(name, { a: "b" }), verdict)),
    ...over,
    ...gone("vars"),
  ],
  "a variable that fails where it is a condition": [
    ...bound("cond", {
      variables: [{ name: "bad", expression: "object.data['nope']" }],
      matchConditions: [{ name: "c", expression: "variables.bad == 'x'" }],
      validations: [{ expression: "true" }],
    }),
    ...inForce,
    post(configMapsPath, configMap("x", { a: "b" }), verdict),
    ...over,
    ...gone("cond"),
  ],
  "what may stand together in a list": [
    ...[
      "[object.metadata.name, 'x'].size() == 2",
      "['x', object.metadata.name].size() == 2",
      "[object.metadata.name, object.metadata.uid].size() == 2",
      "[request.name, object.metadata.name].size() == 2",
      "{'a': object.metadata.name, 'b': 'y'}.size() == 2",
      "{'a': 'y', 'b': object.metadata.name}.size() == 2",
      "[dyn('x'), 'y'].size() == 2",
      "[null, 'x'].size() == 2",
      "['x', null].size() == 2",
      "[1, null].size() == 2",
      "[[], ['x']].size() == 2",
      "[['x'], []].size() == 2",
      "[[object.a], ['x']].size() == 2",
      "object.metadata.name in ['x', object.metadata.namespace]",
      "['x', object.metadata.name].exists(n, n == 'y')",
      "'%s %s'.format([object.metadata.name, 'x']) == ''",
      "'%s %s'.format([[object.metadata.name, 'x'], 'x']) == ''",
      "[[object.metadata.name, 'x'].join(' ')].size() == 1",
    ].map((expression) =>
      post(`${policiesPath}?dryRun=All`, policyObject("list", { validations: [{ expression }] }), {
        pick: ["code", "message"],
      }),
    ),
  ],
  "variables have the type of what they are": [
    ...[
      ["'a'", "variables.x == 1"],
      ["'a'", "variables.x.size() > 1"],
      ["1", "variables.x == 'a'"],
      ["true", "variables.x"],
      ["'a'", "variables.x"],
      ["object.metadata.name", "variables.x"],
      ["object.metadata.name", "variables.x == 1"],
      ["[1, 2]", "variables.x.exists(i, i == 'a')"],
      ["[1, 2]", "variables.x.sum() == 3"],
      ["{'a': 1}", "variables.x.a == 'b'"],
      ["{'a': 1}", "variables.x['a'] == 1"],
      ["request.userInfo", "variables.x.nope == 1"],
      ["request.userInfo.groups", "variables.x == 'a'"],
      ["namespaceObject.metadata.labels", "variables.x.team == 1"],
      ["timestamp('2026-01-01T00:00:00Z')", "variables.x == 1"],
      ["duration('1s')", "variables.x == 1"],
      ["authorizer.path('/x')", "variables.x.check('get').allowed()"],
      ["quantity('1')", "variables.x.isGreaterThan(quantity('2'))"],
      ["null", "variables.x == null"],
      ["optional.of('x')", "variables.x.orValue('y') == 'x'"],
      ["1.5", "variables.x == 'a'"],
      ["bytes('a')", "variables.x == 'a'"],
    ].map(([variable, expression]) =>
      post(
        `${policiesPath}?dryRun=All`,
        policyObject("typed", {
          variables: [
            { name: "x", expression: variable },
            { name: "y", expression: "variables.x" },
          ],
          validations: [{ expression }],
        }),
        { pick: ["code", "message"] },
      ),
    ),
  ],
  "what a policy may read of its namespace": [
    ...[
      "has(namespaceObject.metadata.uid)",
      "has(namespaceObject.metadata.managedFields)",
      "has(namespaceObject.metadata.ownerReferences)",
      "namespaceObject.nope == 1",
      "namespaceObject.spec.nope == 1",
      "namespaceObject.status.phase == 1",
      "namespaceObject.metadata.generation == 'x'",
      "namespaceObject.metadata.labels.team == 1",
      "has(namespaceObject.metadata.UID)",
      "namespaceObject == null",
      "namespaceObject != null && namespaceObject.metadata.name == 'x'",
      "namespaceObject.apiVersion == 'v1'",
      "'x' in namespaceObject.metadata.labels || namespaceObject.metadata.annotations.all(k, k != 'x')",
      "namespaceObject.metadata.?labels[?'x'].orValue('') == ''",
      "namespaceObject.metadata.creationTimestamp < timestamp('2020-01-01T00:00:00Z')",
      "namespaceObject.status.conditions.all(c, c.type == 'x' && c.status == 'y')",
      "namespaceObject.status.conditions.all(c, c.nope == 'x')",
      "namespaceObject.spec.finalizers.exists(f, f == 'kubernetes')",
      "namespaceObject.metadata['name'] == 'x'",
      "namespaceObject.metadata.deletionGracePeriodSeconds > 1",
      "dyn(namespaceObject).metadata.uid != ''",
      "[namespaceObject.metadata.name, namespaceObject.status.phase].join(' ') == ''",
    ].map((expression) =>
      post(`${policiesPath}?dryRun=All`, policyObject("space", { validations: [{ expression }] }), {
        pick: ["code", "message"],
      }),
    ),
    ...bound("space", {
      validations: [
        {
          expression: "object.metadata.name != 'x'",
          messageExpression:
            "[namespaceObject.metadata.name, string(has(namespaceObject.metadata.labels)), string(has(namespaceObject.metadata.annotations)), string(has(namespaceObject.metadata.creationTimestamp)), string(has(namespaceObject.metadata.generation)), string(has(namespaceObject.metadata.UID)), string(has(namespaceObject.metadata.resourceVersion)), string(namespaceObject.spec.finalizers.size()), namespaceObject.status.phase, string(namespaceObject == null)].join('|')",
        },
        {
          expression:
            "object.metadata.name != 'time' || namespaceObject.metadata.creationTimestamp > timestamp('2020-01-01T00:00:00Z')",
        },
        {
          expression: "object.metadata.name != 'dyn' || !has(dyn(namespaceObject).metadata.uid)",
          message: "has a uid",
        },
        { expression: "object.metadata.name != 'old' || namespaceObject.metadata.deletionTimestamp == null" },
      ],
    }),
    ...bound("spaceless", {
      matchConstraints: { ...mine, resourceRules: [rule("conform.roster.dev", "v1", ["gadgets"])] },
      validations: [
        { expression: "namespaceObject == null", message: "not null" },
        { expression: "!has(object.spec) || namespaceObject.metadata.name == 'x'" },
      ],
    }),
    ...inForce,
    ...["x", "time", "dyn", "old"].map((name) => post(`${configMapsPath}?dryRun=All`, configMap(name), causes)),
    post(`${gadgetsPath}?dryRun=All`, oneGadget("x"), { pick: ["code", "kind", "message"] }),
    post(`${gadgetsPath}?dryRun=All`, oneGadget("x", { spec: {} }), causes),
    ...over,
    ...gone("space", "spaceless"),
  ],
  "resources of a rule that say the same twice": [
    ...[
      ["*/*", "namespaces/*"],
      ["namespaces/*", "*/*"],
      ["*/*", "namespaces"],
      ["*/*", "*"],
      ["*", "pods"],
      ["pods", "*"],
      ["pods/*", "pods/status"],
      ["pods/status", "pods/*"],
      ["*/status", "pods/status"],
      ["pods/status", "*/status"],
      ["*/status", "pods/status", "pods/*", "pods/scale"],
      ["*", "pods/status"],
      ["*", "*/status"],
      ["pods", ""],
      ["", "*/*"],
      ["*", ""],
      ["a/b/*", "a/b/c"],
      ["pods/*", "pods/*"],
    ].map((resources) =>
      post(
        `${policiesPath}?dryRun=All`,
        policyObject("twice", {
          matchConstraints: { resourceRules: [rule("", "v1", resources)] },
          validations: [{ expression: "true" }],
        }),
        verdict,
      ),
    ),
    ...[
      ["", "v1"],
      ["v1", ""],
    ].map((apiVersions) =>
      post(
        `${policiesPath}?dryRun=All`,
        policyObject("twice", {
          matchConstraints: { resourceRules: [{ ...rule("", "v1", ["pods"]), apiVersions }] },
          validations: [{ expression: "true" }],
        }),
        verdict,
      ),
    ),
  ],
};
