import {
  apply,
  configMap,
  gadget,
  gadgetsPath,
  get,
  configMapsPath as maps,
  mergePatch,
  post,
  put,
  type Sequences,
  widget,
  widgetsPath as widgets,
} from "../step.ts";

const brief = { pick: ["code", "reason", "message", "status"] };
const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);
const widgetText = (name: string, open: string) =>
  `{"apiVersion":"conform.roster.dev/v1","kind":"Widget","metadata":{"name":"${name}"},"spec":{"size":1,"open":${open}}}`;
// Names that mean something to the objects of a careless server.
const traps = { constructor: "a", prototype: "b", toString: "c", hasOwnProperty: "d", valueOf: "e", length: "f" };
const many = (count: number, one: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => one(i)).join("");

/** Sizes, depths and names that are meant to hurt. */
export const hostile: Sequences = {
  "an object that is too large to store": [
    post(widgets, widget("big", { open: { x: "y".repeat(1_700_000) } }), brief),
    get(`${widgets}/big`, brief),
    post(widgets, widget("small"), { pick: ["kind"] }),
    mergePatch(`${widgets}/small`, { spec: { open: { x: "y".repeat(1_700_000) } } }, brief),
    get(`${widgets}/small`, { pick: ["metadata.generation", "spec.open"] }),
  ],
  "a config map of more than a megabyte": [
    post(maps, configMap("big", { a: "x".repeat(600_000), b: "x".repeat(600_000) }), brief),
    post(maps, configMap("fits", { a: "x".repeat(1_000_000) }), { pick: ["kind"] }),
    mergePatch(`${maps}/fits`, { data: { b: "x".repeat(100_000) } }, brief),
  ],
  "annotations of more than a quarter of a megabyte": [
    post(maps, configMap("noted", {}, { annotations: { a: "x".repeat(262_145) } }), brief),
    post(maps, configMap("noted", {}, { annotations: { a: "x".repeat(262_143) } }), { pick: ["kind"] }),
  ],
  "names and labels that are too long": [
    post(maps, configMap("x".repeat(254)), brief),
    post(maps, configMap("x", {}, { labels: { ["l".repeat(64)]: "y" } }), brief),
    post(maps, configMap("x", {}, { labels: { l: "y".repeat(64) } }), brief),
    post(maps, configMap("x", { ["k".repeat(254)]: "y" }), brief),
    get(`${maps}/${"x".repeat(2_000)}`, { pick: ["code", "reason"] }),
  ],
  "JSON of a thousand and of ten thousand levels": [
    post(widgets, undefined, {
      text: widgetText("lists", nested(10_001, "[", "]")),
      pick: ["code", "reason", "status"],
    }),
    post(widgets, undefined, {
      text: widgetText("objects", nested(10_001, '{"a":', "}").replace(":}", ":1}")),
      pick: ["code", "reason", "status"],
    }),
    post(maps, undefined, { text: nested(20_000, "[", "]"), pick: ["code", "reason", "status"] }),
  ],
  "names that objects inherit": [
    post(maps, configMap("traps", traps, { labels: traps, annotations: traps }), {
      pick: ["data", "metadata.labels", "metadata.annotations"],
    }),
    get(`${maps}/traps`, { pick: ["data", "metadata.managedFields"] }),
    mergePatch(`${maps}/traps`, { data: { constructor: null, toString: "z" } }, { pick: ["data"] }),
    put(`${maps}/traps`, configMap("traps", { valueOf: "only" }), { pick: ["data", "metadata.labels"] }),
    get(`${maps}?labelSelector=constructor%3Da`, { pick: ["items"] }),
    get(`${maps}?labelSelector=!constructor,!toString`, { pick: ["items.0.metadata.name"] }),
    get(`${maps}?fieldSelector=constructor%3Da`, brief),
  ],
  "names that objects inherit, in custom kinds": [
    post(widgets, widget("traps", { open: traps, labels: { constructor: "a", toString: "b" } }), { pick: ["spec"] }),
    post(widgets, widget("pruned", { ...traps }), { pick: ["spec"] }),
    post(`${widgets}?fieldValidation=Strict`, widget("strict", { constructor: "a", valueOf: 1 }), brief),
    apply(`${widgets}/applied`, "one", widget("applied", { labels: { constructor: "a" }, open: traps }), {
      pick: ["spec", "metadata.managedFields"],
    }),
    apply(`${widgets}/applied`, "two", widget("applied", { labels: { constructor: "b" } }), brief),
    apply(`${widgets}/applied`, "one", widget("applied", { labels: { toString: "a" } }), {
      pick: ["spec", "metadata.managedFields"],
    }),
    get(`${widgets}/constructor`, brief),
  ],
  "kinds and fields called as what objects inherit": [
    get("/apis/constructor/v1/things", { pick: ["code"] }),
    get("/api/v1/namespaces/{ns}/constructor", { pick: ["code", "reason"] }),
    get("/api/v1/namespaces/{ns}/toString/x", { pick: ["code", "reason"] }),
    get(`${maps}/x/constructor`, { pick: ["code", "reason"] }),
    get(`${widgets}?fieldSelector=toString%3Da`, brief),
    get(`${maps}?constructor=1&hasOwnProperty=2&limit=1`, { pick: ["kind"] }),
    post(
      maps,
      { ...configMap("odd"), constructor: { a: 1 }, toString: "x" },
      { pick: ["kind", "data", "constructor"] },
    ),
    post(gadgetsPath, gadget("{ns}-odd", { constructor: { a: 1 }, valueOf: "x" }), {
      pick: ["kind", "constructor", "valueOf"],
    }),
  ],
  "queries without end": [
    get(`${maps}?${many(2_000, (i) => `p${i}=${i}&`)}limit=1`, { pick: ["kind"] }),
    get(`${maps}?${many(300, () => "limit=1&")}`, { pick: ["kind"] }),
    get(`${maps}?labelSelector=${many(500, (i) => `a${i},`)}z`, { pick: ["kind", "items"] }),
    get(`${maps}?labelSelector=a%20in%20(${many(2_000, (i) => `v${i},`)}z)`, { pick: ["kind", "items"] }),
    get(`${maps}?labelSelector=${"(".repeat(3_000)}`, { pick: ["code", "reason"] }),
  ],
  "keys that are named twice": [
    post(maps, undefined, {
      text: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"metadata":{"name":"b"},"data":{"x":"1"}}',
      pick: ["metadata.name", "data"],
    }),
    post(widgets, undefined, {
      text: widgetText("twice", '{"a":1,"a":2}').replace('"size":1', '"size":1,"size":2'),
      pick: ["spec"],
    }),
    post(`${widgets}?fieldValidation=Strict`, undefined, {
      text: widgetText("strict", '{"a":{"b":1,"b":2}}'),
      ...brief,
    }),
  ],
  "numbers that are none of ours": [
    post(widgets, undefined, { text: widgetText("n1", "1e999"), pick: ["code", "reason", "status"] }),
    post(widgets, undefined, {
      text: widgetText("n2", '{"a":9007199254740993,"b":1e5,"c":1.0,"d":-0}'),
      pick: ["status", "spec.open.b"],
    }),
    post(widgets, undefined, { text: widgetText("n3", "01"), pick: ["code", "reason", "status"] }),
    post(widgets, undefined, { text: widgetText("n4", "NaN"), pick: ["code", "reason", "status"] }),
  ],
};
