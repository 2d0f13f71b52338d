import { describe, expect, it } from "vitest";
import { readJson } from "./json-body.ts";

describe("keys that come twice", () => {
  it("are each told once, with their path, in the order in which they repeat", () => {
    const body = '{"a":{"x":1,"x":2,"x":3},"l":[{"k":1},{"k":1,"k":2}],"b":0,"a":{"x":1,"x":2},"b":1}';
    expect(readJson(body).strict).toEqual([
      'duplicate field "a.x"',
      'duplicate field "l[1].k"',
      'duplicate field "a"',
      'duplicate field "b"',
    ]);
    expect(readJson(body).value).toEqual({ a: { x: 2 }, l: [{ k: 1 }, { k: 2 }], b: 1 });
  });

  it("cost no path when they come again", () => {
    const deep = (inside: string): string => `${'{"a":'.repeat(900)}${inside}${"}".repeat(900)}`;
    const path = `${"a.".repeat(900)}x`;
    expect(readJson(deep(`{${'"x":1,'.repeat(400_000)}"x":2}`)).strict).toEqual([`duplicate field "${path}"`]);
    expect(readJson(deep(`{${'"a":{"x":1,"x":1},'.repeat(50_000)}"x":2}`)).strict).toContain(
      `duplicate field "${path.slice(0, -1)}a.x"`,
    );
  });

  it("are a hundred at most, as on a cluster", () => {
    const twice = Array.from({ length: 300 }, (_, i) => `"k${i}":1,"k${i}":2`).join(",");
    expect(readJson(`{${twice}}`).strict).toHaveLength(100);
  });
});

describe("numbers", () => {
  it.each(["1e999", "-1E+400", `1${"0".repeat(400)}`, `${"9".repeat(1_000_000)}`])(
    "too large for any float are refused: %.12s",
    (number) => {
      expect(() => readJson(`{"a": ${number}}`)).toThrow(`cannot unmarshal number ${number} into Go value`);
    },
  );

  it("that are only long are read, and what looks like an exponent elsewhere is left alone", () => {
    const body = `{"e":"1e999","a":[true,false,-0.5e-3],"b":1${"0".repeat(300)},"c":0.${"1".repeat(500)}}`;
    expect(readJson(body).value).toEqual(JSON.parse(body));
    expect(readJson(`["${"e".repeat(1_000_000)}"${",1e5".repeat(300_000)}]`).value).toHaveLength(300_001);
    expect(() => readJson("[1-1e999]")).toThrow(SyntaxError);
  });
});

describe("halves of characters", () => {
  it.each([
    ['"\\ud800"', "\ufffd"],
    ['"x\\uDC00y"', "x\ufffdy"],
    ['"\\ud83d\\ude00"', "😀"],
    ['"\\ud800\\ud83d\\ude00"', "\ufffd😀"],
    ['"\\\\ud800"', "\\ud800"],
    ['"\\\\\\ud800"', "\\\ufffd"],
    ['{"\\udfff":1}', { "\ufffd": 1 }],
  ])("%s", (text, value) => expect(readJson(text).value).toEqual(value));

  it("make keys the same", () => {
    expect(readJson('{"\\ud800":1,"\\udc00":2}').strict).toEqual(['duplicate field "\ufffd"']);
  });
});
