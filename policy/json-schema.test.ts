import { describe, expect, it } from "vitest";
import { compileSchema } from "./json-schema.ts";

describe("compileSchema", () => {
  it("matches a pattern that would take a backtracking matcher for ever", () => {
    const check = compileSchema({ type: "string", pattern: "^(a+)+$" });
    expect(check?.(`${"a".repeat(50_000)}!`, "text")).toMatch(/must match pattern/);
  });

  it("keeps two schemas with one $id apart", () => {
    const one = compileSchema({ $id: "https://x.example/s", type: "string" });
    const two = compileSchema({ $id: "https://x.example/s", type: "number" });
    expect([one?.(1, "v"), two?.(1, "v")]).toEqual(["v must be string", undefined]);
  });

  const tuple = { items: [{ type: "string" }], additionalItems: false };
  const dialects: Record<string, [object, unknown, RegExp]> = {
    "draft-07, as the MCP SDK writes it": [
      { $schema: "http://json-schema.org/draft-07/schema#", ...tuple },
      ["a", 1],
      /NOT have more than 1 items/,
    ],
    "draft-06": [{ $schema: "http://json-schema.org/draft-06/schema#", ...tuple }, [1], /0 must be string/],
    "2019-09": [{ $schema: "https://json-schema.org/draft/2019-09/schema", ...tuple }, [1], /0 must be string/],
    "2020-12": [
      { $schema: "https://json-schema.org/draft/2020-12/schema", prefixItems: [{ type: "string" }] },
      [1],
      /0 must be string/,
    ],
  };
  it.each(Object.entries(dialects))("reads %s", (_, [schema, value, message]) => {
    expect(compileSchema(schema as never)?.(value, "list")).toMatch(message);
  });

  it("refuses a dialect that nobody knows", () => {
    expect(() => compileSchema({ $schema: "https://x.example/own" })).toThrow(
      /dialect "https:\/\/x.example\/own" is not known/,
    );
  });

  it("quotes nothing of a value but names that the schema itself has", () => {
    const check = compileSchema({ type: "object", additionalProperties: false, properties: { a: { const: "x" } } });
    expect(check?.({ "a mail's text": 1 }, "output")).toBe(
      "output must NOT have additional properties; the schema knows a",
    );
    expect(check?.({ canary: 1 }, "output")).not.toContain("canary");
    expect(check?.({ a: "a mail's text" }, "output")).toBe("output.a must be equal to constant");
    const map = compileSchema({
      type: "object",
      additionalProperties: { type: "object", additionalProperties: { type: "string" } },
    });
    expect(map?.({ canary: { word: 1 } }, "output")).toBe("output.*.* must be string");
  });
});
