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
  strategicPatch,
  widget,
  widgetsPath,
} from "../step.ts";
import { bind, brief, can, group, quiet, role, rule, widgetRule } from "./access-steps.ts";

/** Writes that did more than they should: without the right to, against a precondition, or before a refusal. */

const maps = configMapsPath;
const leases = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases";
const lease = (name: string, metadata: object = {}, more: object = {}) => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name, ...metadata },
  spec: { holderIdentity: "one", ...more },
});
const made = (name: string) =>
  post(maps, configMap(name), { ...quiet, save: { uid: "metadata.uid", rv: "metadata.resourceVersion" } });
const widgetMade = (name: string) => post(widgetsPath, widget(name, { replicas: 1 }), quiet);
const shown = { pick: ["code", "reason", "message", "details", "kind", "metadata.name"] };
const there = { pick: ["code", "kind", "metadata.labels", "metadata.generation", "spec.replicas", "status"] };
const wrongUid = "00000000-0000-0000-0000-000000000000";
const dry = { query: "&dryRun=All" };
const text = "text/html";
const label = { metadata: { labels: { a: "b" } } };
const odd = "application/json;as=Table;g=meta.k8s.io;v=v9";
const listed = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const writes = ["patch", "update", "get"];
const writer: Step[] = [
  role("writer", [
    rule("", ["configmaps", "namespaces"], writes),
    rule("coordination.k8s.io", ["leases"], writes),
    widgetRule(writes),
    rule("", ["configmaps"], ["create"], { resourceNames: ["named"] }),
    rule("coordination.k8s.io", ["leases"], ["create"], { resourceNames: ["named"] }),
    widgetRule(["create"], { resourceNames: ["named"] }),
    rule(group, ["roles", "rolebindings"], writes),
  ]),
  bind("writer"),
  ...can({ resource: "configmaps", verb: "patch" }, true),
];
const as = "ana" as const;

