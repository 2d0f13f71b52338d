import {
  apply,
  configMap,
  configMapsPath,
  del,
  get,
  post,
  type Sequences,
  type Step,
  watch,
  widget,
  widgetsPath,
} from "../step.ts";
import { foundMedia } from "./found-media.ts";

const maps = configMapsPath;
const both = [maps, widgetsPath];
const brief = { pick: ["code", "reason", "message", "details", "metadata.name", "metadata.finalizers"] };
const names = { pick: ["kind", "code", "reason", "message", "items.0.metadata.name", "items.1.metadata.name"] };
const events = { pick: ["type", "object.metadata.name"] };
const two = [
  post(maps, configMap("a"), brief),
  post(maps, configMap("b"), brief),
  post(widgetsPath, widget("a"), brief),
  post(widgetsPath, widget("b"), brief),
];
/** Lets Ana do these things with the ConfigMap `a` alone, and waits until she may. */
const anaMay = (...verbs: readonly string[]): Step[] => {
  const group = "rbac.authorization.k8s.io";
  const path = `/apis/${group}/v1/namespaces/{ns}`;
  const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", ...verbs], resourceNames: ["a"] }];
  const subjects = [{ kind: "User", name: "ana", apiGroup: group }];
  const roleRef = { kind: "Role", name: "one", apiGroup: group };
  return [
    post(`${path}/roles`, { metadata: { name: "one" }, rules }, brief),
    post(`${path}/rolebindings`, { metadata: { name: "one" }, subjects, roleRef }, brief),
    get(`${maps}/a`, { as: "ana", until: 200, ...brief }),
  ];
};
const a = "fieldSelector=metadata.name%3Da";
const old = "/api/v1/watch/namespaces/{ns}/configmaps";
const never = "99999999999999999999999";

