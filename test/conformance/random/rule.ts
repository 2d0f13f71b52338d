import type { Random } from "./seeded.ts";

/**
 * The kind whose rules are random: fields of every type that rules can see, all bounded, so that cost is not what decides.
 */
const text = { type: "string", maxLength: 12 };
const count = { type: "integer" };
export const ruleSpec = {
  type: "object",
  properties: {
    i: count,
    j: { ...count, default: 3 },
    d: { type: "number" },
    s: text,
    t: text,
    b: { type: "boolean" },
    e: { ...text, enum: ["x", "y", "zz"] },
    when: { type: "string", format: "date-time" },
    day: { type: "string", format: "date" },
    span: { type: "string", format: "duration" },
    raw: { type: "string", format: "byte", maxLength: 12 },
    either: { "x-kubernetes-int-or-string": true, maxLength: 8 },
    is: { type: "array", items: count, maxItems: 5 },
    ss: { type: "array", items: text, maxItems: 5 },
    set: { type: "array", items: text, maxItems: 5, "x-kubernetes-list-type": "set" },
    m: { type: "object", additionalProperties: text, maxProperties: 5 },
    mi: { type: "object", additionalProperties: count, maxProperties: 5 },
    o: { type: "object", properties: { i: count, s: text, "dash-ed": text, if: count } },
    l: {
      type: "array",
      maxItems: 4,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["k"],
      items: { type: "object", required: ["k"], properties: { k: text, v: count } },
    },
    n: { ...text, nullable: true },
  },
} as const;

/**
 * The types of expressions. `free`, `frees` and `nums` are texts and lists whose size a cluster's compiler cannot tell, and
 * so refuses most uses of: they are only measured and compared, because the estimate of costs is not what is tried here.
 */
export type Type =
  | ("bool" | "int" | "uint" | "double" | "time" | "duration" | "dyn" | "map")
  | ("string" | "free" | "strings" | "frees" | "ints" | "nums");

/** What an expression may name. */
interface Scope {
  /** Variables of macros, by type. */
  readonly locals: readonly (readonly [string, Type])[];
  /** Rules about a change may name oldSelf. */
  readonly transition: boolean;
}

type Make = (random: Random, depth: number, scope: Scope) => string;

const literals: Readonly<Record<Type, readonly string[]>> = {
  int: ["0", "1", "2", "-1", "7", "9223372036854775807"],
  uint: ["1u", "0u"],
  double: ["0.0", "1.5", "-2.5", "1e3"],
  string: ['"x"', "'ab'", '""', '"a.b"', '"1"', '"é"', 'r"\\d"', '"10.0.0.1"', '"1Gi"', '"https://a.example/p?q=1"'],
  free: ["string(1)", '"a".charAt(0)'],
  bool: ["true", "false"],
  ints: ["[1, 2]", "[]", "[3, 1, 2]"],
  nums: ["lists.range(3)", "[1, 2].sort()"],
  strings: [],
  frees: ['["a", "b"]', '["x"]', "[]"],
  map: ['{"a": "1"}', "{}"],
  time: ['timestamp("2026-01-02T03:04:05Z")'],
  duration: ['duration("1h")', 'duration("90s")'],
  dyn: ["dyn(1)", 'dyn("x")', "null"],
};

const fields: Readonly<Record<Type, readonly string[]>> = {
  int: ["i", "j", "o.i", "o.__if__", 'mi["a"]', "l[0].v"],
  uint: [],
  double: ["d"],
  string: ["s", "t", "e", "o.s", "o.dash__dash__ed", "n", 'm["a"]', "ss[0]"],
  free: [],
  bool: ["b"],
  ints: ["is"],
  nums: [],
  strings: ["ss", "set"],
  frees: [],
  map: ["m"],
  time: ["when", "day"],
  duration: ["span"],
  dyn: ["either"],
};

const typeNames = Object.keys(literals) as Type[];

/** Never a text or list of unknown size, where one of known size is wanted, nor what is only known when it runs. */
const mistaken = typeNames.filter((type) => !["free", "frees", "nums", "dyn"].includes(type));

