import {
  crdsPath,
  defined,
  item,
  itemCrd,
  itemCrdPath,
  itemPath,
  itemsPath,
  judged,
  refusal,
  version,
} from "../made.ts";
import { apply, del, get, jsonPatch, mergePatch, post, put, type Sequences } from "../step.ts";

const text = { type: "string" };
const object = (properties: object, more: object = {}) => ({ type: "object", properties, ...more });
const v2 = "/apis/{ns}.made.dev/v2/namespaces/{ns}/items";
const old = object({ a: text, both: text, mode: { ...text, default: "one" } });
const next = object({ b: text, both: text, mode: { ...text, default: "two" } });
const asV2 = (spec: object, metadata: object = {}) => ({ ...item(spec, metadata), apiVersion: "{ns}.made.dev/v2" });
const two = (v1: object, v2spec: object, storage: "v1" | "v2" = "v1") => [
  version("v1", v1, { storage: storage === "v1" }),
  version("v2", v2spec, { storage: storage === "v2" }),
];
/** Both versions are served. */
const definedTwo = (storage: "v1" | "v2" = "v1") => [
  post(crdsPath, itemCrd(two(old, next, storage)), { pick: ["kind", "message"] }),
  get(itemsPath, { until: 200, pick: ["kind"] }),
  get(v2, { until: 200, pick: ["kind"] }),
];
const kept = ["apiVersion", "kind", "spec", "message", "metadata.generation"];
const conditions = [0, 1].flatMap((i) =>
  ["type", "status", "reason", "message"].map((field) => `status.conditions.${i}.${field}`),
);

