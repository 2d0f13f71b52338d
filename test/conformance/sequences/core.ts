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
  table,
  widget,
  widgetsPath,
} from "../step.ts";

const maps = configMapsPath;
const accounts = "/api/v1/namespaces/{ns}/serviceaccounts";
const leases = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases";
const events = "/api/v1/namespaces/{ns}/events";
const modern = "/apis/events.k8s.io/v1/namespaces/{ns}/events";
const brief = { pick: ["code", "reason", "message", "details"] };
const quiet = { pick: ["code"] };
const data = { pick: ["code", "message", "details", "data", "stringData", "type", "immutable"] };
const secret = (name: string, more: object = {}) => ({ apiVersion: "v1", kind: "Secret", metadata: { name }, ...more });
const lease = (name: string, spec: object = {}, more: object = {}) => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name, ...more },
  spec,
});
const event = (name: string, more: object = {}) => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { name },
  involvedObject: { apiVersion: "v1", kind: "ConfigMap", name: "a", namespace: "{ns}" },
  reason: "Tested",
  message: "was tested",
  type: "Normal",
  ...more,
});
const modernEvent = (name: string, more: object = {}) => ({
  apiVersion: "events.k8s.io/v1",
  kind: "Event",
  metadata: { name },
  regarding: { apiVersion: "v1", kind: "ConfigMap", name: "a", namespace: "{ns}" },
  reason: "Tested",
  note: "was tested",
  type: "Normal",
  eventTime: "2026-01-02T03:04:05.000000Z",
  reportingController: "conform.roster.dev/tester",
  reportingInstance: "tester-1",
  action: "Testing",
  ...more,
});
const dry = (path: string, body: object, more: Partial<Step> = {}) =>
  post(`${path}?dryRun=All`, body, { ...brief, ...more });
const base64 = (text: string) => Buffer.from(text).toString("base64");

