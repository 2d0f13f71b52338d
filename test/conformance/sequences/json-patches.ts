import {
  configMap,
  configMapsPath,
  get,
  jsonPatch,
  mergePatch,
  post,
  type Sequences,
  widget,
  widgetsPath,
} from "../step.ts";

const one = `${widgetsPath}/a`;
const map = `${configMapsPath}/a`;
const made = post(
  widgetsPath,
  widget("a", {
    size: 3,
    labels: { a: "1", b: "2" },
    plain: ["x", "y"],
    tags: ["p", "q"],
    open: { "a/b": 1, "c~d": 2, "": 3, l: [1, 2, 3], n: null },
  }),
);
const spec = { pick: ["kind", "spec", "status", "message", "reason", "code", "details"] };
/** One patch of one operation each. */
const each = (...operations: readonly object[]) =>
  operations.map((operation) => jsonPatch(`${one}?dryRun=All`, [operation], spec));

export const jsonPatches: Sequences = {
  "add at a place": [
    made,
    ...each(
      { op: "add", path: "/spec/open/x", value: { y: 1 } },
      { op: "add", path: "/spec/open/l/1", value: 9 },
      { op: "add", path: "/spec/open/l/3", value: 9 },
      { op: "add", path: "/spec/open/l/4", value: 9 },
      { op: "add", path: "/spec/open/l/-", value: 9 },
      { op: "add", path: "/spec/open/l/-1", value: 9 },
      { op: "add", path: "/spec/open/l/x", value: 9 },
      { op: "add", path: "/spec/open/l/01", value: 9 },
      { op: "add", path: "/spec/open/none/x", value: 9 },
      { op: "add", path: "/spec/size/x", value: 9 },
    ),
  ],
  "add without a value or a path": [
    made,
    ...each(
      { op: "add", path: "/spec/open/x" },
      { op: "add", value: 1 },
      { op: "add", path: "", value: { spec: {} } },
      { op: "add", path: "spec/size", value: 1 },
      { op: "add", path: "/spec/open/x", value: null },
      { op: "add", path: 3, value: null },
    ),
  ],
  "remove from a place": [
    made,
    ...each(
      { op: "remove", path: "/spec/open/l/0" },
      { op: "remove", path: "/spec/open/l/3" },
      { op: "remove", path: "/spec/open/l/-" },
      { op: "remove", path: "/spec/open/l/-1" },
      { op: "remove", path: "/spec/open/none" },
      { op: "remove", path: "/spec/open/none/deeper" },
      { op: "remove", path: "/spec/size" },
      { op: "remove", path: "" },
    ),
  ],
  "replace at a place": [
    made,
    ...each(
      { op: "replace", path: "/spec/open/l/2", value: 9 },
      { op: "replace", path: "/spec/open/l/3", value: 9 },
      { op: "replace", path: "/spec/open/l/-", value: 9 },
      { op: "replace", path: "/spec/open/none", value: 9 },
      { op: "replace", path: "/spec/open/none/deeper", value: 9 },
      { op: "replace", path: "/spec/open", value: null },
      { op: "replace", path: "/spec/size", value: "big" },
      { op: "replace", path: "/spec/size" },
    ),
  ],
  "move from one place to another": [
    made,
    ...each(
      { op: "move", from: "/spec/open/l/0", path: "/spec/open/l/2" },
      { op: "move", from: "/spec/labels/a", path: "/spec/labels/z" },
      { op: "move", from: "/spec/labels/none", path: "/spec/labels/z" },
      { op: "move", from: "/spec/labels", path: "/spec/labels/inner" },
      { op: "move", path: "/spec/labels/z" },
      { op: "move", from: "/spec/open/l", path: "/spec/open/l" },
    ),
  ],
  "copy from one place to another": [
    made,
    ...each(
      { op: "copy", from: "/spec/open/l", path: "/spec/open/m" },
      { op: "copy", from: "/spec/open/l/0", path: "/spec/open/l/-" },
      { op: "copy", from: "/spec/open/none", path: "/spec/open/m" },
      { op: "copy", from: "/spec/open", path: "/spec/open/inner" },
      { op: "copy", path: "/spec/open/m" },
    ),
  ],
  "test what is there": [
    made,
    ...each(
      { op: "test", path: "/spec/size", value: 3 },
      { op: "test", path: "/spec/size", value: 3.0 },
      { op: "test", path: "/spec/size", value: "3" },
      { op: "test", path: "/spec/labels", value: { b: "2", a: "1" } },
      { op: "test", path: "/spec/plain", value: ["y", "x"] },
      { op: "test", path: "/spec/none", value: null },
      { op: "test", path: "/spec/none", value: 1 },
      { op: "test", path: "/spec/none/deeper", value: null },
      { op: "test", path: "/spec/open/n", value: null },
      { op: "test", path: "/spec/size" },
    ),
  ],
  "names with slashes and tildes": [
    made,
    ...each(
      { op: "replace", path: "/spec/open/a~1b", value: 9 },
      { op: "replace", path: "/spec/open/c~0d", value: 9 },
      { op: "replace", path: "/spec/open/c~2d", value: 9 },
      { op: "replace", path: "/spec/open/", value: 9 },
      { op: "test", path: "/spec/open/c~0d", value: 2 },
      { op: "add", path: "/metadata/annotations", value: { "x.dev/y": "1" } },
      { op: "add", path: "/metadata/annotations/x.dev~1y", value: "1" },
    ),
  ],
  "operations that there are not": [
    made,
    ...each(
      { op: "merge", path: "/spec", value: {} },
      { op: "", path: "/spec" },
      { path: "/spec" },
      { op: 1, path: "/spec" },
      {},
    ),
    jsonPatch(`${one}?dryRun=All`, ["add"], spec),
    jsonPatch(`${one}?dryRun=All`, [null], spec),
    jsonPatch(`${one}?dryRun=All`, null, spec),
    jsonPatch(`${one}?dryRun=All`, "add", spec),
    jsonPatch(`${one}?dryRun=All`, {}, spec),
  ],
  "all or nothing": [
    made,
    jsonPatch(one, [
      { op: "replace", path: "/spec/size", value: 9 },
      { op: "test", path: "/spec/size", value: 3 },
    ]),
    jsonPatch(one, [
      { op: "replace", path: "/spec/size", value: 9 },
      { op: "remove", path: "/spec/none" },
    ]),
    get(one, { pick: ["spec.size", "metadata.generation"] }),
  ],
  "operations build on each other": [
    made,
    jsonPatch(
      one,
      [
        { op: "add", path: "/spec/open/x", value: {} },
        { op: "add", path: "/spec/open/x/y", value: [] },
        { op: "add", path: "/spec/open/x/y/-", value: 1 },
        { op: "copy", from: "/spec/open/x/y", path: "/spec/open/z" },
        { op: "add", path: "/spec/open/x/y/-", value: 2 },
        { op: "move", from: "/spec/open/x/y/1", path: "/spec/open/z/0" },
        { op: "test", path: "/spec/open/z", value: [2, 1] },
        { op: "remove", path: "/spec/open/x" },
      ],
      spec,
    ),
  ],
  "ten thousand operations and one more": [
    made,
    {
      method: "PATCH",
      path: `${one}?dryRun=All`,
      type: "application/json-patch+json",
      text: JSON.stringify(Array.from({ length: 10_000 }, () => ({ op: "test", path: "/spec/size", value: 3 }))),
      ...spec,
    },
    {
      method: "PATCH",
      path: `${one}?dryRun=All`,
      type: "application/json-patch+json",
      text: JSON.stringify(Array.from({ length: 10_001 }, () => ({ op: "test", path: "/spec/size", value: 3 }))),
      ...spec,
    },
  ],
  "a json patch may not change who it is": [
    made,
    ...each(
      { op: "replace", path: "/metadata/name", value: "b" },
      { op: "replace", path: "/metadata/namespace", value: "other" },
      { op: "replace", path: "/metadata/uid", value: "00000000-0000-0000-0000-000000000000" },
      { op: "replace", path: "/metadata/creationTimestamp", value: "2020-01-01T00:00:00Z" },
      { op: "replace", path: "/apiVersion", value: "conform.roster.dev/v2" },
      { op: "replace", path: "/kind", value: "Gadget" },
      { op: "remove", path: "/kind" },
      { op: "remove", path: "/metadata" },
      { op: "remove", path: "/metadata/name" },
    ),
  ],
  "a json patch against an old version": [
    post(widgetsPath, widget("a"), { save: { rv: "metadata.resourceVersion", uid: "metadata.uid" } }),
    jsonPatch(
      one,
      [
        { op: "test", path: "/metadata/resourceVersion", value: "{rv}" },
        { op: "replace", path: "/spec/size", value: 2 },
      ],
      spec,
    ),
    jsonPatch(
      one,
      [
        { op: "test", path: "/metadata/resourceVersion", value: "{rv}" },
        { op: "replace", path: "/spec/size", value: 3 },
      ],
      {
        pick: ["reason", "code"],
      },
    ),
    jsonPatch(one, [
      { op: "replace", path: "/metadata/resourceVersion", value: "{rv}" },
      { op: "replace", path: "/spec/size", value: 3 },
    ]),
    jsonPatch(
      one,
      [
        { op: "test", path: "/metadata/uid", value: "{uid}" },
        { op: "replace", path: "/spec/size", value: 4 },
      ],
      spec,
    ),
    jsonPatch(
      one,
      [
        { op: "remove", path: "/metadata/resourceVersion" },
        { op: "replace", path: "/spec/size", value: 5 },
      ],
      spec,
    ),
  ],
  "a json patch of a core kind": [
    post(configMapsPath, configMap("a", { k: "v" })),
    jsonPatch(map, [{ op: "add", path: "/data/l", value: "w" }], { pick: ["data", "message"] }),
    jsonPatch(map, [{ op: "add", path: "/nope", value: 1 }], { pick: ["data", "message"] }),
    jsonPatch(map, [{ op: "remove", path: "/data" }], { pick: ["data", "message"] }),
    jsonPatch(map, [{ op: "add", path: "/data/x", value: "y" }]),
    mergePatch(map, { metadata: { labels: { "bad key!": "x" } } }, { pick: ["message"] }),
  ],
  "a refusal of a core kind shows what the patch made": [
    post(configMapsPath, configMap("a", { k: "v" })),
    jsonPatch(map, [{ op: "add", path: "/data/l", value: 1 }]),
    jsonPatch(`${map}?fieldValidation=Strict`, [{ op: "add", path: "/nope", value: 1 }]),
    jsonPatch(map, [{ op: "replace", path: "/kind", value: "Secret" }]),
    jsonPatch(map, [{ op: "replace", path: "/kind", value: "Nothing" }]),
  ],
  "a json patch of status": [
    made,
    jsonPatch(
      `${one}/status`,
      [
        { op: "add", path: "/status", value: { phase: "New" } },
        { op: "replace", path: "/spec/size", value: 9 },
      ],
      spec,
    ),
    jsonPatch(`${one}/status`, [{ op: "replace", path: "/status/phase", value: "Lost" }], spec),
    jsonPatch(one, [{ op: "replace", path: "/status/phase", value: "Done" }], spec),
    jsonPatch(`${one}/status`, [{ op: "remove", path: "/status" }], spec),
  ],
  "a merge patch of every kind of change": [
    made,
    mergePatch(
      one,
      { spec: { open: { l: null, "a/b": { deep: [1, null, { x: null }] }, n: { x: null, y: 1 } } } },
      spec,
    ),
    mergePatch(one, { spec: { labels: { a: "9", c: null } } }, spec),
    mergePatch(one, { spec: { plain: { x: 1 } } }, spec),
    mergePatch(one, { spec: { open: [1] } }, spec),
    mergePatch(one, { spec: { open: "text" } }, spec),
    mergePatch(one, { spec: [] }, spec),
    mergePatch(one, { spec: { tags: ["p", "p"] } }, spec),
    mergePatch(one, { spec: { box: { a: "1" } } }, spec),
    mergePatch(one, { spec: { box: { b: "2" } } }, spec),
    mergePatch(one, { metadata: null }, spec),
    mergePatch(one, { metadata: "x" }, spec),
  ],
  "a merge patch may not change who it is": [
    made,
    mergePatch(one, { metadata: { uid: "00000000-0000-0000-0000-000000000000" } }),
    mergePatch(one, { metadata: { uid: null } }, { pick: ["kind", "message"] }),
    mergePatch(one, { metadata: { name: null } }, { pick: ["kind", "message"] }),
    mergePatch(one, { metadata: { namespace: null } }, { pick: ["kind", "message"] }),
    mergePatch(one, { apiVersion: null }, { pick: ["kind", "message"] }),
    mergePatch(one, { kind: null }, { pick: ["kind", "message"] }),
    mergePatch(
      one,
      { metadata: { creationTimestamp: null, generation: 99, selfLink: "/x" } },
      { pick: ["kind", "message", "metadata.generation"] },
    ),
    mergePatch(
      one,
      { metadata: { deletionTimestamp: "2020-01-01T00:00:00Z", deletionGracePeriodSeconds: 1 } },
      { pick: ["kind", "message", "metadata.deletionTimestamp"] },
    ),
  ],
  "a merge patch of metadata": [
    made,
    mergePatch(one, { metadata: { labels: { "bad key!": "x" }, annotations: { y: "z" } } }),
    mergePatch(one, { metadata: { labels: { a: 1 } } }),
    mergePatch(one, {
      metadata: {
        finalizers: ["one", "made.dev/two"],
        ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "o" }],
      },
    }),
    mergePatch(
      one,
      { metadata: { finalizers: ["made.dev/x"] } },
      { pick: ["metadata.finalizers", "metadata.generation"] },
    ),
    mergePatch(
      one,
      { metadata: { finalizers: null, labels: { a: null } } },
      { pick: ["metadata.finalizers", "metadata.labels"] },
    ),
    mergePatch(one, { metadata: { nope: 1 } }, { pick: ["kind", "message"] }),
  ],
  "bodies of patches that are none": [
    made,
    ...["", "null", "[]", "1", "nope: 1"].flatMap((text) =>
      ["application/merge-patch+json", "application/json-patch+json", "application/apply-patch+yaml"].map((type) => ({
        method: "PATCH" as const,
        path: type.includes("apply") ? `${one}?fieldManager=x` : one,
        type,
        text,
        ...spec,
      })),
    ),
  ],
  "bodies of patches that do not parse": [
    made,
    ...["{", "\u0000"].flatMap((text) =>
      ["application/merge-patch+json", "application/json-patch+json"].map((type) => ({
        method: "PATCH" as const,
        path: one,
        type,
        text,
        ...spec,
      })),
    ),
  ],
  "types of patches that there are not": [
    made,
    ...[
      "application/json",
      "application/yaml",
      "text/plain",
      "application/strategic-merge-patch+json",
      "application/json-patch+json; charset=utf-8",
      "application/apply-patch+cbor",
      "nonsense",
    ].map((type) => ({
      method: "PATCH" as const,
      path: one,
      type,
      text: "[]",
    })),
    post(configMapsPath, configMap("a")),
    ...["application/json", "application/vnd.kubernetes.protobuf", ""].map((type) => ({
      method: "PATCH" as const,
      path: map,
      type,
      text: "{}",
    })),
  ],
};
