import { defined, item, itemPath, itemsPath } from "../made.ts";
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
  widget,
  widgetsPath,
} from "../step.ts";

const one = `${widgetsPath}/a`;
const map = `${configMapsPath}/a`;
const config = (spec: object, metadata: object = {}) => ({
  apiVersion: "conform.roster.dev/v1",
  kind: "Widget",
  metadata: { name: "a", ...metadata },
  spec,
});
const core = (data: object | undefined, metadata: object = {}, more: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a", ...metadata },
  ...(data ? { data } : {}),
  ...more,
});
const force = { query: "&force=true" };
const owned = { pick: ["kind", "spec", "metadata.managedFields", "message", "reason", "details"] };
const text = { type: "string" };

export const applyRules: Sequences = {
  "conflicts with several managers over several fields": [
    apply(one, "one", config({ size: 1, mode: "x", labels: { a: "1" } })),
    apply(one, "two", config({ size: 1, labels: { b: "2" }, parts: [{ id: "p", weight: 1 }] })),
    mergePatch(`${one}?fieldManager=patcher`, { spec: { mode: "y", box: { a: "1" } } }),
    apply(
      one,
      "three",
      config({ size: 2, mode: "z", labels: { a: "9", b: "9" }, parts: [{ id: "p", weight: 9 }], box: { b: "2" } }),
    ),
    apply(one, "three", config({ size: 2, mode: "z" })),
    apply(one, "three", config({ size: 2, mode: "z", box: { b: "2" } }), force),
    get(one, owned),
  ],
  "a forced apply leaves what the others still own": [
    apply(one, "one", config({ size: 1, labels: { a: "1", b: "1" } }), owned),
    apply(one, "two", config({ labels: { a: "2" } }), { ...owned, ...force }),
    apply(one, "one", config({ size: 1, labels: { b: "1" } }), owned),
    apply(one, "one", config({ size: 1 }), owned),
    apply(one, "two", config({}), owned),
  ],
  "an apply of nothing more gives all up": [
    apply(one, "one", config({ size: 1 }), owned),
    apply(one, "two", config({ mode: "x", labels: { a: "1" } }), owned),
    apply(one, "two", { apiVersion: "conform.roster.dev/v1", kind: "Widget", metadata: { name: "a" } }, owned),
    apply(one, "one", { apiVersion: "conform.roster.dev/v1", kind: "Widget", metadata: { name: "a" } }, owned),
  ],
  "a dry run changes no owner": [
    apply(one, "one", config({ size: 1 }), owned),
    apply(one, "two", config({ size: 2 }), { ...owned, query: "&dryRun=All" }),
    apply(one, "two", config({ size: 2 }), { ...owned, query: "&dryRun=All&force=true" }),
    apply(one, "one", config({ size: 3 }), { ...owned, query: "&dryRun=All" }),
    get(one, owned),
  ],
  "managers are told apart by name, by what they do and by version": [
    post(`${widgetsPath}?fieldManager=same`, widget("a", { size: 1 })),
    apply(one, "same", config({ size: 1, mode: "x" }), owned),
    put(`${one}?fieldManager=same`, widget("a", { size: 2 }), { pick: ["reason"] }),
    mergePatch(`${one}?fieldManager=same`, { spec: { size: 2 } }, owned),
    mergePatch(`${one}/status?fieldManager=same`, { status: { phase: "New" } }, owned),
    apply(one, "same", config({ size: 3, mode: "x" }), owned),
  ],
  "names of managers": [
    apply(one, "", config({ size: 1 })),
    apply(one, "x".repeat(128), config({ size: 1 }), { pick: ["kind", "message"] }),
    apply(one, "x".repeat(129), config({ size: 1 })),
    apply(one, "with%20blank", config({ size: 1 }), { ...force, pick: ["kind", "message"] }),
    apply(one, "tab%09", config({ size: 1 })),
    apply(one, "%C3%A4", config({ size: 1 }), { ...force, pick: ["kind", "message"] }),
    post(`${widgetsPath}?fieldManager=${"y".repeat(129)}`, widget("b")),
    mergePatch(`${one}?fieldManager=tab%09`, { spec: { size: 2 } }),
  ],
  "force is for applies alone": [
    post(widgetsPath, widget("a")),
    mergePatch(`${one}?force=true`, { spec: { size: 2 } }),
    jsonPatch(`${one}?force=false`, []),
    apply(one, "one", config({ size: 2 }), { query: "&force=maybe" }),
    apply(one, "one", config({ size: 2 }), { query: "&force=false", pick: ["kind", "message"] }),
    apply(one, "one", config({ size: 2 }), { query: "&dryRun=Some" }),
    apply(one, "one", config({ size: 2, nope: 1 }), { query: "&fieldValidation=Strict" }),
    apply(one, "one", config({ size: 2, nope: 1 }), { query: "&fieldValidation=Ignore" }),
  ],
  "what was there before managers were counted": [
    post(configMapsPath, configMap("a", { k: "v" })),
    mergePatch(map, { metadata: { managedFields: [{}] } }, { pick: ["metadata.managedFields"] }),
    apply(map, "one", core({ k: "w" })),
    apply(map, "one", core({ k: "w", l: "1" }), { ...force, pick: ["data", "metadata.managedFields"] }),
    mergePatch(map, { data: { m: "1" } }, { pick: ["data", "metadata.managedFields"] }),
  ],
  "managed fields that a client writes": [
    apply(one, "one", config({ size: 1 }), { save: { rv: "metadata.resourceVersion" }, pick: ["kind"] }),
    mergePatch(
      one,
      {
        metadata: {
          managedFields: [
            {
              manager: "x",
              operation: "Update",
              apiVersion: "conform.roster.dev/v1",
              fieldsType: "FieldsV1",
              fieldsV1: { "f:spec": { "f:size": {} } },
            },
          ],
        },
      },
      owned,
    ),
    mergePatch(
      one,
      { metadata: { managedFields: [{ manager: "x", operation: "Guess", apiVersion: "conform.roster.dev/v1" }] } },
      owned,
    ),
    mergePatch(
      one,
      {
        metadata: {
          managedFields: [
            {
              manager: "x",
              operation: "Update",
              apiVersion: "conform.roster.dev/v1",
              fieldsType: "FieldsV2",
              fieldsV1: {},
            },
          ],
        },
      },
      owned,
    ),
    mergePatch(
      one,
      {
        metadata: {
          managedFields: [{ manager: "x", operation: "Update", fieldsType: "FieldsV1", fieldsV1: { nonsense: 1 } }],
        },
      },
      owned,
    ),
    mergePatch(one, { metadata: { managedFields: "x" } }, owned),
    mergePatch(one, { metadata: { managedFields: [1] } }, { pick: ["kind", "message"] }),
    mergePatch(one, { metadata: { managedFields: [] } }, owned),
    mergePatch(one, { metadata: { managedFields: null }, spec: { mode: "x" } }, owned),
    apply(one, "one", config({ size: 2 }), owned),
  ],
  "an apply with the version that it was made from": [
    apply(one, "one", config({ size: 1 }), {
      save: { rv: "metadata.resourceVersion", uid: "metadata.uid" },
      pick: ["kind"],
    }),
    apply(one, "one", config({ size: 2 }, { resourceVersion: "{rv}", uid: "{uid}" }), {
      pick: ["spec", "message", "metadata.managedFields"],
    }),
    apply(one, "one", config({ size: 3 }, { resourceVersion: "{rv}" })),
    apply(one, "one", config({ size: 3 }, { uid: "00000000-0000-0000-0000-000000000000" })),
    apply(one, "one", config({ size: 3 }, { resourceVersion: "x" })),
    apply(one, "one", config({ size: 3 }, { resourceVersion: "0" }), { pick: ["spec", "message"] }),
  ],
  "an apply of what is not there with a version": [
    apply(one, "one", config({ size: 1 }, { resourceVersion: "5" })),
    apply(one, "one", config({ size: 1 }, { resourceVersion: "0" }), { pick: ["spec", "message"] }),
  ],
  "an apply of a name that is generated": [
    apply(
      one,
      "one",
      { ...config({ size: 1 }), metadata: { generateName: "a" } },
      { pick: ["kind", "message", "metadata.generateName", "metadata.managedFields"] },
    ),
    {
      method: "PATCH",
      path: `${widgetsPath}?fieldManager=one`,
      body: { ...config({ size: 1 }), metadata: { generateName: "a" } },
      type: "application/apply-patch+yaml",
    },
  ],
  "an apply in YAML with keys that come twice": [
    ...["size: 1\n  size: 2", "labels:\n    a: '1'\n    a: '2'", "size: 1\n  nope: 1"].map((spec) => ({
      method: "PATCH" as const,
      path: `${one}?fieldManager=y`,
      type: "application/apply-patch+yaml",
      text: `apiVersion: conform.roster.dev/v1\nkind: Widget\nmetadata:\n  name: a\nspec:\n  ${spec.includes("size") ? "" : "size: 1\n  "}${spec}\n`,
      pick: ["kind", "spec", "message"],
    })),
    {
      method: "PATCH",
      path: `${one}?fieldManager=y&fieldValidation=Strict`,
      type: "application/apply-patch+yaml",
      text: "apiVersion: conform.roster.dev/v1\nkind: Widget\nmetadata:\n  name: a\nspec:\n  size: 1\n  size: 2\n",
    },
    {
      method: "PATCH",
      path: `${one}?fieldManager=y&force=true`,
      type: "application/apply-patch+yaml",
      text: '{"apiVersion":"conform.roster.dev/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"size":1,"size":2}}',
      pick: ["kind", "spec", "message"],
    },
  ],
  "an apply of metadata": [
    apply(
      one,
      "one",
      config({ size: 1 }, { labels: { a: "1" }, annotations: { b: "2" }, finalizers: ["made.dev/a", "made.dev/b"] }),
      { pick: ["metadata.labels", "metadata.managedFields", "message"] },
    ),
    apply(one, "two", config({}, { labels: { a: "2" }, finalizers: ["made.dev/b", "made.dev/c"] })),
    apply(one, "two", config({}, { labels: { c: "3" }, finalizers: ["made.dev/b", "made.dev/c"] }), {
      pick: ["metadata.labels", "metadata.finalizers", "metadata.managedFields"],
    }),
    apply(one, "one", config({ size: 1 }, { finalizers: ["made.dev/b"] }), {
      pick: ["metadata.labels", "metadata.annotations", "metadata.finalizers", "metadata.managedFields"],
    }),
    apply(one, "two", config({}), { pick: ["metadata.finalizers", "metadata.managedFields"] }),
    apply(one, "one", config({ size: 1 }), { pick: ["metadata.finalizers", "metadata.managedFields"] }),
  ],
  "an apply of owners": [
    post(configMapsPath, configMap("owner"), { save: { uid: "metadata.uid" }, pick: ["kind"] }),
    apply(
      one,
      "one",
      config({ size: 1 }, { ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: "{uid}" }] }),
      { pick: ["metadata.ownerReferences", "metadata.managedFields"] },
    ),
    apply(
      one,
      "two",
      config(
        {},
        { ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: "{uid}", controller: true }] },
      ),
    ),
    apply(one, "two", config({}, { ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "owner" }] })),
    apply(one, "one", config({ size: 1 }), { pick: ["metadata.ownerReferences", "metadata.managedFields"] }),
  ],
  "an apply to an object that is being deleted": [
    apply(one, "one", config({ size: 1 }, { finalizers: ["made.dev/a"] }), { pick: ["kind"] }),
    del(one, undefined, { pick: ["kind"] }),
    apply(one, "one", config({ size: 2 }, { finalizers: ["made.dev/a", "made.dev/b"] })),
    apply(one, "one", config({ size: 2 }, { finalizers: ["made.dev/a"] }), { pick: ["spec", "message"] }),
    apply(one, "one", config({ size: 2 }), { pick: ["kind", "spec", "message"] }),
    get(one, { pick: ["reason"] }),
  ],
  "an apply after updates and patches by others": [
    post(
      `${widgetsPath}?fieldManager=creator`,
      widget("a", { size: 3, labels: { a: "1" }, parts: [{ id: "p" }], tags: ["x"] }),
      { save: { rv: "metadata.resourceVersion" }, pick: ["kind"] },
    ),
    apply(
      one,
      "one",
      config({ size: 3, labels: { a: "1", b: "2" }, parts: [{ id: "p" }, { id: "q" }], tags: ["x", "y"] }),
      owned,
    ),
    jsonPatch(
      `${one}?fieldManager=patcher`,
      [
        { op: "remove", path: "/spec/parts/0" },
        { op: "replace", path: "/spec/tags/1", value: "z" },
      ],
      owned,
    ),
    apply(one, "one", config({ size: 3, labels: { b: "2" }, parts: [{ id: "q" }], tags: ["y"] }), owned),
    mergePatch(`${one}?fieldManager=patcher`, { spec: { labels: null } }, owned),
    apply(one, "one", config({ size: 3 }), owned),
  ],
  "an apply of nulls and of empty things": [
    apply(one, "one", config({ size: 1, labels: {}, tags: [], parts: [], box: {}, deep: {}, plain: ["a"] }), owned),
    apply(one, "one", config({ size: 1, labels: null, tags: null, parts: null, box: null, note: null }), owned),
    apply(one, "one", config({ size: 1, parts: [{ id: "a", labels: {} }] }), owned),
    apply(one, "one", config({ size: 1, parts: [null] }), owned),
    apply(one, "one", config({ size: null }), owned),
    apply(one, "one", { ...config({}), spec: null }, owned),
  ],
  "an apply of lists of several kinds": [
    ...defined({
      type: "object",
      properties: {
        set: { type: "array", items: text, "x-kubernetes-list-type": "set" },
        atomic: { type: "array", items: text, "x-kubernetes-list-type": "atomic" },
        map: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["k", "n"],
          items: {
            type: "object",
            required: ["k"],
            properties: {
              k: text,
              n: { type: "integer", default: 1 },
              v: text,
              in: { type: "array", items: text, "x-kubernetes-list-type": "set" },
            },
          },
        },
        frozen: { type: "object", "x-kubernetes-map-type": "atomic", additionalProperties: text },
        open: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
    }),
    apply(
      itemPath,
      "one",
      item({
        set: ["b", "a"],
        atomic: ["b", "a"],
        map: [{ k: "x" }, { k: "x", n: 2, v: "1" }],
        frozen: { a: "1" },
        open: { l: [1, { x: 1 }], m: { n: 1 } },
      }),
      owned,
    ),
    apply(
      itemPath,
      "two",
      item({ set: ["c", "a"], map: [{ k: "y" }, { k: "x", in: ["p"] }], open: { m: { o: 2 } } }),
      owned,
    ),
    apply(itemPath, "two", item({ atomic: ["c"], frozen: { b: "2" }, open: { l: [2] } }), owned),
    apply(itemPath, "one", item({ set: ["a", "b"], map: [{ k: "x", n: 2, v: "2" }], open: { m: {} } }), owned),
    apply(itemPath, "one", item({ set: ["a", "a"] }), owned),
    apply(itemPath, "one", item({ map: [{ k: "x" }, { k: "x", n: 1 }] }), owned),
    apply(itemPath, "one", item({ map: [{ n: 1 }] }), owned),
    apply(itemPath, "one", item({ map: ["x"] }), owned),
    apply(itemPath, "one", item({ set: [{ a: 1 }] }), owned),
    apply(itemPath, "one", item({ set: "x" }), owned),
  ],
  "an apply where the live list holds a key twice": [
    ...defined({
      type: "object",
      properties: {
        l: { type: "array", items: { type: "object", required: ["k"], properties: { k: text, v: text } } },
      },
    }),
    post(itemsPath, item({ l: [{ k: "a" }, { k: "a", v: "2" }, { k: "b" }] }), owned),
    apply(itemPath, "one", item({ l: [{ k: "a" }] }), owned),
    apply(itemPath, "one", item({ l: [{ k: "c" }] }), { ...owned, ...force }),
  ],
  "an apply of a status alone": [
    apply(one, "one", config({ size: 1 }), { pick: ["kind"] }),
    apply(
      `${one}/status`,
      "two",
      { ...config({ size: 9 }), status: { phase: "New", conditions: [{ type: "A", status: "True" }] } },
      { pick: ["spec.size", "status", "metadata.managedFields", "message"] },
    ),
    apply(
      one,
      "one",
      { ...config({ size: 1 }), status: { phase: "Done" } },
      { pick: ["spec.size", "status", "metadata.managedFields", "message"] },
    ),
    apply(`${one}/status`, "three", {
      ...config({}),
      status: { phase: "Done", conditions: [{ type: "A", status: "False" }, { type: "B" }] },
    }),
    apply(
      `${one}/status`,
      "three",
      { ...config({}), status: { conditions: [{ type: "B" }] } },
      { pick: ["status", "metadata.managedFields"] },
    ),
    apply(`${one}/status`, "two", { ...config({}), status: { phase: "Lost" } }),
    apply(
      `${one}/status`,
      "two",
      { apiVersion: "conform.roster.dev/v1", kind: "Widget", metadata: { name: "a" } },
      { pick: ["status", "metadata.managedFields"] },
    ),
  ],
  "an apply of core kinds takes over and gives up": [
    apply(map, "one", core({ a: "1", b: "2" }, { labels: { x: "1" } }, { binaryData: { c: "aGk=" } })),
    apply(map, "two", core({ a: "1" }), { pick: ["data", "metadata.managedFields"] }),
    apply(map, "two", core({ a: "2", b: "3" }, {}, { immutable: true })),
    apply(map, "two", core({ a: "2" }, {}, { immutable: true }), {
      ...force,
      pick: ["data", "immutable", "metadata.managedFields"],
    }),
    apply(map, "one", core({ a: "3" }), force),
    apply(map, "two", core({ a: "2" }), { pick: ["message", "details.causes"] }),
    apply(map, "one", core(undefined), { pick: ["message", "data", "metadata.managedFields"] }),
  ],
};
