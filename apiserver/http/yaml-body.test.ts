import { describe, expect, it } from "vitest";
import { readYaml, warningsOf } from "./yaml-body.ts";
import { readYamlBody } from "./yaml-reader.ts";

const complaints = (text: string): string[] =>
  readYaml(text)
    .strict.flatMap(warningsOf)
    .map((complaint) => complaint.replace(/^line /, "").replace(" already set in map", ""));

describe("keys that come twice", () => {
  it("are told in the order of the text, wherever they stand and however they are written", () => {
    expect(complaints("a: 1\nb:\n  c: 1\n  'c': 2\na: {x: 1, x: 2}\n")).toEqual([
      '4: key "c"',
      '5: key "x"',
      '5: key "a"',
    ]);
    expect(complaints("{a: {x: 1, x: 2}, a: {y: 1, y: 1}}")).toEqual(['1: key "x"', "1: key true", '1: key "a"']);
    expect(complaints("- yes: 1\n  true: 2\n- [k: {d: 1, d: 2}]\n")).toEqual(["2: key true", '3: key "d"']);
    expect(complaints("a: &x {b: 1, b: 2}\nc: *x\n'1': 1\n1: 2\n")).toEqual(['1: key "b"', '1: key "b"']);
  });

  it("are found in time linear in the number of keys", () => {
    const keys = Array.from({ length: 40_000 }, (_, i) => `k${i}: 1`);
    expect(complaints([...keys, "k0: 2"].join("\n"))).toEqual(['40001: key "k0"']);
  });
});

describe("a large text", () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => `k${index}: {a: 1}`).join("\n");

  it("is read in a thread, and what is wrong with it is said as of a small one", async () => {
    const text = many(2_000);
    expect(await readYamlBody(text)).toEqual(readYaml(text));
    await expect(readYamlBody(`${text}\nz: *nothing`, "why: ")).rejects.toThrow(
      "why: yaml: unknown anchor 'nothing' referenced",
    );
    expect((await readYamlBody(`${text}\nk0: 2`)).strict.flatMap(warningsOf)).toEqual([
      'line 2001: key "k0" already set in map',
    ]);
  });

  it("does not hold up others", async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    try {
      await readYamlBody(many(5_000));
    } finally {
      clearInterval(timer);
    }
    expect(turns).toBeGreaterThan(10);
  });
});

describe("hostile texts", () => {
  it.each([
    [
      "aliases of aliases",
      `a0: &a0 [x]\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`).join("\n")}`,
      "excessive aliasing",
    ],
    ["an alias of what holds it", "a: &a [*a]", "anchor 'a' value contains itself"],
    ["a deep flow", "[".repeat(100_000), "call stack"],
    ["deep blocks", Array.from({ length: 3_000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"), "exceeded max depth"],
    ["a prototype", "__proto__: {a: 1}", "__proto__"],
  ])("%s", async (_name, text, why) => {
    await expect(readYamlBody(text)).rejects.toThrow(why);
  });
});