/** Replaces `{type}` by expressions of the type, and `{a|b}` by one of the words. */
function filled(template: string): Make {
  return (random, depth, scope) =>
    template.replace(/\{([^{}]+)\}/g, (_, inner: string) => {
      const words = inner.split("|");
      if (words.every((word) => (typeNames as readonly string[]).includes(word)))
        return expression(random, random.pick(words) as Type, depth - 1, scope);
      return random.pick(words);
    });
}

const all = (...templates: readonly string[]): readonly Make[] => templates.map(filled);

const loops: readonly (readonly [string, Type])[] = [
  ["self.is", "int"],
  ["[1, 2, 3]", "int"],
  ["self.ss", "string"],
  ["self.set", "string"],
  ["self.m", "free"],
  ["self.mi", "free"],
];

/** A macro over a list or the keys of a map, with a body that may name its variable. */
const loop =
  (name: string, kind: "test" | "map"): Make =>
  (random, depth, scope) => {
    const [list, type] = random.pick(loops);
    const variable = random.pick(["x", "y"]);
    const inner: Scope = { ...scope, locals: [...scope.locals, [variable, type]] };
    const body = expression(random, kind === "map" ? "int" : "bool", Math.min(1, depth - 1), inner);
    return `${list}.${name}(${variable}, ${body})`;
  };

const more: Readonly<Record<Type, readonly Make[]>> = {
  bool: [
    ...all(
      "{int} {==|!=|<|<=|>|>=} {int}",
      "{int} {==|!=|<|<=|>|>=} {int}",
      "{string} {==|!=|<|<=|>|>=} {string}",
      "{string} {==|!=} {free}",
      "{double} {==|!=|<|<=|>|>=} {double}",
      "{int} {<|<=|>|>=} {double}",
      "{time} {==|!=|<|<=|>|>=} {time}",
      "{duration} {==|!=|<|<=|>|>=} {duration}",
      "{ints} {==|!=} {ints|nums}",
      "{strings} {==|!=} {strings|frees}",
      "{map} == {map}",
      "{dyn} {==|!=} {dyn|int|string}",
      "{bool} && {bool}",
      "{bool} || {bool}",
      "!({bool})",
      "has(self.{i|s|m|o.s|o.dash__dash__ed|l|either|n|is})",
      "{int} in {ints}",
      "{string} in {strings|map}",
      "{string}.{startsWith|endsWith|contains}({string})",
      '{string}.matches("^[a-z]+$")',
      '{string}.matches("[0-9]")',
      '{string}.matches("a")',
      "self.l.{all|exists|exists_one}(z, {has(z.v)|z.v > 1|z.k.size() < 2})",
      "is{Quantity|IP|CIDR|URL|Semver}({string})",
      'isSemver("1.2{.3|}")',
      'quantity("1Gi").is{Greater|Less}Than(quantity("500Mi"))',
      "quantity({string}).isInteger()",
      'cidr("10.0.0.0/8").containsIP(ip("10.1.2.3"))',
      "ip({string}).isLoopback()",
      'semver("1.2.3").isLessThan(semver("1.10.0"))',
      "!format.dns1123Label().validate({string}).hasValue()",
      "{ints}.isSorted()",
      "{strings}.isSorted()",
      "sets.{contains|equivalent|intersects}({strings}, {strings})",
      "self.?{s|i|o.s}.hasValue()",
      "type({int|string|dyn}) == int",
      "bool({string})",
    ),
    loop("all", "test"),
    loop("exists", "test"),
    loop("exists_one", "test"),
  ],
  int: all(
    "{int} {+|-|*|/|%} {int}",
    "size({string|free|ints|nums|strings|frees|map})",
    "{string|free|strings|frees}.size()",
    "-({int})",
    "int({double|uint})",
    "int({string})",
    "{string}.{indexOf|lastIndexOf}({string})",
    "{ints}.{sum|min|max}()",
    "{ints}[{0|1|-1|9}]",
    "self.?i.orValue({int})",
    "{time}.get{FullYear|Month|DayOfWeek|Hours}()",
    "{duration}.get{Seconds|Minutes|Hours}()",
    "({bool} ? {int} : {int})",
    'quantity("{1Gi|1500m|0.5|2000}").compareTo(quantity("2"))',
  ),
  uint: all("uint({int})"),
  double: all("{double} {+|-|*|/} {double}", "double({int})", "double({string})"),
  string: all(
    "{string} + {string}",
    "{string}.{lowerAscii|upperAscii|trim}()",
    '{string}.replace("a", {string})',
    "{string}.substring({0|1|9})",
    "({bool} ? {string} : {string})",
    "self.ss.join()",
    'self.ss.join(",")',
  ),
  free: all(
    "{string}.charAt({0|1|20})",
    "string({int|double|bool})",
    "string({time|duration})",
    "self.?s.orValue({string})",
    '"%s is %d".format([{string}, {int}])',
    '{string}.find("[a-z]+")',
    "url({string}).{getHost|getScheme|getEscapedPath}()",
    'string(quantity("1.5").add(quantity("1")).asApproximateFloat())',
  ),
  ints: all("[{int}, {int}]"),
  // No distinct() and no sum of lists: of a list that cannot be read they let a cluster's evaluator panic.
  nums: [
    ...all("{ints}.{sort|reverse}()", "self.l.map(z, z.v)", "[[1], {ints}].flatten()", "{ints}.slice(0, 1)"),
    loop("map", "map"),
  ],
  strings: [],
  frees: all(
    '{string}.split("{,|.|}")',
    "self.l.map(z, z.k)",
    '{string}.findAll("[a-z]")',
    "{strings}.{sort|reverse}()",
    "[{string}]",
    "self.m.map(x, x)",
  ),
  map: [
    (random, depth, scope) => {
      const part = (): string => expression(random, "string", depth - 1, scope);
      return `{${part()}: ${part()}}`;
    },
  ],
  time: all("{time} {+|-} {duration}"),
  duration: all("{duration} {+|-} {duration}", "{time} - {time}", "duration({string})"),
  dyn: all("dyn({int})", "dyn({string})"),
};

