import { describe, expect, it } from "vitest";
import { readYaml, yamlErrors } from "./yaml-body.ts";

const complaints = (text: string): string[] =>
  readYaml(text).strict.map((complaint) => complaint.replace(yamlErrors, "").replace(" already set in map", ""));

describe("keys that come twice", () => {
  it("are told in the order of the text, wherever they stand and however they are written", () => {
    expect(complaints("a: 1\nb:\n  c: 1\n  'c': 2\na: {x: 1, x: 2}\n")).toEqual([
      '4: key "c"',
      '5: key "a"',
      '5: key "x"',
    ]);
    expect(complaints("{a: {x: 1, x: 2}, a: {y: 1, y: 1}}")).toEqual(['1: key "x"', '1: key "y"', '1: key "a"']);
    expect(complaints("- yes: 1\n  true: 2\n- [k: {d: 1, d: 2}]\n")).toEqual(['2: key "true"', '3: key "d"']);
    expect(complaints("a: &x {b: 1, b: 2}\nc: *x\n'1': 1\n1: 2\n")).toEqual(['1: key "b"']);
  });

  it("are found in time linear in the number of keys", () => {
    const keys = Array.from({ length: 40_000 }, (_, i) => `k${i}: 1`);
    expect(complaints([...keys, "k0: 2"].join("\n"))).toEqual(['40001: key "k0"']);
  });
});
