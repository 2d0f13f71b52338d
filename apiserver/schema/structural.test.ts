import { describe, expect, it } from "vitest";
import type { JsonSchema } from "./json-schema.ts";
import { compileSchema } from "./structural.ts";

const text: JsonSchema = { type: "string" };
const object = (properties: Record<string, JsonSchema>, more: JsonSchema = {}): JsonSchema => ({
  type: "object",
  properties,
  ...more,
});
const list = (items: JsonSchema, more: JsonSchema = {}): JsonSchema => ({ type: "array", items, ...more });
const kind = (spec: JsonSchema): JsonSchema => object({ spec });
const rule = (source: string, more: object = {}): JsonSchema => ({
  "x-kubernetes-validations": [{ rule: source, ...more }],
});

function complaints(schema: JsonSchema, next: object, old?: object): string[] {
  return compileSchema(schema)
    .validate(next, old)
    .map((error) => `${error.field}: ${error.message}`);
}

interface Case {
  readonly schema: JsonSchema;
  readonly value: unknown;
  readonly old?: unknown;
  readonly says: readonly string[];
}

const unchecked =
  "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

const cases: Record<string, Case> = {
  "a wrong type names what it found": {
    schema: object({ x: { type: "integer" } }),
    value: { x: "a" },
    says: ['spec.x: Invalid value: "string": spec.x in body must be of type integer: "string"'],
  },
  "a fraction is no integer": {
    schema: object({ x: { type: "integer" } }),
    value: { x: 1.5 },
    says: [
      'spec.x: Invalid value: "number": spec.x in body must be of type integer: "number"',
      '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.x',
    ],
  },
  "a null is refused where it is not nullable and not dropped": {
    schema: object({ x: text }),
    value: { x: null },
    says: ['spec.x: Invalid value: "null": spec.x in body must be of type string: "null"'],
  },
  "a required member is missing": {
    schema: object({ x: text }, { required: ["x"] }),
    value: {},
    says: ["spec.x: Required value"],
  },
  "an enumeration lists what it takes": {
    schema: object({ x: { type: "string", enum: ["a", "b"] } }),
    value: { x: "c" },
    says: ['spec.x: Unsupported value: "c": supported values: "a", "b"'],
  },
  "lengths count characters but say bytes": {
    schema: object({ x: { type: "string", maxLength: 2 } }),
    value: { x: "abc" },
    says: ["spec.x: Too long: may not be more than 2 bytes"],
  },
  "a short text": {
    schema: object({ x: { type: "string", minLength: 2 } }),
    value: { x: "😀" },
    says: ['spec.x: Invalid value: "😀": spec.x in body should be at least 2 chars long'],
  },
  "a pattern is RE2 and matches anywhere": {
    schema: object({ x: { type: "string", pattern: "^(a+)+$" } }),
    value: { x: `${"a".repeat(28)}!` },
    says: [`spec.x: Invalid value: "${"a".repeat(28)}!": spec.x in body should match '^(a+)+$'`],
  },
  "bounds of numbers": {
    schema: object({ x: { type: "integer", minimum: 1 }, y: { type: "number", maximum: 2.5, exclusiveMaximum: true } }),
    value: { x: 0, y: 2.5 },
    says: [
      "spec.x: Invalid value: 0: spec.x in body should be greater than or equal to 1",
      "spec.y: Invalid value: 2.5: spec.y in body should be less than 2.5",
    ],
  },
  "too many items": {
    schema: object({ x: list(text, { maxItems: 1 }) }),
    value: { x: ["a", "b"] },
    says: ["spec.x: Too many: 2: must have at most 1 item"],
  },
  "a format": {
    schema: object({ x: { type: "string", format: "date-time" } }),
    value: { x: "soon" },
    says: ['spec.x: Invalid value: "soon": spec.x in body must be of type date-time: "soon"'],
  },
  "int-or-string takes both and nothing else": {
    schema: object({ a: { "x-kubernetes-int-or-string": true }, b: { "x-kubernetes-int-or-string": true } }),
    value: { a: "10%", b: true },
    says: ['spec.b: Invalid value: "boolean": spec.b in body must be of type integer,string: "boolean"'],
  },
  "a set with an item twice": {
    schema: object({ x: list(text, { "x-kubernetes-list-type": "set" }) }),
    value: { x: ["a", "b", "a", "a"] },
    says: ['spec.x[2]: Duplicate value: "a"'],
  },
  "a list map with a key twice": {
    schema: object({
      x: list(object({ name: text }), { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] }),
    }),
    value: { x: [{ name: "a" }, { name: "a" }] },
    says: ['spec.x[1]: Duplicate value: {"name":"a"}'],
  },
  "oneOf speaks about the whole and the best alternative": {
    schema: object({ a: text, b: text }, { oneOf: [{ required: ["a"] }, { required: ["b"] }] }),
    value: { a: "1", b: "2" },
    says: [
      '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
  },
  not: {
    schema: object({ a: text }, { not: { required: ["a"] } }),
    value: { a: "1" },
    says: ['<nil>: Invalid value: "": "spec" must not validate the schema (not)'],
  },
  "a rule that fails shows its message without the object": {
    schema: object(
      { min: { type: "integer" }, max: { type: "integer" } },
      rule("self.min <= self.max", { message: "min above max" }),
    ),
    value: { min: 2, max: 1 },
    says: ["spec: Invalid value: min above max"],
  },
  "a rule on a scalar shows the value": {
    schema: object({ x: { ...text, ...rule("self.startsWith('a')") } }),
    value: { x: "b" },
    says: ["spec.x: Invalid value: \"b\": failed rule: self.startsWith('a')"],
  },
  "messageExpression, reason and fieldPath are used": {
    schema: object(
      { x: { type: "integer" } },
      rule("self.x < 3", {
        messageExpression: "'x is ' + string(self.x)",
        reason: "FieldValueForbidden",
        fieldPath: ".x",
      }),
    ),
    value: { x: 5 },
    says: ["spec.x: Forbidden: x is 5"],
  },
  "a rule that cannot be evaluated says why": {
    schema: object({ x: text, y: text }, rule("self.x == 'a'")),
    value: {},
    says: ["spec: Invalid value: \"object\": no such key: x evaluating rule: self.x == 'a'"],
  },
  "rules wait until the shape is right": {
    schema: object({ x: text, y: text }, { required: ["y"], ...rule("self.x == 'a'") }),
    value: { x: "b" },
    says: ["spec.y: Required value", unchecked],
  },
  "a transition rule runs only on update": {
    schema: object({ x: { ...text, ...rule("self == oldSelf", { message: "immutable" }) } }),
    value: { x: "b" },
    old: { x: "a" },
    says: ['spec.x: Invalid value: "b": immutable'],
  },
  "a transition rule is not run without an old value": {
    schema: object({ x: { ...text, ...rule("self == oldSelf", { message: "immutable" }) } }),
    value: { x: "b" },
    old: {},
    says: [],
  },
  "optionalOldSelf runs always": {
    schema: object({ x: { ...text, ...rule("oldSelf.hasValue() || self == 'a'", { optionalOldSelf: true }) } }),
    value: { x: "b" },
    says: ["spec.x: Invalid value: \"b\": failed rule: oldSelf.hasValue() || self == 'a'"],
  },
  "names that CEL cannot spell are escaped": {
    schema: object({ "a-b": text, namespace: text }, rule("self.a__dash__b == self.__namespace__")),
    value: { "a-b": "x", namespace: "x" },
    says: [],
  },
  "doubles stay doubles": {
    schema: object({ x: { type: "number" } }, rule("self.x * 2.0 > 3.0")),
    value: { x: 2 },
    says: [],
  },
  "an unchanged invalid field is tolerated on update": {
    schema: object({ x: { type: "integer" }, y: text }),
    value: { x: "bad", y: "new" },
    old: { x: "bad", y: "old" },
    says: [],
  },
  "a changed invalid field is not": {
    schema: object({ x: { type: "string", maxLength: 1 } }),
    value: { x: "bad" },
    old: { x: "worse" },
    says: ["spec.x: Too long: may not be more than 1 byte"],
  },
  "an unchanged list-map item is tolerated by its key": {
    schema: object({
      x: list(object({ name: text, v: { type: "string", maxLength: 1 } }), {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
      }),
    }),
    value: {
      x: [
        { name: "new", v: "1" },
        { name: "old", v: "long" },
      ],
    },
    old: { x: [{ name: "old", v: "long" }] },
    says: [],
  },
  "an unchanged value keeps failing its rule quietly": {
    schema: object({ x: { ...text, ...rule("self == 'a'") }, y: text }),
    value: { x: "b", y: "2" },
    old: { x: "b", y: "1" },
    says: [],
  },
};