/** An expression of a type, or now and then of another: then the compiler should say so. */
export function expression(random: Random, wanted: Type, depth: number, scope: Scope): string {
  const type = random.chance(0.012) ? random.pick(mistaken) : wanted;
  if (depth > 0 && more[type].length > 0 && random.chance(0.75)) return random.pick(more[type])(random, depth, scope);
  const local = scope.locals.filter(([, known]) => known === type);
  if (local.length > 0 && random.chance(0.6)) return random.pick(local)[0];
  const [known, literal] = [fields[type], literals[type]];
  if (known.length === 0 || (literal.length > 0 && random.chance(0.3))) return random.pick(literal);
  const field = random.chance(0.01) ? "missing" : random.pick(known);
  return `${scope.transition && random.chance(0.5) ? "oldSelf" : "self"}.${field}`;
}

/** A rule with what may stand beside it. */
export function ruleFor(random: Random): Record<string, unknown> {
  const transition = random.chance(0.2);
  const scope: Scope = { locals: [], transition };
  const rule: Record<string, unknown> = { rule: expression(random, "bool", 1 + random.below(3), scope) };
  if (random.chance(0.25)) rule.message = random.pick(["no", "must be so", " padded "]);
  if (random.chance(0.25)) rule.messageExpression = expression(random, "string", 2, { ...scope, transition: false });
  if (random.chance(0.15))
    rule.fieldPath = random.pick([".i", ".o.s", ".m['a']", ".o['dash-ed']", ".l", ".nothing", "i"]);
  if (random.chance(0.2))
    rule.reason = random.pick([
      "FieldValueInvalid",
      "FieldValueForbidden",
      "FieldValueRequired",
      "FieldValueDuplicate",
      "Nonsense",
    ]);
  if (random.chance(0.05)) {
    rule.optionalOldSelf = true;
    if (transition) rule.rule = `!oldSelf.hasValue() || self.${random.pick(["i", "s", "b"])} == oldSelf.value().i`;
  }
  return rule;
}