export const core: Sequences = {
  "secrets of types that demand keys": [
    ...[
      { type: "kubernetes.io/tls" },
      { type: "kubernetes.io/tls", data: { "tls.crt": base64("c"), "tls.key": base64("k") } },
      { type: "kubernetes.io/tls", stringData: { "tls.crt": "c" } },
      { type: "kubernetes.io/dockerconfigjson" },
      { type: "kubernetes.io/dockerconfigjson", stringData: { ".dockerconfigjson": "x" } },
      { type: "kubernetes.io/dockerconfigjson", stringData: { ".dockerconfigjson": "{}" } },
      { type: "kubernetes.io/dockercfg", stringData: { ".dockercfg": "[" } },
      { type: "kubernetes.io/basic-auth" },
      { type: "kubernetes.io/basic-auth", stringData: { username: "u" } },
      { type: "kubernetes.io/basic-auth", stringData: { password: "p" } },
      { type: "kubernetes.io/ssh-auth", stringData: { "ssh-privatekey": "" } },
      { type: "kubernetes.io/ssh-auth" },
      { type: "kubernetes.io/service-account-token" },
      { type: "bootstrap.kubernetes.io/token" },
      { type: "anything/at all" },
      { type: "" },
    ].map((more, index) => dry(secretsPath, secret(`s${index}`, more), { pick: [...brief.pick, "type"] })),
  ],
  "stringData is written and never read": [
    post(
      secretsPath,
      secret("a", { data: { x: base64("1"), y: base64("2") }, stringData: { x: "new", z: "3" } }),
      data,
    ),
    mergePatch(`${secretsPath}/a`, { stringData: { y: "merged" } }, data),
    strategicPatch(`${secretsPath}/a`, { stringData: { z: null, w: "4" } }, data),
    mergePatch(`${secretsPath}/a`, { data: { x: null } }, data),
    put(`${secretsPath}/a`, secret("a", { stringData: { only: "this" } }), data),
    apply(`${secretsPath}/a`, "one", secret("a", { stringData: { applied: "yes" } }), {
      pick: ["data", "metadata.managedFields"],
    }),
    apply(`${secretsPath}/a`, "one", secret("a", { data: { applied: base64("no") } }), { pick: ["data"] }),
    get(`${secretsPath}/a`, data),
  ],
  "data of a secret is base64": [
    ...["eQ==", "eQ", "e Q==", "eQ==\n", "!", "", "eQ===", "_-8="].map((value, index) =>
      dry(secretsPath, secret(`s${index}`, { data: { k: value } }), { pick: [...brief.pick, "data"] }),
    ),
    dry(secretsPath, secret("n", { data: { k: 1 } })),
    dry(secretsPath, secret("n", { data: { k: null } }), { pick: [...brief.pick, "data"] }),
    dry(secretsPath, secret("n", { data: [] })),
    dry(secretsPath, secret("n", { stringData: { k: true } })),
  ],
  "an immutable secret": [
    post(secretsPath, secret("a", { immutable: true, stringData: { k: "v" } }), data),
    mergePatch(`${secretsPath}/a`, { stringData: { k: "w" } }, brief),
    mergePatch(`${secretsPath}/a`, { stringData: { k: "v" } }, data),
    mergePatch(`${secretsPath}/a`, { immutable: null }, brief),
    mergePatch(`${secretsPath}/a`, { metadata: { annotations: { ok: "1" } } }, { pick: ["metadata.annotations"] }),
    mergePatch(`${secretsPath}/a`, { type: "other", data: null }, brief),
    del(`${secretsPath}/a`, undefined, { pick: ["status"] }),
  ],
  "the type of a secret stays": [
    post(secretsPath, secret("a", { type: "roster.dev/x" }), data),
    put(`${secretsPath}/a`, secret("a", { type: "roster.dev/y" }), brief),
    put(`${secretsPath}/a`, secret("a"), { pick: ["code", "type", "message"] }),
    mergePatch(`${secretsPath}/a`, { type: null }, { pick: ["code", "type", "message"] }),
  ],
  "config maps of text and bytes": [
    post(maps, configMap("a", { "a.b_c-d": "x", empty: "" }, {}, { binaryData: { bin: base64("\u0000\u0001") } }), {
      pick: ["data", "binaryData"],
    }),
    mergePatch(`${maps}/a`, { data: { bin: "clash" } }, brief),
    mergePatch(`${maps}/a`, { binaryData: { bin: null }, data: { bin: "moved" } }, { pick: ["data", "binaryData"] }),
    ...["..", ".", "..a", "a/b", "", "k".repeat(254), "ok.txt", "ÄÖ"].map((key) =>
      dry(maps, configMap("b", { [key]: "v" }), { pick: [...brief.pick, "data"] }),
    ),
    dry(maps, configMap("b", {}, {}, { binaryData: { k: "not base64" } })),
    dry(maps, configMap("b", { n: null }), { pick: [...brief.pick, "data"] }),
    get(`${maps}/a`, { accept: table }),
  ],
  "what is too large": [
    dry(maps, configMap("big", { k: "x".repeat(1_048_577) })),
    dry(maps, configMap("fits", { k: "x".repeat(1_048_570) }), { pick: ["code", "metadata.name"] }),
    dry(maps, configMap("two", { a: "x".repeat(600_000), b: "y".repeat(600_000) })),
    dry(secretsPath, secret("big", { data: { k: "A".repeat(1_400_000) } })),
    dry(maps, configMap("noted", {}, { annotations: { a: "x".repeat(262_144) } })),
    dry(maps, configMap("labelled", {}, { labels: { a: "x".repeat(64) } })),
    post(maps, configMap("huge", { k: "x".repeat(3_200_000) }), brief),
  ],
  "labels and annotations that cannot be": [
    ...[
      { "a/b/c": "x" },
      { "": "x" },
      { "-a": "x" },
      { "UPPER.example/x": "y" },
      { a: "b c" },
      { a: "-" },
      { [`${"a".repeat(64)}`]: "x" },
      { [`${"a".repeat(254)}/x`]: "y" },
    ].map((labels, index) => dry(maps, configMap(`l${index}`, {}, { labels }))),
    ...[{ "a/b/c": "x" }, { "": "x" }, { "Upper.Example/X": "y" }, { "a b": "x" }].map((annotations, index) =>
      dry(maps, configMap(`a${index}`, {}, { annotations })),
    ),
    dry(maps, configMap("n", {}, { labels: { a: null }, annotations: null }), {
      pick: ["code", "metadata.labels", "metadata.annotations", "message"],
    }),
    dry(maps, configMap("t", {}, { labels: "x" })),
    dry(maps, configMap("t", {}, { annotations: { a: 1 } })),
    dry(maps, configMap("t", {}, { finalizers: "x" })),
    dry(maps, configMap("t", {}, { creationTimestamp: "yesterday" })),
    dry(maps, configMap("t", {}, { generation: "x" })),
  ],
  "names that are generated, given and wrong": [
    post(
      maps,
      { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "Bad_" } },
      { pick: ["code", "reason", "details.kind", "details.causes.0.field"] },
    ),
    post(
      maps,
      { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "a-", name: "given" } },
      { pick: ["metadata.name", "metadata.generateName"] },
    ),
    post(
      `${maps}?dryRun=All`,
      { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "dry-" } },
      { pick: ["metadata.generateName", "code"] },
    ),
    post(
      maps,
      { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: `${"x".repeat(70)}-` } },
      { pick: ["metadata.generateName", "code"] },
    ),
    dry(maps, configMap("a".repeat(253)), { pick: ["code", "metadata.name"] }),
    dry(maps, configMap("a".repeat(254))),
    ...["a..b", ".a", "a.", "a b", "ä", "a/b", "%41"].map((name) => dry(maps, configMap(name))),
    dry(maps, { apiVersion: "v1", kind: "ConfigMap" }),
    dry(maps, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: 3 } }),
    dry(maps, { apiVersion: "v1", kind: "ConfigMap", metadata: [] }),
  ],
  "service accounts": [
    post(accounts, {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "a" },
      secrets: [{ name: "s", namespace: "x" }, { name: "t" }],
      imagePullSecrets: [{ name: "p" }],
      automountServiceAccountToken: false,
    }),
    strategicPatch(
      `${accounts}/a`,
      { secrets: [{ name: "u" }], imagePullSecrets: [{ name: "q" }] },
      { pick: ["secrets", "imagePullSecrets"] },
    ),
    mergePatch(
      `${accounts}/a`,
      { imagePullSecrets: [{ name: "r" }], secrets: null },
      { pick: ["secrets", "imagePullSecrets", "automountServiceAccountToken"] },
    ),
    dry(accounts, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "Bad" } }),
    dry(
      accounts,
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "b" }, secrets: [{}] },
      { pick: ["code", "secrets", "message"] },
    ),
    get(`${accounts}/a`, { accept: table }),
    del(`${accounts}/a`, undefined, { pick: ["kind", "metadata.name", "imagePullSecrets"] }),
  ],
  leases: [
    post(
      leases,
      lease("a", {
        holderIdentity: "one",
        leaseDurationSeconds: 15,
        acquireTime: "2026-01-02T03:04:05.123456Z",
        renewTime: "2026-01-02T03:04:05.000000Z",
        leaseTransitions: 0,
      }),
      { save: { rv: "metadata.resourceVersion" } },
    ),
    put(`${leases}/a`, lease("a", { holderIdentity: "two", leaseTransitions: 1 }, { resourceVersion: "{rv}" }), {
      pick: ["spec", "code"],
    }),
    put(`${leases}/a`, lease("a", { holderIdentity: "three" }, { resourceVersion: "{rv}" }), brief),
    put(`${leases}/a`, lease("a", { holderIdentity: "four" }), brief),
    put(`${leases}/new`, lease("new", { holderIdentity: "made" }), { pick: ["code", "spec", "metadata.name"] }),
    mergePatch(`${leases}/a`, { spec: { holderIdentity: null } }, { pick: ["spec"] }),
    ...[
      { leaseDurationSeconds: 0 },
      { leaseDurationSeconds: -1 },
      { leaseTransitions: -1 },
      { leaseDurationSeconds: "x" },
      { renewTime: "2026-01-02T03:04:05Z" },
      { renewTime: "now" },
      { holderIdentity: "" },
      { strategy: "OldestEmulationVersion" },
      { preferredHolder: "x" },
      { strategy: "Nope", preferredHolder: "x" },
    ].map((spec) => dry(leases, lease("b", spec), { pick: [...brief.pick, "spec"] })),
    post(
      leases,
      { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "bare" } },
      { pick: ["spec", "metadata.managedFields"] },
    ),
    get(leases, { accept: table, pick: ["rows.0.cells.0", "rows.0.cells.1", "rows.1.cells.1"] }),
  ],
  "events of both APIs are the same events": [
    post(
      events,
      event("old", {
        count: 3,
        source: { component: "c", host: "h" },
        firstTimestamp: "2026-01-02T03:04:05Z",
        lastTimestamp: "2026-01-02T03:04:06Z",
      }),
    ),
    get(`${modern}/old`),
    post(modern, modernEvent("new")),
    get(`${events}/new`),
    mergePatch(
      `${modern}/new`,
      { series: { count: 2, lastObservedTime: "2026-01-02T03:04:07.000000Z" } },
      { pick: ["series", "code", "message"] },
    ),
    get(`${events}/new`, {
      accept: table,
      pick: [
        "rows.0.cells.1",
        "rows.0.cells.2",
        "rows.0.cells.3",
        "rows.0.cells.5",
        "rows.0.cells.6",
        "rows.0.cells.8",
      ],
    }),
    get(`${events}?fieldSelector=involvedObject.name%3Da,reason%3DTested`, {
      pick: ["items.0.metadata.name", "items.1.metadata.name", "items.2"],
    }),
    get(`${events}?fieldSelector=reportingComponent%3Dconform.roster.dev/tester`, {
      pick: ["items.0.metadata.name", "items.1"],
    }),
    get(`${events}?fieldSelector=source%3Dc`, { pick: ["items.0.metadata.name", "items.1"] }),
    get(`${modern}?fieldSelector=regarding.name%3Da`, {
      pick: ["items.0.metadata.name", "items.1.metadata.name", "code", "message"],
    }),
    get(`${modern}?fieldSelector=involvedObject.name%3Da`, { pick: ["items.0.metadata.name", "code", "message"] }),
    get(`${modern}?fieldSelector=reportingController%3Dconform.roster.dev/tester`, {
      pick: ["items.0.metadata.name", "items.1", "message"],
    }),
    get(`${events}?fieldSelector=regarding.name%3Da`, { pick: ["items.0.metadata.name", "code", "message"] }),
    get(`${events}?fieldSelector=count%3D3`, { pick: ["code", "message"] }),
  ],
  "events that cannot be": [
    ...[
      { involvedObject: { kind: "ConfigMap", name: "a", namespace: "other" } },
      { involvedObject: {} },
      { eventTime: "2026-01-02T03:04:05.000000Z" },
      { eventTime: "2026-01-02T03:04:05.000000Z", reportingComponent: "bad name", reportingInstance: "i", action: "A" },
      {
        eventTime: "2026-01-02T03:04:05.000000Z",
        reportingComponent: "c",
        reportingInstance: "i".repeat(129),
        action: "a".repeat(129),
        reason: "r".repeat(129),
      },
      { type: "Strange" },
      { message: "m".repeat(2000) },
      { count: "x" },
      { lastTimestamp: "x" },
    ].map((more, index) => dry(events, event(`e${index}`, more))),
    ...[
      { type: "Strange" },
      { eventTime: null },
      { reportingController: "" },
      { reportingController: "a b" },
      { reason: "" },
      { action: "" },
      { note: "n".repeat(1025) },
      { regarding: { kind: "ConfigMap", name: "a", namespace: "other" } },
      { series: { count: 1, lastObservedTime: null } },
      { deprecatedCount: 2, deprecatedSource: { component: "x" }, deprecatedFirstTimestamp: "2026-01-02T03:04:05Z" },
    ].map((more, index) => dry(modern, modernEvent(`m${index}`, more))),
  ],
  "what happened does not change": [
    post(modern, modernEvent("a"), quiet),
    ...[
      { reason: "Other" },
      { note: "other" },
      { type: "Warning" },
      { action: "Other" },
      { regarding: { name: "b" } },
      { reportingInstance: "x" },
      { metadata: { labels: { a: "b" } } },
    ].map((change) => mergePatch(`${modern}/a`, change, { pick: [...brief.pick, "metadata.labels"] })),
    post(events, event("b"), quiet),
    mergePatch(
      `${events}/b`,
      { message: "changed", count: 5, reason: "Other" },
      { pick: ["message", "count", "reason", "code"] },
    ),
  ],
  "a dry run changes nothing anywhere": [
    post(widgetsPath, widget("a"), { ...quiet, save: { rv: "metadata.resourceVersion" } }),
    post(`${widgetsPath}?dryRun=All`, widget("b"), {
      pick: ["metadata.name", "metadata.uid", "metadata.resourceVersion"],
    }),
    post(`${widgetsPath}?dryRun=All`, widget("a"), brief),
    post(`${widgetsPath}?dryRun=All`, widget("Bad"), brief),
    jsonPatch(`${widgetsPath}/a?dryRun=All`, [{ op: "replace", path: "/spec/size", value: 9 }], {
      pick: ["spec.size", "metadata.generation"],
    }),
    apply(`${widgetsPath}/a`, "one", widget("a", { size: 8 }), {
      query: "&dryRun=All&force=true",
      pick: ["spec.size"],
    }),
    apply(`${widgetsPath}/c`, "one", widget("c", { size: 8 }), { query: "&dryRun=All", pick: ["spec.size", "code"] }),
    mergePatch(`${widgetsPath}/a/status?dryRun=All`, { status: { phase: "Done" } }, { pick: ["status"] }),
    mergePatch(`${widgetsPath}/a/scale?dryRun=All`, { spec: { replicas: 4 } }, { pick: ["spec"] }),
    put(`${widgetsPath}/a?dryRun=All&dryRun=All`, widget("a", { size: 3 }, { resourceVersion: "{rv}" }), {
      pick: ["spec.size"],
    }),
    put(`${widgetsPath}/a?dryRun=Al`, widget("a"), brief),
    put(`${widgetsPath}/a?dryRun=`, widget("a"), brief),
    del(`${widgetsPath}?dryRun=All`, undefined, { pick: ["items.0.metadata.name"] }),
    get(`${widgetsPath}/a`, { pick: ["spec.size", "status", "metadata.generation"] }),
    get(widgetsPath, { pick: ["items.0.metadata.name", "items.1"] }),
  ],
  "unknown and doubled fields, strict or not": [
    ...["Strict", "Warn", "Ignore", "", "Nope"].flatMap((validation) => [
      {
        method: "POST" as const,
        path: `${maps}?dryRun=All&fieldValidation=${validation}`,
        text: '{"apiVersion":"v1","kind":"ConfigMap","data":{"k":"v","k":"w"},"metadata":{"name":"a","nope":1},"unheard":"of"}',
        pick: ["code", "reason", "message", "data"],
      },
      {
        method: "POST" as const,
        path: `${widgetsPath}?dryRun=All&fieldValidation=${validation}`,
        text: '{"apiVersion":"conform.roster.dev/v1","kind":"Widget","metadata":{"name":"a","nope":1},"spec":{"size":1,"size":2,"extra":{}}}',
        pick: ["code", "reason", "message", "spec.size", "spec.extra"],
      },
    ]),
    post(maps, configMap("p"), quiet),
    // A refusal shows the patched object, whose keys a cluster orders by how it was patched.
    ...["Strict", "Warn"].flatMap((validation) => [
      mergePatch(
        `${maps}/p?fieldValidation=${validation}`,
        { nope: 1 },
        { pick: validation === "Strict" ? ["code", "reason"] : ["code", "reason", "message"] },
      ),
      strategicPatch(
        `${maps}/p?fieldValidation=${validation}`,
        { nope: 1 },
        { pick: validation === "Strict" ? ["code", "reason"] : ["code", "reason", "message"] },
      ),
      jsonPatch(`${maps}/p?fieldValidation=${validation}`, [{ op: "add", path: "/nope", value: 1 }], {
        pick: validation === "Strict" ? ["code", "reason"] : ["code", "reason", "message"],
      }),
      apply(
        `${maps}/p`,
        "m",
        { ...configMap("p"), nope: 1 },
        {
          query: `&fieldValidation=${validation}`,
          pick: validation === "Strict" ? ["code", "reason"] : ["code", "reason", "message"],
        },
      ),
    ]),
  ],
  "a scale that is read and written": [
    post(widgetsPath, widget("a", { replicas: 2 }), { ...quiet }),
    mergePatch(`${widgetsPath}/a/status`, { status: { replicas: 1, selector: "app=x" } }, quiet),
    get(`${widgetsPath}/a/scale`, { save: { rv: "metadata.resourceVersion" } }),
    put(
      `${widgetsPath}/a/scale`,
      {
        apiVersion: "autoscaling/v1",
        kind: "Scale",
        metadata: { name: "a" },
        spec: { replicas: 3 },
        status: { replicas: 9 },
      },
      { pick: ["spec", "status", "code", "message"] },
    ),
    put(
      `${widgetsPath}/a/scale`,
      {
        apiVersion: "autoscaling/v1",
        kind: "Scale",
        metadata: { name: "a", resourceVersion: "1" },
        spec: { replicas: 3 },
      },
      brief,
    ),
    put(
      `${widgetsPath}/a/scale`,
      { apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "b" }, spec: { replicas: 3 } },
      brief,
    ),
    put(
      `${widgetsPath}/a/scale`,
      { apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "a" }, spec: { replicas: "x" } },
      brief,
    ),
    put(
      `${widgetsPath}/a/scale`,
      { apiVersion: "autoscaling/v2", kind: "Scale", metadata: { name: "a" }, spec: { replicas: 3 } },
      brief,
    ),
    put(`${widgetsPath}/a/scale`, widget("a"), brief),
    jsonPatch(`${widgetsPath}/a/scale`, [{ op: "replace", path: "/spec/replicas", value: 5 }], { pick: ["spec"] }),
    jsonPatch(`${widgetsPath}/a/scale`, [{ op: "test", path: "/spec/replicas", value: 1 }], brief),
    apply(
      `${widgetsPath}/a/scale`,
      "one",
      { apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "a" }, spec: { replicas: 6 } },
      { query: "&force=true", pick: ["code", "spec", "message", "reason"] },
    ),
    get(`${widgetsPath}/nope/scale`, brief),
    del(`${widgetsPath}/a/scale`, undefined, brief),
    post(`${widgetsPath}/a/scale`, {}, brief),
    get(`${maps}/a/scale`, brief),
    get(`${widgetsPath}/a/scale`, { accept: table }),
    get(`${widgetsPath}/a`, { pick: ["spec.replicas", "status", "metadata.generation"] }),
  ],
};