export const foundQueries: Sequences = {
  ...foundMedia,
  "truths of a query in any case": [
    ...two,
    ...["watch=False", "watch=FALSE", "watch=0"].flatMap((query) =>
      both.map((path) => get(`${path}?${query}&timeoutSeconds=1`, names)),
    ),
    watch(widgetsPath, {}, { query: "&allowWatchBookmarks=False&timeoutSeconds=3", ...events }),
    ...["False", "true"].map((initial) =>
      watch(
        widgetsPath,
        {},
        { query: `&sendInitialEvents=${initial}&resourceVersionMatch=NotOlderThan&timeoutSeconds=1`, ...events },
      ),
    ),
    apply(`${maps}/c`, "n1", configMap("c", { k: "1" }), brief),
    apply(`${maps}/c`, "n2", configMap("c", { k: "2" }), { query: "&force=False", ...brief }),
    apply(`${maps}/c`, "n2", configMap("c", { k: "2" }), { query: "&force=True", ...brief }),
    post(maps, configMap("d"), brief),
    del(`${maps}/d?orphanDependents=False`, undefined, brief),
    get(`${maps}/d`, brief),
  ],
  "a list of one name for whoever may list it": [
    ...two,
    ...anaMay("list"),
    ...[a, `${a}&watch=False`, `${a}&watch=true`, `${a}&resourceVersionMatch=Exact`, `${a}&labelSelector=%ZZ`].map(
      (query) => get(`${maps}?${query}`, { as: "ana", ...names }),
    ),
    ...[`${a}&limit=x`, `${a}&limit=`, `${a}&labelSelector=(`, `${a}%ZZ`, `${a};x`, `${a},x`].map((query) =>
      get(`${maps}?${query}`, { as: "ana", ...names }),
    ),
    ...["a/b", "a%25b", "..", ".", "a%5C%5Cb", "a%5Cb", "", "b", "a,metadata.name%3Db"].map((name) =>
      get(`${maps}?fieldSelector=metadata.name%3D${name}`, { as: "ana", ...names }),
    ),
    get(`${maps}?fieldSelector=metadata.name%3D%3Da`, { as: "ana", ...names }),
    get(`${maps}?fieldSelector=metadata.name!%3Da`, { as: "ana", ...names }),
    get(`/api/v1/configmaps?${a}`, { as: "ana", ...names }),
  ],
  "the old paths of watches": [
    ...two,
    ...anaMay("watch"),
    get(`${old}?${a}&timeoutSeconds=1`, { as: "ana", ...names }),
    get(`${old}?timeoutSeconds=1`, { as: "ana", ...names }),
    get(`${old}/b?timeoutSeconds=1`, { as: "ana", ...names }),
    get(`${old}/a?timeoutSeconds=1`, { as: "ana", watch: {}, ...events }),
    watch(maps, {}, { query: `&${a}&timeoutSeconds=1`, as: "ana", ...events }),
    get(`${maps}?watch=true&${a}&timeoutSeconds=1&limit=x`, { as: "ana", ...names }),
    get(`${old}?${a}&timeoutSeconds=1`, { watch: {}, ...events }),
    get(`${old}/a?fieldSelector=metadata.name%3Db`, names),
    ...(["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] as const).flatMap((method) =>
      ["", "/a"].map((name) => ({ method, path: `${old}${name}?timeoutSeconds=1`, ...names })),
    ),
  ],
  "whole numbers of a query": [
    ...two,
    ...[
      "limit=",
      "limit",
      "timeoutSeconds=",
      "limit=%2B1",
      "limit=9223372036854775807",
      "limit=9223372036854775808",
      "limit=-9223372036854775809",
      "timeoutSeconds=99999999999999999999",
      "timeoutSeconds=x&limit=y",
      "labelSelector=(&limit=x",
      "fieldSelector=(&limit=x",
      "limit=x&resourceVersionMatch=Exact",
      "limit=1&limit=x",
    ].flatMap((query) => both.map((path) => get(`${path}?${query}`, names))),
    ...["limit=x", "limit=", "timeoutSeconds=", "timeoutSeconds=9999999999999999999", "limit=1"].flatMap((query) =>
      both.map((path) => get(`${path}?watch=true&${query}${query === "limit=1" ? "&timeoutSeconds=1" : ""}`, names)),
    ),
    ...["limit=x", "limit=x&labelSelector=(", "resourceVersionMatch=Exact", "resourceVersion=x"].map((query) =>
      del(`${maps}?${query}`, undefined, brief),
    ),
    ...["", "99999999999999999999"].map((seconds) =>
      del(`${maps}/nope?gracePeriodSeconds=${seconds}`, undefined, brief),
    ),
    get(maps, names),
  ],
  "versions out of range": [
    ...two,
    ...[never, "18446744073709551616", "%2B1"].flatMap((version) =>
      both.flatMap((path) => [
        get(`${path}?resourceVersion=${version}`, names),
        get(`${path}/a?resourceVersion=${version}`, brief),
        get(`${path}?watch=true&resourceVersion=${version}`, names),
      ]),
    ),
    // To come in some billions of years.
    ...both.map((path) =>
      get(`${path}/a?resourceVersion=18446744073709551615`, { pick: ["code", "reason", "details"] }),
    ),
    get(`${maps}/a?export=1`, brief),
    get(`${maps}/a?export=False`, brief),
  ],
  "timeouts that are no durations": [
    ...two,
    ...["x", "1", "1d", ".s", "s", "+", "a%22b", "1%C2%B5s1", "99999999999999h"].map((timeout) =>
      get(`${maps}?timeout=${timeout}`, names),
    ),
    ...["", "0", "5m", "1h2m3.5s", "-1s", "%2B1s", "1.s"].map((timeout) => get(`${maps}?timeout=${timeout}`, names)),
    ...both.map((path) => get(`${path}/a?timeout=x`, brief)),
    watch(maps, {}, { query: "&timeout=x&timeoutSeconds=1", ...events }),
    post(`${maps}?timeout=x`, configMap("c"), brief),
    del(`${maps}/a?timeout=1`, undefined, brief),
    get(maps, names),
    ...(["nobody", "forger"] as const).map((as) => get(`${maps}?timeout=x`, { as, ...names })),
    ...["/healthz", "/api", "/version", "/openapi/v3"].map((path) => get(`${path}?timeout=x`, names)),
    get(`${maps}?timeout=x`, { accept: "application/yaml", shows: ["content-type"], ...names }),
  ],
  "parts of a query that cannot be read": [
    ...two,
    ...[
      "labelSelector=%ZZ",
      "labelSelector=x;y",
      "labelSelector=x%3D1;limit=1",
      "labelSelector=%ZZ&labelSelector=x",
      "labelSelector=x&labelSelector=%ZZ",
      "limit=%ZZ",
      "limit=1%",
      "%ZZ=1&limit=1",
      "&&limit=1",
      "?limit=1",
      "=1",
      `${a}%ZZ`,
    ].flatMap((query) => both.map((path) => get(`${path}?${query}`, names))),
    ...["x%00", "%00", "x%00y", "x%3D%00", "x%00,y", "x+%00y", "x%0A,y"].map((selector) =>
      get(`${maps}?labelSelector=${selector}`, names),
    ),
    get(`${maps}/a?resourceVersion=%ZZ`, brief),
  ],
  "a write whose query cannot be read": [
    ...two,
    del(`${maps}?labelSelector=x;y`, undefined, { pick: ["code", "reason"] }),
    get(maps, names),
  ],
};
