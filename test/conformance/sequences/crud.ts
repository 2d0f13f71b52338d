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
  secretsPath,
  widget,
  widgetsPath,
} from "../step.ts";

const one = `${widgetsPath}/a`;
const map = `${configMapsPath}/a`;

export const crud: Sequences = {
  "create answers the stored object with defaults and managed fields": [post(widgetsPath, widget("a")), get(one)],
  "create in another namespace than the URL's": [post(widgetsPath, widget("a", {}, { namespace: "other" }))],
  "create with the URL's namespace given": [post(widgetsPath, widget("a", {}, { namespace: "{ns}" }))],
  "create twice": [post(widgetsPath, widget("a")), post(widgetsPath, widget("a"))],
  "create without a name": [
    post(widgetsPath, { apiVersion: "conform.roster.dev/v1", kind: "Widget", spec: { size: 1 } }),
  ],
  "create with generateName": [
    post(widgetsPath, {
      apiVersion: "conform.roster.dev/v1",
      kind: "Widget",
      metadata: { generateName: "gen-" },
      spec: { size: 1 },
    }),
  ],
  "create with a name that is no DNS subdomain": [post(widgetsPath, widget("Not_Valid"))],
  "create with a name that is too long": [post(widgetsPath, widget("a".repeat(254)))],
  "create of another kind": [post(widgetsPath, { ...widget("a"), kind: "Gadget" })],
  "create of another version": [post(widgetsPath, { ...widget("a"), apiVersion: "conform.roster.dev/v9" })],
  "create without kind and version": [post(widgetsPath, { metadata: { name: "a" }, spec: { size: 1 } })],
  "create with a resourceVersion": [post(widgetsPath, widget("a", {}, { resourceVersion: "5" }))],
  "create with a uid is ignored": [
    post(widgetsPath, widget("a", {}, { uid: "00000000-0000-0000-0000-000000000000", generation: 9, selfLink: "x" })),
  ],
  "create with status is without it": [post(widgetsPath, widget("a", {}, {}, { status: { phase: "Done" } })), get(one)],
  "create with an owner, labels, annotations and finalizers": [
    post(configMapsPath, configMap("owner"), { save: { uid: "metadata.uid" } }),
    post(
      widgetsPath,
      widget(
        "a",
        {},
        {
          labels: { l: "1" },
          annotations: { a: "2" },
          finalizers: ["conform.roster.dev/hold"],
          ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: "{uid}" }],
        },
      ),
    ),
    mergePatch(one, { metadata: { finalizers: null } }),
  ],
  "bad labels and annotations": [
    post(widgetsPath, widget("a", {}, { labels: { "b@d": "x", ok: "not ok!" }, annotations: { "@": "x" } })),
  ],
  "labels that are not strings": [post(widgetsPath, widget("a", {}, { labels: { a: 1 } }))],
  "bad finalizer": [
    post(widgetsPath, widget("a", {}, { finalizers: ["no"] })),
    post(widgetsPath, widget("b", {}, { finalizers: ["Bad Name"] })),
  ],
  "an owner without a uid": [
    post(widgetsPath, widget("a", {}, { ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "x" }] })),
  ],
  "two controllers": [
    post(
      widgetsPath,
      widget(
        "a",
        {},
        {
          ownerReferences: [
            { apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "1", controller: true },
            { apiVersion: "v1", kind: "ConfigMap", name: "y", uid: "2", controller: true },
          ],
        },
      ),
    ),
  ],
  "get what is not there": [get(one), get(`${configMapsPath}/none`), get(`${gadgetsPath}/none-{ns}`)],
  "a resource that is not served": [
    get("/apis/conform.roster.dev/v1/namespaces/{ns}/nothings"),
    get("/apis/nowhere.dev/v1/things"),
    get("/nowhere"),
  ],
  "update replaces and counts generations": [
    post(widgetsPath, widget("a"), { save: { rv: "metadata.resourceVersion" } }),
    put(one, widget("a", { size: 2 }, { resourceVersion: "{rv}" })),
    get(one),
  ],
  "update without a resourceVersion": [post(widgetsPath, widget("a")), put(one, widget("a", { size: 2 }))],
  "update with an old resourceVersion": [
    post(widgetsPath, widget("a"), { save: { rv: "metadata.resourceVersion" } }),
    put(one, widget("a", { size: 2 }, { resourceVersion: "{rv}" })),
    put(one, widget("a", { size: 3 }, { resourceVersion: "{rv}" })),
  ],
  "update of nothing": [put(one, widget("a", {}, { resourceVersion: "1" })), put(one, widget("a"))],
  "update under another name": [
    post(widgetsPath, widget("a"), { save: { rv: "metadata.resourceVersion" } }),
    put(one, widget("b", {}, { resourceVersion: "{rv}" })),
  ],
  "update that changes nothing": [
    post(widgetsPath, widget("a"), { save: { rv: "metadata.resourceVersion" } }),
    put(one, widget("a", {}, { resourceVersion: "{rv}" }), { save: { after: "metadata.resourceVersion" } }),
    mergePatch(one, { metadata: { resourceVersion: "{rv}" } }),
  ],
  "update of labels only leaves the generation": [
    post(widgetsPath, widget("a"), { save: { rv: "metadata.resourceVersion" } }),
    put(one, widget("a", {}, { resourceVersion: "{rv}", labels: { l: "1" } })),
  ],
  "update of a uid": [
    post(widgetsPath, widget("a"), { save: { rv: "metadata.resourceVersion" } }),
    put(one, widget("a", {}, { resourceVersion: "{rv}", uid: "00000000-0000-0000-0000-000000000000" })),
  ],
  "update of status through the main resource is ignored": [
    post(widgetsPath, widget("a"), { save: { rv: "metadata.resourceVersion" } }),
    put(one, widget("a", { size: 2 }, { resourceVersion: "{rv}" }, { status: { phase: "Done" } })),
  ],
  "status through its subresource leaves the rest": [
    post(widgetsPath, widget("a"), { save: { rv: "metadata.resourceVersion" } }),
    put(
      `${one}/status`,
      widget("a", { size: 9 }, { resourceVersion: "{rv}", labels: { x: "y" } }, { status: { phase: "Done" } }),
    ),
    get(one),
    get(`${one}/status`),
  ],
  "a wrong status": [
    post(widgetsPath, widget("a"), { save: { rv: "metadata.resourceVersion" } }),
    put(`${one}/status`, widget("a", {}, { resourceVersion: "{rv}" }, { status: { phase: "Nope", replicas: "x" } })),
    mergePatch(`${one}/status`, { status: { phase: "Nope" } }),
  ],
  "a status on a kind without that subresource is plain data": [
    post(gadgetsPath, gadget("g-{ns}", { spec: { a: 1 }, status: { b: 2 } })),
    get(`${gadgetsPath}/g-{ns}`),
    get(`${gadgetsPath}/g-{ns}/status`),
    del(`${gadgetsPath}/g-{ns}`),
  ],
  scale: [
    post(widgetsPath, widget("a", { replicas: 3 })),
    get(`${one}/scale`, { save: { rv: "metadata.resourceVersion" } }),
    put(`${one}/scale`, {
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      metadata: { name: "a", namespace: "{ns}", resourceVersion: "{rv}" },
      spec: { replicas: 5 },
    }),
    mergePatch(`${one}/scale`, { spec: { replicas: 7 } }),
    get(one),
  ],
  "scale below zero": [post(widgetsPath, widget("a")), mergePatch(`${one}/scale`, { spec: { replicas: -1 } })],
  "delete answers a Status and then 404": [post(widgetsPath, widget("a")), del(one), get(one), del(one)],
  "delete of a kind without details": [post(configMapsPath, configMap("a")), del(map), get(map)],
  "delete with a finalizer waits": [
    post(widgetsPath, widget("a", {}, { finalizers: ["conform.roster.dev/hold"] })),
    del(one),
    get(one),
    del(one),
    mergePatch(one, { metadata: { finalizers: ["conform.roster.dev/hold", "conform.roster.dev/more"] } }),
    mergePatch(one, { spec: { size: 4 } }),
    mergePatch(one, { metadata: { finalizers: null } }),
    get(one),
  ],
  "delete with preconditions": [
    post(widgetsPath, widget("a"), { save: { uid: "metadata.uid", rv: "metadata.resourceVersion" } }),
    del(one, { preconditions: { uid: "00000000-0000-0000-0000-000000000000" } }),
    del(one, { preconditions: { resourceVersion: "1" } }),
    del(one, { preconditions: { uid: "{uid}", resourceVersion: "{rv}" } }),
  ],
  "delete with a wrong propagation policy": [
    post(widgetsPath, widget("a")),
    del(one, { propagationPolicy: "Sideways" }),
    del(one, { propagationPolicy: "Background", orphanDependents: true }),
  ],
  "delete as a dry run": [post(widgetsPath, widget("a")), del(`${one}?dryRun=All`), get(one)],
  "delete of a collection": [
    post(widgetsPath, widget("a", {}, { labels: { x: "1" } })),
    post(widgetsPath, widget("b", {}, { labels: { x: "2" } })),
    del(`${widgetsPath}?labelSelector=x%3D1`),
    get(widgetsPath),
  ],
  "orphans keep living, dependents do not": [
    post(configMapsPath, configMap("owner"), { save: { uid: "metadata.uid" } }),
    post(
      configMapsPath,
      configMap("dep", {}, { ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: "{uid}" }] }),
    ),
    del(`${configMapsPath}/owner`, { propagationPolicy: "Background" }),
    get(`${configMapsPath}/dep`, { until: 404 }),
  ],
  "foreground deletion waits for what blocks it": [
    post(configMapsPath, configMap("owner"), { save: { uid: "metadata.uid" } }),
    post(
      configMapsPath,
      configMap(
        "dep",
        {},
        {
          finalizers: ["conform.roster.dev/hold"],
          ownerReferences: [
            { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: "{uid}", blockOwnerDeletion: true },
          ],
        },
      ),
    ),
    del(`${configMapsPath}/owner`, { propagationPolicy: "Foreground" }),
    get(`${configMapsPath}/owner`),
    get(`${configMapsPath}/dep`, { until: "metadata.deletionTimestamp", pick: ["metadata.name"] }),
    mergePatch(`${configMapsPath}/dep`, { metadata: { finalizers: null } }),
    get(`${configMapsPath}/owner`, { until: 404 }),
  ],
  "dry run of create, update and patch": [
    post(`${widgetsPath}?dryRun=All`, widget("a")),
    get(one),
    post(widgetsPath, widget("b"), { save: { rv: "metadata.resourceVersion" } }),
    put(`${widgetsPath}/b?dryRun=All`, widget("b", { size: 7 }, { resourceVersion: "{rv}" })),
    mergePatch(`${widgetsPath}/b?dryRun=All`, { spec: { size: 8 } }),
    get(`${widgetsPath}/b`),
    post(`${widgetsPath}?dryRun=Some`, widget("c")),
  ],
  "a secret takes stringData and checks base64": [
    post(secretsPath, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "a" },
      stringData: { token: "x" },
      data: { old: "eQ==" },
    }),
    post(secretsPath, { apiVersion: "v1", kind: "Secret", metadata: { name: "b" }, data: { bad: "***" } }),
    post(secretsPath, { apiVersion: "v1", kind: "Secret", metadata: { name: "c" }, data: { "bad key": "eQ==" } }),
    mergePatch(`${secretsPath}/a`, { type: "other" }),
  ],
  "an immutable config map": [
    post(configMapsPath, configMap("a", { k: "v" }, {}, { immutable: true })),
    mergePatch(map, { data: { k: "w" } }),
    mergePatch(map, { immutable: false }),
    mergePatch(map, { metadata: { labels: { ok: "yes" } } }),
  ],
  "config map keys": [
    post(configMapsPath, configMap("a", { "bad key": "v", ok: "v" })),
    post(configMapsPath, configMap("b", { k: "v" }, {}, { binaryData: { k: "eQ==" } })),
    post(configMapsPath, configMap("c", { k: 1 })),
  ],
};
