import {
  crdsPath,
  defined,
  item,
  itemCrd,
  itemCrdPath,
  itemPath,
  itemsPath,
  refusal,
  refusedSchema,
  version,
} from "../made.ts";
import { get, jsonPatch, mergePatch, post, put, type Sequences, table } from "../step.ts";

const text = { type: "string" };
const spec = {
  type: "object",
  properties: {
    a: text,
    n: { type: "integer" },
    on: { type: "boolean" },
    list: { type: "array", items: text },
    m: { type: "object", additionalProperties: text },
  },
};
const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
/** A definition is refused, or not, for what its spec says beside a fine version. */
const crd = (more: object, name?: string) => {
  const object = itemCrd([version("v1", spec)], more);
  return post(`${crdsPath}?dryRun=All`, name === undefined ? object : { ...object, metadata: { name } }, refusal);
};
const names = { plural: "items", singular: "item", kind: "Item", listKind: "ItemList" };
const versions = (...list: readonly object[]) => post(`${crdsPath}?dryRun=All`, itemCrd(list), refusal);
const parts = (more: object) => refusedSchema(spec, more);
const columns = (...list: readonly object[]) => parts({ additionalPrinterColumns: list });
const selectable = (...paths: readonly string[]) =>
  parts({ selectableFields: paths.map((jsonPath) => ({ jsonPath })) });
const scale = (more: object) =>
  parts({ subresources: { scale: { specReplicasPath: ".spec.n", statusReplicasPath: ".status.n", ...more } } });

