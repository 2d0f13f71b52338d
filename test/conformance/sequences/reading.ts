import {
  configMap,
  configMapsPath,
  del,
  get,
  mergePatch,
  post,
  type Sequences,
  secretsPath,
  table,
  widget,
  widgetsPath,
} from "../step.ts";

const one = `${widgetsPath}/a`;
const three = [
  post(widgetsPath, widget("a", { color: "red" }, { labels: { x: "1", y: "a" } })),
  post(widgetsPath, widget("b", { color: "green" }, { labels: { x: "2" } })),
  post(widgetsPath, widget("c", { color: "red" })),
];
const list = (query: string) =>
  get(`${widgetsPath}?${query}`, {
    pick: [
      "kind",
      "message",
      "code",
      "items.0.metadata.name",
      "items.1.metadata.name",
      "items.2.metadata.name",
      "metadata.continue",
      "metadata.remainingItemCount",
    ],
  });
const chosen = (selector: string) => list(`labelSelector=${encodeURIComponent(selector)}`);
const fields = (selector: string) => list(`fieldSelector=${encodeURIComponent(selector)}`);

export const reading: Sequences = {
  "an empty list": [get(widgetsPath), get(configMapsPath, { pick: ["kind", "apiVersion"] })],
  "a list": [...three, get(widgetsPath)],
  "label selectors": [
    ...three,
    ...["x=1", "x==2", "x!=1", "x in (1,2)", "x notin (1)", "x", "!x", "x=1,y=a", "x=1,y=b"].map(chosen),
  ],
  "bad label selectors": ["x in", "x=1=2", "(", "x in (1", "=a", "x=not ok"].map(chosen),
  "field selectors": [
    ...three,
    ...[
      "metadata.name=a",
      "metadata.name!=a",
      "metadata.namespace={ns}",
      "spec.color=red",
      "spec.color=red,metadata.name=c",
      "spec.color=",
    ].map(fields),
  ],
  "bad field selectors": ["spec.size=1", "metadata.name", "nope=1", "metadata.name=a=b"].map(fields),
  "field selectors of core kinds": [
    post(configMapsPath, configMap("a")),
    get(`${configMapsPath}?fieldSelector=metadata.name%3Da`, { pick: ["items.0.metadata.name", "items.1"] }),
    get(`${configMapsPath}?fieldSelector=data.x%3Da`),
    post(secretsPath, { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, type: "roster.dev/credential" }),
    get(`${secretsPath}?fieldSelector=type%3Droster.dev%2Fcredential`, { pick: ["items.0.metadata.name", "items.1"] }),
  ],
  pages: [
    ...three,
    get(`${widgetsPath}?limit=2`, {
      save: { next: "metadata.continue" },
      pick: [
        "items.0.metadata.name",
        "items.1.metadata.name",
        "items.2",
        "metadata.continue",
        "metadata.remainingItemCount",
      ],
    }),
    get(`${widgetsPath}?limit=2&continue={next}`, {
      pick: ["items.0.metadata.name", "items.1", "metadata.continue", "metadata.remainingItemCount"],
    }),
    get(`${widgetsPath}?limit=2&continue=nonsense`, { pick: ["code", "reason"] }),
    get(`${widgetsPath}?limit=x`),
    get(`${widgetsPath}?limit=1&labelSelector=x`, { pick: ["items.0.metadata.name", "metadata.remainingItemCount"] }),
  ],
  "a page goes on at its own revision": [
    ...three,
    get(`${widgetsPath}?limit=1`, { save: { next: "metadata.continue" }, pick: ["items.0.metadata.name"] }),
    del(`${widgetsPath}/b`),
    get(`${widgetsPath}?limit=5&continue={next}`, {
      pick: ["items.0.metadata.name", "items.1.metadata.name", "items.2"],
    }),
  ],
  "resource versions of lists": [
    ...three,
    list("resourceVersion=0"),
    list("resourceVersion=0&resourceVersionMatch=NotOlderThan"),
    list("resourceVersionMatch=Exact"),
    list("resourceVersion=0&resourceVersionMatch=Exact"),
    list("resourceVersion=x"),
    list("resourceVersion=1&resourceVersionMatch=Nearly"),
  ],
  "an exact old list": [
    post(widgetsPath, widget("a"), { save: { rv: "metadata.resourceVersion" } }),
    post(widgetsPath, widget("b")),
    list("resourceVersion={rv}&resourceVersionMatch=Exact"),
  ],
  "a get at a version": [
    post(widgetsPath, widget("a"), { save: { rv: "metadata.resourceVersion" } }),
    get(`${one}?resourceVersion={rv}`, { pick: ["metadata.name"] }),
    get(`${one}?resourceVersion=x`),
  ],
  "a table of one and of many": [
    ...three,
    get(one, { accept: table }),
    get(widgetsPath, { accept: table }),
    get(`${widgetsPath}?includeObject=None`, { accept: table }),
    get(`${widgetsPath}?includeObject=Object&limit=1`, {
      accept: table,
      pick: ["rows.0.object.kind", "rows.0.object.spec", "rows.1"],
    }),
  ],
  "a table of core kinds": [
    post(configMapsPath, configMap("a", { x: "1", y: "2" })),
    get(`${configMapsPath}/a`, { accept: table }),
    post(secretsPath, { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data: { a: "eQ==" } }),
    get(`${secretsPath}/s`, { accept: table }),
    get("/api/v1/namespaces/{ns}", { accept: table }),
    get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.conform.roster.dev", { accept: table }),
  ],
  "partial metadata": [
    ...three,
    get(one, { accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" }),
    get(`${widgetsPath}?labelSelector=x%3D1`, {
      accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    }),
  ],
  "an accept that nobody serves": [
    get(widgetsPath, { accept: "text/html" }),
    get(widgetsPath, { accept: "application/json;as=Nonsense;v=v1;g=meta.k8s.io" }),
  ],
  "a watch replays what happened since": [
    post(widgetsPath, widget("a"), { save: { rv: "metadata.resourceVersion" } }),
    mergePatch(one, { spec: { size: 2 } }),
    post(widgetsPath, widget("b", {}, { labels: { x: "1" } })),
    del(one),
    get(`${widgetsPath}?watch=true&timeoutSeconds=1&resourceVersion={rv}`),
    get(`${widgetsPath}?watch=true&timeoutSeconds=1&resourceVersion={rv}&labelSelector=x%3D1`),
    get(`${widgetsPath}?watch=true&timeoutSeconds=1&resourceVersion={rv}&fieldSelector=metadata.name%3Da`),
  ],
  "a watch sees an object enter and leave a selector": [
    post(widgetsPath, widget("a"), { save: { rv: "metadata.resourceVersion" } }),
    mergePatch(one, { metadata: { labels: { x: "1" } } }),
    mergePatch(one, { spec: { size: 2 } }),
    mergePatch(one, { metadata: { labels: { x: "2" } } }),
    get(`${widgetsPath}?watch=true&timeoutSeconds=1&resourceVersion={rv}&labelSelector=x%3D1`),
  ],
  "a watch from now begins with what is there": [
    post(widgetsPath, widget("a")),
    get(`${widgetsPath}?watch=true&timeoutSeconds=1`),
    get(`${widgetsPath}?watch=true&timeoutSeconds=1&resourceVersion=0`),
  ],
  "a watch with initial events ends them with a bookmark": [
    post(widgetsPath, widget("a")),
    get(
      `${widgetsPath}?watch=true&timeoutSeconds=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
      // Later bookmarks come when the server finds time.
      { pick: ["0", "1"] },
    ),
    get(`${widgetsPath}?watch=true&timeoutSeconds=1&sendInitialEvents=true`),
  ],
  "a watch as a table": [
    post(widgetsPath, widget("a"), { save: { rv: "metadata.resourceVersion" } }),
    mergePatch(one, { spec: { size: 2 } }),
    get(`${widgetsPath}?watch=true&timeoutSeconds=1&resourceVersion={rv}`, { accept: table }),
  ],
  "a watch from a wrong version": [get(`${widgetsPath}?watch=true&timeoutSeconds=1&resourceVersion=x`)],
};