export const crdLife: Sequences = {
  "names are accepted, then served": [
    ...defined(old),
    get(itemCrdPath, { pick: [...conditions, "status.acceptedNames", "status.storedVersions"] }),
    get("/apis/{ns}.made.dev"),
    // How a cluster hashes the stored version depends on the group's name.
    get("/apis/{ns}.made.dev/v1", {
      until: 200,
      pick: ["kind", "groupVersion", "resources.0.name", "resources.0.verbs"],
    }),
  ],
  "a second kind of the same name waits": [
    ...defined(old),
    post(
      crdsPath,
      {
        ...itemCrd([version("v1", old)], { names: { plural: "things", kind: "Item", singular: "thing" } }),
        metadata: { name: "things.{ns}.made.dev" },
      },
      { pick: ["kind", "message"] },
    ),
    get(`${crdsPath}/things.{ns}.made.dev?watch=false`, { pick: ["kind"] }),
    get("/apis/{ns}.made.dev/v1/namespaces/{ns}/things", { until: 404 }),
    post(
      crdsPath,
      {
        ...itemCrd([version("v1", old)], {
          names: { plural: "others", kind: "Other", singular: "other", shortNames: ["item"] },
        }),
        metadata: { name: "others.{ns}.made.dev" },
      },
      { pick: ["kind", "message"] },
    ),
    get("/apis/{ns}.made.dev/v1/namespaces/{ns}/others", { until: 404 }),
  ],
  "a kind that waited is served when its names are free": [
    ...defined(old),
    post(
      crdsPath,
      {
        ...itemCrd([version("v1", old)], { names: { plural: "things", kind: "Item", listKind: "ItemList" } }),
        metadata: { name: "things.{ns}.made.dev" },
      },
      { pick: ["kind", "message"] },
    ),
    del(itemCrdPath, undefined, { pick: ["kind"] }),
    get("/apis/{ns}.made.dev/v1/namespaces/{ns}/things", { until: 200, pick: ["kind"] }),
    get(`${crdsPath}/things.{ns}.made.dev`, { pick: [...conditions, "status.acceptedNames"] }),
  ],
  "each version shows what it knows": [
    ...definedTwo(),
    post(itemsPath, item({ a: "1", both: "2" }), { pick: kept }),
    get(`${v2}/a`, { pick: kept }),
    post(v2, asV2({ b: "1", both: "2" }, { name: "b" }), { pick: kept }),
    get(`${itemsPath}/b`, { pick: kept }),
    get(`${v2}/b`, { pick: kept }),
    get(v2, { pick: ["apiVersion", "kind", "items.0.apiVersion", "items.0.spec", "items.1.spec"] }),
  ],
  "a write through another version keeps what both know": [
    ...definedTwo(),
    post(itemsPath, item({ a: "1", both: "2" }), { pick: kept }),
    mergePatch(`${v2}/a`, { spec: { both: "3" } }, { pick: kept }),
    get(itemPath, { pick: kept }),
    mergePatch(`${v2}/a`, { spec: { a: "9" } }, { pick: kept }),
    put(`${v2}/a`, item({ both: "3" }), { pick: ["message", "reason"] }),
  ],
  "an apply through two versions": [
    ...definedTwo(),
    apply(itemPath, "one", item({ a: "1", both: "2" }), { pick: ["spec", "metadata.managedFields", "message"] }),
    apply(`${v2}/a`, "two", asV2({ both: "3" }), { pick: ["spec", "message"] }),
    apply(`${v2}/a`, "one", asV2({ both: "2" }), { pick: ["spec", "metadata.managedFields", "message"] }),
    get(itemPath, { pick: ["spec", "metadata.managedFields"] }),
  ],
  "another version becomes the stored one": [
    ...definedTwo(),
    post(itemsPath, item({ a: "1", both: "2" }), { pick: kept }),
    put(itemCrdPath, itemCrd(two(old, next, "v2")), refusal),
    get(itemCrdPath, { save: { rv: "metadata.resourceVersion" }, pick: ["status.storedVersions"] }),
    jsonPatch(
      itemCrdPath,
      [
        { op: "replace", path: "/spec/versions/0/storage", value: false },
        { op: "replace", path: "/spec/versions/1/storage", value: true },
      ],
      { pick: ["status.storedVersions", "metadata.generation"] },
    ),
    post(`${v2}?dryRun=All`, asV2({ both: "x" }, { name: "try" }), { until: 201, pick: ["kind"] }),
    mergePatch(`${v2}/a`, { spec: { both: "3" } }, { pick: ["spec.both"] }),
    get(`${v2}/a`, { pick: ["apiVersion", "spec.both"] }),
  ],
  "a version that objects were stored in stays": [
    ...definedTwo(),
    jsonPatch(
      itemCrdPath,
      [
        { op: "replace", path: "/spec/versions/0/storage", value: false },
        { op: "replace", path: "/spec/versions/1/storage", value: true },
      ],
      { pick: ["status.storedVersions"] },
    ),
    jsonPatch(itemCrdPath, [{ op: "remove", path: "/spec/versions/0" }], refusal),
    mergePatch(`${itemCrdPath}/status`, { status: { storedVersions: ["v2"] } }, { pick: ["status.storedVersions"] }),
    jsonPatch(itemCrdPath, [{ op: "remove", path: "/spec/versions/0" }], {
      pick: ["status.storedVersions", "message"],
    }),
    get(itemsPath, { until: 404 }),
    get(v2, { until: 200, pick: ["kind"] }),
  ],
  "a version that is served no more": [
    ...definedTwo(),
    jsonPatch(itemCrdPath, [{ op: "replace", path: "/spec/versions/1/served", value: false }], { pick: ["kind"] }),
    get(v2, { until: 404 }),
    get("/apis/{ns}.made.dev/v1", { until: 200, pick: ["kind", "groupVersion"] }),
  ],
  "a schema that changes counts at once": [
    ...defined(object({ a: text })),
    post(itemsPath, item({ a: "1", b: "2" }), { pick: ["spec"] }),
    mergePatch(
      itemCrdPath,
      { spec: { versions: [version("v1", object({ b: text, c: { ...text, default: "new" } }, { required: ["b"] }))] } },
      { pick: ["metadata.generation", "message"] },
    ),
    post(`${itemsPath}?fieldValidation=Strict&dryRun=All`, item({ b: "1" }, { name: "try" }), {
      until: 201,
      pick: ["spec"],
    }),
    get(itemPath, { pick: ["spec"] }),
    post(itemsPath, item({ a: "1" }, { name: "b" }), { pick: judged }),
    mergePatch(itemPath, { metadata: { labels: { x: "y" } } }, { pick: ["spec", "message"] }),
    mergePatch(itemPath, { spec: { b: "3" } }, { pick: ["spec", "metadata.generation", "message"] }),
  ],
  "rules that come later tolerate what was there": [
    ...defined(object({ a: text, n: { type: "integer" } })),
    post(itemsPath, item({ a: "long enough", n: 5 }), { pick: ["spec"] }),
    mergePatch(
      itemCrdPath,
      {
        spec: {
          versions: [
            version("v1", object({ a: { ...text, maxLength: 3 }, n: { type: "integer", maximum: 3 }, z: text })),
          ],
        },
      },
      { pick: ["metadata.generation", "message"] },
    ),
    post(`${itemsPath}?dryRun=All`, item({ a: "long enough" }, { name: "try" }), { until: 422, pick: judged }),
    mergePatch(itemPath, { spec: { z: "1" } }, { pick: ["spec", "message"] }),
    mergePatch(itemPath, { spec: { a: "also too long" } }, { pick: ["spec", "message"] }),
    mergePatch(itemPath, { spec: { n: 4, z: "2" } }, { pick: ["spec", "message"] }),
  ],
  "deleting a definition takes its objects and its discovery": [
    ...defined(object({ a: text })),
    post(itemsPath, item({ a: "1" }, { finalizers: ["made.dev/hold"] }), { pick: ["kind"] }),
    post(itemsPath, item({ a: "1" }, { name: "b" }), { pick: ["kind"] }),
    del(itemCrdPath, undefined, { pick: ["kind", "metadata.finalizers"] }),
    get(`${itemsPath}/b`, { until: 404 }),
    get(itemPath, { pick: ["spec", "metadata.finalizers"] }),
    post(itemsPath, item({ a: "1" }, { name: "c" }), { until: 403 }),
    mergePatch(itemPath, { metadata: { finalizers: null } }, { pick: ["kind"] }),
    get(itemCrdPath, { until: 404 }),
    get(itemsPath, { until: 404 }),
    get("/apis/{ns}.made.dev", { until: 404 }),
  ],
  "a definition that comes back begins anew": [
    ...defined(object({ a: text })),
    post(itemsPath, item({ a: "1" }), { pick: ["kind"] }),
    del(itemCrdPath, undefined, { pick: ["kind"] }),
    get(itemCrdPath, { until: 404, pick: ["reason"] }),
    ...defined(object({ b: text })),
    get(itemPath, { until: 404, pick: ["reason"] }),
    post(itemsPath, item({ a: "1", b: "2" }), { until: 201, pick: ["spec", "metadata.generation"] }),
  ],
  "a kind without namespaces": [
    post(crdsPath, itemCrd([version("v1", object({ a: text }))], { scope: "Cluster" }), { pick: ["kind", "message"] }),
    get("/apis/{ns}.made.dev/v1/items", { until: 200, pick: ["kind"] }),
    post("/apis/{ns}.made.dev/v1/items", item({ a: "1" }), { pick: ["metadata.namespace", "spec"] }),
    post(itemsPath, item({ a: "1" }, { name: "b" })),
    post("/apis/{ns}.made.dev/v1/items", item({ a: "1" }, { name: "c", namespace: "{ns}" }), {
      pick: ["message", "metadata.namespace"],
    }),
    del("/apis/{ns}.made.dev/v1/items", undefined, { pick: ["kind", "message"] }),
  ],
  "status is a part of its own where the version says so": [
    ...defined(object({ a: text }), {
      schema: {
        openAPIV3Schema: object({ spec: object({ a: text }), status: object({ b: { ...text, default: "none" } }) }),
      },
      subresources: { status: {} },
    }),
    post(itemsPath, { ...item({ a: "1" }), status: { b: "2" } }, { pick: ["spec", "status"] }),
    mergePatch(`${itemPath}/status`, { spec: { a: "9" }, status: {} }, { pick: ["spec", "status"] }),
    mergePatch(`${itemPath}/status`, { status: { b: 1 } }, { pick: judged }),
    mergePatch(itemPath, { spec: { a: "2" }, status: { b: "3" } }, { pick: ["spec", "status", "metadata.generation"] }),
    get(`${itemPath}/scale`),
  ],
  "status without a part of its own": [
    ...defined(object({ a: text }), {
      schema: { openAPIV3Schema: object({ spec: object({ a: text }), status: object({ b: text }) }) },
    }),
    post(itemsPath, { ...item({ a: "1" }), status: { b: "2" } }, { pick: ["spec", "status"] }),
    mergePatch(itemPath, { status: { b: "3" } }, { pick: ["spec", "status", "metadata.generation"] }),
    get(`${itemPath}/status`),
  ],
  "a definition that cannot be read through its versions": [
    get("/apis/{ns}.made.dev/v1"),
    get("/apis/{ns}.made.dev"),
    get(itemPath),
  ],
};
