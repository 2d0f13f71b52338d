import { describe, expect, it } from "vitest";
import { checkTimeout, isTrue, readInteger, readQuery, wrongVersion } from "./query.ts";

describe("readQuery", () => {
  it.each([
    [
      "a=1&b=%20",
      [
        ["a", "1"],
        ["b", " "],
      ],
      undefined,
    ],
    ["a=%ZZ&b=1", [["b", "1"]], 'invalid URL escape "%ZZ"'],
    ["a=1%", [], 'invalid URL escape "%"'],
    ["a=x;b=1&c=2", [["c", "2"]], "invalid semicolon separator in query"],
    ["?a=1", [["?a", "1"]], undefined],
    ["", [], undefined],
  ])("%s", (text, pairs, malformed) => {
    const read = readQuery(text);
    expect([...read.query]).toEqual(pairs);
    expect(read.malformed).toBe(malformed);
  });
});

describe("values of a query", () => {
  it("are false in any case, and true whatever else they are", () => {
    expect(["False", "FALSE", "false", "0", null].map(isTrue)).toEqual([false, false, false, false, false]);
    expect(["", "true", "no", "00", "f"].map(isTrue)).toEqual([true, true, true, true, true]);
  });

  it("are whole numbers of 64 bits", () => {
    const read = (text: string) => readInteger(new URLSearchParams({ limit: text }), "limit");
    expect(readInteger(new URLSearchParams(), "limit")).toBe(0);
    expect([read("+7"), read("-7"), read("9223372036854775807")]).toEqual([7, -7, 2 ** 63]);
    expect(() => read("")).toThrow('strconv.ParseInt: parsing "": invalid syntax');
    expect(() => read("9223372036854775808")).toThrow("value out of range");
    expect(() => read("-9223372036854775809")).toThrow("value out of range");
  });

  it("are versions of 64 bits without a sign", () => {
    expect([wrongVersion(""), wrongVersion("18446744073709551615")]).toEqual([undefined, undefined]);
    expect(wrongVersion("18446744073709551616")).toContain("value out of range");
    expect(wrongVersion("-1")).toContain("invalid syntax");
  });

  it.each(["", "0", "-0", "5m", "1h2m3.5s", "-1.5h", ".5s", "1.s", "1\u00b5s"])("is a timeout: %s", (timeout) => {
    expect(() => checkTimeout(new URLSearchParams({ timeout }))).not.toThrow();
  });

  it.each([
    ["x", 'invalid duration "x"'],
    ["+", 'invalid duration "+"'],
    [".s", 'invalid duration ".s"'],
    ["1", 'missing unit in duration "1"'],
    ["1d", 'unknown unit "d" in duration "1d"'],
    ["99999999999999h", 'invalid duration "99999999999999h"'],
    ["1\u00b5s1", 'missing unit in duration "1\\xc2\\xb5s1"'],
  ])("is no timeout: %s", (timeout, message) => {
    expect(() => checkTimeout(new URLSearchParams({ timeout }))).toThrow(`URL - time: ${message}`);
  });
});