describe("validate", () => {
  for (const [name, { schema, value, old, says }] of Object.entries(cases)) {
    it(name, () => {
      expect(complaints(kind(schema), { spec: value }, old === undefined ? undefined : { spec: old })).toEqual(says);
    });
  }
});

it("finds the old item of each of twenty thousand by its key", () => {
  const items = object({ k: text, n: { type: "integer" } }, rule("self.n >= oldSelf.n"));
  const schema = kind(list(items, { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"] }));
  const old = Array.from({ length: 20_000 }, (_, i) => ({ k: `k${i}`, n: 1 }));
  const next = old.map(({ k }) => ({ k, n: k === "k7" ? 0 : 2 })).reverse();
  expect(complaints(schema, { spec: next }, { spec: old })).toEqual([expect.stringContaining("spec[19992]")]);
});

describe("prune", () => {
  const schema = kind(
    object({
      known: text,
      items: list(object({ x: text })),
      open: object({ x: text }, { "x-kubernetes-preserve-unknown-fields": true }),
      map: { type: "object", additionalProperties: object({ x: text }) },
      template: object({ spec: object({ x: text }) }, { "x-kubernetes-embedded-resource": true }),
    }),
  );

  it("removes what the schema does not know and says where", () => {
    const value = {
      kind: "Foo",
      metadata: { name: "a", labels: { x: "y" } },
      extra: 1,
      spec: {
        known: "a",
        gone: 1,
        items: [{ x: "a" }, { x: "b", y: "c" }],
        open: { x: "a", y: { z: 1 } },
        map: { k: { x: "a", y: 1 } },
        template: { kind: "T", metadata: { any: 1 }, spec: { x: "a", y: 1 } },
      },
    };
    const compiled = compileSchema(schema);
    const removed = ["extra", "spec.gone", "spec.items[1].y", "spec.map.k.y", "spec.template.spec.y"];
    expect(compiled.prune(value)).toEqual(removed);
    expect(compiled.coerce(value)).toEqual({ unknown: ["spec.template.metadata.any"] });
    expect(value.spec).toEqual({
      known: "a",
      items: [{ x: "a" }, { x: "b" }],
      open: { x: "a", y: { z: 1 } },
      map: { k: { x: "a" } },
      template: { kind: "T", metadata: {}, spec: { x: "a" } },
    });
  });
});

describe("applyDefaults", () => {
  it("fills absent members and nulls that are not allowed, at every level, with copies", () => {
    const schema = compileSchema(
      kind(
        object({
          a: { type: "string", default: "x" },
          deep: object({ b: { type: "integer", default: 3 } }, { default: {} }),
          items: list(object({ c: { type: "boolean", default: true } })),
          nullable: { type: "string", nullable: true, default: "d" },
          dropped: text,
        }),
      ),
    );
    const one = { spec: { a: null, items: [{}], nullable: null, dropped: null } };
    const two = { spec: {} };
    schema.applyDefaults(one);
    schema.applyDefaults(two);
    expect(one).toEqual({ spec: { a: "x", deep: { b: 3 }, items: [{ c: true }], nullable: null } });
    expect(two).toEqual({ spec: { a: "x", deep: { b: 3 }, nullable: "d" } });
  });
});
