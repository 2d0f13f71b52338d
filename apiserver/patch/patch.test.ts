import { describe, expect, it } from "vitest";
import { applyJsonPatch, applyMergePatch, applyStrategicPatch } from "./index.ts";

const doc = { a: { b: [1, 2, 3] }, "x/y": 1, "m~n": 2 };

const jsonPatches: Record<string, [readonly object[], unknown]> = {
  "add inserts into a list": [[{ op: "add", path: "/a/b/1", value: 9 }], { ...doc, a: { b: [1, 9, 2, 3] } }],
  "add appends with -": [[{ op: "add", path: "/a/b/-", value: 9 }], { ...doc, a: { b: [1, 2, 3, 9] } }],
  "negative indices count from the end": [[{ op: "remove", path: "/a/b/-1" }], { ...doc, a: { b: [1, 2] } }],
  "replace adds a missing member as the server does": [[{ op: "replace", path: "/new", value: 1 }], { ...doc, new: 1 }],
  move: [[{ op: "move", from: "/x~1y", path: "/z" }], { a: doc.a, "m~n": 2, z: 1 }],
  "copy is deep": [
    [
      { op: "copy", from: "/a", path: "/c" },
      { op: "replace", path: "/c/b/0", value: 9 },
    ],
    { ...doc, c: { b: [9, 2, 3] } },
  ],
  "test passes over escaped names": [[{ op: "test", path: "/m~0n", value: 2 }], doc],
};

const refusedPatches: Record<string, unknown> = {
  "a failed test": [{ op: "test", path: "/a/b/0", value: 7 }],
  "a missing parent": [{ op: "add", path: "/no/way", value: 1 }],
  "a missing key": [{ op: "remove", path: "/no" }],
  "an index beyond the end": [{ op: "replace", path: "/a/b/3", value: 1 }],
  "no index at all": [{ op: "add", path: "/a/b/x", value: 1 }],
  "an unknown operation": [{ op: "merge", path: "/a" }],
  "a missing path": [{ op: "add", value: 1 }],
  "a prototype": [{ op: "add", path: "/__proto__/polluted", value: 1 }],
  "a constructor": [{ op: "add", path: "/constructor/prototype/polluted", value: 1 }],
  "something that is no list": { op: "add" },
  "too many operations": Array.from({ length: 10_001 }, () => ({ op: "test", path: "/x~1y", value: 1 })),
  "copies that double and double": Array.from({ length: 40 }, (_, i) => ({ op: "copy", from: "/a", path: `/a/k${i}` })),
};

describe("applyJsonPatch", () => {
  for (const [name, [patch, want]] of Object.entries(jsonPatches)) {
    it(name, () => {
      const before = structuredClone(doc);
      expect(applyJsonPatch(doc, patch)).toEqual(want);
      expect(doc).toEqual(before);
    });
  }
  for (const [name, patch] of Object.entries(refusedPatches)) {
    it(`refuses ${name}`, () => {
      expect(() => applyJsonPatch(doc, patch)).toThrow();
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    });
  }
});

describe("applyMergePatch", () => {
  it("merges objects, replaces lists, removes nulls at every depth of new values", () => {
    const live = { a: { b: 1, c: [1] }, d: 1, s: "x" };
    expect(applyMergePatch(live, { a: { b: null, c: [2], n: { x: null, y: [{ z: null }] } }, s: { t: 1 } })).toEqual({
      a: { c: [2], n: { y: [{}] } },
      d: 1,
      s: { t: 1 },
    });
    expect(live).toEqual({ a: { b: 1, c: [1] }, d: 1, s: "x" });
  });
});

const account = { metadata: { name: "x", finalizers: ["a", "b"] }, secrets: [{ name: "one" }, { name: "two" }] };

const strategicPatches: Record<string, [object, object]> = {
  "merges items by key and appends new ones": [
    { secrets: [{ name: "two", uid: "u" }, { name: "three" }] },
    { ...account, secrets: [{ name: "one" }, { name: "two", uid: "u" }, { name: "three" }] },
  ],
  "deletes an item by key": [
    { secrets: [{ $patch: "delete", name: "one" }] },
    { ...account, secrets: [{ name: "two" }] },
  ],
  "replaces a list": [{ secrets: [{ $patch: "replace" }, { name: "x" }] }, { ...account, secrets: [{ name: "x" }] }],
  "adds to a list of scalars": [
    { metadata: { finalizers: ["b", "c"] } },
    { ...account, metadata: { name: "x", finalizers: ["a", "b", "c"] } },
  ],
  "removes from a list of scalars": [
    { metadata: { "$deleteFromPrimitiveList/finalizers": ["a"] } },
    { ...account, metadata: { name: "x", finalizers: ["b"] } },
  ],
  "orders a list": [
    { "$setElementOrder/secrets": [{ name: "three" }, { name: "two" }, { name: "one" }], secrets: [{ name: "three" }] },
    { ...account, secrets: [{ name: "three" }, { name: "two" }, { name: "one" }] },
  ],
  "null removes a member": [{ secrets: null }, { metadata: account.metadata }],
  "$patch: replace replaces a map": [
    { metadata: { $patch: "replace", name: "y" } },
    { ...account, metadata: { name: "y" } },
  ],
  "$retainKeys keeps only those": [{ $retainKeys: ["metadata"], metadata: {} }, { metadata: account.metadata }],
};

describe("applyStrategicPatch", () => {
  for (const [name, [patch, want]] of Object.entries(strategicPatches)) {
    it(name, () => {
      const before = structuredClone(account);
      expect(applyStrategicPatch(account, patch, "ServiceAccount")).toEqual(want);
      expect(account).toEqual(before);
    });
  }
  it("refuses an item without its key and an unknown directive", () => {
    expect(() => applyStrategicPatch(account, { secrets: [{ uid: "u" }] }, "ServiceAccount")).toThrow(
      "does not contain declared merge key: name",
    );
    expect(() => applyStrategicPatch(account, { metadata: { $patch: "what" } }, "ServiceAccount")).toThrow(
      "unknown patch type",
    );
  });
});
