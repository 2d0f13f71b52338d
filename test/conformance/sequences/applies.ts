import {
  apply,
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
const config = (spec: object, metadata: object = {}) => ({
  apiVersion: "conform.roster.dev/v1",
  kind: "Widget",
  metadata: { name: "a", ...metadata },
  spec,
});

export const applies: Sequences = {
  "apply creates and owns": [
    apply(
      one,
      "one",
      config({
        size: 1,
        labels: { a: "1" },
        tags: ["x"],
        parts: [{ id: "p", weight: 1 }],
        box: { a: "1" },
        plain: ["y"],
      }),
    ),
    get(one),
  ],
  "apply without a manager": [
    { method: "PATCH", path: one, body: config({ size: 1 }), type: "application/apply-patch+yaml" },
  ],
  "apply in YAML": [
    {
      method: "PATCH",
      path: `${one}?fieldManager=y`,
      text: "apiVersion: conform.roster.dev/v1\nkind: Widget\nmetadata:\n  name: a\nspec:\n  size: 2\n",
      type: "application/apply-patch+yaml",
    },
  ],
  "apply again the same": [apply(one, "one", config({ size: 1 })), apply(one, "one", config({ size: 1 }))],
  "apply by two who agree": [apply(one, "one", config({ size: 1 })), apply(one, "two", config({ size: 1 }))],
  "apply by two who do not": [
    apply(one, "one", config({ size: 1, labels: { a: "1", b: "1" } })),
    apply(one, "two", config({ size: 2, labels: { a: "2" } })),
    apply(one, "two", config({ size: 2 })),
    apply(one, "two", config({ size: 2, labels: { a: "2" } }), { query: "&force=true" }),
    get(one),
  ],
  "apply gives up fields": [
    apply(
      one,
      "one",
      config({ size: 1, mode: "x", labels: { a: "1", b: "2" }, tags: ["p", "q"], parts: [{ id: "a" }, { id: "b" }] }),
    ),
    apply(one, "one", config({ size: 1, labels: { b: "2" }, tags: ["q"], parts: [{ id: "b" }] })),
  ],
  "apply gives up what another still owns": [
    apply(one, "one", config({ size: 1, labels: { a: "1" }, parts: [{ id: "a", weight: 1 }] })),
    apply(one, "two", config({ size: 1, labels: { a: "1" }, parts: [{ id: "a", weight: 1 }] })),
    apply(one, "one", config({ size: 1 })),
    apply(one, "two", config({ size: 1 })),
  ],
  "apply over an update": [
    post(`${widgetsPath}?fieldManager=creator`, widget("a", { size: 3, labels: { a: "1" } })),
    apply(one, "one", config({ size: 3 })),
    apply(one, "one", config({ size: 4 })),
    mergePatch(`${one}?fieldManager=patcher`, { spec: { size: 5 } }),
    apply(one, "one", config({ size: 3 })),
    apply(one, "one", config({ size: 3 }), { query: "&force=true" }),
  ],
  "apply keeps the order of others' items": [
    apply(one, "one", config({ size: 1, parts: [{ id: "a" }, { id: "b" }, { id: "c" }] })),
    apply(one, "two", config({ size: 1, parts: [{ id: "d" }, { id: "b" }] })),
    apply(one, "one", config({ size: 1, parts: [{ id: "c" }, { id: "a" }] })),
  ],
  "apply of a list map with two keys, one defaulted": [
    apply(one, "one", config({ size: 1, ports: [{ port: 1 }, { port: 1, protocol: "UDP" }] })),
    apply(one, "one", config({ size: 1, ports: [{ port: 1, name: "n" }] })),
  ],
  "apply of an atomic map and a plain list": [
    apply(one, "one", config({ size: 1, box: { a: "1" }, plain: ["a", "b"] })),
    apply(one, "two", config({ box: { b: "2" } })),
    apply(one, "two", config({ plain: ["b"] })),
  ],
  "apply of what the schema does not know": [
    apply(one, "one", config({ size: 1, nope: 1 })),
    apply(one, "one", config({ size: 1, tags: ["x", "x"] })),
    apply(one, "one", config({ size: "x" })),
  ],
  "apply of the same key twice": [
    apply(one, "one", config({ size: 1, parts: [{ id: "a" }, { id: "a" }] })),
    apply(one, "one", config({ size: 1, parts: [{ weight: 1 }] })),
  ],
  "apply with managedFields": [
    apply(one, "one", config({ size: 1 }, { managedFields: [] })),
    apply(one, "one", config({ size: 1 }, { managedFields: [{ manager: "x" }] })),
  ],
  "apply with another name or kind": [
    apply(one, "one", { ...config({ size: 1 }), metadata: { name: "b" } }),
    apply(one, "one", { ...config({ size: 1 }), kind: "Gadget" }),
    apply(one, "one", { metadata: { name: "a" } }),
  ],
  "apply with an old resourceVersion": [
    apply(one, "one", config({ size: 1 }), { save: { rv: "metadata.resourceVersion" } }),
    apply(one, "two", config({ labels: { a: "1" } })),
    apply(one, "one", config({ size: 2 }, { resourceVersion: "{rv}" })),
  ],
  "apply with a uid on nothing": [
    apply(one, "one", config({ size: 1 }, { uid: "00000000-0000-0000-0000-000000000000" })),
  ],
  "apply as a dry run": [apply(one, "one", config({ size: 1 }), { query: "&dryRun=All" }), get(one)],
  "apply of a status": [
    apply(one, "one", config({ size: 1 })),
    apply(`${one}/status`, "two", {
      apiVersion: "conform.roster.dev/v1",
      kind: "Widget",
      metadata: { name: "a" },
      status: { phase: "New", conditions: [{ type: "Ready", status: "True" }] },
    }),
    apply(`${one}/status`, "three", {
      apiVersion: "conform.roster.dev/v1",
      kind: "Widget",
      metadata: { name: "a" },
      status: { phase: "Done" },
    }),
    apply(`${one}/status`, "two", {
      apiVersion: "conform.roster.dev/v1",
      kind: "Widget",
      metadata: { name: "a" },
      spec: { size: 9 },
      status: { phase: "Done" },
    }),
    get(one),
  ],
  "apply of a status on nothing": [
    apply(`${one}/status`, "two", {
      apiVersion: "conform.roster.dev/v1",
      kind: "Widget",
      metadata: { name: "a" },
      status: { phase: "New" },
    }),
  ],
  "apply of core kinds": [
    apply(map, "one", {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a", labels: { x: "1" }, finalizers: ["x.dev/a"] },
      data: { k: "v" },
    }),
    apply(map, "two", {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a", finalizers: ["x.dev/b"] },
      data: { k: "w", l: "m" },
    }),
    apply(map, "two", {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a", finalizers: ["x.dev/b"] },
      data: { l: "m" },
    }),
    apply(map, "one", { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } }),
    apply(map, "two", { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } }),
    apply(map, "one", { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, nope: 1 }),
  ],
  "kubectl takes over its client-side apply": [
    post(
      `${configMapsPath}?fieldManager=kubectl-client-side-apply`,
      configMap(
        "a",
        { k: "v" },
        {
          annotations: {
            "kubectl.kubernetes.io/last-applied-configuration":
              '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"v"}}',
          },
        },
      ),
    ),
    apply(map, "kubectl", { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { k: "w" } }),
    get(map),
  ],
  "managed fields may be reset by a client": [
    post(configMapsPath, configMap("a", { k: "v" })),
    mergePatch(map, { metadata: { managedFields: [{}] } }),
    mergePatch(map, { data: { k: "w" } }),
    apply(map, "one", { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { k: "w" } }),
    jsonPatch(map, [{ op: "replace", path: "/metadata/managedFields", value: [] }]),
  ],
};
