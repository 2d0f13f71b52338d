import {
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
  type Step,
  strategicPatch,
  watch,
  widget,
  widgetsPath,
} from "../step.ts";

const one = `${widgetsPath}/a`;
const maps = configMapsPath;
const quiet = { pick: ["code"] };
const state = {
  pick: ["code", "kind", "metadata.finalizers", "metadata.ownerReferences", "metadata.deletionTimestamp"],
};
const failed = { pick: ["code", "reason", "message", "details"] };
const made = (name: string, metadata: object = {}) =>
  post(widgetsPath, widget(name, {}, metadata), {
    ...quiet,
    save: { [`${name}Uid`]: "metadata.uid", [`${name}Rv`]: "metadata.resourceVersion" },
  });
const mapMade = (name: string, metadata: object = {}, more: Partial<Step> = {}) =>
  post(maps, configMap(name, {}, metadata), { ...quiet, save: { [`${name}Uid`]: "metadata.uid" }, ...more });
const ownedBy = (name: string, more: object = {}) => ({
  ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name, uid: `{${name}Uid}`, ...more }],
});
const wrongUid = "00000000-0000-0000-0000-000000000000";
const hold = "conform.roster.dev/hold";
const release = (path: string) => mergePatch(path, { metadata: { finalizers: null } }, quiet);
/** Waits until the collector has seen what came before: it works in order of what it hears. */
const collected = (name: string): Step[] => [
  mapMade(`${name}-sentinel`, {
    ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "nobody", uid: wrongUid }],
  }),
  get(`${maps}/${name}-sentinel`, { until: 404, ...quiet }),
];

