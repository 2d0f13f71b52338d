import { describe, expect, it } from "vitest";
import { checkAccepted, findRepresentation, negotiate, parseContentType, prefersYaml } from "./media.ts";

const meta = "g=meta.k8s.io;v=v1";

describe("what a client prefers", () => {
  it.each([
    ["application/json;q=0.5,application/yaml;q=0.9", true, "the better quality"],
    ["application/yaml,application/json", true, "the first of equal quality"],
    ["*/*, application/yaml;q=0.1", true, "what is named before what is not"],
    ["application/json;q=0,application/yaml;q=nothing", false, "no quality is none"],
    ["text/html, *", false, "a star alone is everything"],
    [`application/json;as=Nope;${meta},application/yaml`, true, "what is to be had"],
  ])("%s", (accept, yaml, why) => {
    expect(negotiate(accept, "objects"), why).toEqual({ as: "object", yaml });
  });

  it.each(["APPLICATION/JSON", "application", "application/json/x", ",", "application/yaml;stream=watch", "a/b;q=1"])(
    "is not to be had: %s",
    (accept) => {
      expect(() => negotiate(accept, "objects")).toThrow("only the following media types are accepted");
    },
  );

  it("may be a table of objects and of nothing else", () => {
    const accept = `application/yaml;as=Table;${meta}`;
    expect(negotiate(accept, "objects")).toEqual({ as: "table", version: "v1", yaml: true });
    for (const forms of ["reviews", "plain", "discovery"] as const)
      expect(findRepresentation(accept, forms)).toBeUndefined();
    // A failure is no table.
    expect(prefersYaml(accept)).toBe(false);
  });

  it("is read in little time, whatever it is", () => {
    const spaces = `a${" ".repeat(60_000)}b`;
    const many = Array.from({ length: 8_000 }, (_, index) => `a/b;q=0.${index}`).join(",");
    const digits = `a/b;q=${"1".repeat(60_000)}x`;
    const start = performance.now();
    for (const accept of [spaces, many, digits, `${spaces};${spaces}=${spaces}`]) prefersYaml(accept);
    expect(parseContentType(`a/b;${" ".repeat(60_000)}x`)).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(500);
  });
});

describe("routes that name their types", () => {
  it("know one wildcard", () => {
    const types = ["application/json"];
    for (const accept of [undefined, "*/*", "text/html, application/json;q=0"])
      expect(() => checkAccepted(accept, types)).not.toThrow();
    for (const accept of ["*", "application/*", "text/html", ","])
      expect(() => checkAccepted(accept, types)).toThrow("Available representations: application/json");
  });
});

describe("a type of a body", () => {
  it.each([
    ["application/json", "application/json"],
    ["APPLICATION/JSON; charset=utf-8", "application/json"],
    ['a/b; c="d;e";', "a/b"],
    [";", undefined],
    ["a/b; c", undefined],
    ["a/b; c=1; C=2", undefined],
    ["a /b", undefined],
  ])("%s", (text, type) => expect(parseContentType(text)).toBe(type));
});
