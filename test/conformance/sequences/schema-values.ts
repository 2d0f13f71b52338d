import { createEach, defined, item, itemPath, itemsPath, judged } from "../made.ts";
import { get, mergePatch, post, type Sequences } from "../step.ts";

const text = { type: "string" };
const count = { type: "integer" };
const object = (properties: object, more: object = {}) => ({ type: "object", properties, ...more });
const list = (items: object, more: object = {}) => ({ type: "array", items, ...more });
/** Items whose `x` has this schema; each value is tried. */
const values = (schema: object, ...tried: readonly unknown[]) => [
  ...defined(object({ x: schema })),
  ...createEach(...tried.map((x) => ({ x }))),
];
const format = (name: string, ...tried: readonly string[]) => values({ ...text, format: name }, ...tried);
const numbers = (type: object, ...tried: readonly string[]) => [
  ...defined(object({ x: type })),
  ...tried.map((x) => ({
    method: "POST" as const,
    path: `${itemsPath}?dryRun=All`,
    text: `{"apiVersion":"{ns}.made.dev/v1","kind":"Item","metadata":{"name":"a"},"spec":{"x":${x}}}`,
    pick: judged,
  })),
];

export const schemaValues: Sequences = {
  "dates and times": format(
    "date-time",
    "2026-01-02T03:04:05Z",
    "2026-01-02t03:04:05.123456789+01:00",
    "2026-01-02 03:04:05Z",
    "2026-01-02T03:04:05",
    "2026-02-30T00:00:00Z",
    "2026-01-02T24:00:00Z",
    "2026-01-02T23:59:60Z",
    "",
    "noon",
  ),
  dates: format("date", "2026-01-02", "2026-02-30", "2026-1-2", "2026-01-02T00:00:00Z", ""),
  durations: format(
    "duration",
    "1h30m",
    "90 minutes",
    "3 days",
    "1d",
    "-5s",
    "1.5h",
    "",
    "0",
    "5",
    "P1D",
    "1y",
    "1 week",
  ),
  "mail addresses": format(
    "email",
    "ana@acme.example",
    "Ana <ana@acme.example>",
    "ana@localhost",
    "ana",
    "a b@acme.example",
    '"a b"@acme.example',
    "",
  ),
  "addresses of networks": [...format("ipv4", "10.0.0.1", "010.0.0.1", "10.0.0", "::1", "10.0.0.256")],
  "addresses of the sixth version": format(
    "ipv6",
    "::1",
    "fe80::1%eth0",
    "::ffff:10.0.0.1",
    "10.0.0.1",
    "1::2::3",
    "FE80::1",
  ),
  networks: format("cidr", "10.0.0.0/8", "10.0.0.1/8", "fd00::/8", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/08"),
  "hardware addresses": format(
    "mac",
    "01:23:45:67:89:ab",
    "01-23-45-67-89-AB",
    "0123.4567.89ab",
    "01:23:45:67:89",
    "zz:23:45:67:89:ab",
    "01:23:45:67:89:ab:cd:ef",
  ),
  "host names": format(
    "hostname",
    "a.example",
    "a_b.example",
    "-a.example",
    "a..b",
    "a.example.",
    "",
    "x".repeat(64),
    "ä.example",
    "1.2.3.4",
  ),
  "universal identifiers": [
    ...defined(
      object(Object.fromEntries(["uuid", "uuid3", "uuid4", "uuid5"].map((name) => [name, { ...text, format: name }]))),
    ),
    ...createEach(
      { uuid: "123e4567-e89b-12d3-a456-426614174000", uuid3: "123e4567-e89b-12d3-a456-426614174000" },
      { uuid3: "a3bb189e-8bf9-3888-9912-ace4e6543002", uuid4: "a3bb189e-8bf9-3888-9912-ace4e6543002" },
      { uuid4: "109156BE-C4FB-41EA-B1B4-EFE1671C5836", uuid5: "109156be-c4fb-41ea-b1b4-efe1671c5836" },
      { uuid: "123e4567e89b12d3a456426614174000", uuid5: "886313e1-3b8a-5372-9b90-0c9aee199e5d" },
      { uuid: "123e4567-e89b-12d3-a456" },
    ),
  ],
  bytes: format("byte", "aGVsbG8=", "aGVsbG8", "a GVs", "", "=", "!!!!", "aGVsbG8h\n"),
  addresses: format(
    "uri",
    "https://example.com/x?y#z",
    "/just/a/path",
    "example.com",
    "mailto:a@b.c",
    "",
    "http://[::1",
    "http://a b/",
  ),
  "numbers of books and cards": [
    ...defined(
      object({
        isbn: { ...text, format: "isbn" },
        card: { ...text, format: "creditcard" },
        ssn: { ...text, format: "ssn" },
      }),
    ),
    ...createEach(
      { isbn: "978-3-16-148410-0", card: "4111 1111 1111 1111", ssn: "078-05-1120" },
      { isbn: "978-3-16-148410-1" },
      { card: "4111 1111 1111 1112" },
      { ssn: "078051120" },
      { ssn: "07805112" },
    ),
  ],
  colours: [
    ...defined(object({ hex: { ...text, format: "hexcolor" }, rgb: { ...text, format: "rgbcolor" } })),
    ...createEach(
      { hex: "#fff", rgb: "rgb(1,2,3)" },
      { hex: "abcdef" },
      { hex: "#ffff" },
      { rgb: "rgb(256,0,0)" },
      { rgb: "rgb( 1 , 2,3 )" },
    ),
  ],
  "names of Kubernetes": [
    ...defined(object({ short: { ...text, format: "k8s-short-name" }, long: { ...text, format: "k8s-long-name" } })),
    ...createEach({ short: "a-b", long: "a.b.c" }, { short: "a.b" }, { long: "A.b" }, { short: "" }, { long: "a..b" }),
  ],
  "formats that are only documentation": [
    ...defined(
      object({
        a: { ...text, format: "colour" },
        p: { ...text, format: "password" },
        n: { type: "number", format: "money" },
      }),
    ),
    ...createEach({ a: "any", p: "", n: 1.5 }),
  ],
  "whole numbers of some size": numbers(
    { ...count, format: "int32" },
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "1.0",
    "1.5",
    "1e3",
  ),
  "whole numbers of double size": numbers(
    { ...count, format: "int64" },
    "9007199254740991",
    "1e15",
    "-1",
    '"1"',
    "1e19",
  ),
  "numbers with a point": [
    ...numbers({ type: "number", format: "double" }, "1", "1.5", "-0.0", "1e300", '"1.5"', "true"),
  ],
  "bounds that are out": numbers(
    { type: "number", minimum: 1, maximum: 5, exclusiveMinimum: true, exclusiveMaximum: true },
    "1",
    "1.0001",
    "5",
    "4.9",
    "0",
    "6",
  ),
  "bounds of whole numbers": numbers({ ...count, minimum: 2, maximum: 4 }, "1", "2", "4", "5"),
  multiples: numbers({ type: "number", multipleOf: 0.1 }, "0.3", "0.25", "1", "7"),
  "multiples of whole numbers": numbers({ ...count, multipleOf: 3 }, "9", "10", "0", "-3"),
  "lengths are of characters": values({ ...text, minLength: 2, maxLength: 3 }, "a", "äö", "😀😀", "😀😀😀😀", "abcd"),
  "patterns match anywhere": values({ ...text, pattern: "b+" }, "abba", "aca", "", "B"),
  "patterns of several kinds": [...values({ ...text, pattern: "^\\p{Lu}[\\w-]*$" }, "Ä", "Abc", "abc", "A b")],
  "lists of some length": values(list(count, { minItems: 1, maxItems: 2 }), [], [1], [1, 2, 3], ["x", 1, 2]),
  "maps of some size": values(
    { type: "object", additionalProperties: count, minProperties: 1, maxProperties: 2 },
    {},
    { a: 1 },
    { a: 1, b: 2, c: 3 },
    { a: "x" },
  ),
  "members of objects counted": values(
    object({ a: text, b: text, c: text }, { minProperties: 1, maxProperties: 2 }),
    {},
    { a: "1" },
    { a: "1", b: "2", c: "3" },
  ),
  "one of several values": [
    ...defined(
      object({
        x: { ...text, enum: ["a", "b", ""] },
        n: { ...count, enum: [1, 2] },
        o: object({ k: text }, { enum: [{ k: "v" }] }),
      }),
    ),
    ...createEach({ x: "a", n: 2 }, { x: "c" }, { x: "" }, { n: 3 }, { o: { k: "v" } }, { o: { k: "w" } }),
  ],
  "sets of scalars": values(list(count, { "x-kubernetes-list-type": "set" }), [1, 2], [1, 2, 1, 2, 1], [null, 1]),
  "sets of objects": values(
    list(object({ a: count, b: count }, { "x-kubernetes-map-type": "atomic" }), { "x-kubernetes-list-type": "set" }),
    [{ a: 1 }, { a: 2 }],
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
    [{}, {}],
  ),
  "lists with keys": values(
    list(object({ k: text, n: { ...count, default: 1 }, v: text }, { required: ["k"] }), {
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["k", "n"],
    }),
    [{ k: "a" }, { k: "a", n: 2 }],
    [{ k: "a" }, { k: "a", n: 1 }],
    [
      { k: "a", n: null },
      { k: "a", n: 1 },
    ],
    [{ k: null }],
    [{ n: 1 }],
    [{ k: "a" }, null],
    [{ k: "a" }, "x"],
  ),
  "a list with keys inside another": values(
    list(
      object(
        {
          k: text,
          inner: list(object({ k: text }, { required: ["k"] }), {
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["k"],
          }),
        },
        { required: ["k"] },
      ),
      { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"] },
    ),
    [{ k: "a", inner: [{ k: "1" }, { k: "1" }] }],
    [
      { k: "a", inner: [{ k: "1" }] },
      { k: "a", inner: [{ k: "1" }] },
    ],
  ),
  "alternatives that overlap": values(
    object({ a: text, b: count }, { anyOf: [{ required: ["a"] }, { required: ["b"] }], not: { required: ["a", "b"] } }),
    {},
    { a: "1" },
    { b: 1 },
    { a: "1", b: 1 },
  ),
  "alternatives of values": values(
    { ...count, oneOf: [{ minimum: 5 }, { maximum: 7 }], allOf: [{ minimum: 1 }, { maximum: 9 }] },
    3,
    6,
    8,
    0,
    10,
  ),
  "alternatives below lists and maps": values(
    object({
      l: list(object({ a: text, b: text }, { oneOf: [{ required: ["a"] }, { required: ["b"] }] })),
      m: { type: "object", additionalProperties: { ...text, anyOf: [{ enum: ["x"] }, { minLength: 3 }] } },
    }),
    { l: [{ a: "1" }, {}] },
    { l: [{ a: "1", b: "2" }] },
    { m: { k: "x", l: "ab" } },
    { m: { k: "abc" } },
  ),
  "integers or text": values({ "x-kubernetes-int-or-string": true }, 1, "1", 1.5, true, null, [1]),
  "integers or text with limits": values(
    {
      "x-kubernetes-int-or-string": true,
      anyOf: [{ type: "integer" }, { type: "string" }],
      pattern: "^\\d+%$",
      maximum: 10,
    },
    5,
    11,
    "50%",
    "50",
  ),
  "nulls that are allowed": [
    ...defined(
      object({
        a: { ...text, nullable: true, default: "x" },
        b: { ...text, nullable: true },
        c: { ...text, default: "y" },
        d: list({ ...text, nullable: true }),
        e: object({ f: text }, { nullable: true }),
      }),
    ),
    ...createEach({ a: null, b: null, c: null, d: [null, "z"], e: null }, { d: null }, {}, { e: { f: null } }),
  ],
  "types in the wrong place": [
    ...defined(object({ o: object({ a: text }), l: list(text), s: text, n: count, b: { type: "boolean" } })),
    ...createEach(
      { o: "x" },
      { o: [] },
      { l: {} },
      { l: "x" },
      { s: {} },
      { s: 1 },
      { n: "1" },
      { b: "true" },
      { b: 0 },
    ),
    ...createEach("text", [], 1, null, true),
  ],
  "required members": [
    ...defined(
      object(
        {
          a: object({ b: text, c: { ...text, default: "c" } }, { required: ["b", "c"] }),
          l: list(object({ k: text }, { required: ["k"] })),
        },
        { required: ["a"] },
      ),
    ),
    ...createEach({}, { a: {} }, { a: { b: "1" }, l: [{}, { k: "1" }] }, { a: { b: null } }, { a: null }),
  ],
  "several faults at many places": [
    ...defined(
      object({
        a: { ...text, maxLength: 1 },
        l: list({ ...count, minimum: 1 }),
        m: { type: "object", additionalProperties: { ...text, enum: ["x"] } },
        o: object({ p: { ...text, format: "date" } }, { required: ["q"] }),
      }),
    ),
    ...createEach({ a: "ab", l: [0, 1, -1, "x"], m: { "k.y/z": "y" }, o: { p: "no" } }),
  ],
  "rules on values of several formats": [
    ...defined(
      object(
        {
          t: { ...text, format: "date-time" },
          u: { ...text, format: "duration" },
          y: { ...text, format: "byte", maxLength: 40 },
          d: { ...text, format: "date" },
        },
        {
          "x-kubernetes-validations": [
            { rule: "!has(self.t) || self.t.getFullYear() > 2025", message: "too old" },
            { rule: "!has(self.u) || self.u < duration('1h')", message: "too long" },
            { rule: "!has(self.y) || self.y.size() < 6", message: "too big" },
            { rule: "!has(self.d) || self.d.getDayOfWeek() == 0", message: "no Sunday" },
          ],
        },
      ),
    ),
    ...createEach(
      { t: "2024-01-01T00:00:00Z" },
      { u: "2h" },
      { y: "aGVsbG8gd29ybGQ=" },
      { d: "2026-11-21" },
      { t: "2026-01-01T00:00:00Z", u: "59m", y: "aGVsbG8=", d: "2026-11-22" },
    ),
  ],
  "a rule on each item": [
    ...defined(
      object({
        l: list(
          object(
            { n: count },
            {
              "x-kubernetes-validations": [
                { rule: "self.n > 0", messageExpression: "'n is ' + (self.n == 0 ? 'zero' : 'less')", fieldPath: ".n" },
              ],
            },
          ),
          { maxItems: 5 },
        ),
        m: {
          type: "object",
          maxProperties: 5,
          additionalProperties: {
            ...count,
            "x-kubernetes-validations": [{ rule: "self > 0", reason: "FieldValueDuplicate" }],
          },
        },
      }),
    ),
    ...createEach({ l: [{ n: 1 }, { n: 0 }, { n: -1 }] }, { m: { "a.b": 0, c: 1 } }, { l: [{}] }),
  ],
  "a rule that fails while it runs": [
    ...defined(
      object(
        { a: count, l: list(count, { maxItems: 3 }), s: { ...text, maxLength: 9 } },
        {
          "x-kubernetes-validations": [
            { rule: "!has(self.a) || 10 / self.a > 1", message: "small" },
            { rule: "!has(self.l) || self.l[1] > 0" },
            { rule: "!has(self.s) || int(self.s) > 0" },
          ],
        },
      ),
    ),
    ...createEach({ a: 0 }, { l: [1] }, { s: "x" }, { a: 20 }),
    get(itemPath, { pick: ["reason"] }),
  ],
  "metadata of the whole object in rules": [
    ...defined(text, {
      schema: {
        openAPIV3Schema: object(
          { metadata: object({ name: { ...text, maxLength: 5 } }), spec: text },
          { "x-kubernetes-validations": [{ rule: "self.metadata.name.startsWith('a')", message: "begin with a" }] },
        ),
      },
    }),
    post(itemsPath, item("x", { name: "toolong" }), { pick: judged }),
    post(itemsPath, item("x", { name: "b" }), { pick: judged }),
    post(
      itemsPath,
      { ...item("x"), metadata: { generateName: "abc" } },
      { pick: ["reason", "code", "details.causes"] },
    ),
    mergePatch(itemPath, { spec: "y" }, { pick: judged }),
  ],
};
