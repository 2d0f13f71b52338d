import { describe, expect, it } from "vitest";
import { schemaErrors } from "./definition/judge.ts";
import type { JsonSchema } from "./json-schema.ts";

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

describe("what a definition may not say", () => {
  const refusals: Record<string, [JsonSchema, string]> = {
    "an untyped field": [
      kind({}),
      "s.properties[spec].type: Required value: must not be empty for specified object fields",
    ],
    "a list without items": [kind({ type: "array" }), "s.properties[spec].items: Required value: must be specified"],
    "a type under anyOf": [
      kind(object({}, { anyOf: [{ type: "object" }] })),
      "s.properties[spec].anyOf[0].type: Forbidden: must be empty to be structural",
    ],
    "a map list without keys": [
      kind(object({ x: list(object({ a: text }), { "x-kubernetes-list-type": "map" }) })),
      "s.properties[spec].properties[x].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
    ],
    "a rule about an unknown field": [
      kind(object({ x: text }, rule("self.y == 'a'"))),
      's.properties[spec].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.y == \'a\'","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: undefined field \'y\'\n | self.y == \'a\'\n | ....^',
    ],
    "oldSelf below an atomic list": [
      kind(object({ x: list({ ...text, ...rule("self == oldSelf") }) })),
      's.properties[spec].properties[x].items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within s.properties[spec].properties[x]',
    ],
    "a default of the wrong type": [
      kind(object({ x: { type: "string", default: 3 } })),
      "s.properties[spec].properties[x].default",
    ],
  };
  for (const [name, [schema, says]] of Object.entries(refusals)) {
    it(`refuses ${name}`, () => {
      const found = schemaErrors(schema, "s").map((error) => `${error.field}: ${error.message}`);
      expect(found.join("\n")).toContain(says);
    });
  }

  it("refuses rules over unbounded lists by their estimated cost, and takes them with bounds", () => {
    const source = rule("self.xs.all(a, self.xs.all(b, a != b || a.contains(b)))");
    const open = kind(object({ xs: list(text) }, source));
    const bounded = kind(object({ xs: list({ type: "string", maxLength: 63 }, { maxItems: 16 }) }, source));
    expect(schemaErrors(open, "s")[0]?.message).toContain(
      "estimated rule cost exceeds budget by factor of more than 100x",
    );
    expect(schemaErrors(bounded, "s")).toEqual([]);
  });
});
