import { describe, expect, it } from "vitest";
import { Problem } from "../../lib/problem.ts";
import { compileExpression } from "./compile.ts";

const evaluate = (source: string, variables: Record<string, unknown> = {}): unknown =>
  compileExpression(source, {
    variables: Object.fromEntries(Object.keys(variables).map((name) => [name, "dyn"])),
  }).evaluate(variables);

function detailsOf(act: () => unknown): Readonly<Record<string, unknown>> {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof Problem) return { reason: thrown.reason, ...thrown.details };
    throw thrown;
  }
  throw new Error("nothing was thrown");
}

const digits = "9".repeat(1_000_000);

const answers: Record<string, [string, Record<string, unknown>, unknown]> = {
  "whole numbers are ints": ["self.n + 1", { self: { n: 2 } }, 3],
  "doubles and ints compare across types": ["self.n <= 2.5 && self.n == 2.0", { self: { n: 2 } }, true],
  "has() sees absent and present fields": ["has(self.a) && !has(self.b)", { self: { a: 1 } }, true],
  "macros run over lists": ["self.xs.filter(x, x > 1).map(x, x * 2)", { self: { xs: [1, 2, 3] } }, [4, 6]],
  "macros run over the keys of a map": ["self.all(k, self[k] > 0)", { self: { a: 1, b: 2 } }, true],
  "exists_one counts": ["[1, 2, 2].exists_one(x, x == 2)", {}, false],
  "|| forgives an error on one side": ["self.missing == 1 || true", { self: {} }, true],
  "optional access falls back": ["self.?a.?b.orValue('none')", { self: {} }, "none"],
  "optMap maps a present value": ["self.?a.optMap(x, x + 1).orValue(0)", { self: { a: 1 } }, 2],
  "optional.ofNonZeroValue drops zero": ["optional.ofNonZeroValue('').hasValue()", {}, false],
  "strings: indexOf counts code points": ["'a😀b'.indexOf('b')", {}, 2],
  "strings: substring counts code points": ["'a😀b'.substring(1, 2)", {}, "😀"],
  "strings: charAt at the end is empty": ["'ab'.charAt(2)", {}, ""],
  "strings: lowerAscii leaves other letters": ["'ÄB'.lowerAscii()", {}, "Äb"],
  "strings: replace with a limit": ["'aaa'.replace('a', 'b', 2)", {}, "bba"],
  "strings: split and join": ["'a,b,c'.split(',').join('-')", {}, "a-b-c"],
  "strings: split with a limit": ["'a,b,c'.split(',', 2)", {}, ["a", "b,c"]],
  "strings: trim": ["'  a '.trim()", {}, "a"],
  "strings: trim of blanks between words": [
    "t.trim() == t && b.trim() == '' && '\u0085x '.trim() == 'x'",
    { t: `a${" ".repeat(1_000_000)}b`, b: "  " },
    true,
  ],
  "long texts are no quantities": ["isQuantity(t) || isQuantity(t + '.x')", { t: `${digits}x` }, false],
  "strings: quote": ["strings.quote('a\"b')", {}, '"a\\"b"'],
  "strings: format": ["'%s is %d, %.2f, %s'.format([dyn('x'), 3, 1.5, [1, 2]])", {}, "x is 3, 1.50, [1, 2]"],
  "strings: a dynamic receiver finds the right overload": ["self.s.lastIndexOf('a')", { self: { s: "aba" } }, 2],
  "lists: a dynamic receiver finds the right overload": ["self.s.lastIndexOf('a')", { self: { s: ["a", "b"] } }, 0],
  "lists: isSorted": ["[1, 2, 2].isSorted() && !['b', 'a'].isSorted()", {}, true],
  "lists: sum, min, max": ["[1, 2, 3].sum() + [4, 2].min() + [4, 2].max()", {}, 12],
  "lists: sort, flatten, distinct": ["[[3, 1], [1]].flatten().distinct().sort()", {}, [1, 3]],
  "lists: slice and range": ["lists.range(5).slice(1, 3)", {}, [1, 2]],
  "sets: contains, equivalent, intersects": [
    "sets.contains([1, 2], [2]) && sets.equivalent([1, 1], [1]) && !sets.intersects([1], [2])",
    {},
    true,
  ],
  "regex: find and findAll": ["'a1b22'.find('[0-9]+') + 'a1b22'.findAll('[0-9]+').join('|')", {}, "11|22"],
  "regex: matches anywhere": ["'xaby'.matches('ab') && !'xaby'.matches('^ab$')", {}, true],
  "quantity: suffixes compare exactly": ["quantity('1Gi').compareTo(quantity('1024Mi')) == 0", {}, true],
  "quantity: arithmetic": ["quantity('5k').add(quantity('2')).asInteger()", {}, 5002],
  "quantity: a count of thousandths is no integer": ["quantity('500m').add(quantity('1.5')).isInteger()", {}, false],
  "quantity: isQuantity": ["isQuantity('10k') && !isQuantity('10 k')", {}, true],
  "semver: precedence": ["semver('1.0.0-rc.1').isLessThan(semver('1.0.0'))", {}, true],
  "semver: normalize": ["isSemver('v1.2', true) && !isSemver('v1.2')", {}, true],
  "ip: family and canonical": [
    "ip('::1').family() == 6 && ip.isCanonical('::1') && !ip.isCanonical('0:0::1')",
    {},
    true,
  ],
  "ip: refuses leading zeros": ["isIP('010.0.0.1')", {}, false],
  "cidr: contains": [
    "cidr('10.0.0.0/8').containsIP('10.2.3.4') && !cidr('10.0.0.0/8').containsCIDR('0.0.0.0/0')",
    {},
    true,
  ],
  "cidr: masked": ["string(cidr('10.1.2.3/8').masked())", {}, "10.0.0.0/8"],
  "url: parts": [
    "url('https://a.example:443/p?x=1&x=2').getPort() + url('https://a.example/p?x=1').getEscapedPath()",
    {},
    "443/p",
  ],
  "url: query": ["url('https://a.example/?x=1&x=2').getQuery()['x']", {}, ["1", "2"]],
  "url: relative text is none": ["isURL('a/b') || !isURL('/a/b')", {}, false],
  "format: a fitting label has no errors": ["format.dns1123Label().validate('ok').hasValue()", {}, false],
  "format: named": ["format.named('dns1123Label').value().validate('Not').value().size()", {}, 1],
  "time: durations as Go reads them": [
    "string(duration('-1h30.5s')) + ' ' + string(duration('0')) + ' ' + string(duration('.5ms2us'))",
    {},
    "-3630.5s 0s 0.000502s",
  ],
  "time: timestamps and durations": [
    "timestamp('2026-01-01T00:00:00Z') + duration('1h') < timestamp('2026-01-02T00:00:00Z')",
    {},
    true,
  ],
  "every entry of a map by key and value": ["{'a': 1, 'b': 2}.all(k, v, v > 0 && k != '')", {}, true],
  "some item of a list by index": ["self.exists(i, v, i == 1 && v == 'b')", { self: ["a", "b"] }, true],
  "exactly one": ["[1, 2, 2].existsOne(i, v, v == 2)", {}, false],
  "a list of a map": ["self.transformList(k, v, v != 1, k)", { self: { a: 1, b: 2 } }, ["b"]],
  "a map of a list": ["['x', 'y'].transformMapEntry(i, v, {v: i})", {}, { x: 0, y: 1 }],
  "an error where another entry decides": ["[0, 1].exists(i, v, 1 / v == 1)", {}, true],
  "a member of an item": ["has(self[0].a) && !has(self[0].b)", { self: [{ a: 1 }] }, true],
  "a member of what a function answers": ["has(self.filter(x, x.n > 1)[0].a)", { self: [{ n: 2, a: 1 }] }, true],
  "a null is a value": ["oldSelf == null", { oldSelf: null }, true],
  "values of different types are unequal, not an error": ["self.a == 'x'", { self: { a: 1 } }, false],
};

