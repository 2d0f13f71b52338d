import { defined, item, itemCrdPath, itemPath, itemsPath, version } from "../made.ts";
import { apply, mergePatch, post, put, type Sequences, type Step } from "../step.ts";

const text = { type: "string" };
const count = { type: "integer" };
const object = (properties: object, more: object = {}) => ({ type: "object", properties, ...more });
const list = (items: object, more: object = {}) => ({ type: "array", items, ...more });
const rules = (...sources: readonly (string | object)[]) => ({
  "x-kubernetes-validations": sources.map((rule) => (typeof rule === "string" ? { rule } : rule)),
});
const seen = { pick: ["kind", "spec", "message", "reason", "details"] };
const change = (spec: object): Step => mergePatch(itemPath, { spec }, seen);
const listMap = { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"] };

/** Stores an object under one schema of `spec`, then makes the schema stricter. */
const stricter = (before: object, stored: unknown, after: object): Step[] => [
  ...defined(before),
  post(itemsPath, item(stored), { pick: ["kind", "message"] }),
  mergePatch(itemCrdPath, { spec: { versions: [version("v1", after)] } }, { pick: ["kind", "message"] }),
  // The new schema counts when a try under it is refused.
  post(`${itemsPath}?dryRun=All`, item(stored, { name: "try" }), { until: 422, pick: ["reason"] }),
];

export const ratcheting: Sequences = {
  "an unchanged field of a wrong value is tolerated": [
    ...stricter(object({ a: text, b: text }), { a: "long", b: "x" }, object({ a: { ...text, maxLength: 2 }, b: text })),
    change({ b: "y" }),
    change({ a: "other" }),
    change({ a: "ok" }),
    change({ a: "long" }),
  ],
  "an unchanged field of a wrong type is tolerated": [
    ...stricter(object({ a: text, b: text }), { a: "1", b: "x" }, object({ a: count, b: text })),
    change({ b: "y" }),
    change({ a: "2" }),
    change({ a: 2 }),
  ],
  "a field that is now required": [
    ...stricter(
      object({ o: object({ a: text, b: text }), z: text }),
      { o: { a: "1" } },
      object({ o: object({ a: text, b: text }, { required: ["b"] }), z: text }),
    ),
    change({ z: "1" }),
    change({ o: { a: "2" } }),
    change({ o: { b: "3" } }),
    change({ o: { b: null } }),
  ],
  "items of a list with keys are told apart": [
    ...stricter(
      object({ l: list(object({ k: text, v: text }, { required: ["k"] }), listMap) }),
      {
        l: [
          { k: "a", v: "long" },
          { k: "b", v: "x" },
        ],
      },
      object({ l: list(object({ k: text, v: { ...text, maxLength: 2 } }, { required: ["k"] }), listMap) }),
    ),
    change({
      l: [
        { k: "b", v: "y" },
        { k: "a", v: "long" },
      ],
    }),
    change({
      l: [
        { k: "a", v: "long" },
        { k: "c", v: "long" },
      ],
    }),
    change({ l: [{ k: "a", v: "longer" }] }),
    change({ l: [] }),
  ],
  "items of a plain list are not": [
    ...stricter(
      object({ l: list(object({ v: text })), z: text }),
      { l: [{ v: "long" }, { v: "x" }] },
      object({ l: list(object({ v: { ...text, maxLength: 2 } })), z: text }),
    ),
    change({ z: "1" }),
    change({ l: [{ v: "long" }, { v: "y" }] }),
  ],
  "members of a map are told by name": [
    ...stricter(
      object({ m: { type: "object", additionalProperties: text } }),
      { m: { a: "long", b: "x" } },
      object({ m: { type: "object", additionalProperties: { ...text, maxLength: 2 } } }),
    ),
    change({ m: { b: "y" } }),
    change({ m: { c: "long" } }),
    change({ m: { a: "longer" } }),
  ],
  "items twice in a set that was none": [
    ...stricter(
      object({ l: list(text), z: text }),
      { l: ["a", "a"] },
      object({ l: list(text, { "x-kubernetes-list-type": "set" }), z: text }),
    ),
    change({ z: "1" }),
    change({ l: ["a", "a", "b"] }),
    change({ l: ["a", "b"] }),
    change({ l: ["b", "b"] }),
  ],
  "too many items that were there": [
    ...stricter(
      object({ l: list(text), z: text }),
      { l: ["a", "b", "c"] },
      object({ l: list(text, { maxItems: 2 }), z: text }),
    ),
    change({ z: "1" }),
    change({ l: ["a", "b", "c", "d"] }),
    change({ l: ["a"] }),
  ],
  "alternatives are judged as a whole": [
    ...stricter(
      object({ a: text, b: text, z: text }),
      { a: "1", b: "2" },
      object({ a: text, b: text, z: text }, { oneOf: [{ required: ["a"] }, { required: ["b"] }] }),
    ),
    change({ z: "1" }),
    mergePatch(itemPath, { metadata: { labels: { x: "y" } } }, seen),
    change({ b: null }),
  ],
  "a rule that the old value broke": [
    ...stricter(
      object({ o: object({ a: count, b: count }), z: text }),
      { o: { a: 2, b: 1 } },
      object({ o: object({ a: count, b: count }, rules("self.a <= self.b")), z: text }),
    ),
    change({ z: "1" }),
    change({ o: { a: 3 } }),
    change({ o: { a: 0 } }),
    // Not what it was once: a cluster may look at a copy that is a moment old first, and warn of that.
    change({ o: { a: 4 } }),
  ],
  "a rule on an item that the old value broke": [
    ...stricter(
      object({ l: list(object({ k: text, n: count }, { required: ["k"] }), { ...listMap, maxItems: 5 }) }),
      {
        l: [
          { k: "a", n: 0 },
          { k: "b", n: 1 },
        ],
      },
      object({
        l: list(object({ k: text, n: count }, { required: ["k"], ...rules("self.n > 0") }), {
          ...listMap,
          maxItems: 5,
        }),
      }),
    ),
    change({
      l: [
        { k: "a", n: 0 },
        { k: "b", n: 2 },
      ],
    }),
    change({ l: [{ k: "a", n: -1 }] }),
    change({ l: [{ k: "c", n: 0 }] }),
  ],
  "a rule at the root that the old object broke": [
    ...stricter(object({ a: count, z: text }), { a: 0 }, object({ a: count, z: text }, rules("self.a > 0"))),
    mergePatch(itemPath, { metadata: { labels: { x: "y" } } }, seen),
    change({ z: "1" }),
  ],
  "rules about the change itself are never tolerated": [
    ...defined(
      object(
        { a: count, b: text, c: object({ d: text }, rules({ rule: "self.d == oldSelf.d", message: "d stays" })) },
        rules(
          { rule: "self.a >= oldSelf.a", message: "a only grows" },
          { rule: "!has(oldSelf.b) || has(self.b)", message: "b stays" },
        ),
      ),
    ),
    post(itemsPath, item({ a: 3, b: "x", c: { d: "1" } }), seen),
    change({ a: 2 }),
    change({ b: null }),
    change({ c: { d: "2" } }),
    change({ c: null }),
    change({ c: { d: "3" } }),
    change({ a: 4 }),
    put(itemPath, item({ a: 3, b: "x" }, { resourceVersion: "1" }), { pick: ["reason"] }),
  ],
  "the old value where there is none": [
    ...defined(
      object({
        a: { ...text, maxLength: 9, ...rules({ rule: "self == oldSelf", message: "stays" }) },
        b: {
          ...text,
          maxLength: 9,
          ...rules({
            rule: "!oldSelf.hasValue() || oldSelf.value() == self",
            optionalOldSelf: true,
            message: "stays too",
          }),
        },
        c: {
          ...text,
          maxLength: 9,
          ...rules({ rule: "oldSelf.orValue('start') != self", optionalOldSelf: true, message: "moves" }),
        },
      }),
    ),
    post(itemsPath, item({ a: "1", b: "1", c: "start" }), seen),
    post(itemsPath, item({ a: "1", b: "1", c: "1" }), seen),
    change({ a: "2" }),
    change({ b: "2" }),
    change({ c: "1" }),
    change({ a: null, b: null, c: null }),
    change({ a: "2", b: "2", c: "2" }),
  ],
  "the old value of an item": [
    ...defined(
      object({
        l: list(
          object(
            { k: text, n: count },
            { required: ["k"], ...rules({ rule: "self.n >= oldSelf.n", message: "n only grows" }) },
          ),
          { ...listMap, maxItems: 5 },
        ),
        m: {
          type: "object",
          maxProperties: 5,
          additionalProperties: { ...count, ...rules({ rule: "self >= oldSelf", message: "only grows" }) },
        },
      }),
    ),
    post(
      itemsPath,
      item({
        l: [
          { k: "a", n: 2 },
          { k: "b", n: 2 },
        ],
        m: { x: 2 },
      }),
      seen,
    ),
    change({
      l: [
        { k: "b", n: 1 },
        { k: "a", n: 3 },
      ],
    }),
    change({
      l: [
        { k: "c", n: 0 },
        { k: "a", n: 2 },
      ],
    }),
    change({ m: { x: 1 } }),
    change({ m: { y: 0 } }),
    change({ m: { x: null, y: null } }),
    change({ m: { x: 0 } }),
  ],
  "what messages say": [
    ...defined(
      object(
        {
          a: {
            ...count,
            ...rules({
              rule: "self > 0",
              messageExpression: "'a was ' + (self == 0 ? 'zero' : 'negative')",
              message: "plain",
            }),
          },
          s: { ...text, maxLength: 20 },
        },
        rules(
          {
            rule: "!has(self.s) || self.s != 'empty'",
            messageExpression: "self.s == 'empty' ? '' : 'x'",
            message: "the message",
          },
          { rule: "!has(self.s) || self.s != 'lines'", messageExpression: "'one\\ntwo'", message: "the message" },
          {
            rule: "!has(self.s) || self.s != 'fails'",
            messageExpression: "[''][self.s.size()]",
            message: "the message",
          },
          { rule: "!has(self.s) || self.s != 'blank'", messageExpression: "'   '" },
          { rule: "!has(self.s) || self.s != 'trim'", message: "  spaces around  " },
          {
            rule: "!has(self.s) || self.s != 'bad'",
            reason: "FieldValueRequired",
            fieldPath: ".s",
            message: "needs more",
          },
          { rule: "!has(self.s) || self.s != 'no'", reason: "FieldValueForbidden", message: "not this" },
        ),
      ),
    ),
    ...["empty", "lines", "fails", "blank", "trim", "bad", "no"].map((s) => post(itemsPath, item({ s }), seen)),
    post(itemsPath, item({ a: 0 }), seen),
    post(itemsPath, item({ a: -1 }), seen),
  ],
  "an apply tolerates what was there": [
    ...stricter(object({ a: text, b: text }), { a: "long" }, object({ a: { ...text, maxLength: 2 }, b: text })),
    apply(itemPath, "one", item({ b: "x" }), seen),
    apply(itemPath, "one", item({ a: "long", b: "x" }), seen),
    apply(itemPath, "one", item({ a: "longer", b: "x" }), { ...seen, query: "&force=true" }),
  ],
  "embedded resources keep their names": [
    ...defined(
      object({
        t: object({ spec: object({ a: text }) }, { "x-kubernetes-embedded-resource": true }),
        l: list({
          type: "object",
          "x-kubernetes-embedded-resource": true,
          "x-kubernetes-preserve-unknown-fields": true,
        }),
      }),
    ),
    ...[
      { t: { apiVersion: "v1", kind: "Pod", metadata: { name: "a/b" } } },
      { t: { apiVersion: "v1", kind: "Pod", metadata: { generateName: "a%" } } },
      { t: { apiVersion: "v1", kind: "Pod", metadata: { name: 5 } } },
      { t: { apiVersion: "v1", kind: "Pod", metadata: { labels: { "bad key!": "x" }, annotations: { a: 1 } } } },
      { t: { apiVersion: "v1", kind: "Pod", metadata: { labels: { "bad key!": "x" } } } },
      { t: { apiVersion: "v1", kind: "Pod", metadata: "x" } },
      { t: { apiVersion: "v1", kind: 1 } },
      { t: { apiVersion: "", kind: "" } },
      {
        t: {
          apiVersion: "v1",
          kind: "Pod",
          metadata: { name: "", nope: 1, creationTimestamp: null },
          spec: { a: "1", b: 2 },
          other: 1,
        },
      },
      { l: [{ apiVersion: "v1", kind: "Pod", metadata: { finalizers: ["x"], ownerReferences: [{ name: "o" }] } }, {}] },
      { l: [{ apiVersion: "a/b/c", kind: "Pod" }, "x"] },
    ].map((spec) => post(`${itemsPath}?dryRun=All`, item(spec), seen)),
  ],
  "pruning at many places": [
    ...defined(
      object({
        o: object({ a: text }),
        l: list(object({ a: text })),
        m: { type: "object", additionalProperties: object({ a: text }) },
        p: object({ a: object({ b: text }) }, { "x-kubernetes-preserve-unknown-fields": true }),
        q: list({ type: "object", "x-kubernetes-preserve-unknown-fields": true }),
        i: { "x-kubernetes-int-or-string": true },
        n: { type: "object", additionalProperties: true },
        e: { type: "object" },
      }),
    ),
    ...["Warn", "Strict", "Ignore"].map((how) =>
      post(
        `${itemsPath}?dryRun=All&fieldValidation=${how}`,
        item({
          x: 1,
          o: { a: "1", x: { y: 1 } },
          l: [{ a: "1", x: 1 }, { x: 1 }],
          m: { k: { a: "1", x: 1 } },
          p: { a: { b: "1", x: 1 }, x: { y: 1 } },
          q: [{ x: { y: [1] } }],
          n: { x: { y: 1 } },
          e: { x: 1 },
        }),
        seen,
      ),
    ),
  ],
  "defaults at many places": [
    ...defined(
      object({
        a: { ...text, default: "a" },
        o: object({ b: { ...text, default: "b" }, c: { ...count, default: 3 } }, { default: { c: 4 } }),
        p: object({ b: { ...text, default: "b" } }),
        l: list(object({ k: { ...text, default: "k" } }), { default: [{}, { k: "z" }] }),
        m: { type: "object", additionalProperties: object({ v: { ...count, default: 1 } }) },
        n: { ...text, nullable: true, default: "n" },
        d: { ...list(text), default: [] },
        f: { type: "boolean", default: false },
      }),
    ),
    ...[
      {},
      { a: null, o: null, l: null, n: null, d: null, f: null },
      { o: {}, p: {}, l: [{}, null], m: { x: {}, y: { v: 2 } } },
      { o: { c: null }, f: true },
    ].map((spec) => post(`${itemsPath}?dryRun=All`, item(spec), seen)),
    post(`${itemsPath}?dryRun=All`, { ...item({}), spec: undefined }, seen),
  ],
};