export const deleting: Sequences = {
  "preconditions in the body decide": [
    made("a"),
    del(one, { preconditions: { uid: wrongUid } }),
    del(one, { preconditions: { uid: "" } }, failed),
    del(one, { preconditions: { resourceVersion: "1" } }),
    del(one, { preconditions: { uid: wrongUid, resourceVersion: "1" } }),
    del(one, { preconditions: {} }, { pick: ["kind", "status"] }),
    mapMade("m"),
    del(`${maps}/m`, { preconditions: { uid: wrongUid } }),
    del(`${maps}/m`, { preconditions: { resourceVersion: "nope" } }),
    del(`${maps}/m`, { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid: "{mUid}" } }),
  ],
  "delete options that cannot be read": [
    made("a"),
    del(one, { kind: "DeleteOptions", apiVersion: "v1", gracePeriodSeconds: "x" }, failed),
    del(one, { propagationPolicy: 3 }, failed),
    del(one, { preconditions: "x" }, failed),
    { method: "DELETE", path: one, text: "{", ...failed },
    { method: "DELETE", path: one, text: "[]", ...failed },
    del(one, { kind: "Widget", apiVersion: "conform.roster.dev/v1" }, failed),
    mapMade("m"),
    del(`${maps}/m`, { kind: "Widget", apiVersion: "conform.roster.dev/v1" }, failed),
    del(`${maps}/m`, { gracePeriodSeconds: 1.5 }, failed),
    del(`${maps}/m`, { orphanDependents: "x" }, failed),
    del(`${maps}/m`, { dryRun: "All" }, failed),
    del(`${maps}/m`, { unheard: "of" }, { pick: ["status", "code", "message"] }),
    made("b"),
    del(`${widgetsPath}/b`, { kind: "DeleteOptions", apiVersion: "v9" }, failed),
    { method: "DELETE", path: one, text: "propagationPolicy: Orphan", type: "application/yaml", ...state },
    // The collector takes the finalizer away again.
    get(one, { until: 404, ...quiet }),
  ],
  "grace periods change nothing here": [
    made("a", { finalizers: [hold] }),
    del(one, { gracePeriodSeconds: 30 }, { pick: ["metadata.deletionGracePeriodSeconds", "metadata.finalizers"] }),
    del(one, { gracePeriodSeconds: 0 }, { pick: ["metadata.deletionGracePeriodSeconds"] }),
    del(`${one}?gracePeriodSeconds=5`, undefined, { pick: ["metadata.deletionGracePeriodSeconds"] }),
    del(one, { gracePeriodSeconds: -1 }, { pick: ["code", "message", "metadata.deletionGracePeriodSeconds"] }),
    del(`${one}?gracePeriodSeconds=x`, undefined, failed),
    release(one),
  ],
  "options in the query": [
    made("a", { finalizers: [hold] }),
    del(`${one}?propagationPolicy=Foreground`, undefined, state),
    del(`${one}?propagationPolicy=Orphan`, undefined, state),
    del(`${one}?propagationPolicy=Background`, undefined, state),
    del(`${one}?propagationPolicy=Nope`, undefined, failed),
    del(`${one}?dryRun=Nope`, undefined, failed),
    del(`${one}?dryRun=All`, { propagationPolicy: "Orphan" }, state),
    mapMade("m"),
    del(`${maps}/m?dryRun=All`, { propagationPolicy: "Background" }, { pick: ["status"] }),
    get(`${maps}/m`, quiet),
    del(`${one}?orphanDependents=true`, undefined, state),
    get(one, { pick: ["metadata.deletionTimestamp"] }),
  ],
  "finalizers go one by one, and none comes": [
    made("a", { finalizers: [`${hold}-1`, `${hold}-2`] }),
    del(one, undefined, state),
    mergePatch(one, { metadata: { finalizers: [`${hold}-1`, `${hold}-2`, `${hold}-3`] } }, failed),
    mergePatch(one, { metadata: { finalizers: [`${hold}-2`, `${hold}-1`] } }, state),
    mergePatch(one, { metadata: { finalizers: [`${hold}-3`] } }, failed),
    mergePatch(one, { metadata: { finalizers: [`${hold}-2`] } }, state),
    put(one, widget("a", { size: 3 }, { resourceVersion: "{aRv}" }), failed),
    mergePatch(one, { metadata: { deletionTimestamp: null } }, state),
    mergePatch(one, { metadata: { labels: { still: "here" } } }, { pick: ["metadata.labels"] }),
    mergePatch(`${one}/status`, { status: { phase: "Done" } }, { pick: ["status"] }),
    mergePatch(one, { metadata: { finalizers: [] } }, { pick: ["kind", "metadata.finalizers", "metadata.name"] }),
    get(one, quiet),
  ],
  "finalizers that a core kind keeps": [
    mapMade("a", { finalizers: [hold, hold] }),
    get(`${maps}/a`, state),
    del(`${maps}/a`, undefined, state),
    strategicPatch(`${maps}/a`, { metadata: { finalizers: ["conform.roster.dev/new"] } }, failed),
    strategicPatch(`${maps}/a`, { metadata: { "$deleteFromPrimitiveList/finalizers": [hold] } }, state),
    get(`${maps}/a`, quiet),
  ],
  "finalizers that are no names": [
    ...["x", "a/b/c", "a/", "/b", "UPPER.dev/x", "orphan", "foregroundDeletion", "kubernetes"].map((finalizer, index) =>
      post(maps, configMap(`m${index}`, {}, { finalizers: [finalizer] }), {
        pick: ["code", "message", "details", "metadata.finalizers"],
      }),
    ),
    post(maps, configMap("both", {}, { finalizers: ["orphan", "foregroundDeletion"] }), failed),
  ],
  "an object made with a deletion time lives": [
    post(widgetsPath, widget("a", {}, { deletionTimestamp: "2020-01-01T00:00:00Z", deletionGracePeriodSeconds: 3 }), {
      pick: ["metadata.deletionTimestamp", "metadata.deletionGracePeriodSeconds", "code"],
    }),
    mergePatch(one, { metadata: { deletionTimestamp: "2020-01-01T00:00:00Z" } }, failed),
    get(one, state),
  ],
  "what is deleted is made again under its name": [
    made("a"),
    del(one, undefined, { pick: ["details.uid", "status"] }),
    made("a"),
    del(one, { preconditions: { uid: "{aUid}" } }, { pick: ["status"] }),
    del(one),
  ],
  "a deleted collection answers what it deleted": [
    made("a"),
    made("b", { finalizers: [hold] }),
    made("c", { labels: { keep: "yes" } }),
    del(`${widgetsPath}?labelSelector=!keep`),
    get(widgetsPath, { pick: ["items.0.metadata.name", "items.1.metadata.name", "items.2"] }),
    release(`${widgetsPath}/b`),
  ],
  "collections by field, as a dry run and with preconditions": [
    made("a"),
    made("b"),
    mapMade("m"),
    del(`${widgetsPath}?fieldSelector=metadata.name%3Da&dryRun=All`, undefined, {
      pick: ["kind", "items.0.metadata.name", "items.1"],
    }),
    del(
      widgetsPath,
      { propagationPolicy: "Orphan", dryRun: ["All"] },
      { pick: ["kind", "items.0.metadata.finalizers"] },
    ),
    del(
      widgetsPath,
      { preconditions: { uid: "{aUid}" } },
      { pick: ["code", "kind", "message", "items.0.metadata.name", "items.1.metadata.name"] },
    ),
    get(widgetsPath, { pick: ["items.0.metadata.name", "items.1.metadata.name"] }),
    del(`${widgetsPath}?labelSelector=(`, undefined, failed),
    del(`${widgetsPath}?fieldSelector=spec.size%3D1`, undefined, failed),
    del(`${widgetsPath}?fieldSelector=metadata.name%3Db`, undefined, {
      pick: ["kind", "items.0.metadata.name", "items.1"],
    }),
    del(maps, undefined, { pick: ["kind", "items.0.kind"] }),
    get(widgetsPath, { pick: ["items.0.metadata.name", "items.1"] }),
    del(`${widgetsPath}?limit=1`, undefined, { pick: ["kind", "items.0.metadata.name", "items.1"] }),
    del("/api/v1/namespaces", undefined, failed),
    del("/apis/conform.roster.dev/v1/widgets"),
    del("/api/v1/configmaps"),
    del("/api/v1/secrets?labelSelector=a%3Db"),
    put("/api/v1/configmaps", {}),
    mergePatch("/apis/conform.roster.dev/v1/widgets", {}),
    post("/api/v1/configmaps", configMap("a")),
  ],
  "in the background dependents go after their owner": [
    mapMade("owner"),
    mapMade("dep", ownedBy("owner")),
    made("a", ownedBy("owner", { blockOwnerDeletion: true })),
    del(`${maps}/owner`, { propagationPolicy: "Background" }, { pick: ["kind", "status"] }),
    get(`${maps}/owner`, quiet),
    get(`${maps}/dep`, { until: 404, ...quiet }),
    get(one, { until: 404, ...quiet }),
  ],
  "in the foreground the owner goes last": [
    mapMade("owner"),
    mapMade("dep", { ...ownedBy("owner", { blockOwnerDeletion: true }), finalizers: [hold] }),
    mapMade("free", { ...ownedBy("owner"), finalizers: [hold] }),
    del(`${maps}/owner`, { propagationPolicy: "Foreground" }),
    get(`${maps}/dep`, { ...state, until: "metadata.deletionTimestamp" }),
    release(`${maps}/dep`),
    get(`${maps}/owner`, { until: 404, ...quiet }),
    // What does not block may outlive the owner; it is going all the same.
    get(`${maps}/free`, state),
    release(`${maps}/free`),
  ],
  "orphans lose their reference and stay": [
    mapMade("owner"),
    mapMade("other"),
    mapMade("dep", ownedBy("owner")),
    mapMade("two", {
      ownerReferences: [...ownedBy("owner").ownerReferences, ...ownedBy("other").ownerReferences],
    }),
    del(`${maps}/owner`, { propagationPolicy: "Orphan" }, state),
    get(`${maps}/owner`, { until: 404, ...quiet }),
    get(`${maps}/dep`, state),
    get(`${maps}/two`, state),
  ],
  "one of several owners is enough": [
    mapMade("x"),
    mapMade("y"),
    mapMade("dep", { ownerReferences: [...ownedBy("x").ownerReferences, ...ownedBy("y").ownerReferences] }),
    del(`${maps}/x`, undefined, quiet),
    ...collected("s"),
    get(`${maps}/dep`, state),
    del(`${maps}/y`, undefined, quiet),
    get(`${maps}/dep`, { until: 404, ...quiet }),
  ],
  "an owner of another uid is none": [
    mapMade("owner"),
    mapMade("dep", ownedBy("owner", { uid: wrongUid })),
    get(`${maps}/dep`, { until: 404, ...quiet }),
    get(`${maps}/owner`, state),
  ],
  "an owner that was made again is another": [
    mapMade("owner"),
    mapMade("dep", ownedBy("owner")),
    del(`${maps}/owner`, { propagationPolicy: "Background" }, quiet),
    mapMade("owner"),
    get(`${maps}/dep`, { until: 404, ...quiet }),
    get(`${maps}/owner`, state),
  ],
  "an owner of a kind that nobody serves keeps its dependents": [
    mapMade("dep", { ownerReferences: [{ apiVersion: "nowhere.dev/v1", kind: "Thing", name: "x", uid: wrongUid }] }),
    ...collected("s"),
    get(`${maps}/dep`, state),
  ],
  "a cluster-scoped owner owns what is in a namespace": [
    post(gadgetsPath, gadget("owner-{ns}"), { ...quiet, save: { gUid: "metadata.uid" } }),
    mapMade("dep", {
      ownerReferences: [{ apiVersion: "conform.roster.dev/v1", kind: "Gadget", name: "owner-{ns}", uid: "{gUid}" }],
    }),
    mapMade("older", {
      ownerReferences: [
        { apiVersion: "conform.roster.dev/v1beta1", kind: "Gadget", name: "owner-{ns}", uid: "{gUid}" },
      ],
    }),
    ...collected("s"),
    get(`${maps}/dep`, { pick: ["metadata.name"] }),
    del(`${gadgetsPath}/owner-{ns}`, undefined, quiet),
    get(`${maps}/dep`, { until: 404, ...quiet }),
    get(`${maps}/older`, { until: 404, ...quiet }),
  ],
  "an owner in another namespace is absent": [
    post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "far-{ns}" } }, quiet),
    post("/api/v1/namespaces/far-{ns}/configmaps", configMap("owner"), {
      ...quiet,
      save: { ownerUid: "metadata.uid" },
    }),
    mapMade("dep", ownedBy("owner")),
    get(`${maps}/dep`, { until: 404, ...quiet }),
    get("/api/v1/namespaces/far-{ns}/configmaps/owner", { pick: ["metadata.name"] }),
    del("/api/v1/namespaces/far-{ns}", undefined, quiet),
  ],
  "a chain of owners goes from its head": [
    mapMade("a"),
    mapMade("b", ownedBy("a", { blockOwnerDeletion: true })),
    mapMade("c", ownedBy("b", { blockOwnerDeletion: true })),
    watch(
      maps,
      {
        during: [
          del(`${maps}/a`, { propagationPolicy: "Foreground" }, quiet),
          get(`${maps}/a`, { until: 404, ...quiet }),
        ],
      },
      {
        query: "&timeoutSeconds=3&resourceVersion=0",
        pick: ["type", "object.metadata.name", "object.metadata.finalizers"],
      },
    ),
  ],
  "owner references that cannot be": [
    ...[
      { apiVersion: "", kind: "ConfigMap", name: "x", uid: wrongUid },
      { apiVersion: "v1", kind: "", name: "x", uid: wrongUid },
      { apiVersion: "v1", kind: "ConfigMap", name: "", uid: wrongUid },
      { apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "" },
      { apiVersion: "v1", kind: "Event", name: "x", uid: wrongUid },
      { apiVersion: "a/b/c", kind: "ConfigMap", name: "x", uid: wrongUid },
    ].map((reference) => post(`${maps}?dryRun=All`, configMap("a", {}, { ownerReferences: [reference] }), failed)),
    post(
      `${maps}?dryRun=All`,
      configMap(
        "a",
        {},
        {
          ownerReferences: ["x", "y"].map((name) => ({
            apiVersion: "v1",
            kind: "ConfigMap",
            name,
            uid: "1",
            controller: true,
          })),
        },
      ),
      failed,
    ),
    post(
      `${maps}?dryRun=All`,
      configMap(
        "a",
        {},
        {
          ownerReferences: ["x", "x"].map((name) => ({ apiVersion: "v1", kind: "ConfigMap", name, uid: "1" })),
        },
      ),
      { pick: ["code", "metadata.ownerReferences"], shows: [] },
    ),
  ],
};
