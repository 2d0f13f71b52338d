import {
  apply,
  configMap,
  configMapsPath,
  del,
  get,
  jsonPatch,
  mergePatch,
  post,
  put,
  type Sequences,
  type Step,
  secretsPath,
  strategicPatch,
  widget,
  widgetsPath,
} from "../step.ts";

/** Bodies and patches that are unusual or wrong, each of which was answered unlike a cluster once. */

const maps = configMapsPath;
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";
const owner = { apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "u" };
const scale = (name: string, spec: object, metadata: object = {}): object => ({
  kind: "Scale",
  apiVersion: "autoscaling/v1",
  metadata: { name, ...metadata },
  spec,
});
const namespace = (name: string, more: object = {}, metadata: object = {}): object => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, ...metadata },
  ...more,
});
const role = (metadata: object): object => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  metadata,
  rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }],
});
const rolesPath = "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles";
const leasesPath = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases";
const eventsPath = "/api/v1/namespaces/{ns}/events";
const modernPath = "/apis/events.k8s.io/v1/namespaces/{ns}/events";
const account = (metadata: object): object => ({ apiVersion: "v1", kind: "ServiceAccount", metadata });
const entry = (apiVersion: string, fieldsV1: object): object => ({
  manager: "x",
  operation: "Update",
  apiVersion,
  fieldsType: "FieldsV1",
  fieldsV1,
});
const badMetadata = (path: string): Step[] => [
  ...[
    { ownerReferences: [{ ...owner, controller: "yes" }] },
    { ownerReferences: [{ ...owner, uid: 1 }] },
    { ownerReferences: [{ ...owner, blockOwnerDeletion: 1 }] },
    { ownerReferences: [{ name: 1 }] },
    { ownerReferences: [{ ...owner, apiVersion: {} }] },
    { ownerReferences: [{ ...owner, kind: null, controller: null }] },
    { ownerReferences: [null] },
    { ownerReferences: ["x"] },
    { managedFields: [{ manager: 1 }] },
    { managedFields: [{ time: "x" }] },
    { managedFields: [{ time: 1 }] },
    { managedFields: [{ manager: "m", nope: 1 }] },
    { managedFields: [{ operation: true, manager: 1 }] },
    { managedFields: [null] },
    { managedFields: ["x"] },
    { creationTimestamp: "x" },
    { deletionTimestamp: "x" },
    { creationTimestamp: "" },
    { creationTimestamp: {} },
    { creationTimestamp: [] },
    { creationTimestamp: 3 },
    { creationTimestamp: "2020-01-01T00:00:00Z" },
    { generation: 1.5 },
    { generation: "1" },
    { deletionGracePeriodSeconds: 2.5 },
  ].map((metadata) =>
    post(
      `${path}?dryRun=All`,
      path === maps ? configMap("bad", {}, metadata) : widget("bad", {}, metadata),
      // Who created it is another matter.
    ),
  ),
];
const patchedTypes = [
  { apiVersion: null },
  { apiVersion: "" },
  { apiVersion: 3 },
  { apiVersion: {} },
  { apiVersion: "v2" },
  { apiVersion: "nope/v1" },
  { apiVersion: "a/b/c" },
  { kind: null },
  { kind: "" },
  { kind: 3 },
  { kind: [] },
  { kind: "Nope" },
  { apiVersion: null, kind: null },
  { apiVersion: "", kind: 3 },
];
// What a refusal shows of an object has the order of its Go type on a cluster.
const unechoed = { echo: false } as const;
const typedPatches = (path: string, object: object): Step[] => [
  post(path, object),
  ...patchedTypes.map((body) => mergePatch(`${path}/a`, body, unechoed)),
  ...["/apiVersion", "/kind"].map((pointer) => jsonPatch(`${path}/a`, [{ op: "remove", path: pointer }], unechoed)),
  jsonPatch(`${path}/a`, [{ op: "replace", path: "", value: {} }], unechoed),
  jsonPatch(`${path}/a`, [{ op: "replace", path: "/apiVersion", value: 1.5 }], unechoed),
  mergePatch(`${path}/a?fieldValidation=Strict`, { apiVersion: null }, unechoed),
  mergePatch(`${path}/a?fieldValidation=Ignore`, { apiVersion: null }),
];

