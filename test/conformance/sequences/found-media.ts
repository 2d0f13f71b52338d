import {
  configMap,
  configMapsPath,
  del,
  get,
  mergePatch,
  post,
  put,
  type Sequences,
  type Step,
  table,
  widget,
  widgetsPath,
} from "../step.ts";

const maps = configMapsPath;
const brief = { pick: ["kind", "code", "reason", "message", "metadata.name"], shows: ["content-type"] };
const both = [post(maps, configMap("a"), brief), post(widgetsPath, widget("a"), brief)];
const meta = "g=meta.k8s.io;v=v1";
const aggregated = "as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io";

const accepts = [
  "application/json;q=0.5,application/yaml;q=0.9",
  "application/yaml;q=0.9,application/json;q=0.5",
  "application/yaml, */*",
  "*/*, application/yaml",
  "*/*;q=1,application/yaml;q=0.1",
  "application/*,application/yaml;q=0.1",
  "application/json;q=x,application/yaml;q=0.1",
  "application/json ; q=0.5 , application/yaml",
  "application/vnd.kubernetes.protobuf;q=0.1,application/json",
  "*",
  "text/plain,*",
  "application/*",
  "application",
  "APPLICATION/JSON",
  "text/plain",
  ",",
  "application/json;v=v1",
  "application/json;stream=x",
  "application/json;stream=watch",
  "application/yaml;stream=watch",
  "application/json;sv=v1",
  `application/yaml;as=Table;${meta}`,
  `application/json;AS=Table;${meta}`,
  `application/yaml;${aggregated}`,
  `application/json,application/json;${aggregated}`,
];

