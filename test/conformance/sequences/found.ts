import {
  apply,
  configMap,
  configMapsPath,
  del,
  get,
  jsonPatch,
  mergePatch,
  post,
  type Sequences,
  type Step,
  secretsPath,
  strategicPatch,
  widget,
  widgetsPath,
} from "../step.ts";
import { kind, object, pathOf, text, thing } from "./found-kind.ts";

/**
 * What random histories found: each was a bug of the embedded API, and is here in its smallest form. Their kinds have a
 * group of their own, made by the first step.
 */

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const embedded = {
  type: "object",
  "x-kubernetes-embedded-resource": true,
  "x-kubernetes-preserve-unknown-fields": true,
};
const ruled = (rules: readonly object[]): object =>
  object(
    {
      i: { type: "integer" },
      b: { type: "boolean" },
      s: { ...text, maxLength: 9 },
      n: { ...text, maxLength: 9, nullable: true },
      span: { ...text, format: "duration" },
      ss: { type: "array", maxItems: 3, items: { ...text, maxLength: 9 } },
      m: { type: "object", maxProperties: 3, additionalProperties: { ...text, maxLength: 9 } },
      o: object({ "dash-ed": { ...text, maxLength: 9 } }),
    },
    { "x-kubernetes-validations": rules },
  );

const judged = (group: string, rule: object, ...specs: object[]): Step[] => [
  ...kind(group, { v1: { spec: ruled([rule]) } }),
  ...specs.map((spec) => post(`${pathOf(group)}?dryRun=All`, thing(group, { spec }))),
];