export const foundPatches: Sequences = {
  "an apply too large for kubectl's annotation drops it": [
    post(
      `${maps}?fieldManager=kubectl-client-side-apply`,
      configMap("a", { k: "1" }, { annotations: { [lastApplied]: "{}\n", mine: "kept" } }),
    ),
    apply(`${maps}/a`, "kubectl", configMap("a", { k: "x".repeat(300_000) }), {
      query: "&force=true",
      pick: ["metadata", "code", "message"],
    }),
    apply(`${maps}/a`, "kubectl", configMap("a", { k: "2" }), { query: "&force=true" }),
    get(`${maps}/a`),
  ],
  "an apply that fits keeps kubectl's annotation": [
    post(
      `${maps}?fieldManager=kubectl-client-side-apply`,
      configMap("a", { k: "1" }, { annotations: { [lastApplied]: "{}\n" } }),
    ),
    apply(`${maps}/a`, "kubectl", configMap("a", { k: "y".repeat(200) }), { query: "&force=true" }),
  ],
  "a generation that a core kind does not count is kept": [
    post(maps, configMap("a", {}, { generation: 4, finalizers: ["a.b/c"] })),
    put(`${maps}/a`, configMap("a", { k: "1" }, { generation: 20, finalizers: ["a.b/c"] })),
    mergePatch(`${maps}/a`, { metadata: { generation: 30 }, data: { k: "2" } }),
    put(`${maps}/a`, configMap("a", { k: "3" }, { finalizers: ["a.b/c"] })),
    del(`${maps}/a`),
    get(`${maps}/a`),
    mergePatch(`${maps}/a`, { metadata: { finalizers: null } }),
    post(maps, configMap("b", {}, { generation: 0 })),
    put(`${maps}/b`, configMap("b", {}, { generation: 7 })),
    post(maps, configMap("c", {}, { generation: -1 })),
    put(`${maps}/b`, configMap("b", { k: "4" }, { generation: -7 })),
    apply(`${maps}/d`, "one", configMap("d", { k: "1" }, { generation: 4 })),
    apply(`${maps}/d`, "one", configMap("d", { k: "2" }, { generation: 9 })),
    apply(`${maps}/d`, "one", configMap("d", { k: "3" })),
    apply(`${maps}/e`, "one", configMap("e", { k: "1" }, { generation: -4 })),
    post(secretsPath, { apiVersion: "v1", kind: "Secret", metadata: { name: "a", generation: 4 } }),
    post("/api/v1/namespaces/{ns}/serviceaccounts", account({ name: "a", generation: 4 })),
    post(rolesPath, role({ name: "a", generation: 4 })),
    put(`${rolesPath}/a`, {
      ...role({ name: "a", generation: 9 }),
      rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }],
    }),
    put(`${rolesPath}/b`, role({ name: "b", generation: 9 })),
    post(leasesPath, {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: "a", generation: 4 },
      spec: {},
    }),
    post("/api/v1/namespaces?dryRun=All", namespace("{ns}-g", {}, { generation: 4 })),
    post(widgetsPath, widget("a", {}, { generation: 4 })),
    post(widgetsPath, widget("b", {}, { generation: -1 })),
  ],
  "events keep a generation": [
    post(eventsPath, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "a", generation: 4 },
      involvedObject: { namespace: "{ns}", kind: "ConfigMap", name: "a" },
    }),
    get(`${modernPath}/a`),
  ],
  "metadata of a wrong type is refused in Go's words": badMetadata(maps),
  "metadata of a custom kind of a wrong type is refused in Go's words": badMetadata(widgetsPath),
  "a scale that is not quite right": [
    post(widgetsPath, widget("a", { replicas: 2 })),
    put(`${widgetsPath}/a/scale`, scale("a", { replicas: 3 }, { namespace: "other" })),
    put(`${widgetsPath}/a/scale`, scale("a", { replicas: 4, nope: 1 })),
    put(`${widgetsPath}/a/scale?fieldValidation=Strict`, scale("a", { replicas: 5, nope: 1 })),
    put(`${widgetsPath}/a/scale?fieldValidation=Ignore`, scale("a", { replicas: 5, nope: 1 })),
    put(`${widgetsPath}/a/scale`, {
      ...(scale("a", { replicas: 5 }) as object),
      more: 1,
      status: { replicas: 1, x: 1 },
    }),
    put(`${widgetsPath}/a/scale`, scale("a", { replicas: 5 }, { nope: 1 })),
    put(`${widgetsPath}/a/scale`, scale("a", { replicas: "x" })),
    put(`${widgetsPath}/a/scale`, scale("a", { replicas: 1.5 })),
    put(`${widgetsPath}/a/scale`, scale("a", { replicas: -1 })),
    put(`${widgetsPath}/a/scale`, scale("a", { replicas: 3_000_000_000 })),
    put(`${widgetsPath}/a/scale`, scale("a", { replicas: null })),
    put(`${widgetsPath}/a/scale`, scale("a", { replicas: 2 }, { labels: 1 })),
    get(`${widgetsPath}/a`),
  ],
  "a patch of a scale that is not quite right": [
    post(widgetsPath, widget("a", { replicas: 2 })),
    mergePatch(`${widgetsPath}/a/scale`, { spec: { nope: 1 } }, unechoed),
    mergePatch(`${widgetsPath}/a/scale?fieldValidation=Strict`, { spec: { nope: 1 } }, unechoed),
    mergePatch(`${widgetsPath}/a/scale?fieldValidation=Ignore`, { spec: { nope: 1 } }, unechoed),
    mergePatch(`${widgetsPath}/a/scale`, { spec: { replicas: "x" } }, unechoed),
    mergePatch(`${widgetsPath}/a/scale`, { spec: { replicas: 1.5 } }, unechoed),
    mergePatch(`${widgetsPath}/a/scale`, { spec: { replicas: 3_000_000_000 } }, unechoed),
    mergePatch(`${widgetsPath}/a/scale`, { spec: "x" }, unechoed),
    mergePatch(`${widgetsPath}/a/scale`, { status: 1 }, unechoed),
    mergePatch(`${widgetsPath}/a/scale`, { metadata: { namespace: "other" } }, unechoed),
    mergePatch(`${widgetsPath}/a/scale`, { metadata: { name: "other" } }, unechoed),
    mergePatch(`${widgetsPath}/a/scale`, { metadata: { labels: { a: 1 } } }, unechoed),
    mergePatch(`${widgetsPath}/a/scale`, { kind: "Other" }, unechoed),
    mergePatch(`${widgetsPath}/a/scale`, { kind: null }, unechoed),
    mergePatch(`${widgetsPath}/a/scale`, { apiVersion: null }, unechoed),
    mergePatch(`${widgetsPath}/a/scale`, { spec: { replicas: -1 } }, unechoed),
    jsonPatch(`${widgetsPath}/a/scale`, [{ op: "add", path: "/spec/nope", value: 1 }], unechoed),
    jsonPatch(`${widgetsPath}/a/scale`, [{ op: "replace", path: "/spec/replicas", value: "x" }], unechoed),
    mergePatch(`${widgetsPath}/a/scale`, { spec: { replicas: null } }, unechoed),
    get(`${widgetsPath}/a`),
    apply(`${widgetsPath}/missing/scale`, "one", scale("missing", { replicas: 1 })),
    apply(`${widgetsPath}/a/scale`, "one", scale("a", { replicas: 1 })),
    mergePatch(`${widgetsPath}/missing/scale`, { spec: { replicas: 1 } }),
  ],
  "a patch that takes or changes the type of a core object": typedPatches(maps, configMap("a", { k: "1" })),
  "a patch that takes or changes the type of a role": typedPatches(rolesPath, role({ name: "a" })),
  "a patch that takes or changes the type of a custom object": typedPatches(widgetsPath, widget("a")),
  "a strategic patch that takes or changes the type": [
    post(maps, configMap("a", { k: "1" })),
    ...patchedTypes.map((body) => strategicPatch(`${maps}/a`, body)),
    strategicPatch(`${maps}/a`, { kind: 3, data: { k: "2" } }),
    strategicPatch(`${maps}/a`, { kind: "Other", data: { k: "3" } }),
    strategicPatch(`${maps}/a`, { kind: true }),
  ],
  "the media type of a patch is taken as it is written": [
    post(maps, configMap("a")),
    post(widgetsPath, widget("a")),
    ...[
      "Application/Merge-Patch+JSON",
      "application/json-patch+json,application/merge-patch+json",
      " application/merge-patch+json ; charset=utf-8",
      "application/merge-patch+json;",
      "application/json",
      "application/apply-patch+cbor",
    ].flatMap((type) => [
      mergePatch(`${maps}/a`, { data: { k: "1" } }, { type }),
      mergePatch(`${widgetsPath}/a`, { spec: { size: 2 } }, { type }),
    ]),
    mergePatch(`${widgetsPath}/a/scale`, { spec: { replicas: 2 } }, { type: "Application/Merge-Patch+JSON" }),
    post(maps, configMap("b"), { type: "Application/JSON" }),
    put(`${maps}/b`, configMap("b", { k: "1" }), { type: "APPLICATION/json" }),
  ],
  "what is said of fields in an unknown version is dropped": [
    post(maps, configMap("a", { k: "1" })),
    put(`${maps}/a`, configMap("a", { k: "1" }, { managedFields: [entry("nope/v1", { "f:data": { "f:k": {} } })] })),
    put(
      `${maps}/a`,
      configMap(
        "a",
        { k: "1" },
        {
          managedFields: [
            entry("nope/v1", { "f:data": { "f:k": {} } }),
            entry("v1", { "f:data": { "f:k": {} } }),
            entry("v2", { "f:data": { "f:k": {} } }),
            entry("events.k8s.io/v1", { "f:data": { "f:k": {} } }),
          ],
        },
      ),
    ),
    put(`${maps}/a`, configMap("a", { k: "2" }, { managedFields: [entry("nope/v1", { "f:data": { "f:k": {} } })] })),
    post(maps, configMap("b", { k: "1" }, { managedFields: [entry("nope/v1", { "f:data": { "f:k": {} } })] })),
    post(eventsPath, {
      apiVersion: "v1",
      kind: "Event",
      metadata: {
        name: "a",
        managedFields: [
          entry("v1", { "f:type": {} }),
          entry("events.k8s.io/v1", { "f:action": {} }),
          entry("nope/v1", { "f:note": {} }),
        ],
      },
      reason: "Made",
      message: "m",
      involvedObject: { namespace: "{ns}", kind: "ConfigMap", name: "a" },
    }),
    mergePatch(`${eventsPath}/a`, { count: 2 }),
    post(
      rolesPath,
      role({ name: "a", managedFields: [entry("rbac.authorization.k8s.io/v1beta1", { "f:rules": {} })] }),
    ),
    apply(`${rolesPath}/a`, "one", { ...role({ name: "a", labels: { a: "b" } }) }),
  ],
  "each API of an Event forgets what is said in the other one's version": [
    post(`${eventsPath}?fieldManager=one`, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "a" },
      reason: "Made",
      involvedObject: { namespace: "{ns}", kind: "ConfigMap", name: "a" },
    }),
    mergePatch(`${modernPath}/a?fieldManager=two`, { metadata: { labels: { a: "b" } } }),
    mergePatch(`${eventsPath}/a?fieldManager=three`, { metadata: { labels: { b: "c" } } }),
  ],
  "finalizers of a namespace that an apply names are its manager's": [
    apply("/api/v1/namespaces/{ns}", "one", namespace("{ns}", { spec: { finalizers: ["a.b/c"] } })),
    mergePatch("/api/v1/namespaces/{ns}?fieldManager=two", { spec: { finalizers: ["d.e/f"] } }),
    mergePatch("/api/v1/namespaces/{ns}?fieldManager=two", { status: { phase: "Terminating" } }),
    apply("/api/v1/namespaces/{ns}", "one", namespace("{ns}", { status: { phase: "Active" } })),
    apply("/api/v1/namespaces/{ns}", "one", namespace("{ns}")),
  ],
  "a condition of a namespace shows that it has no time": [
    apply(
      "/api/v1/namespaces/{ns}/status",
      "one",
      namespace("{ns}", { status: { conditions: [{ type: "A", status: "True" }] } }),
    ),
    mergePatch("/api/v1/namespaces/{ns}/status", {
      status: { conditions: [{ type: "B", status: "True", lastTransitionTime: null }] },
    }),
    get("/api/v1/namespaces/{ns}"),
  ],
  "a bad label is named by each check of a core kind": [
    post(maps, configMap("a")),
    mergePatch(`${maps}/a`, { metadata: { labels: { a: "b c" } } }),
    mergePatch(`${maps}/a`, { metadata: { annotations: { "a b": "c" } } }),
    mergePatch(`${maps}/a`, { metadata: { finalizers: ["a b"] } }),
    mergePatch(`${maps}/a`, { metadata: { finalizers: ["ab"] } }),
    mergePatch(`${maps}/a`, { metadata: { ownerReferences: [{ uid: "u" }] } }),
    put(`${maps}/a`, configMap("a", {}, { labels: { a: "b c" } })),
    put(`${maps}/a`, configMap("a", {}, { labels: { "a b": "c" }, annotations: { "c d": "e" } })),
    post(maps, configMap("b", {}, { labels: { a: "b c" }, annotations: { "c d": "e" } })),
    post(maps, configMap("b", {}, { finalizers: ["a b", "ab"] })),
  ],
  "a bad label of other kinds": [
    ...[
      [secretsPath, { apiVersion: "v1", kind: "Secret", metadata: { name: "a" } }] as const,
      ["/api/v1/namespaces/{ns}/serviceaccounts", account({ name: "a" })] as const,
      [rolesPath, role({ name: "a" })] as const,
      [leasesPath, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "a" }, spec: {} }] as const,
      [widgetsPath, widget("a")] as const,
    ].flatMap(([path, object]) => [
      post(path, object),
      mergePatch(`${path}/a`, { metadata: { labels: { a: "b c" } } }),
      mergePatch(`${path}/a`, { metadata: { annotations: { "a b": "c" } } }),
      mergePatch(`${path}/a`, { metadata: { finalizers: ["a b"] } }),
    ]),
    ...[{ labels: { a: "b c" } }, { annotations: { "a b": "c" } }, { finalizers: ["a b"] }].flatMap((metadata) => [
      mergePatch("/api/v1/namespaces/{ns}", { metadata }),
      post("/api/v1/namespaces", namespace("{ns}-bad", {}, metadata)),
    ]),
    mergePatch("/api/v1/namespaces/{ns}/status", { metadata: { labels: { a: "b c" } } }),
    mergePatch(`${leasesPath}/a`, { metadata: { finalizers: ["ab"] } }),
    post(eventsPath, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "a", finalizers: ["ab"] },
      involvedObject: { namespace: "{ns}", kind: "ConfigMap", name: "a" },
    }),
    mergePatch(`${eventsPath}/a`, { metadata: { finalizers: ["a b"] } }),
    mergePatch(`${modernPath}/a`, { metadata: { labels: { a: "b c" }, finalizers: ["b"] } }),
    put("/api/v1/namespaces/{ns}/finalize", namespace("{ns}", { spec: { finalizers: ["a b", "ab"] } })),
  ],
};
