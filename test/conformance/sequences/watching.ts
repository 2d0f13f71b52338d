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
  table,
  watch,
  widget,
  widgetsPath,
} from "../step.ts";

const one = `${widgetsPath}/a`;
const maps = configMapsPath;
const quiet = { pick: ["code"] };
const brief = { pick: ["type", "object.metadata.name", "object.metadata.labels", "object.spec.size", "object.code"] };
const failed = { pick: ["code", "reason", "message", "details"] };
const made = (name: string, spec: object = {}, metadata: object = {}) =>
  post(widgetsPath, widget(name, spec, metadata), { ...quiet, save: { [`rv${name}`]: "metadata.resourceVersion" } });
const history = [
  made("a", { size: 1 }, { labels: { app: "x" } }),
  made("b"),
  mergePatch(one, { spec: { size: 2 } }, quiet),
  mergePatch(`${one}/status`, { status: { phase: "New" } }, quiet),
  mergePatch(one, { metadata: { labels: { app: "y" } } }, quiet),
  mergePatch(one, { spec: { size: 3 }, metadata: { labels: { app: "x" } } }, quiet),
  del(one, undefined, quiet),
];
const short = "&timeoutSeconds=1";
const initial = "&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan";

/** One sequence for each list of queries: what they bring within a second. */
const matches = (queries: Readonly<Record<string, readonly string[]>>): Sequences =>
  Object.fromEntries(
    Object.entries(queries).map(([name, list]) => [
      name,
      [made("a"), ...list.map((query) => watch(widgetsPath, { lines: 1 }, { query: `${short}&${query}` }))],
    ]),
  );