export const found: Sequences = {
  "an apply says what a value of a wrong type is as Go prints it": [
    ...kind("typed", {
      v1: { spec: object({ m: object({ a: text }), s: text, n: { type: "integer" }, b: { type: "boolean" } }) },
    }),
    ...[{ m: 2147483648 }, { s: [null, { a: 1 }] }, { n: "x" }, { b: { c: null } }, { m: [1, "x"] }].map((spec) =>
      apply(`${pathOf("typed")}/a`, "one", thing("typed", { spec })),
    ),
  ],
  "an apply without a name names none when it fails": [
    ...kind("nameless", { v1: { spec: object({ a: text }) } }),
    apply(`${pathOf("nameless")}/a`, "one", { ...thing("nameless", { spec: { b: 1 } }), metadata: {} }),
    apply(`${pathOf("nameless")}/a`, "one", { ...thing("nameless", { spec: { a: "1" } }), metadata: {} }),
  ],
  "texts with a format may be any scalar to an apply": [
    ...kind("formats", {
      v1: { spec: object({ when: { ...text, format: "date" }, raw: { ...text, format: "byte" } }) },
    }),
    apply(`${pathOf("formats")}/a`, "one", thing("formats", { spec: { when: {} } })),
    apply(`${pathOf("formats")}/a`, "one", thing("formats", { spec: { raw: {} } })),
  ],
  "an object of a wrong shape has no managers": [
    ...kind("shapeless", { v1: { spec: object({ a: text }), more: { status: { type: "array", items: text } } } }, true),
    post(`${pathOf("shapeless")}?fieldManager=one`, thing("shapeless", { spec: { a: "1" }, status: [{}] })),
    post(`${pathOf("shapeless")}?fieldManager=one`, thing("shapeless", { spec: { a: "1" } }, "v1", "b")),
    mergePatch(`${pathOf("shapeless")}/b?fieldManager=two`, { status: ["x", 1] }),
  ],
  "what /status drops is owned all the same": [
    ...kind("dropped", { v1: { more: { extra: { ...text, default: "" }, status: object({ a: text }) } } }, true),
    post(`${pathOf("dropped")}?fieldManager=one`, thing("dropped")),
    mergePatch(`${pathOf("dropped")}/a/status?fieldManager=two`, { extra: "x" }),
  ],
  "a status has its default as soon as it is read": [
    ...kind("statuses", { v1: { more: { status: { type: "integer", default: 0 } } } }, true),
    post(pathOf("statuses"), thing("statuses")),
    post(`${pathOf("statuses")}?dryRun=All`, thing("statuses", {}, "v1", "b")),
  ],
  "two versions store one shape": [
    ...kind("versions", {
      v1: { spec: object({ a: { ...text, default: "one" }, b: text }) },
      v2: { spec: object({ b: text, c: { ...text, default: "two" } }) },
    }),
    post(`${pathOf("versions", "v2")}?fieldManager=one`, thing("versions", { spec: { b: "1", c: "2" } }, "v2")),
    get(`${pathOf("versions")}/a`),
    get(`${pathOf("versions", "v2")}/a`),
    mergePatch(`${pathOf("versions")}/a?fieldManager=two`, { spec: { a: "3" } }),
  ],
  "lists that are preserved keep what their items say": [
    ...kind("kept", {
      v1: {
        spec: object({
          l: {
            type: "array",
            "x-kubernetes-preserve-unknown-fields": true,
            items: object({ a: object({ b: text }) }),
          },
        }),
      },
    }),
    post(pathOf("kept"), thing("kept", { spec: { l: [{ a: { b: "1", c: 2 }, d: 3 }] } })),
  ],
  "embedded metadata is typed wherever it comes from": [
    ...kind("embedding", {
      v1: {
        spec: object({
          e: embedded,
          d: { ...embedded, default: { apiVersion: "v1", kind: "X", metadata: { creationTimestamp: null } } },
        }),
      },
    }),
    post(pathOf("embedding"), thing("embedding", { spec: {} })),
    ...[{ creationTimestamp: null, name: "x" }, [1], { finalizers: {} }, { labels: { a: null } }].map(
      (metadata, index) =>
        post(
          pathOf("embedding"),
          thing("embedding", { spec: { e: { apiVersion: "v1", kind: "X", metadata } } }, "v1", `b${index}`),
        ),
    ),
    apply(
      `${pathOf("embedding")}/c`,
      "one",
      thing(
        "embedding",
        { spec: { e: { apiVersion: "v1", kind: "X", metadata: { creationTimestamp: null } } } },
        "v1",
        "c",
      ),
    ),
  ],
  "an enum takes what converts to one of its values": [
    ...kind("enums", {
      v1: {
        spec: object({ n: { type: "number", enum: [0.5, 1] }, e: { "x-kubernetes-int-or-string": true, enum: ["x"] } }),
      },
    }),
    ...[{ n: 1.5 }, { n: 2.5 }, { e: 120 }, { e: 121 }].map((spec) =>
      post(`${pathOf("enums")}?dryRun=All`, thing("enums", { spec })),
    ),
  ],
  "formats are those of kube-openapi": [
    ...kind("strict", {
      v1: {
        spec: object(
          Object.fromEntries(
            ["ipv4", "ipv6", "cidr", "mac", "hostname", "email", "duration", "date-time", "creditcard", "byte"].map(
              (format) => [format, { ...text, format }],
            ),
          ),
        ),
      },
    }),
    ...[
      { ipv4: "010.0.0.1", ipv6: "::ffff:10.0.0.1", cidr: "10.0.0.1/8", mac: "00005e005301" },
      { ipv4: "::ffff:10.0.0.1", ipv6: "fe80::1%eth0", cidr: "10.0.0.1", mac: "00:00:5e" },
      { hostname: "a_b", email: "@b", duration: "soon", "date-time": "2026-01-02T03:04:60Z" },
      { hostname: "a.example", email: "Ana <a@b.example>", duration: "P1D", "date-time": "2026-01-02t03:04:05z" },
      { creditcard: "4111111111111111", byte: "" },
      { creditcard: "4111111111111112", byte: "aGk" },
    ].map((spec) => post(`${pathOf("strict")}?dryRun=All`, thing("strict", { spec }))),
  ],
  "a schema is stored without what is empty": [
    post(
      `${definitions}?dryRun=All`,
      {
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: "things.empty.found.dev" },
        spec: {
          group: "empty.found.dev",
          scope: "Namespaced",
          names: { kind: "Thing", plural: "things" },
          versions: [
            {
              name: "v1",
              served: true,
              storage: true,
              schema: {
                openAPIV3Schema: object({
                  a: object({}, { required: [], nullable: false }),
                  b: { ...text, default: null, nullable: true, enum: [] },
                }),
              },
            },
          ],
        },
      },
      { pick: ["spec.versions"] },
    ),
  ],
  "rules evaluate from left to right": [
    ...judged("left", { rule: "self.s.startsWith(self.ss[0])" }, {}, { s: "x" }, { s: "x", ss: [] }),
    ...judged("or", { rule: "self.b || self.i > 1" }, {}, { i: 2 }, { b: false }),
    ...judged("list", { rule: "1 in [self.i, int(self.s)]" }, {}, { i: 1 }, { i: 1, s: "" }, { i: 1, s: "x" }),
  ],
  "rules see a null field as absent, and nothing in an empty list": [
    ...judged("null", { rule: "has(self.n) || self.s == 'x'" }, { n: null, s: "x" }, { n: null }, { n: "y" }),
    ...judged("none", { rule: "!(self.i in [])" }, {}, { i: 1 }),
  ],
  "rules convert and fail in cel-go's words": [
    ...judged("bool", { rule: "bool(self.s)" }, { s: "x" }, { s: "true" }),
    ...judged("span", { rule: "self.span < duration('25h')" }, { span: "1 day" }, { span: "2 days" }, { span: "90s" }),
    ...judged("ip", { rule: "ip(self.s).isLoopback()" }, { s: "x" }, { s: "1.2.3" }, { s: "1.02.3.4" }, { s: "::1" }),
    ...judged("overflow", { rule: "self.i + 9223372036854775807 > 0" }, { i: 1 }),
  ],
  "fieldPath names keys in brackets and fields by dots": [
    ...judged("path", { rule: "self.i > 0", fieldPath: ".m['a']" }, { i: 0 }),
    ...judged("dash", { rule: "self.i > 0", fieldPath: ".o['dash-ed']" }, { i: 0 }),
  ],
  "literals that can never be converted do not compile": [
    ...["int('a')", "double('x')", "bool('')", "int(1u)"].map((part, index) =>
      post(
        `${definitions}?dryRun=All`,
        {
          apiVersion: "apiextensions.k8s.io/v1",
          kind: "CustomResourceDefinition",
          metadata: { name: `things.cast${index}.found.dev` },
          spec: {
            group: `cast${index}.found.dev`,
            scope: "Namespaced",
            names: { kind: "Thing", plural: "things" },
            versions: [
              {
                name: "v1",
                served: true,
                storage: true,
                schema: { openAPIV3Schema: object({ spec: ruled([{ rule: `${part} == ${part}` }]) }) },
              },
            ],
          },
        },
        { pick: ["details.causes.0.field"] },
      ),
    ),
  ],
  "a collection is deleted page by page": [
    ...["a", "b", "c"].map((name) => post(configMapsPath, configMap(name))),
    del(`${configMapsPath}?limit=2`),
    get(configMapsPath),
  ],
  "options of a list are judged before its fields, and these in order": [
    get(`${configMapsPath}?fieldSelector=metadata.uid%3Da&resourceVersionMatch=Exact`),
    get(`${configMapsPath}?fieldSelector=data.a%3D1%2Cdata.b%3Da%3Db`),
    get(`${configMapsPath}?fieldSelector=spec.z%3D1%2Cdata.a%3D1`),
    get(`${widgetsPath}?fieldSelector=%3D`),
  ],
  "a deletion that waits is accepted for old clients": [
    post(widgetsPath, widget("a", {}, { finalizers: ["x.dev/f"] })),
    del(`${widgetsPath}/a`, { orphanDependents: false }),
  ],
  "an owner that waits for its dependents is forgotten where another stays": [
    post(secretsPath, { apiVersion: "v1", kind: "Secret", metadata: { name: "b" } }, { save: { b: "metadata.uid" } }),
    post(configMapsPath, configMap("d", {}, { finalizers: ["x.dev/f"] }), { save: { d: "metadata.uid" } }),
    post(
      configMapsPath,
      configMap(
        "e",
        {},
        {
          ownerReferences: [
            { apiVersion: "v1", kind: "Secret", name: "b", uid: "{b}" },
            // Blocking, or a cluster's collector may let the owner go before it looks at its dependents: then nothing is forgotten.
            { apiVersion: "v1", kind: "ConfigMap", name: "d", uid: "{d}", blockOwnerDeletion: true },
          ],
        },
      ),
    ),
    del(`${configMapsPath}/d`, { propagationPolicy: "Foreground" }, { pick: ["kind"] }),
    get(configMapsPath, { settled: 1_500 }),
  ],
  "owners are printed as Go has them": [
    post(
      configMapsPath,
      configMap(
        "a",
        {},
        {
          ownerReferences: [
            { apiVersion: "v1", kind: "ConfigMap", blockOwnerDeletion: true, controller: true },
            { apiVersion: "v1", kind: "Secret", controller: true, name: "x", uid: "y" },
          ],
        },
      ),
    ),
  ],
  "secrets of a ServiceAccount are owned as they were sent": [
    post("/api/v1/namespaces/{ns}/serviceaccounts", {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "a" },
      secrets: [{ name: "b" }],
    }),
    strategicPatch("/api/v1/namespaces/{ns}/serviceaccounts/a?fieldManager=two", {
      secrets: [{ name: "b", namespace: "x" }],
    }),
    mergePatch("/api/v1/namespaces/{ns}/serviceaccounts/a?fieldManager=three", { secrets: [{ name: "b" }, {}] }),
  ],
  "operations are typed before the first is tried": [
    post(widgetsPath, widget("a")),
    jsonPatch(`${widgetsPath}/a`, [
      { op: "remove", path: "/nothing" },
      { op: [], path: "/spec" },
    ]),
    jsonPatch(`${widgetsPath}/a?fieldValidation=Ignore`, [
      { op: "remove", path: "/nothing" },
      { op: [], path: "/spec" },
    ]),
    jsonPatch(`${widgetsPath}/a`, [[]]),
    jsonPatch(`${widgetsPath}/a`, [{ op: "add", path: "/metadata/finalizers", value: [null] }], { echo: false }),
    jsonPatch(`${widgetsPath}/a`, [{ op: "replace", path: "/metadata", value: { x: 1 } }], { echo: false }),
  ],
};
