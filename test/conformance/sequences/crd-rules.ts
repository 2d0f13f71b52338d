import { refusedSchema } from "../made.ts";
import type { Sequences } from "../step.ts";

const text = { type: "string" };
const count = { type: "integer" };
const fields = {
  s: { ...text, maxLength: 20 },
  i: count,
  d: { type: "number" },
  b: { type: "boolean" },
  t: { ...text, format: "date-time" },
  u: { ...text, format: "duration" },
  y: { ...text, format: "byte", maxLength: 20 },
  port: { "x-kubernetes-int-or-string": true },
  list: { type: "array", items: { ...text, maxLength: 10 }, maxItems: 5 },
  map: { type: "object", additionalProperties: count, maxProperties: 5 },
  inner: { type: "object", properties: { x: count } },
  any: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  "with-dash": text,
  namespace: text,
};
/** A definition is refused, or not, for one rule about `spec`. */
const rule = (source: string, more: object = {}) =>
  refusedSchema({ type: "object", properties: fields, "x-kubernetes-validations": [{ rule: source, ...more }] });
/** The same for a field of its own. */
const about = (schema: object, source: string, more: object = {}, others: readonly object[] = []) =>
  refusedSchema({
    type: "object",
    properties: { x: { ...schema, "x-kubernetes-validations": [{ rule: source, ...more }, ...others] } },
  });
const list = (items: object, more: object = {}) => ({ type: "array", items, ...more });