export const watching: Sequences = {
  "the history of two objects from the first's version": [
    ...history,
    watch(widgetsPath, {}, { query: `${short}&resourceVersion={rva}` }),
  ],
  "objects enter and leave a label selector": [
    ...history,
    watch(widgetsPath, {}, { query: `${short}&resourceVersion={rva}&labelSelector=app%3Dx` }),
    watch(widgetsPath, {}, { query: `${short}&resourceVersion={rva}&labelSelector=app%3Dy`, ...brief }),
    watch(widgetsPath, {}, { query: `${short}&resourceVersion={rva}&labelSelector=!app`, ...brief }),
  ],
  "objects enter and leave a field selector": [
    made("a", { color: "red" }),
    mergePatch(one, { spec: { color: "green" } }, quiet),
    mergePatch(one, { spec: { color: "red" } }, quiet),
    mergePatch(one, { spec: { size: 4 } }, quiet),
    del(one, undefined, quiet),
    watch(widgetsPath, {}, { query: `${short}&resourceVersion={rva}&fieldSelector=spec.color%3Dred` }),
    watch(widgetsPath, {}, { query: `${short}&resourceVersion={rva}&fieldSelector=spec.color!%3Dred`, ...brief }),
  ],
  "what happens during a watch": [
    made("a"),
    watch(
      widgetsPath,
      {
        during: [
          mergePatch(one, { spec: { size: 7 } }, quiet),
          made("b"),
          mergePatch(`${one}/status`, { status: { phase: "Done" } }, quiet),
          del(one, undefined, quiet),
          made("a"),
        ],
        lines: 5,
      },
      { query: "&resourceVersion={rva}" },
    ),
  ],
  "a deletion that waits for finalizers": [
    made("a", {}, { finalizers: ["conform.roster.dev/one", "conform.roster.dev/two"] }),
    watch(
      widgetsPath,
      {
        during: [
          del(one, undefined, quiet),
          del(one, undefined, quiet),
          mergePatch(one, { metadata: { finalizers: ["conform.roster.dev/two"] } }, quiet),
          mergePatch(one, { metadata: { finalizers: [] } }, quiet),
        ],
        lines: 3,
      },
      { query: "&resourceVersion={rva}" },
    ),
  ],
  "a write that changes nothing is no event": [
    made("a"),
    mergePatch(one, { spec: { size: 1 } }, quiet),
    mergePatch(one, {}, quiet),
    post(`${widgetsPath}?dryRun=All`, widget("z"), quiet),
    del(`${one}?dryRun=All`, undefined, quiet),
    watch(widgetsPath, {}, { query: `${short}&resourceVersion={rva}` }),
  ],
  "a watch without a version and of version 0 begins with what is there": [
    made("a"),
    made("b"),
    del(one, undefined, quiet),
    watch(widgetsPath, {}, { query: short }),
    watch(widgetsPath, {}, { query: `${short}&resourceVersion=` }),
    watch(widgetsPath, {}, { query: `${short}&resourceVersion=0` }),
    watch(widgetsPath, {}, { query: `${short}&labelSelector=nope`, ...brief }),
  ],
  "a list's version and a watch from it miss nothing": [
    made("a"),
    get(widgetsPath, { save: { list: "metadata.resourceVersion" }, pick: ["kind"] }),
    made("b"),
    watch(widgetsPath, { during: [made("c")], lines: 2 }, { query: "&resourceVersion={list}", ...brief }),
  ],
  "initial events end with a marked bookmark": [
    made("a"),
    made("b"),
    watch(widgetsPath, { lines: 3 }, { query: initial }),
    watch(widgetsPath, { lines: 3 }, { query: `${initial}&resourceVersion=0`, ...brief }),
    watch(widgetsPath, { lines: 3 }, { query: `${initial}&resourceVersion={rva}`, ...brief }),
    watch(widgetsPath, { during: [made("c")], lines: 4 }, { query: initial, ...brief }),
    watch(widgetsPath, { lines: 1 }, { query: `${initial}&labelSelector=nope` }),
  ],
  ...matches({
    "initial events with every version match": [
      "sendInitialEvents=true",
      "sendInitialEvents=true&allowWatchBookmarks=true",
      "sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
      "sendInitialEvents=true&resourceVersionMatch=Exact",
      "sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=Exact",
      "sendInitialEvents=true&resourceVersionMatch=Nearly",
      "sendInitialEvents=perhaps&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
    ],
    "initial events refused with every version match": [
      "sendInitialEvents=false&resourceVersionMatch=NotOlderThan",
      "sendInitialEvents=false&resourceVersionMatch=Exact",
      "sendInitialEvents=false",
      "sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion={rva}",
    ],
    "version matches and pages have no place in a watch without initial events": [
      "resourceVersionMatch=NotOlderThan",
      "resourceVersionMatch=Exact",
      "resourceVersionMatch=NotOlderThan&resourceVersion={rva}",
      "resourceVersionMatch=Exact&resourceVersion={rva}",
      "resourceVersionMatch=Nearly",
      "continue=x",
      "limit=1",
    ],
  }),
  "initial events are for watches": [
    get(`${widgetsPath}?sendInitialEvents=true`, failed),
    get(`${widgetsPath}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan`, failed),
  ],
  "a bookmark comes before the end": [
    made("a"),
    watch(widgetsPath, { lines: 1 }, { query: "&timeoutSeconds=4&allowWatchBookmarks=true&resourceVersion={rva}" }),
    watch(
      maps,
      { lines: 1 },
      { query: "&timeoutSeconds=4&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dnope" },
    ),
  ],
  "a bookmark of every representation": [
    made("a"),
    post(maps, configMap("a"), quiet),
    ...[widgetsPath, maps].flatMap((path) =>
      [table, "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"].map((accept) =>
        watch(path, { lines: 2 }, { query: initial, accept }),
      ),
    ),
    ...[
      maps,
      "/api/v1/namespaces/{ns}/secrets",
      "/api/v1/namespaces/{ns}/events",
      "/apis/events.k8s.io/v1/namespaces/{ns}/events",
      "/api/v1/namespaces/{ns}/serviceaccounts",
      "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases",
      "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles",
      "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings",
      "/apis/rbac.authorization.k8s.io/v1/clusterroles",
      "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
      "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
      "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
      "/api/v1/namespaces",
    ].flatMap((path) =>
      ["application/json", table].map((accept) =>
        watch(path, { lines: 1 }, { query: `${initial}&fieldSelector=metadata.name%3Dnope`, accept }),
      ),
    ),
  ],
  "clients that name no version are told when they have seen everything": [
    made("a"),
    ...["", "&resourceVersion=", "&resourceVersion=0"].map((version) =>
      watch(
        widgetsPath,
        { lines: 2 },
        {
          query: `&timeoutSeconds=5&allowWatchBookmarks=true${version}`,
          pick: ["type", "object.metadata.name", "object.metadata.annotations"],
        },
      ),
    ),
  ],
  "a version that is still to come": [
    watch(
      widgetsPath,
      {},
      {
        query: `${short}&resourceVersion=9999999999`,
        pick: ["code", "reason", "details", "type", "object.code", "object.reason"],
      },
    ),
    watch(
      widgetsPath,
      {},
      {
        query: `${short}${initial}&resourceVersion=9999999999`,
        pick: ["code", "reason", "details", "type", "object.code", "object.reason"],
      },
    ),
    watch(widgetsPath, {}, { query: `${short}&resourceVersion=-1` }),
    watch(widgetsPath, {}, { query: `${short}&resourceVersion=1.5` }),
  ],
  "one object by its name": [
    made("a"),
    made("b"),
    watch(
      widgetsPath,
      { during: [mergePatch(`${widgetsPath}/b`, { spec: { size: 9 } }, quiet), del(one, undefined, quiet)], lines: 2 },
      { query: "&fieldSelector=metadata.name%3Da", ...brief },
    ),
    watch(one, {}, { query: `${short}&resourceVersion={rva}`, pick: ["kind", "code", "type", "metadata.name"] }),
    watch(`${widgetsPath}/b`, {}, { query: short, pick: ["kind", "code", "type", "metadata.name"] }),
    watch(`${maps}/nope`, {}, { query: short, pick: ["kind", "code", "type", "message"] }),
  ],
  "the old path of watches": [
    made("a"),
    post(maps, configMap("a"), { ...quiet, save: { rv: "metadata.resourceVersion" } }),
    mergePatch(`${maps}/a`, { data: { k: "v" } }, quiet),
    get("/api/v1/watch/namespaces/{ns}/configmaps?timeoutSeconds=1&resourceVersion={rv}", { watch: {} }),
    get("/api/v1/watch/namespaces/{ns}/configmaps/a?timeoutSeconds=1&resourceVersion={rv}", { watch: {} }),
    get("/api/v1/watch/configmaps?timeoutSeconds=1&fieldSelector=metadata.namespace%3D{ns}&resourceVersion={rv}", {
      watch: {},
    }),
    get("/api/v1/watch/namespaces/{ns}?timeoutSeconds=1", {
      watch: {},
      pick: ["type", "object.kind", "object.metadata.name"],
    }),
    get("/apis/conform.roster.dev/v1/watch/namespaces/{ns}/widgets?timeoutSeconds=1", {
      watch: {},
      pick: ["type", "code", "message"],
    }),
    get("/api/v1/watch/nothings?timeoutSeconds=1", { watch: {} }),
  ],
  "tables and metadata of changes": [
    ...history,
    watch(widgetsPath, {}, { query: `${short}&resourceVersion={rva}`, accept: table }),
    watch(
      widgetsPath,
      {},
      { query: `${short}&resourceVersion={rva}&includeObject=None&labelSelector=app%3Dx`, accept: table },
    ),
    watch(
      widgetsPath,
      {},
      {
        query: `${short}&resourceVersion={rva}`,
        accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
      },
    ),
    watch(
      widgetsPath,
      {},
      {
        query: `${short}&resourceVersion={rva}`,
        accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
        pick: ["type", "object.kind", "object.code", "code", "message", "reason"],
      },
    ),
    watch(
      widgetsPath,
      {},
      { query: `${short}&resourceVersion={rva}`, accept: "application/yaml", pick: ["type", "code", "message"] },
    ),
    watch(widgetsPath, {}, { query: `${short}&resourceVersion={rva}`, accept: "text/html", ...failed }),
  ],
  "another version of a kind watches the same objects": [
    post(gadgetsPath, gadget("g-{ns}", { spec: { x: 1 } }), { ...quiet, save: { rv: "metadata.resourceVersion" } }),
    mergePatch(`${gadgetsPath}/g-{ns}`, { spec: { x: 2 } }, quiet),
    del(`${gadgetsPath}/g-{ns}`, undefined, quiet),
    watch(
      "/apis/conform.roster.dev/v1beta1/gadgets",
      {},
      { query: `${short}&resourceVersion={rv}&fieldSelector=metadata.name%3Dg-{ns}` },
    ),
  ],
  "both APIs of events watch the same events": [
    post(
      "/api/v1/namespaces/{ns}/events",
      {
        apiVersion: "v1",
        kind: "Event",
        metadata: { name: "e" },
        involvedObject: { kind: "Widget", name: "a", namespace: "{ns}" },
        reason: "Made",
        message: "made it",
        type: "Normal",
      },
      { ...quiet, save: { rv: "metadata.resourceVersion" } },
    ),
    mergePatch("/api/v1/namespaces/{ns}/events/e", { count: 2 }, quiet),
    watch("/apis/events.k8s.io/v1/namespaces/{ns}/events", {}, { query: `${short}&resourceVersion={rv}` }),
    watch("/api/v1/namespaces/{ns}/events", {}, { query: `${short}&resourceVersion=0&fieldSelector=reason%3DMade` }),
  ],
  "watching what one may not or cannot": [
    watch(widgetsPath, {}, { query: short, as: "ana" }),
    watch("/apis/conform.roster.dev/v1/widgets", {}, { query: short, as: "nobody" }),
    watch(widgetsPath, {}, { query: short, as: "forger" }),
    watch(`${widgetsPath}/a/status`, {}, { query: short, ...failed }),
    watch("/apis/conform.roster.dev/v1/namespaces/{ns}/nothings", {}, { query: short }),
    watch("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {}, { query: short }),
    watch(widgetsPath, {}, { query: `${short}&labelSelector=(` }),
    watch(widgetsPath, {}, { query: `${short}&fieldSelector=spec.size%3D1` }),
    watch(maps, {}, { query: `${short}&fieldSelector=data.x%3D1` }),
    watch(widgetsPath, {}, { query: "&timeoutSeconds=x" }),
    { method: "POST", path: `${widgetsPath}?watch=true`, body: widget("a"), ...quiet },
  ],
  "a watch of a kind whose definition is deleted": [
    post(
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
      {
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: "x{ns}.watch.roster.dev" },
        spec: {
          group: "watch.roster.dev",
          scope: "Cluster",
          names: { plural: "x{ns}", singular: "y{ns}", kind: "X", listKind: "XList" },
          versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
        },
      },
      quiet,
    ),
    get("/apis/watch.roster.dev/v1/x{ns}", { until: 200, pick: ["kind"] }),
    post(
      "/apis/watch.roster.dev/v1/x{ns}",
      { apiVersion: "watch.roster.dev/v1", kind: "X", metadata: { name: "a" } },
      { until: 201, pick: ["kind"] },
    ),
    watch(
      "/apis/watch.roster.dev/v1/x{ns}",
      {
        during: [
          del("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/x{ns}.watch.roster.dev", undefined, quiet),
        ],
      },
      { query: "&timeoutSeconds=20", pick: ["type", "object.kind", "object.metadata.name"] },
    ),
    get("/apis/watch.roster.dev/v1/x{ns}", { until: 404 }),
  ],
  "a namespace and what is in it go": [
    post(
      "/api/v1/namespaces",
      { apiVersion: "v1", kind: "Namespace", metadata: { name: "sub-{ns}" } },
      { ...quiet, save: { rv: "metadata.resourceVersion" } },
    ),
    watch(
      "/api/v1/namespaces",
      {
        during: [del("/api/v1/namespaces/sub-{ns}", undefined, quiet)],
        lines: 3,
      },
      {
        query: "&resourceVersion={rv}&fieldSelector=metadata.name%3Dsub-{ns}",
        pick: ["type", "object.status.phase", "object.spec", "object.metadata.labels"],
      },
    ),
  ],
  "an update that names a version is seen once": [
    made("a"),
    put(one, widget("a", { size: 5 }, { resourceVersion: "{rva}" }), quiet),
    put(one, widget("a", { size: 6 }, { resourceVersion: "{rva}" }), failed),
    watch(widgetsPath, {}, { query: `${short}&resourceVersion={rva}`, ...brief }),
  ],
};