export const foundWrites: Sequences = {
  "an apply creates only for those who may create": [
    ...writer,
    apply(`${maps}/a`, "one", configMap("a"), { as }),
    apply(`${maps}/a`, "one", configMap("a"), { as, ...dry }),
    apply(`${widgetsPath}/a`, "one", widget("a"), { as }),
    apply(`${widgetsPath}/a`, "one", widget("a"), { as, ...dry }),
    apply(`${leases}/a`, "one", lease("a"), { as }),
    apply(`${maps}/named`, "one", configMap("named"), { as, ...shown }),
    apply(`${widgetsPath}/named`, "one", widget("named"), { as, ...shown }),
    apply(`${maps}/named`, "one", configMap("named", { a: "b" }), { as, ...shown }),
    get(`${maps}/a`),
    get(`${widgetsPath}/a`),
    get(`${leases}/a`),
  ],
  "what is wrong with a new object is said before who may create it": [
    ...writer,
    apply(`${widgetsPath}/a`, "one", widget("a", { size: 1000 }), { as, ...brief }),
    apply(`${maps}/a`, "one", configMap("a", { "/": "b" }), { as, ...brief }),
    apply(`${maps}/A`, "one", configMap("A"), { as, ...brief }),
    apply(`${maps}/a`, "one", configMap("a", {}, { uid: wrongUid }), { as, ...brief }),
    put(`${leases}/a`, lease("a", { uid: wrongUid }), { as, ...brief }),
    put(`${leases}/a`, lease("a", {}, { leaseDurationSeconds: -1 }), { as, ...brief }),
  ],
  "an update creates only for those who may create": [
    ...writer,
    put(`${leases}/a`, lease("a"), { as }),
    put(`${leases}/a?dryRun=All`, lease("a"), { as }),
    put(`${leases}/named`, lease("named"), { as, ...shown }),
    put(`${widgetsPath}/a`, widget("a"), { as }),
    put(`${maps}/a`, configMap("a"), { as }),
    get(`${leases}/a`),
    post(leases, lease("b"), { as, ...brief }),
  ],
  "rights are created only by those who may create them": [
    ...writer,
    ...[role("less", [rule("", ["configmaps"], ["get"])]), bind("writer")].flatMap(({ path, body }) => {
      const { metadata, ...rest } = body as { metadata: { name: string } };
      const other = { ...rest, metadata: { name: `${metadata.name}-too` } };
      const one = `${path}/${other.metadata.name}`;
      return [put(one, other, { as, ...brief }), apply(one, "one", other, { as, ...brief })];
    }),
  ],
  "preconditions in the query hold": [
    made("a"),
    widgetMade("a"),
    ...[maps, widgetsPath].flatMap((path) =>
      [
        "uid=wrong",
        "uid=wrong&dryRun=All",
        "resourceVersion=1",
        "resourceVersion=1&dryRun=All",
        "uid=wrong&resourceVersion=1",
        "resourceVersion=abc",
      ].map((query) => del(`${path}/a?${query}`)),
    ),
    get(`${widgetsPath}/a`, there),
    // A body is all that counts.
    del(`${maps}/a?uid=wrong`, { kind: "DeleteOptions", apiVersion: "v1", dryRun: ["All"] }, { pick: ["status"] }),
    del(`${maps}/a?uid=&resourceVersion=&dryRun=All`, undefined, { pick: ["status"] }),
    del(`${maps}/a?uid={uid}&uid=wrong&dryRun=All`, undefined, { pick: ["status"] }),
    del(`/api/v1/namespaces/{ns}?uid=wrong`),
    del(`/api/v1/namespaces/{ns}?resourceVersion=1`),
    del(`/api/v1/namespaces/{ns}?uid=wrong&dryRun=All`),
    del(`${maps}/a?uid={uid}&resourceVersion={rv}`, undefined, { pick: ["status"] }),
  ],
  "preconditions in the query hold for each of a collection": [
    made("a"),
    widgetMade("a"),
    del(`${maps}?dryRun=All&resourceVersion=0&resourceVersionMatch=NotOlderThan`),
    del(`${maps}?resourceVersion=0`),
    del(`${widgetsPath}?resourceVersion=0`),
    del(`${widgetsPath}?uid=wrong`),
    del(`${maps}?uid={uid}`, undefined, { pick: ["kind"] }),
    get(maps, { pick: ["items.length", "items.0.metadata.name"] }),
  ],
  "a write whose answer nobody could read is not done": [
    ...["a", "b", "c", "d"].map(widgetMade),
    post(widgetsPath, widget("new"), { accept: text }),
    get(`${widgetsPath}/new`, quiet),
    mergePatch(`${widgetsPath}/a`, label, { accept: text }),
    get(`${widgetsPath}/a`, there),
    apply(`${widgetsPath}/fresh`, "x", widget("fresh"), { accept: text }),
    get(`${widgetsPath}/fresh`, quiet),
    mergePatch(`${widgetsPath}/b/status`, { status: { phase: "New" } }, { accept: text }),
    put(`${widgetsPath}/b/status`, widget("b", {}, {}, { status: { phase: "New" } }), { accept: text }),
    put(
      `${widgetsPath}/b/scale`,
      { kind: "Scale", apiVersion: "autoscaling/v1", metadata: { name: "b" }, spec: { replicas: 4 } },
      { accept: text },
    ),
    mergePatch(`${widgetsPath}/b/scale`, { spec: { replicas: 5 } }, { accept: text }),
    get(`${widgetsPath}/b`, there),
    put(`${widgetsPath}/c`, widget("c", { replicas: 9 }), { accept: text }),
    del(`${widgetsPath}/d`, undefined, { accept: text }),
    get(`${widgetsPath}/d`, there),
    del(`${widgetsPath}/none`, undefined, { accept: text }),
    mergePatch(`${widgetsPath}/none`, {}, { accept: text }),
    mergePatch(`${widgetsPath}/a`, {}, { accept: text, type: "text/plain" }),
    post(`${widgetsPath}?dryRun=Nope`, {}, { accept: text, type: "text/plain" }),
  ],
  "a core write whose answer nobody could read is not done": [
    made("a"),
    post(maps, configMap("new"), { accept: odd }),
    get(`${maps}/new`, quiet),
    mergePatch(`${maps}/a`, label, { accept: odd }),
    put(`${maps}/a`, configMap("a", { a: "b" }), { accept: odd }),
    apply(`${maps}/fresh`, "x", configMap("fresh"), { accept: odd }),
    get(`${maps}/fresh`, quiet),
    del(`${maps}/a`, undefined, { accept: odd }),
    get(`${maps}/a`, { pick: ["metadata.labels", "data"] }),
    post(maps, configMap("new"), { accept: text }),
    // What does not fit the answer alone comes after the write.
    post(maps, configMap("list"), { accept: listed }),
    get(`${maps}/list`, { pick: ["metadata.name"] }),
    post(widgetsPath, widget("list"), { accept: listed }),
    get(`${widgetsPath}/list`, { pick: ["metadata.name"] }),
    del(`${maps}/a`, undefined, { accept: "application/yaml", shows: ["content-type"] }),
    del(`${maps}/list`, undefined, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io", shows: ["content-type"] }),
    del(`${widgetsPath}/list`, undefined, { accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" }),
  ],
  "a patch of nothing is not read": [
    ...[maps, widgetsPath].flatMap((path) => [
      mergePatch(`${path}/none`, undefined, { text: "{" }),
      jsonPatch(`${path}/none`, undefined, { text: "{" }),
    ]),
    apply(`${maps}/flow`, "one", undefined, {
      ...shown,
      text: "{apiVersion: v1, kind: ConfigMap, metadata: {name: flow}}",
    }),
    strategicPatch(`${maps}/none`, undefined, { text: "{" }),
    mergePatch(`${widgetsPath}/none/scale`, undefined, { text: "{" }),
    mergePatch(`${widgetsPath}/none/status`, undefined, { text: "{" }),
    made("a"),
    widgetMade("a"),
    mergePatch(`${maps}/a`, undefined, { text: "{" }),
    strategicPatch(`${maps}/a`, undefined, { text: "{" }),
    jsonPatch(`${widgetsPath}/a`, undefined, { text: "{" }),
    mergePatch(`${widgetsPath}/a/scale`, undefined, { text: "{" }),
  ],
  "which of several faults of a write is named": [
    made("a"),
    widgetMade("a"),
    post(`${maps}?dryRun=Nope`, configMap("b"), { type: "text/plain" }),
    post(`${widgetsPath}?dryRun=Nope`, widget("b"), { type: "text/plain" }),
    put(`${maps}/a?dryRun=Nope`, configMap("a"), { type: "text/plain" }),
    put(`${widgetsPath}/a?dryRun=Nope`, undefined, { text: "{" }),
    put(`${widgetsPath}/a/scale?dryRun=Nope`, undefined, { text: "{" }),
    mergePatch(`${widgetsPath}/a/scale?dryRun=Nope`, undefined, { text: "{" }),
    mergePatch(`${maps}/a?dryRun=Nope`, undefined, { text: "{" }),
    mergePatch(`${maps}/a?dryRun=Nope`, {}, { type: "text/plain" }),
    del(`${maps}/a?dryRun=Nope&uid=wrong`),
    del(`${maps}/a`, undefined, { text: "x", type: "text/plain" }),
  ],
  "a version that is still to come": [
    made("a"),
    get(`${maps}?resourceVersion=999999999`),
    get(`${widgetsPath}/a?resourceVersion=999999999`),
    del(`${maps}?dryRun=All&resourceVersion=999999999`),
  ],
  "a version of a new object that is no number": [
    ...["abc", "-1", "+1", "0", "00", "18446744073709551616", "1x", " 1"].map((resourceVersion, index) =>
      post(maps, configMap(`a${index}`, {}, { resourceVersion }), shown),
    ),
    ...["1", "01", "18446744073709551615"].map((resourceVersion) =>
      post(maps, configMap("b", {}, { resourceVersion }), shown),
    ),
    post(widgetsPath, widget("a", {}, { resourceVersion: "abc" }), shown),
    post(widgetsPath, widget("b", {}, { resourceVersion: "7" }), shown),
  ],
  "names of field managers": [
    ...[
      "ä".repeat(64),
      "ä".repeat(70),
      "a\u00a0b",
      "a\u2028b",
      "\ufeff",
      "a\u{e0001}b",
      "a\tb\u007f",
      "a\ufffdb",
      "<&>",
      '"\\',
    ].map((name) => post(`${maps}?dryRun=All&fieldManager=${encodeURIComponent(name)}`, configMap("a"), shown)),
    post(`${widgetsPath}?fieldManager=${encodeURIComponent("ä".repeat(70))}`, widget("a"), shown),
    post(maps, configMap("a", {}, { labels: { a: "a\u00a0b", b: "a\u2028b" } }), shown),
  ],
  "delete options of another kind": [
    made("a"),
    ...[
      { kind: "X" },
      { kind: "X", apiVersion: "v1" },
      { kind: "X", apiVersion: "x/v1" },
      { kind: "X", apiVersion: "" },
      { kind: "", apiVersion: "x/v1" },
      { kind: "DeleteOptions", apiVersion: "x/v1" },
      { kind: "DeleteOptions", apiVersion: "apps/v1" },
      { kind: "DeleteOptions", apiVersion: "conform.roster.dev/v1" },
      { kind: "DeleteOptions", apiVersion: "meta.k8s.io/v1" },
      { apiVersion: "v1" },
      { apiVersion: "a/b/c" },
      { kind: "DeleteOptions", apiVersion: 1 },
    ].map((options) =>
      del(`${maps}/a`, { dryRun: ["All"], ...options }, { pick: ["code", "reason", "message", "status"] }),
    ),
    del(`${maps}?dryRun=All`, { kind: "X" }),
    del(`${widgetsPath}?dryRun=All`, { kind: "X" }),
  ],
};
