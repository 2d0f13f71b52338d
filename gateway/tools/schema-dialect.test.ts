import { expect, it } from "vitest";
import { compileSchema } from "../../policy/json-schema.ts";
import { toDraft2020 } from "./schema-dialect.ts";

const draft7 = "http://json-schema.org/draft-07/schema#";

it("reads a draft-07 tuple as a tuple", () => {
  const schema = toDraft2020({
    $schema: draft7,
    properties: { pair: { type: "array", items: [{ type: "string" }, { type: "number" }], additionalItems: false } },
  });
  const check = compileSchema(schema)!;
  expect(check({ pair: ["a", 1] }, "arguments")).toBeUndefined();
  expect(check({ pair: [1, "a"] }, "arguments")).toContain("pair");
  expect(check({ pair: ["a", 1, 2] }, "arguments")).toContain("pair");
});

it("reads draft-07 dependencies of both sorts", () => {
  const check = compileSchema(toDraft2020({ $schema: draft7, dependencies: { a: ["b"], c: { required: ["d"] } } }))!;
  expect(check({ a: 1 }, "arguments")).toBeDefined();
  expect(check({ c: 1 }, "arguments")).toBeDefined();
  expect(check({ a: 1, b: 1, c: 1, d: 1 }, "arguments")).toBeUndefined();
});

it("leaves data and newer schemas alone", () => {
  const data = { properties: { x: { const: { items: [1] } } } };
  expect(toDraft2020({ $schema: draft7, ...data })).toEqual(data);
  expect(toDraft2020({ items: [true] })).toEqual({ items: [true] });
});
