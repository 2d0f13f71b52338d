import { configMap, configMapsPath, get, post, type Sequences, strategicPatch, widget, widgetsPath } from "../step.ts";

const map = `${configMapsPath}/a`;
const account = "/api/v1/namespaces/{ns}/serviceaccounts/a";
const accounts = "/api/v1/namespaces/{ns}/serviceaccounts";
const roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles";
const policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const kept = {
  pick: ["kind", "data", "immutable", "metadata.labels", "metadata.finalizers", "message", "reason", "details"],
};
const made = post(accounts, {
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "a", finalizers: ["x.dev/a", "x.dev/b", "x.dev/c"], labels: { a: "1", b: "2" } },
  secrets: [{ name: "one" }, { name: "two" }, { name: "three" }],
  imagePullSecrets: [{ name: "p" }, { name: "q" }],
});
const change = (body: unknown) =>
  strategicPatch(`${account}?dryRun=All`, body, {
    pick: [
      "kind",
      "secrets",
      "imagePullSecrets",
      "metadata.labels",
      "metadata.finalizers",
      "automountServiceAccountToken",
      "message",
      "reason",
      "details",
    ],
  });

export const strategicPatches: Sequences = {
  "a map is merged, replaced or deleted": [
    post(configMapsPath, configMap("a", { a: "1", b: "2" }, { labels: { x: "1", y: "2" } })),
    strategicPatch(map, { data: { a: "9", c: "3" } }, kept),
    strategicPatch(map, { data: { $patch: "replace", z: "1" } }, kept),
    strategicPatch(map, { metadata: { labels: { $patch: "delete" } } }, kept),
    strategicPatch(map, { data: { $patch: "merge", y: "1" } }, kept),
    strategicPatch(map, { data: { $patch: "mangle" } }, kept),
    strategicPatch(map, { data: { $patch: 1 } }, kept),
    strategicPatch(map, { data: null }, kept),
    strategicPatch(map, { $patch: "replace", metadata: { name: "a" } }, kept),
    strategicPatch(map, { $patch: "delete" }, kept),
  ],
  "only the keys that are named are kept": [
    post(configMapsPath, configMap("a", { a: "1", b: "2" })),
    strategicPatch(map, { data: { $retainKeys: ["a", "c"], c: "3" } }, kept),
    strategicPatch(map, { data: { $retainKeys: ["a"], d: "4" } }, kept),
    strategicPatch(map, { data: { $retainKeys: "a" } }, kept),
    strategicPatch(map, { data: { $retainKeys: [1] } }, kept),
    strategicPatch(map, { data: { $retainKeys: [] } }, kept),
  ],
  "items of a list with a key": [
    made,
    change({ secrets: [{ name: "two", namespace: "x" }, { name: "four" }] }),
    change({ secrets: [{ name: "two", $patch: "delete" }] }),
    change({ secrets: [{ name: "none", $patch: "delete" }] }),
    change({ secrets: [{ $patch: "replace" }] }),
    change({ secrets: [{ $patch: "replace" }, { name: "new" }, { name: "newer" }] }),
    change({ secrets: [{ $patch: "delete" }] }),
    change({ secrets: [{ namespace: "x" }] }),
    change({ secrets: [{ name: "two" }, { name: "two", namespace: "y" }] }),
    change({ secrets: [{ name: "two", $patch: "mangle" }] }),
    change({ secrets: ["two"] }),
    change({ secrets: [null] }),
    change({ secrets: null }),
    change({ secrets: [] }),
    change({ secrets: "x" }),
    change({ secrets: {} }),
  ],
  "the order of a list with a key": [
    made,
    change({ "$setElementOrder/secrets": [{ name: "three" }, { name: "one" }, { name: "two" }] }),
    change({ "$setElementOrder/secrets": [{ name: "three" }, { name: "one" }] }),
    change({ "$setElementOrder/secrets": [{ name: "two" }, { name: "four" }], secrets: [{ name: "four" }] }),
    change({ "$setElementOrder/secrets": [{ name: "two" }], secrets: [{ name: "four" }] }),
    change({ "$setElementOrder/secrets": [{ name: "three" }, { name: "none" }] }),
    change({ "$setElementOrder/secrets": [{ namespace: "x" }] }),
    change({ "$setElementOrder/secrets": [] }),
    change({ "$setElementOrder/secrets": "x" }),
  ],
  "items of a list of words": [
    made,
    change({ metadata: { finalizers: ["x.dev/b", "x.dev/d"] } }),
    change({ metadata: { "$deleteFromPrimitiveList/finalizers": ["x.dev/b"] } }),
    change({ metadata: { "$deleteFromPrimitiveList/finalizers": ["x.dev/a", "x.dev/z"], finalizers: ["x.dev/d"] } }),
    change({ metadata: { "$setElementOrder/finalizers": ["x.dev/c", "x.dev/a", "x.dev/b"] } }),
    change({ metadata: { "$setElementOrder/finalizers": ["x.dev/d", "x.dev/a"], finalizers: ["x.dev/d"] } }),
    change({ metadata: { "$deleteFromPrimitiveList/finalizers": "x.dev/a" } }),
    change({ metadata: { "$deleteFromPrimitiveList/finalizers": [] } }),
    change({ metadata: { finalizers: [] } }),
    change({ metadata: { finalizers: null } }),
    change({ metadata: { "$deleteFromPrimitiveList/labels": ["a"] } }),
  ],
  "a list that is one value": [
    post(roles, {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: "a" },
      rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }],
    }),
    strategicPatch(
      `${roles}/a`,
      { rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["list"] }] },
      { pick: ["rules", "message"] },
    ),
    strategicPatch(`${roles}/a`, { rules: [{ $patch: "delete" }] }, { pick: ["kind", "rules", "message"] }),
    strategicPatch(`${roles}/a`, { rules: [] }, { pick: ["kind", "rules", "message"] }),
    strategicPatch(`${roles}/a`, { rules: null }, { pick: ["kind", "rules", "message"] }),
  ],
  "lists deep inside": [
    post(
      policies,
      {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingAdmissionPolicy",
        metadata: { name: "strategic-{ns}" },
        spec: {
          matchConstraints: {
            resourceRules: [
              { apiGroups: ["none.dev"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["things"] },
            ],
          },
          variables: [
            { name: "a", expression: "1" },
            { name: "b", expression: "2" },
          ],
          matchConditions: [{ name: "c", expression: "true" }],
          validations: [{ expression: "true", message: "m" }],
        },
      },
      { pick: ["kind", "message"] },
    ),
    ...[
      {
        spec: {
          variables: [
            { name: "b", expression: "3" },
            { name: "c", expression: "4" },
          ],
        },
      },
      {
        spec: {
          matchConditions: [
            { name: "d", expression: "false" },
            { name: "c", $patch: "delete" },
          ],
        },
      },
      { spec: { validations: [{ expression: "false" }] } },
      {
        spec: {
          matchConstraints: {
            resourceRules: [
              { apiGroups: ["none.dev"], apiVersions: ["v2"], operations: ["DELETE"], resources: ["others"] },
            ],
          },
        },
      },
    ].map((body) =>
      strategicPatch(`${policies}/strategic-{ns}?dryRun=All`, body, { pick: ["kind", "spec", "message"] }),
    ),
    { method: "DELETE", path: `${policies}/strategic-{ns}`, pick: ["kind"] },
  ],
  "wrong types and unknown members": [
    made,
    change({ automountServiceAccountToken: "yes" }),
    change({ automountServiceAccountToken: true }),
    change({ nope: 1 }),
    change({ metadata: { labels: { a: 1 } } }),
    change({ metadata: "x" }),
    change({ kind: "Secret" }),
    change({ apiVersion: "v2" }),
    change({ metadata: { name: "b" } }),
    change({ metadata: { uid: "00000000-0000-0000-0000-000000000000" } }),
    change({ metadata: { resourceVersion: "1" } }),
    strategicPatch(`${account}?fieldValidation=Strict`, { nope: 1 }),
    strategicPatch(account, []),
    strategicPatch(account, null),
    strategicPatch(account, "x"),
  ],
  "a strategic patch is for core kinds": [
    post(widgetsPath, widget("a")),
    strategicPatch(`${widgetsPath}/a`, { spec: { size: 2 } }),
    strategicPatch(`${map}`, { data: { a: "1" } }),
    get(`${widgetsPath}/a`, { pick: ["spec.size"] }),
  ],
};