export const crdParts: Sequences = {
  "names of a kind": [
    crd({ names: { ...names, kind: "Not A Kind" } }),
    crd({ names: { ...names, kind: "9Item", listKind: "Item-" } }),
    crd({ names: { ...names, singular: "Item" } }),
    crd({ names: { ...names, kind: "ItemList" } }),
    crd({ names: { plural: "items" } }),
    crd({ names: {} }),
    crd({ names: { ...names, plural: "Items" } }, "Items.{ns}.made.dev"),
  ],
  "short names and categories": [
    crd({ names: { ...names, shortNames: ["i", "It", ""], categories: ["all", "Every One"] } }),
    crd({ names: { ...names, shortNames: ["it", "it"], categories: ["all"] } }),
  ],
  groups: [
    crd({ group: "" }, "items."),
    crd({ group: "made" }, "items.made"),
    crd({ group: "Made.dev" }, "items.Made.dev"),
    crd({ group: "other.dev" }),
  ],
  "a group of Kubernetes itself needs a word of approval": [
    crd({ group: "made.k8s.io" }, "items.made.k8s.io"),
    post(
      `${crdsPath}?dryRun=All`,
      {
        ...itemCrd([version("v1", spec)], { group: "made.k8s.io" }),
        metadata: { name: "items.made.k8s.io", annotations: { "api-approved.kubernetes.io": "by me" } },
      },
      refusal,
    ),
    post(
      `${crdsPath}?dryRun=All`,
      {
        ...itemCrd([version("v1", spec)], { group: "made.k8s.io" }),
        metadata: {
          name: "items.made.k8s.io",
          annotations: { "api-approved.kubernetes.io": "https://github.com/kubernetes/kubernetes/pull/1" },
        },
      },
      refusal,
    ),
    post(
      `${crdsPath}?dryRun=All`,
      {
        ...itemCrd([version("v1", spec)], { group: "made.kubernetes.io" }),
        metadata: {
          name: "items.made.kubernetes.io",
          annotations: { "api-approved.kubernetes.io": "unapproved, trial" },
        },
      },
      refusal,
    ),
  ],
  scopes: [crd({ scope: "Global" }), crd({ scope: "" }), crd({ scope: "Cluster" })],
  "versions of a kind": [
    versions(version("v1", spec), version("v1", spec)),
    versions(version("v1", spec, { storage: false })),
    versions(version("v1", spec), version("v2", spec)),
    versions(version("1v", spec), version("V2", spec, { storage: false })),
    versions(version("v1", spec), version("v2", open, { storage: false, schema: {} })),
    versions({ name: "v1", served: true, storage: true }, { name: "v2", served: true, storage: false }),
  ],
  "several versions are named apart where they differ": [
    versions(version("v1", { type: "array" }), version("v2", { type: "array" }, { storage: false })),
    versions(version("v1", { type: "array" }), version("v2", {}, { storage: false })),
    versions(
      version("v1", spec, { additionalPrinterColumns: [{ name: "A", type: "text", jsonPath: "spec.a" }] }),
      version("v2", spec, { storage: false, selectableFields: [{ jsonPath: ".spec.zzz" }] }),
    ),
    versions(
      version("v1", spec, { subresources: { scale: { specReplicasPath: "x", statusReplicasPath: "" } } }),
      version("v2", spec, { storage: false, subresources: { status: {} } }),
    ),
  ],
  "deprecated versions": [
    parts({ deprecationWarning: "old" }),
    parts({ deprecated: true, deprecationWarning: "" }),
    parts({ deprecated: true, deprecationWarning: "a\nb" }),
    parts({ deprecated: true, deprecationWarning: "x".repeat(300) }),
    parts({ deprecated: true, deprecationWarning: "use something else" }),
  ],
  "columns of a kind": [
    columns({ name: "A", type: "string", jsonPath: ".spec.a" }, { name: "B" }, { type: "string", jsonPath: ".x" }),
    columns({ name: "A", type: "text", jsonPath: ".spec.a" }),
    columns({ name: "A", type: "string", format: "uuid", jsonPath: ".spec.a" }),
    columns({ name: "A", type: "string", jsonPath: "spec.a" }),
    columns({ name: "A", type: "integer", format: "int32", jsonPath: ".spec.n", priority: 3, description: "d" }),
  ],
  "columns that cannot be filled stay empty": [
    ...defined(open, {
      additionalPrinterColumns: [
        { name: "Text", type: "string", jsonPath: ".spec.text" },
        { name: "Count", type: "integer", jsonPath: ".spec.text" },
        { name: "Number", type: "number", jsonPath: ".spec.number" },
        { name: "Flag", type: "boolean", jsonPath: ".spec.flag" },
        { name: "When", type: "date", jsonPath: ".spec.text" },
        { name: "Object", type: "string", jsonPath: ".spec.object" },
        { name: "List", type: "string", jsonPath: ".spec.list[*]" },
        { name: "Second", type: "string", jsonPath: ".spec.list[1]" },
        { name: "None", type: "string", jsonPath: ".spec.none.deeper" },
      ],
    }),
    post(itemsPath, item({ text: "x", number: 1.5, flag: true, object: { a: { b: 1 } }, list: ["p", "q"] }), {
      pick: ["kind"],
    }),
    get(itemPath, { accept: table, until: 200, pick: ["kind", "columnDefinitions", "rows.0.cells", "message"] }),
  ],
  "fields that selectors may name": [
    selectable(".spec.a", ".spec.on", ".spec.n"),
    selectable(".spec.list"),
    selectable(".spec.none", "spec.a", ""),
    selectable(".metadata.name"),
    selectable(".spec.a", ".spec.a"),
    selectable(".spec.m.x"),
    selectable(".spec['a']"),
    selectable(".spec"),
    selectable(".spec."),
  ],
  "too many fields for selectors": [
    refusedSchema(
      { type: "object", properties: Object.fromEntries([..."abcdefghi"].map((name) => [name, text])) },
      { selectableFields: [..."abcdefghi"].map((name) => ({ jsonPath: `.spec.${name}` })) },
    ),
  ],
  "selecting by fields of several types": [
    ...defined(spec, { selectableFields: [".spec.a", ".spec.on", ".spec.n"].map((jsonPath) => ({ jsonPath })) }),
    post(itemsPath, item({ a: "x", on: true, n: 3 }), { pick: ["kind"] }),
    post(itemsPath, item({ a: "x" }, { name: "b" }), { pick: ["kind"] }),
    get(`${itemsPath}?fieldSelector=spec.on=true`, { pick: ["items.0.metadata.name", "items.1.metadata.name"] }),
    get(`${itemsPath}?fieldSelector=spec.n=3`, { pick: ["items.0.metadata.name", "items.1.metadata.name"] }),
    get(`${itemsPath}?fieldSelector=spec.n!=3,spec.a=x`, { pick: ["items.0.metadata.name", "items.1.metadata.name"] }),
    get(`${itemsPath}?fieldSelector=spec.on=`, { pick: ["items.0.metadata.name", "items.1.metadata.name"] }),
    get(`${itemsPath}?fieldSelector=spec.list=x`),
  ],
  "versions with parts of their own, shown whole": [
    versions(
      version("v1", spec, {
        additionalPrinterColumns: [{ name: "A", type: "string", jsonPath: ".spec.a" }],
        subresources: { status: {}, scale: { specReplicasPath: ".spec.n", statusReplicasPath: ".status.n" } },
      }),
      version("v2", open, { selectableFields: [{ jsonPath: ".spec.a" }] }),
    ),
  ],
  "paths of the scale subresource": [
    scale({ specReplicasPath: "" }),
    scale({ specReplicasPath: "spec.n", statusReplicasPath: ".spec.n" }),
    scale({ specReplicasPath: ".status.n", labelSelectorPath: ".metadata.labels" }),
    scale({ labelSelectorPath: "status.x" }),
    scale({ labelSelectorPath: ".spec.a" }),
  ],
  "conversion without a webhook": [
    crd({ conversion: { strategy: "None", webhook: { conversionReviewVersions: ["v1"] } } }),
    crd({ conversion: { strategy: "Magic" } }),
    crd({ conversion: { strategy: "" } }),
    crd({ conversion: {} }),
  ],
  "conversion by a webhook": [
    crd({
      conversion: {
        strategy: "Webhook",
        webhook: { conversionReviewVersions: ["v1"], clientConfig: { url: "https://example.com/convert" } },
      },
    }),
  ],
  "unknown fields are not preserved for a whole kind": [
    crd({ preserveUnknownFields: true }),
    crd({ preserveUnknownFields: false }),
  ],
  "formats that nobody checks are warned of": [
    refusedSchema({
      type: "object",
      properties: {
        a: { type: "string", format: "colour" },
        b: { type: "integer", format: "int16" },
        c: { type: "array", items: { type: "string", format: "colour" } },
        d: { type: "string", format: "date-time" },
        e: { type: "number", format: "float" },
        f: { type: "boolean", format: "yesno" },
      },
    }),
  ],
  "unknown fields of a definition": [
    crd({ nope: 1, names: { ...names, nope: 1 } }),
    post(
      `${crdsPath}?dryRun=All&fieldValidation=Strict`,
      itemCrd([version("v1", { ...spec, minimun: 3 }, { stored: true })]),
      refusal,
    ),
    crd({ versions: "v1" }),
    crd({ versions: [{ ...version("v1", spec), served: "yes" }] }),
  ],
  "what may not change": [
    ...defined(spec),
    get(itemCrdPath, { save: { rv: "metadata.resourceVersion" }, pick: ["spec.scope"] }),
    mergePatch(itemCrdPath, { spec: { scope: "Cluster" } }, refusal),
    mergePatch(itemCrdPath, { spec: { names: { kind: "Thing", listKind: "ThingList" } } }, refusal),
    mergePatch(itemCrdPath, { spec: { group: "other.dev" } }, refusal),
    mergePatch(itemCrdPath, { spec: { names: { plural: "things" } } }, refusal),
    mergePatch(itemCrdPath, { spec: { preserveUnknownFields: true } }, refusal),
    mergePatch(itemCrdPath, { metadata: { name: "other" } }, refusal),
    put(itemCrdPath, itemCrd([version("v1", spec)]), refusal),
    mergePatch(
      itemCrdPath,
      { spec: { names: { shortNames: ["it"] } } },
      { pick: ["spec.names", "metadata.generation"] },
    ),
  ],
  "status and spec of a definition are written apart": [
    ...defined(spec),
    mergePatch(itemCrdPath, { status: { storedVersions: ["v9"] } }, { pick: ["status.storedVersions", "message"] }),
    mergePatch(`${itemCrdPath}/status`, { spec: { scope: "Cluster" } }, { pick: ["spec.scope", "message"] }),
    mergePatch(
      `${itemCrdPath}/status`,
      { status: { storedVersions: ["v1", "v0"] } },
      { pick: ["status.storedVersions"] },
    ),
    mergePatch(itemCrdPath, { spec: { names: { categories: ["x"] } } }, refusal),
    mergePatch(`${itemCrdPath}/status`, { status: { storedVersions: ["v1"] } }, { pick: ["status.storedVersions"] }),
    jsonPatch(itemCrdPath, [{ op: "add", path: "/spec/names/categories", value: ["x"] }], { pick: ["spec.names"] }),
  ],
  "an answer to a new definition": [
    post(crdsPath, { ...itemCrd([version("v1", spec)], { names: { plural: "items", kind: "Item" } }) }),
  ],
};
