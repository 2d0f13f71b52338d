import { gadget, gadgetsPath, get, mergePatch, post, type Sequences, widget, widgetsPath } from "../step.ts";

const one = `${widgetsPath}/a`;
const create = (spec: object) => post(widgetsPath, widget("a", spec));
const refused = (...specs: object[]) => specs.map(create);

export const validation: Sequences = {
  types: refused(
    { size: "x" },
    { size: 1.5 },
    { size: true },
    { size: [1] },
    { size: {} },
    { on: "yes" },
    { labels: [] },
    { plain: {} },
    { name: 5 },
  ),
  "null where there may be none": refused({ size: null }, { name: null }, { note: null }),
  bounds: refused({ size: -1 }, { size: 101 }, { ratio: 0 }, { ratio: 0.7 }, { ratio: -1.5 }),
  text: refused(
    { name: "a" },
    { name: "abcdefghi" },
    { name: "ABC" },
    { color: "pink" },
    { when: "soon" },
    { when: "2026-01-01T00:00:00Z" },
  ),
  lists: refused(
    { plain: [] },
    { plain: ["toolong"] },
    { tags: ["a", "b", "a"], size: 9 },
    { tags: ["a", "b", "c", "d", "e"], size: 9 },
    { plain: ["ok", 1] },
  ),
  "list maps": refused(
    { parts: [{ id: "a" }, { id: "a" }] },
    { parts: [{ weight: 1 }] },
    { parts: ["x"] },
    { ports: [{ port: 1 }, { port: 1, protocol: "TCP" }] },
  ),
  maps: refused({ labels: { a: "1", b: "2", c: "3", d: "4" } }, { labels: { a: 1 } }),
  required: [
    post(widgetsPath, { apiVersion: "conform.roster.dev/v1", kind: "Widget", metadata: { name: "a" } }),
    post(widgetsPath, { apiVersion: "conform.roster.dev/v1", kind: "Widget", metadata: { name: "a" }, spec: {} }),
  ],
  "int or string": refused({ port: 80 }, { port: true }, { port: 1.5 }, { port: "80%" }),
  "one of two": refused({ either: {} }, { either: { a: "1", b: "2" } }, { either: { a: "1" } }),
  "an embedded resource": refused(
    { template: {} },
    { template: { apiVersion: "v1", kind: "Pod", metadata: { name: "x", bogus: 1 }, spec: { any: { thing: 1 } } } },
    { template: { apiVersion: "a/b/c", kind: "not a kind" } },
    { template: { apiVersion: 1, kind: "" } },
  ),
  "several findings at once": refused({ size: "x", color: "pink", name: "A", plain: [] }),
  "a rule with a message": refused({ size: 1, tags: ["a", "b"] }, { size: 2, tags: ["a", "b"] }),
  "a rule without a message": refused({ size: 1, color: "blue" }),
  "a rule that cannot be evaluated": refused({ range: { min: 1 } }),
  "a message expression and a field path": refused({ range: { min: 3, max: 2 } }),
  "an optional old self on create": [
    create({ once: "end" }),
    create({ once: "start" }),
    mergePatch(one, { spec: { once: "end" } }),
  ],
  "a transition rule": [
    create({ frozen: "x" }),
    mergePatch(one, { spec: { frozen: "y" } }),
    mergePatch(one, { spec: { frozen: null } }),
    mergePatch(one, { spec: { frozen: "y" } }),
  ],
  "rules wait for a right shape": refused({ size: "x", tags: ["a", "b"] }),
  "defaults fill in on create and read": [
    create({ deep: { inner: { x: 1 } }, ports: [{ port: 1 }], parts: [{ id: "a" }] }),
    mergePatch(one, { spec: { mode: null, deep: null } }),
  ],
  "unknown fields are pruned with a warning": [
    post(
      widgetsPath,
      widget(
        "a",
        { nope: 1, parts: [{ id: "a", extra: 1 }], open: { anything: { goes: 1 } }, deep: { x: 1 } },
        { bogus: 1 },
        { extra: 2 },
      ),
    ),
    get(one),
  ],
  "unknown fields are refused when strict": [
    post(
      `${widgetsPath}?fieldValidation=Strict`,
      widget("a", { nope: 1, parts: [{ id: "a", extra: 1 }] }, { bogus: 1 }, { extra: 2 }),
    ),
    post(`${widgetsPath}?fieldValidation=Ignore`, widget("b", { nope: 1 })),
    post(`${widgetsPath}?fieldValidation=Maybe`, widget("c")),
  ],
  "duplicate fields": [
    {
      method: "POST",
      path: widgetsPath,
      text: '{"apiVersion":"conform.roster.dev/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"size":1,"size":2}}',
    },
    {
      method: "POST",
      path: `${widgetsPath}?fieldValidation=Strict`,
      text: '{"apiVersion":"conform.roster.dev/v1","kind":"Widget","metadata":{"name":"b"},"spec":{"size":1,"size":2}}',
    },
  ],
  "unknown fields of core kinds": [
    post("/api/v1/namespaces/{ns}/configmaps", {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a", bogus: 1 },
      nope: 1,
    }),
    post("/api/v1/namespaces/{ns}/configmaps?fieldValidation=Strict", {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "b", bogus: 1 },
      nope: 1,
    }),
  ],
  "bodies that are no objects": [
    { method: "POST", path: widgetsPath, text: "{" },
    { method: "POST", path: widgetsPath, text: "" },
    { method: "POST", path: widgetsPath, text: "[]" },
    { method: "POST", path: widgetsPath, text: "{}", type: "text/plain" },
    {
      method: "POST",
      path: widgetsPath,
      text: "apiVersion: conform.roster.dev/v1\nkind: Widget\nmetadata: {name: y}\nspec: {size: 1}\n",
      type: "application/yaml",
    },
  ],
  "everything is kept where the schema says so": [
    post(gadgetsPath, gadget("p-{ns}", { spec: { a: { b: [1, null, "x"] } }, things: [{ a: "1", b: 2 }], other: 1 })),
    post("/apis/conform.roster.dev/v1beta1/gadgets", {
      ...gadget("q-{ns}"),
      apiVersion: "conform.roster.dev/v1beta1",
      anything: { x: 1 },
    }),
    get("/apis/conform.roster.dev/v1beta1/gadgets/p-{ns}"),
    get(`${gadgetsPath}/q-{ns}`),
    { method: "DELETE", path: `${gadgetsPath}/p-{ns}` },
    { method: "DELETE", path: `${gadgetsPath}/q-{ns}` },
  ],
};