export const crdRules: Sequences = {
  "rules that do not parse": [
    rule("self."),
    rule("self.s =="),
    rule("self.i > 1 &&"),
    rule("(self.i"),
    rule("1 +* 2 == 3"),
    rule("self.list.all(1, true)"),
  ],
  "rules that name what is not there": [
    rule("other == 1"),
    rule("self.none == 1"),
    rule("self.inner.none == 1"),
    rule("self.s.none == 1"),
    rule("nosuch(self.i)"),
    rule("self.s.nosuch()"),
    rule("self.any.x == 1"),
    rule("has(self.none)"),
    rule("has(self.none.deeper)"),
    rule("has(self.inner.none)"),
    rule("has(self.map.x)"),
  ],
  "rules whose types do not fit": [
    rule("self.i == 's'"),
    rule("self.s > 1"),
    rule("self.i + self.d > 1.0"),
    rule("self.i > 1.5"),
    rule("self.b && self.i"),
    rule("!self.i"),
    rule("self.list == 'x'"),
    rule("'x' in self.map"),
    rule("1 in self.list"),
    rule("self.s.startsWith(1)"),
    rule("size(self.i) > 1"),
  ],
  "rules that answer something else": [
    rule("self.i"),
    rule("self.s"),
    rule("self.list.map(x, x)"),
    rule("self"),
    rule("type(self.i)"),
    rule("1"),
    rule("null"),
  ],
  "a rule of unknown type is refused": [
    rule("self.port"),
    rule("dyn(self.b)"),
    rule("self.b ? self.port : true"),
    rule("self.port == 80"),
    rule("[self.port][0]"),
    rule("dyn(self.b) == true"),
    rule("dyn(self.b) && self.b"),
  ],
  "a rule with several mistakes": [
    rule("self.list.all(x)"),
    rule("math.greatest(1, 2) == 2"),
    rule("cel.bind(x, 1, x == 1)"),
    rule("self.s == 'x"),
  ],
  "comprehensions with two variables": [
    rule("self.list.all(i, v, i < 5 && v != '')"),
    rule("self.map.exists(k, v, k == 'x' && v > 1)"),
    rule("self.list.existsOne(i, v, i == 0 && v == 'x')"),
    rule("self.map.transformList(k, v, v).size() > 0"),
    rule("self.map.transformMap(k, v, v + 1)['x'] == 2"),
    rule("self.list.transformMapEntry(i, v, {v: i}).size() == 1"),
    rule("self.list.all(i, v, v > 1)"),
  ],
  "words that CEL keeps for itself": [
    rule("self.__namespace__ == 'x'"),
    rule("self.with__dash__dash == 'x'"),
    rule("self.namespace == 'x'"),
    rule("self['with-dash'] == 'x'"),
  ],
  "libraries that a cluster has": [
    rule("self.s.lowerAscii().split(',').size() > 0"),
    rule("self.list.isSorted() && self.list.sum() == ''"),
    rule("self.list.indexOf('x') >= 0"),
    rule("quantity('1Gi').isGreaterThan(quantity('1Mi'))"),
    rule("isURL(self.s) && url(self.s).getHost() == 'x'"),
    rule("ip('10.0.0.1').family() == 4 && cidr('10.0.0.0/8').containsIP('10.0.0.1')"),
    rule("self.s.find('[0-9]+') == '1'"),
    rule("!format.dns1123Label().validate(self.s).hasValue()"),
    rule("sets.contains(self.list, ['a'])"),
    rule("semver('1.2.3').major() == 1"),
    rule("self.t > timestamp('2026-01-01T00:00:00Z') && self.u < duration('1h')"),
    rule("self.list.sort() == self.list && self.list.distinct().size() == self.list.size()"),
  ],
  "libraries that a cluster has not": [
    rule("self.s.format([1]) == 'x'"),
    rule("strings.quote(self.s) == 'x'"),
    rule("self.s.reverse() == 'x'"),
    rule("authorizer.path('/x').check('get').allowed()"),
    rule("lists.range(3).size() == 3"),
  ],
  "literals are checked": [
    rule("timestamp('soon') < self.t"),
    rule("duration('long') < self.u"),
    rule("self.s.matches('[')"),
    rule("[1, 'x'].size() == 2"),
    rule("{'a': 1, 'b': 'x'}.size() == 2"),
    rule("self.s.matches('a{1,2}')"),
  ],
  "members of what is computed": [
    about(
      list({ type: "object", properties: { a: count } }, { maxItems: 3 }),
      "has(self[0].a) && self.exists(i, has(i.a))",
    ),
    about(list({ type: "object", properties: { a: count } }, { maxItems: 3 }), "has(self[0].b)"),
    about(list({ type: "object", properties: { a: count } }, { maxItems: 3 }), "has(self.filter(i, i.a > 1)[0].a)"),
    rule("has(self)"),
    rule("has(self.list[0])"),
    rule("has(self.map['x'].y)"),
    rule("has(self.s)"),
    rule("has(self.s.size())"),
    rule("has('x')"),
  ],
  "optional values": [
    rule("self.?s.orValue('') == 'x'"),
    rule("self.?inner.?x.hasValue()"),
    rule("self.?none.hasValue()"),
    rule("optional.of(1).value() == 1"),
    rule("self.map[?'x'].orValue(1) == 1"),
    rule("self.?s == 'x'"),
  ],
  "the old value": [
    rule("oldSelf.i <= self.i"),
    rule("oldSelf.hasValue() || self.i == 0", { optionalOldSelf: true }),
    rule("oldSelf.hasValue()", { optionalOldSelf: false }),
    rule("self.i == 0", { optionalOldSelf: true }),
    rule("oldSelf.i == 1", { optionalOldSelf: true }),
  ],
  "the old value where it cannot be told": [
    about(
      list({ type: "object", properties: { a: text }, "x-kubernetes-validations": [{ rule: "self == oldSelf" }] }),
      "true",
    ),
    about(
      list(
        {
          type: "object",
          properties: { a: text },
          required: ["a"],
          "x-kubernetes-validations": [{ rule: "self == oldSelf" }],
        },
        { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"], maxItems: 3 },
      ),
      "self == oldSelf",
    ),
    about(
      list({ ...text, "x-kubernetes-validations": [{ rule: "self == oldSelf" }] }, { "x-kubernetes-list-type": "set" }),
      "true",
    ),
    about(
      { type: "object", additionalProperties: { ...text, "x-kubernetes-validations": [{ rule: "self == oldSelf" }] } },
      "true",
    ),
    about(
      {
        type: "object",
        "x-kubernetes-map-type": "atomic",
        properties: { a: { ...text, "x-kubernetes-validations": [{ rule: "self == oldSelf" }] } },
      },
      "true",
    ),
  ],
  "messages of rules": [
    rule("self.i > 1", { message: " " }),
    rule("self.i > 1", { message: "two\nlines" }),
    rule("self.i\n> 1"),
    rule("self.i\n> 1", { message: "fine" }),
    rule("self.i > 1", { messageExpression: " " }),
    rule("self.i > 1", { messageExpression: "self.i" }),
    rule("self.i > 1", { messageExpression: "'a' + " }),
    rule("self.i > 1", { messageExpression: "'was ' + string(self.none)" }),
    rule("self.i > 1", { messageExpression: "'was ' + string(oldSelf.i)" }),
    rule("   "),
  ],
  "reasons and paths of rules": [
    rule("self.i > 1", { reason: "Whim" }),
    rule("self.i > 1", { reason: "FieldValueRequired", fieldPath: ".i" }),
    rule("self.i > 1", { fieldPath: ".none" }),
    rule("self.i > 1", { fieldPath: "i" }),
    rule("self.i > 1", { fieldPath: ".map['x']" }),
    rule("self.i > 1", { fieldPath: ".list[0]" }),
    rule("self.i > 1", { fieldPath: " " }),
    rule("self.i > 1", { fieldPath: ".with-dash" }),
    rule("self.i > 1", { fieldPath: "['with-dash']" }),
    rule("self.i > 1", { fieldPath: ".i\n" }),
  ],
  "rules where there is no type": [
    about({ "x-kubernetes-preserve-unknown-fields": true }, "self == 1"),
    about({ type: "object", "x-kubernetes-preserve-unknown-fields": true }, "has(self.a)"),
    about({ "x-kubernetes-int-or-string": true }, "self == 1 || self == 'x'"),
    about(
      { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
      "self.metadata.name == 'x' && self.kind == 'y'",
    ),
    about(
      { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
      "self.metadata.namespace == 'x'",
    ),
  ],
  "rules about the whole object": [
    refusedSchema(text, {
      schema: {
        openAPIV3Schema: {
          type: "object",
          properties: { spec: text },
          "x-kubernetes-validations": [
            { rule: "self.metadata.name == self.spec" },
            { rule: "self.metadata.uid == ''" },
            { rule: "self.kind == 'Item'" },
          ],
        },
      },
    }),
  ],
  "rules over what has no bounds": [
    about(list(text), "self.all(a, self.all(b, a == b))"),
    about(list(text), "self.all(a, a.contains('x'))"),
    about(text, "self.matches('a+b+c+')"),
    about(text, "self.contains(self)"),
    about(list(list(count)), "self.all(a, a.all(b, b > 0))"),
    about({ type: "object", additionalProperties: text }, "self.all(k, self[k].startsWith(k))"),
  ],
  "rules within bounds": [
    about(list({ ...text, maxLength: 10 }, { maxItems: 10 }), "self.all(a, self.all(b, a == b))"),
    about({ ...text, maxLength: 1000 }, "self.matches('a+b+c+')"),
    about(list(count, { maxItems: 1000 }), "self.all(a, a > 0)"),
    about(list({ ...text, enum: ["a", "b"] }, { maxItems: 100 }), "self.exists_one(a, a == 'a')"),
  ],
  "rules below what has no bounds": [
    refusedSchema({
      type: "object",
      properties: {
        items: list({
          type: "object",
          properties: { name: text },
          "x-kubernetes-validations": [{ rule: "self.name.startsWith('x')" }],
        }),
      },
    }),
    refusedSchema({
      type: "object",
      properties: {
        items: list(
          { type: "object", properties: { name: text }, "x-kubernetes-validations": [{ rule: "self.name == 'x'" }] },
          { maxItems: 10 },
        ),
      },
    }),
    refusedSchema({
      type: "object",
      properties: {
        items: list({ type: "object", properties: { n: count }, "x-kubernetes-validations": [{ rule: "self.n > 1" }] }),
      },
    }),
  ],
  "rules that cost too much together": [
    about(
      list({ ...text, maxLength: 1000 }, { maxItems: 400 }),
      "true",
      {},
      Array.from({ length: 20 }, (_, i) => ({ rule: `self.all(a, a.contains('${"x".repeat(200 + 10 * i)}'))` })),
    ),
  ],
  "the cost of comprehensions with two variables": [
    about(list(text), "self.all(i, v, v.contains('x'))"),
    about({ type: "object", additionalProperties: text }, "self.all(k, v, v.contains(k))"),
    about(list({ ...text, maxLength: 10 }, { maxItems: 100 }), "self.all(i, v, self.exists(j, w, i != j && v == w))"),
    about(list(count, { maxItems: 2000 }), "self.all(i, v, self.all(j, w, i == j || v != w))"),
    about(list({ ...text, maxLength: 100 }, { maxItems: 100 }), "self.transformList(i, v, v + 'x').all(a, a != '')"),
    about({ type: "object", additionalProperties: count }, "self.transformMap(k, v, v > 1, v)['x'] == 2"),
  ],
  "the cost of a call": [
    rule("self.list.all(a, self.s.contains(a) && self.s.replace(a, 'xx').size() > 1)"),
    about(list({ ...text, maxLength: 2000 }, { maxItems: 2000 }), "self.all(a, self.exists(b, a.startsWith(b)))"),
    about(list({ ...text, maxLength: 500 }, { maxItems: 900 }), "self.all(a, a.split(',').all(b, b != ''))"),
    about(
      list({ ...text, maxLength: 5000 }, { maxItems: 500 }),
      "self.map(a, a.lowerAscii()).exists(a, a.matches('x+'))",
    ),
    about(list(count, { maxItems: 3000 }), "self.all(a, self.indexOf(a) >= 0)"),
    about({ ...text, maxLength: 100_000 }, "self.matches('a{100}b{100}c{100}d{100}')"),
    about(
      { type: "object", maxProperties: 5000, additionalProperties: count },
      "self.all(k, self.all(l, self[k] > self[l]))",
    ),
    about(list({ ...text, maxLength: 1000 }, { maxItems: 3000 }), "self.isSorted() && self.sort() == self"),
    about({ ...text, maxLength: 50_000_000 }, "self + self + self != ''"),
    about({ ...text, maxLength: 40_000_000 }, "self.size() > 1 ? self.trim() != '' : self == 'x'"),
  ],
  "an expensive message": [
    about(list(text, { maxItems: 10 }), "self.size() > 1", {
      messageExpression: "self.map(x, self.map(y, x + y)[0])[0]",
    }),
  ],
};