/** Requests of all kinds that come with a wish for their answer; none of them changes anything. */
const wishes: Readonly<Record<string, (accept: string) => Step>> = {
  "a list": (accept) => get(`${maps}?limit=1`, { accept, ...brief }),
  "a list of a custom kind": (accept) => get(`${widgetsPath}?limit=1`, { accept, ...brief }),
  "an object": (accept) => get(`${maps}/a`, { accept, ...brief }),
  "a custom object": (accept) => get(`${widgetsPath}/a`, { accept, ...brief }),
  "an object that is not there": (accept) => get(`${widgetsPath}/nope`, { accept, ...brief }),
  "a watch": (accept) =>
    get(`${maps}?watch=true&timeoutSeconds=1`, { accept, watch: { lines: 1 }, pick: ["type", "object.kind"] }),
  "a watch of a custom kind": (accept) =>
    get(`${widgetsPath}?watch=true&timeoutSeconds=1`, { accept, watch: { lines: 1 }, pick: ["type", "object.kind"] }),
  "a deletion": (accept) => del(`${maps}/a?dryRun=All`, undefined, { accept, ...brief }),
  "a deletion of a custom object": (accept) => del(`${widgetsPath}/a?dryRun=All`, undefined, { accept, ...brief }),
  "a deletion of a collection": (accept) => del(`${widgetsPath}?dryRun=All`, undefined, { accept, ...brief }),
  "a creation": (accept) => post(`${maps}?dryRun=All`, configMap("n"), { accept, ...brief }),
  "a creation of a custom object": (accept) => post(`${widgetsPath}?dryRun=All`, widget("n"), { accept, ...brief }),
  "an update": (accept) => put(`${maps}/a?dryRun=All`, configMap("a"), { accept, ...brief }),
  "a patch": (accept) => mergePatch(`${widgetsPath}/a?dryRun=All`, {}, { accept, ...brief }),
  "a scale": (accept) => get(`${widgetsPath}/a/scale`, { accept, ...brief }),
  "a review": (accept) =>
    post(
      "/apis/authentication.k8s.io/v1/selfsubjectreviews",
      { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
      { accept, ...brief },
    ),
  "what is forbidden": (accept) => get(maps, { accept, as: "ana", ...brief }),
  "what is nobody's": (accept) => get(maps, { accept, as: "forger", ...brief }),
  "a group": (accept) => get("/apis/conform.roster.dev", { accept, ...brief }),
  "a version of a group": (accept) => get("/apis/conform.roster.dev/v1", { accept, ...brief }),
  "a version of a built-in group": (accept) => get("/apis/rbac.authorization.k8s.io/v1", { accept, ...brief }),
  "the core group": (accept) => get("/api/v1", { accept, ...brief }),
  "all groups": (accept) => get("/apis", { accept, ...brief }),
  "the versions of the core group": (accept) => get("/api", { accept, ...brief }),
  "the version": (accept) => get("/version", { accept, ...brief }),
};

const answer = { pick: ["code", "reason", "message", "data", "metadata.name", "spec"] };
const sent = (method: Step["method"], path: string, text: string, type?: string): Step => ({
  method,
  path,
  text,
  ...(type === undefined ? {} : { type }),
  ...answer,
});
const mark = "\ufeff";
const halves = '{"a":"\\ud800","b":"x\\uDC00y","c":"\\ud83d\\ude00","d":"\\\\ud800","e":"\\ud800\\ud83d\\ude00"}';
const halfMap = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"h"},"data":${halves}}`;
const halfWidget = (open: string) =>
  `{"apiVersion":"conform.roster.dev/v1","kind":"Widget","metadata":{"name":"h"},"spec":{"size":1,"open":${open}}}`;

const heads = {
  shows: ["content-type", "vary", "cache-control", "x-content-type-options"],
  pick: ["kind", "apiVersion"],
};

export const foundMedia: Sequences = {
  ...Object.fromEntries(
    Object.entries(wishes).map(([what, wish]) => [`what a client accepts of ${what}`, [...both, ...accepts.map(wish)]]),
  ),
  "a write that cannot be answered changes nothing": [
    ...both,
    post(maps, configMap("n"), { accept: "text/plain", ...brief }),
    post(widgetsPath, widget("n"), { accept: "text/plain", ...brief }),
    put(`${maps}/a`, configMap("a", { k: "v" }), { accept: "text/plain", ...brief }),
    mergePatch(`${widgetsPath}/a`, { spec: { size: 7 } }, { accept: "text/plain", ...brief }),
    mergePatch(`${widgetsPath}/a/status`, { status: {} }, { accept: "text/plain", ...brief }),
    mergePatch(`${widgetsPath}/a/scale`, { spec: { replicas: 7 } }, { accept: "text/plain", ...brief }),
    del(`${maps}/a`, undefined, { accept: "text/plain", ...brief }),
    del(`${widgetsPath}/a`, undefined, { accept: "text/plain", ...brief }),
    get(maps, { pick: ["items.0.metadata.name", "items.0.data", "items.1"] }),
    get(widgetsPath, { pick: ["items.0.metadata.name", "items.0.spec.size", "items.0.spec.replicas", "items.1"] }),
  ],
  "types of bodies that are none": [
    ";",
    ";charset=utf-8",
    "application/json;",
    "application/json; charset",
    "application/json;a=1;a=2",
    "application/json;a=1;a=1",
    'application/json; charset="utf;8"',
    "application/json;=x",
    "application /json",
    "/",
    "json/",
  ].flatMap((type) => [
    sent("POST", `${maps}?dryRun=All`, JSON.stringify(configMap("a")), type),
    sent("POST", `${widgetsPath}?dryRun=All`, JSON.stringify(widget("a")), type),
    sent("DELETE", `${maps}/x`, "{}", type),
  ]),
  "marks of byte order": [
    ...both,
    sent("POST", `${maps}?dryRun=All`, mark + JSON.stringify(configMap("n"))),
    sent("POST", `${widgetsPath}?dryRun=All`, mark + JSON.stringify(widget("n"))),
    sent("PATCH", `${widgetsPath}/a`, `${mark}{}`, "application/merge-patch+json"),
    sent("PATCH", `${widgetsPath}/a`, `${mark}[]`, "application/json-patch+json"),
    sent("PATCH", `${maps}/a`, `${mark}{}`, "application/strategic-merge-patch+json"),
    sent("PATCH", `${maps}/a`, "{", "application/strategic-merge-patch+json"),
    sent("DELETE", `${maps}/a`, `${mark}{}`),
    sent(
      "PATCH",
      `${maps}/a?fieldManager=m`,
      `${mark}${JSON.stringify(configMap("a"))}`,
      "application/apply-patch+yaml",
    ),
  ],
  "halves of characters": [
    ...both,
    sent("POST", maps, halfMap),
    get(`${maps}/h`, answer),
    sent("POST", `${maps}?dryRun=All`, halfMap.replace('"a"', '"\\ud800.x"')),
    sent("POST", widgetsPath, halfWidget(halves)),
    sent("POST", `${widgetsPath}?dryRun=All&fieldValidation=Strict`, halfWidget('{"\\ud800":1,"\\udc00":2}')),
    sent("PATCH", `${widgetsPath}/a`, `{"spec":{"open":${halves}}}`, "application/merge-patch+json"),
    sent("PATCH", `${maps}/a`, `{"data":${halves}}`, "application/strategic-merge-patch+json"),
    sent("PATCH", `${maps}/a?fieldManager=m`, halfMap.replace('"h"', '"a"'), "application/apply-patch+yaml"),
  ],
  "a bearer token behind two spaces": [
    "Bearer  x",
    "bearer   x",
    " Bearer  x",
    "Bearer ",
    "Bearer",
    "Basic  x",
  ].flatMap((authorization) => [
    get(maps, { headers: { authorization }, ...answer }),
    get("/version", { headers: { authorization }, pick: ["kind"] }),
  ]),
  "headers of answers": [
    ...[
      "/api",
      "/apis",
      "/api/v1",
      "/apis/conform.roster.dev",
      "/apis/conform.roster.dev/v1",
      "/apis/rbac.authorization.k8s.io/v1",
      "/openapi/v3",
      "/openapi/v3/api/v1",
      "/version",
      "/healthz",
      "/readyz?verbose",
      "/nothing",
      "/apis/nope.dev/v1/things",
      maps,
      `${maps}/nope`,
      `${widgetsPath}?limit=1`,
      "/healthz/nope",
    ].map((path) => get(path, path === "/readyz?verbose" ? { ...heads, pick: [] } : heads)),
    get("/apis", { ...heads, accept: `application/json;${aggregated}` }),
    get(maps, { ...heads, accept: table }),
    get(maps, { ...heads, as: "ana" }),
    get("/nothing", { ...heads, as: "ana" }),
    get(maps, { ...heads, as: "forger" }),
    get(maps, { ...heads, as: "nobody" }),
    get(maps, { ...heads, as: "ana", headers: { "impersonate-user": "x" } }),
    get(maps, { ...heads, headers: { "impersonate-group": "x" } }),
    del("/api/v1/namespaces/default", undefined, heads),
  ],
};
