import { expect, it } from "vitest";
import { validateValue } from "./values.ts";

const strings = { type: "array", items: { type: "string" } };

it("names each of a thousand faults, whatever is around them, and the same one once", () => {
  const deep = Array.from({ length: 200 }).reduce<object>((items) => ({ type: "array", items }), strings);
  const value = Array.from({ length: 200 }).reduce<unknown>((item) => [item], [...Array(1_000).keys()]);
  const errors = validateValue(value, deep);
  const at = "[0]".repeat(200);
  expect(errors).toHaveLength(1_000);
  expect(errors.map(({ field }) => field)).toEqual([...Array(1_000).keys()].map((i) => `${at}[${i}]`));
  const twice = { allOf: [strings, strings] };
  expect(validateValue([1, 2], twice).map(({ field }) => field)).toEqual(["[0]", "[1]", "<nil>"]);
});

it("stops at twenty thousand faults, of one list or of many", () => {
  const million = Array(1_500_000).fill(1);
  expect(validateValue(million, strings).length).toBe(20_000);
  const lists = Array(1_000).fill(Array(1_000).fill(1));
  expect(validateValue(lists, { type: "array", items: strings }).length).toBe(20_000);
  const map = Object.fromEntries(Array.from({ length: 300_000 }, (_, i) => [`k${i}`, i]));
  expect(validateValue(map, { type: "object", additionalProperties: { type: "string" } }).length).toBe(20_000);
});
