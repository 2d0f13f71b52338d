import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, digest, parseJson } from "./json.ts";

describe("parseJson", () => {
  const refused: Record<string, { given: string; message: RegExp }> = {
    "refuses a key twice": { given: '{"a":1,"a":2}', message: /key "a" twice/ },
    "refuses a key twice however it is escaped": { given: '{"a":1,"\\u0061":2}', message: /key "a" twice/ },
    "refuses a key twice deep inside": { given: '[{"x":{"a":[{}],"a":2}}]', message: /key "a" twice/ },
    "refuses __proto__": { given: '{"__proto__":{"admin":true}}', message: /forbidden key "__proto__"/ },
    "refuses an escaped __proto__": { given: '{"\\u005f_proto__":{}}', message: /forbidden key "__proto__"/ },
    "refuses what is nested too deep": { given: "[".repeat(10_000) + "]".repeat(10_000), message: /deeper than 100/ },
    "refuses what is too large": { given: `"${"x".repeat(1_600_000)}"`, message: /larger than 1600000/ },
    "refuses half a document": { given: '{"a":', message: /not valid JSON/ },
    "refuses NaN": { given: '{"a":NaN}', message: /not valid JSON/ },
    "refuses an empty text": { given: "", message: /not valid JSON/ },
    "refuses an open string": { given: '{"a', message: /not valid JSON/ },
  };
  for (const [sentence, { given, message }] of Object.entries(refused)) {
    it(sentence, () => {
      expect(() => parseJson(given)).toThrowError(
        expect.objectContaining({ reason: "InvalidJson", message: expect.stringMatching(message) }),
      );
    });
  }

  it("takes the same key in sibling objects and in a value", () => {
    expect(parseJson('[{"a":"a"},{"a":{"a":1}}]')).toEqual([{ a: "a" }, { a: { a: 1 } }]);
  });

  it("reads whatever JSON.stringify writes", () => {
    const safe = fc
      .jsonValue({ maxDepth: 6 })
      .filter((value) => !/"(__proto__|constructor|prototype)"/.test(JSON.stringify(value)));
    fc.assert(
      fc.property(safe, (value) => {
        expect(parseJson(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("canonicalJson", () => {
  it("sorts keys by UTF-16 units and keeps lists in order, as RFC 8785 says", () => {
    expect(canonicalJson({ b: [3, 1], a: { "\u20ac": 1, "\r": 2, 1: 0 } })).toBe(
      '{"a":{"\\r":2,"1":0,"€":1},"b":[3,1]}',
    );
  });
  it("gives one digest to one value, whatever the order of its keys", () => {
    expect(digest({ a: 1, b: 2 })).toBe(digest({ b: 2, a: 1 }));
  });
  it("refuses numbers that JSON cannot hold", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, { a: 1n }]) {
      expect(() => canonicalJson(value)).toThrowError(expect.objectContaining({ reason: "InvalidJson" }));
    }
  });
});
