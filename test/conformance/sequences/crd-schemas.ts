import { createEach, defined, refusedSchema } from "../made.ts";
import type { Sequences } from "../step.ts";

const text = { type: "string" };
const count = { type: "integer" };
const object = (properties: object, more: object = {}) => ({ type: "object", properties, ...more });
const list = (items: object, more: object = {}) => ({ type: "array", items, ...more });
/** A definition is refused for the schema of one field. */
const field = (schema: object) => refusedSchema(object({ x: schema }));

export const crdSchemas: Sequences = {
  "every field has a type": [
    field({}),
    field({ description: "no type" }),
    field(list({})),
    field({ type: "array" }),
    field({ type: "object", additionalProperties: {} }),
    field({ nullable: true, enum: ["a"] }),
  ],
  "types that there are not": [field({ type: "text" }), field({ type: "null" }), field({ type: "float" })],
  "properties exclude additional properties": [
    field({ ...object({ a: text }), additionalProperties: text }),
    field({ ...object({ a: text }), additionalProperties: false }),
    field({ type: "object", additionalProperties: false }),
    field({ ...object({ a: text }), additionalProperties: true }),
  ],
  "additional properties at the root are refused": [
    refusedSchema(text, {
      schema: { openAPIV3Schema: { type: "object", additionalProperties: text } },
    }),
    refusedSchema(text, { schema: { openAPIV3Schema: { type: "string" } } }),
    refusedSchema(text, { schema: { openAPIV3Schema: { properties: {} } } }),
    refusedSchema(text, { schema: { openAPIV3Schema: { type: "object", nullable: true } } }),
    refusedSchema(text, { schema: {} }),
    refusedSchema(text, { schema: undefined }),
  ],
  "only values are judged below allOf": [
    field({ ...text, allOf: [{ type: "string" }] }),
    field({ ...text, allOf: [{ description: "d", title: "t", default: "x", nullable: true }] }),
    field({ ...object({ a: text }), allOf: [{ properties: { a: { type: "string", minLength: 1 } } }] }),
    field({ ...object({ a: text }), allOf: [{ additionalProperties: { minLength: 1 } }] }),
  ],
  "only values are judged below anyOf, oneOf and not": [
    field({ ...object({ a: text }), anyOf: [{ properties: { b: { minLength: 1 } } }] }),
    field({ ...object({ a: text }), oneOf: [{ required: ["a"], "x-kubernetes-preserve-unknown-fields": true }] }),
    field({ ...object({ a: text }), not: { properties: { a: { enum: ["x"] }, c: { enum: ["y"] } } } }),
    field({ ...list(text), not: { items: { type: "string", enum: ["x"] } } }),
    field({ ...object({ a: text }), not: { properties: { a: { not: { properties: { z: {} } } } } } }),
    field({ ...text, anyOf: [{ "x-kubernetes-int-or-string": true }] }),
    field({
      ...text,
      anyOf: [{ "x-kubernetes-validations": [{ rule: "true" }], "x-kubernetes-list-type": "set" }],
    }),
  ],
  "metadata may only be narrowed": [
    refusedSchema(text, {
      schema: { openAPIV3Schema: object({ metadata: object({ name: { type: "string", maxLength: 5 } }) }) },
    }),
    refusedSchema(text, {
      schema: { openAPIV3Schema: object({ metadata: object({ annotations: { type: "object" } }) }) },
    }),
    refusedSchema(text, { schema: { openAPIV3Schema: object({ metadata: { type: "string" } }) } }),
    refusedSchema(text, { schema: { openAPIV3Schema: object({ kind: count }) } }),
    refusedSchema(text, { schema: { openAPIV3Schema: object({ apiVersion: object({}) }) } }),
    refusedSchema(text, { schema: { openAPIV3Schema: object({ kind: { type: "string", default: "Item" } }) } }),
    refusedSchema(text, { schema: { openAPIV3Schema: { type: "object", anyOf: [{ properties: { metadata: {} } }] } } }),
  ],
  "embedded resources": [
    field({ type: "object", "x-kubernetes-embedded-resource": true }),
    field({ type: "string", "x-kubernetes-embedded-resource": true }),
    field({ "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true }),
    field({ type: "object", "x-kubernetes-embedded-resource": true, additionalProperties: text }),
    field({ ...object({ kind: count, spec: object({}) }), "x-kubernetes-embedded-resource": true }),
    field({
      ...object({ metadata: object({ labels: object({}) }) }),
      "x-kubernetes-embedded-resource": true,
    }),
    field({
      ...object({ metadata: object({ name: { ...text, default: "n" } }) }),
      "x-kubernetes-embedded-resource": true,
    }),
  ],
  "integers or strings": [
    field({ "x-kubernetes-int-or-string": true, type: "string" }),
    field({ "x-kubernetes-int-or-string": true, "x-kubernetes-preserve-unknown-fields": true }),
    field({ "x-kubernetes-int-or-string": true, "x-kubernetes-embedded-resource": true }),
    field({ "x-kubernetes-int-or-string": true, anyOf: [{ type: "string" }, { type: "integer" }] }),
    field({ "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }], default: true }),
    field({
      "x-kubernetes-int-or-string": true,
      allOf: [{ anyOf: [{ type: "integer" }, { type: "string" }] }, { type: "string" }],
    }),
    field({ "x-kubernetes-int-or-string": true, properties: { a: text } }),
  ],
  "list types": [
    field({ ...text, "x-kubernetes-list-type": "set" }),
    field({ ...list(text), "x-kubernetes-list-type": "bag" }),
    field({ ...list(text), "x-kubernetes-list-type": "map" }),
    field({ ...list(text), "x-kubernetes-list-map-keys": ["a"] }),
    field({ ...list(text), "x-kubernetes-list-type": "set", "x-kubernetes-list-map-keys": ["a"] }),
    field({ ...list(object({ a: text })), "x-kubernetes-list-type": "set" }),
    field({ ...list(list(text, { "x-kubernetes-list-type": "set" })), "x-kubernetes-list-type": "set" }),
    field({ ...list({ ...text, nullable: true }), "x-kubernetes-list-type": "set" }),
    field({ ...object({ a: text }), "x-kubernetes-map-type": "loose" }),
    field({ ...list(text), "x-kubernetes-map-type": "atomic" }),
    field({ "x-kubernetes-preserve-unknown-fields": true, "x-kubernetes-list-type": "set" }),
  ],
  "keys of list maps": [
    field(list(object({ a: text }), { "x-kubernetes-list-type": "map" })),
    field(list(object({ a: text }), { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["b"] })),
    field(list(object({ a: text }), { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"] })),
    field(
      list(object({ a: { ...text, nullable: true } }, { required: ["a"] }), {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["a", "a"],
      }),
    ),
    field(
      list(object({ a: list(text) }, { required: ["a"], nullable: true }), {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["a"],
      }),
    ),
    field(
      list(object({ a: object({}), b: { ...count, default: 1 } }), {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["a", "b"],
      }),
    ),
  ],
  "defaults that do not fit": [
    field({ ...count, default: "x" }),
    field({ ...count, default: 1.5 }),
    field({ ...text, default: null }),
    field({ ...text, enum: ["a"], default: "b" }),
    field({ ...text, format: "date-time", default: "noon" }),
    field({ ...object({ a: count }, { required: ["a"] }), default: {} }),
    field({ ...object({ a: count }), default: { b: 1 } }),
    field({ ...list(count), default: [1, "x"] }),
    field({ ...list(text), "x-kubernetes-list-type": "set", default: ["a", "a"] }),
    field({ ...object({ a: { ...count, maximum: 3 } }), default: { a: 4 } }),
  ],
  "a default that breaks a rule": [
    field({ ...count, default: 1, "x-kubernetes-validations": [{ rule: "self > 1" }] }),
    field({ ...count, default: 1, "x-kubernetes-validations": [{ rule: "self == oldSelf" }] }),
    field({
      ...object({ a: { ...text, "x-kubernetes-validations": [{ rule: "self != 'x'", message: "not x" }] } }),
      default: { a: "x" },
    }),
  ],
  "defaults in embedded resources": [
    field({
      ...object({ apiVersion: text, kind: text, metadata: object({}), spec: object({}) }),
      "x-kubernetes-embedded-resource": true,
      default: { apiVersion: "v1", kind: "Pod", metadata: { name: "Not A Name", nope: 1 } },
    }),
    field({
      ...object({ spec: object({ a: { ...text, default: "x" } }) }),
      "x-kubernetes-embedded-resource": true,
      default: { kind: "Pod", spec: {} },
    }),
    field({
      ...object({ spec: object({}) }),
      "x-kubernetes-embedded-resource": true,
      default: { apiVersion: "v1", kind: "Pod", metadata: { name: "ok" }, other: 1 },
    }),
  ],
  "what OpenAPI has and definitions have not": [
    field({ ...text, $ref: "#/definitions/x" }),
    field({ ...text, id: "x" }),
    field({ ...object({}), patternProperties: { "^a": text } }),
    field({ ...object({}), definitions: { a: text } }),
    field({ ...object({ a: text }), dependencies: { a: ["b"] } }),
    field({ ...list(text), additionalItems: false }),
    field({ type: "array", items: [text, count] }),
    field({ ...list(text), uniqueItems: true }),
    field({ ...text, uniqueItems: false }),
  ],
  "fields that no schema has": [
    field({ ...text, nope: 1 }),
    field({ ...text, minLength: "three" }),
    field({ ...text, enum: "a" }),
    field({ type: ["string", "null"] }),
  ],
  "preserving unknown fields is said or not": [
    field({ type: "object", "x-kubernetes-preserve-unknown-fields": false }),
    refusedSchema(object({ x: { "x-kubernetes-preserve-unknown-fields": true, description: "anything" } }), {
      name: "V1",
    }),
  ],
  "several mistakes at once": [
    refusedSchema(
      object({
        a: {},
        b: { type: "array" },
        c: { ...text, allOf: [{ type: "string" }] },
        d: { ...count, default: "x" },
        e: { ...list(text), uniqueItems: true },
      }),
    ),
  ],
  "patterns are RE2": [
    field({ ...text, pattern: "(?=a)" }),
    field({ ...text, pattern: "[" }),
    field({ ...text, pattern: "a{2000}" }),
    field({ ...text, pattern: "\\p{Nope}" }),
    field({ ...text, pattern: "*a" }),
  ],
  "a root with a status is limited": [
    refusedSchema(text, {
      schema: { openAPIV3Schema: { ...object({ spec: text }), oneOf: [{ required: ["spec"] }] } },
      subresources: { status: {} },
    }),
    refusedSchema(text, {
      schema: { openAPIV3Schema: { ...object({ spec: text }), minProperties: 1 } },
      subresources: { status: {} },
    }),
  ],
  "a schema may say little": [
    ...defined({ type: "object", "x-kubernetes-preserve-unknown-fields": true }),
    ...createEach({ a: { b: [1, { c: null }] } }, {}, null, "text"),
  ],
};
