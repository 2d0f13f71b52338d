import {
  configMap,
  configMapsPath,
  get,
  jsonPatch,
  mergePatch,
  post,
  type Sequences,
  strategicPatch,
  widget,
  widgetsPath,
} from "../step.ts";

const one = `${widgetsPath}/a`;
const map = `${configMapsPath}/a`;
const account = "/api/v1/namespaces/{ns}/serviceaccounts/a";
const made = post(
  widgetsPath,
  widget("a", { size: 3, labels: { a: "1", b: "2" }, plain: ["x", "y"], tags: ["p", "q"] }),
);

export const patches: Sequences = {
  "merge patch merges objects, replaces lists and removes nulls": [
    made,
    mergePatch(one, { spec: { labels: { a: null, c: "3" }, plain: ["z"], tags: null } }),
    mergePatch(one, { metadata: { labels: { l: "1" }, annotations: { n: "2" } } }),
    mergePatch(one, { metadata: { labels: null } }),
  ],
  "merge patch that changes nothing": [made, mergePatch(one, { spec: { size: 3 } }), mergePatch(one, {})],
  "merge patch with a null below a new object": [
    made,
    mergePatch(one, { spec: { deep: { inner: { x: null } }, open: { a: null, b: 1 } } }),
  ],
  "merge patch that is no object": [
    made,
    mergePatch(one, [1]),
    { method: "PATCH", path: one, text: '"x"', type: "application/merge-patch+json" },
    { method: "PATCH", path: one, text: "{", type: "application/merge-patch+json" },
  ],
  "merge patch of an unknown object": [mergePatch(one, { spec: { size: 1 } })],
  "merge patch against an old version": [
    post(widgetsPath, widget("a"), { save: { rv: "metadata.resourceVersion" } }),
    mergePatch(one, { spec: { size: 2 } }),
    mergePatch(one, { metadata: { resourceVersion: "{rv}" }, spec: { size: 3 } }),
  ],
  "merge patch that renames": [
    made,
    mergePatch(one, { metadata: { name: "b" } }),
    mergePatch(one, { metadata: { namespace: "other" } }),
    mergePatch(one, { kind: "Gadget" }),
    mergePatch(one, { apiVersion: "x/v1" }),
  ],
  "merge patch that makes it invalid": [
    made,
    mergePatch(one, { spec: { size: "big" } }),
    mergePatch(one, { spec: null }),
  ],
  "json patch of every kind": [
    made,
    jsonPatch(one, [
      { op: "test", path: "/spec/size", value: 3 },
      { op: "add", path: "/spec/plain/0", value: "w" },
      { op: "add", path: "/spec/plain/-", value: "z" },
      { op: "remove", path: "/spec/labels/a" },
      { op: "replace", path: "/spec/size", value: 5 },
      { op: "copy", from: "/spec/labels/b", path: "/spec/labels/c" },
      { op: "move", from: "/spec/labels/b", path: "/spec/labels/d" },
    ]),
  ],
  "json patch with a failed test": [
    made,
    jsonPatch(one, [
      { op: "test", path: "/spec/size", value: 4 },
      { op: "replace", path: "/spec/size", value: 9 },
    ]),
    get(one),
  ],
  "json patch of missing paths": [
    made,
    jsonPatch(one, [{ op: "remove", path: "/spec/none" }]),
    jsonPatch(one, [{ op: "replace", path: "/spec/none/deeper", value: 1 }]),
    jsonPatch(one, [{ op: "add", path: "/spec/plain/9", value: "x" }]),
    jsonPatch(one, [{ op: "replace", path: "/spec/mode", value: "manual" }]),
  ],
  "json patch that is none": [
    made,
    jsonPatch(one, { op: "add" }),
    jsonPatch(one, [{ op: "frobnicate", path: "/spec" }]),
    jsonPatch(one, [{ path: "/spec/size", value: 1 }]),
    jsonPatch(one, []),
  ],
  "json patch of negative indices": [made, jsonPatch(one, [{ op: "remove", path: "/spec/plain/-1" }])],
  "strategic patch of a custom resource": [made, strategicPatch(one, { spec: { size: 4 } })],
  "strategic patch of a config map": [
    post(configMapsPath, configMap("a", { a: "1", b: "2" })),
    strategicPatch(map, { data: { a: null, c: "3" } }),
    strategicPatch(map, { data: { $patch: "replace", d: "4" } }),
    strategicPatch(map, { $retainKeys: ["metadata"], metadata: {} }),
  ],
  "strategic patch of lists with keys": [
    post("/api/v1/namespaces/{ns}/serviceaccounts", {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "a", finalizers: ["x.dev/a", "x.dev/b"] },
      secrets: [{ name: "one" }, { name: "two" }],
    }),
    strategicPatch(account, { secrets: [{ name: "two", uid: "u" }, { name: "three" }] }),
    strategicPatch(account, { secrets: [{ $patch: "delete", name: "one" }] }),
    strategicPatch(account, {
      "$setElementOrder/secrets": [{ name: "three" }, { name: "two" }],
      secrets: [{ name: "three" }],
    }),
    strategicPatch(account, { metadata: { finalizers: ["x.dev/b", "x.dev/c"] } }),
    strategicPatch(account, { metadata: { "$deleteFromPrimitiveList/finalizers": ["x.dev/a"] } }),
    strategicPatch(account, { secrets: [{ uid: "u" }] }),
    strategicPatch(account, { secrets: [{ $patch: "replace" }, { name: "only" }] }),
    mergePatch(account, { metadata: { finalizers: null } }),
  ],
  "a patch of an unknown type": [
    made,
    { method: "PATCH", path: one, body: {}, type: "application/json" },
    { method: "PATCH", path: map, body: {}, type: "text/plain" },
  ],
  "unknown fields in a patch warn, are refused or ignored": [
    made,
    mergePatch(`${one}?fieldValidation=Strict`, { spec: { nope: 1 } }),
    mergePatch(one, { spec: { nope: 1 } }),
    mergePatch(`${one}?fieldValidation=Ignore`, { spec: { nope: 1 } }),
    mergePatch(`${one}?fieldValidation=Sometimes`, { spec: {} }),
  ],
};