describe("compileExpression", () => {
  for (const [name, [source, variables, want]] of Object.entries(answers)) {
    it(name, () => expect(evaluate(source, variables)).toEqual(want));
  }

  const refusals: Record<string, [string, string]> = {
    "a syntax error": ["1 +", "compile"],
    "an unknown name": ["nothing", "compile"],
    "an unknown function": ["self.nope()", "compile"],
    "cel.bind, which CRD rules do not have": ["cel.bind(x, self, x)", "compile"],
    "functions that only our library has": ["b'x'.hex()", "compile"],
    "our internal names": ["'a'.k8s_matches('a')", "compile"],
    "a missing key": ["self.gone", "runtime"],
    "an index out of bounds": ["self.xs[3]", "runtime"],
    "division by zero": ["1 / (self.xs.size() - 1)", "runtime"],
    "a bad pattern": ["'a'.matches('(')", "compile"],
    "a pattern that turns out bad": ["'a'.matches('(' + string(self.xs[0]))", "runtime"],
    "a time that is none": ["timestamp('soon') > timestamp('2026-01-01T00:00:00Z')", "compile"],
    "a duration that is only long": [`duration(t) < duration('1h')`, "runtime"],
    "a number that is only long": [`double('${digits.slice(0, 30_000)}x') > 1.0`, "compile"],
    "our internal functions": ["k8s_duration('1h') < duration('2h')", "compile"],
    "an unknown function by its name": ["nosuch(1)", "compile"],
  };
  for (const [name, [source, kind]] of Object.entries(refusals)) {
    it(`refuses ${name}`, () => {
      expect(detailsOf(() => evaluate(source, { self: { xs: [1] }, t: digits }))).toMatchObject({
        reason: "InvalidExpression",
        kind,
      });
    });
  }

  it("says where the mistake is", () => {
    expect(detailsOf(() => evaluate("true &&\n  nothing"))).toMatchObject({
      line: 2,
      column: 3,
      summary: "undeclared reference to 'nothing' (in container '')",
    });
  });

  const places = {
    "an operator": ["s == 1", 3],
    "a call's bracket": ["size( 1 )", 5],
    "a method's bracket": ["s.matches(1)", 10],
    "an operand that is no bool": ["true && s", 9],
    "a name": ["s + nope", 5],
  } as const;
  for (const [name, [source, column]] of Object.entries(places)) {
    it(`points at ${name}, as cel-go does`, () => {
      const compile = () => compileExpression(source, { variables: { s: "string" } });
      expect(compile).toThrow(expect.objectContaining({ details: expect.objectContaining({ line: 1, column }) }));
    });
  }

  it("refuses a field that the declared type does not have", () => {
    const variables = {
      self: { name: "Object", fields: { a: "int", b: { name: "Object.b", fields: { c: "string" } } } },
    };
    expect(compileExpression("self.b.c == 'x' && self.a > 1", { variables }).type).toBe("bool");
    expect(detailsOf(() => compileExpression("self.b.d == 'x'", { variables }))).toMatchObject({
      summary: "undefined field 'd'",
    });
    expect(detailsOf(() => compileExpression("self.a == 1.5", { variables }))).toMatchObject({ kind: "compile" });
  });

  it("refuses an expression whose answer has another type", () => {
    expect(detailsOf(() => compileExpression("1 + 1", { variables: {}, result: "bool" }))).toMatchObject({
      kind: "compile",
    });
  });

  it("evaluates the same program again with other values", () => {
    const program = compileExpression("self.xs.exists(x, x == wanted)", { variables: { self: "dyn", wanted: "dyn" } });
    expect(program.evaluate({ self: { xs: [1] }, wanted: 1 })).toBe(true);
    expect(program.evaluate({ self: { xs: [1] }, wanted: 2 })).toBe(false);
  });

  it("stops at its budget instead of running on, even where || would forgive an error", () => {
    const xs = Array.from({ length: 3_000 }, (_, i) => i);
    const source = "xs.all(a, xs.all(b, xs.all(c, a + b + c >= 0))) || true";
    expect(detailsOf(() => evaluate(source, { xs }))).toMatchObject({ kind: "cost" });
  });

  it("charges for what functions build, before they build it", () => {
    const s = "x".repeat(100_000);
    expect(detailsOf(() => evaluate("s.replace('x', s).size()", { s }))).toMatchObject({ kind: "cost" });
    expect(detailsOf(() => evaluate("lists.range(100000000).size()"))).toMatchObject({ kind: "cost" });
  });

  it("matches hostile patterns in linear time", () => {
    // With JavaScript's own engine these 29 characters take ten seconds; RE2 cannot backtrack.
    expect(evaluate("s.matches('^(a+)+$')", { s: `${"a".repeat(28)}!` })).toBe(false);
    expect(evaluate("s.matches('^(a|aa)+$')", { s: `${"a".repeat(5_000)}!` })).toBe(false);
  });
});
