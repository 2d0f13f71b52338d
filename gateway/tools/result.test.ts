import { expect, it } from "vitest";
import { problem } from "../../api/reasons.ts";
import { boundResult, maxResultChars, toErrorResult } from "./result.ts";

const text = (value: string) => ({ type: "text", text: value });

it("cuts text at the limit and says so", () => {
  const { content } = boundResult({ content: [text("a".repeat(maxResultChars - 1)), text("bcd"), text("never")] });
  expect(content[1]).toEqual(text("b"));
  expect(content[2]!.text).toContain("cut here");
  expect(content).toHaveLength(3);
});

it("does not cut a character in two", () => {
  const { content } = boundResult({ content: [text("a".repeat(maxResultChars - 1)), text("😀😀")] });
  expect(content.every((part) => part.text!.isWellFormed())).toBe(true);
});

it("replaces media by a note and drops the server's own metadata", () => {
  const result = boundResult({ content: [{ type: "image", data: "AAAA" }], _meta: { "roster.dev/parked": true } });
  expect(result).toEqual({ content: [text("[image content left out]")] });
});

it("keeps structure whole or leaves it out", () => {
  expect(boundResult({ content: [], structuredContent: { a: 1 } }).structuredContent).toEqual({ a: 1 });
  expect(boundResult({ content: [], structuredContent: { a: "x".repeat(maxResultChars) } })).not.toHaveProperty(
    "structuredContent",
  );
});

it("makes sense of nonsense", () => {
  expect(boundResult(null)).toEqual({ content: [] });
  expect(boundResult({ content: ["x", { type: "text" }] }).content).toHaveLength(2);
});

it("tells a denial as data: reason, rule, file and line, next step", () => {
  const result = toErrorResult(problem("PolicyDenied", "no rule lists it"), {
    rule: "(default)",
    source: "role.yaml:3",
  });
  expect(result.isError).toBe(true);
  expect(result.structuredContent).toMatchObject({ reason: "PolicyDenied", rule: "(default)", source: "role.yaml:3" });
  expect(JSON.parse(result.content[0]!.text!)).toEqual(result.structuredContent);
});
