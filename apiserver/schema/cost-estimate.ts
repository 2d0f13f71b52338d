import { baseEnvironment } from "../../policy/cel/environment.ts";
import { isNode, type Node } from "../../policy/cel/syntax.ts";
import { withMeta } from "./cel-values.ts";
import { key, type Sizes, scalar, sizesOf, unbounded, unboundedText, unknown } from "./cost-sizes.ts";
import type { JsonSchema } from "./json-schema.ts";

interface Estimate {
  readonly cost: number;
  readonly sizes: Sizes;
}
type Scope = Readonly<Record<string, Sizes>>;

/** The worst-case cost of one evaluation, with cel-go's factors. Zero for an expression that does not parse. */
export function estimateCost(source: string, schema: JsonSchema, root: boolean): number {
  const self = sizesOf(root ? withMeta(schema) : schema);
  try {
    return estimate(baseEnvironment().parse(source).ast as unknown as Node, { self, oldSelf: self }).cost;
  } catch {
    return 0;
  }
}

const traverse = (sizes: Sizes): number => Math.ceil(sizes.max * 0.1);

function estimate(node: Node, scope: Scope): Estimate {
  const { op } = node;
  const variables = variablesOf(node);
  if (variables !== 0) return comprehension(node, variables, scope);
  if (op === "value") {
    const value = node.args;
    if (typeof value !== "string") return { cost: 0, sizes: scalar };
    return { cost: 0, sizes: { max: value.length, minBytes: 1, text: true, exact: true } };
  }
  if (op === "id") return { cost: 1, sizes: scope[node.args as string] ?? unknown };
  if (op === "." || op === ".?") {
    const [object, name] = node.args as [Node, string];
    const inner = estimate(object, scope);
    return { cost: inner.cost + 1, sizes: inner.sizes.fields?.[name] ?? inner.sizes.element ?? unknown };
  }
  if (op === "[]" || op === "[?]") {
    const [list, index] = node.args as [Node, Node];
    const inner = estimate(list, scope);
    return {
      cost: inner.cost + estimate(index, scope).cost + 1,
      sizes: inner.sizes.made ?? inner.sizes.element ?? unknown,
    };
  }
  if (op === "call" || op === "rcall") return call(node, scope);
  if (op === "list") return literal(node.args as Node[], scope, 10);
  if (op === "map") return literal((node.args as [Node, Node][]).flat(), scope, 30);
  return operator(node, scope);
}

function literal(items: readonly Node[], scope: Scope, base: number): Estimate {
  const parts = items.map((item) => estimate(item, scope));
  const largest = parts.map((part) => part.sizes).reduce((a, b) => (b.max > a.max ? b : a), { ...scalar, max: 0 });
  return { cost: base + parts.reduce((sum, part) => sum + part.cost, 0), sizes: madeList(items.length, largest) };
}

const madeList = (max: number, made: Sizes): Sizes => ({ max, minBytes: 2, element: made, made });

/** What a variable over a list stands for. Of a list that no path leads to, cel-go takes it for the rule's own value. */
function itemOf(list: Sizes, scope: Scope): Sizes {
  const { made, element, fields } = list;
  if (!made) return element ?? (fields ? scalar : unknown);
  const root = scope["self"] ?? unknown;
  const names = {
    ...root.fields,
    ...Object.fromEntries(
      Object.keys(made.fields ?? {}).map((name) => [name, root.fields?.[name] ?? lost(made.fields![name]!)]),
    ),
  };
  return {
    max: root.max,
    minBytes: made.minBytes,
    fields: names,
    ...(made.text ? { text: true } : {}),
    ...(made.element ? { element: root.element ?? made.element } : {}),
  };
}

/** A value whose size cel-go has lost: only what has none stays small. */
const lost = (sizes: Sizes): Sizes => (sizes.max <= 1 && !sizes.text ? sizes : { ...sizes, max: unbounded.max });

/** What cel-go adds for comparing two items of a list: their text, which it bounds only where a path leads to it. */
function comparing(list: Sizes): number {
  if (!list.element?.text) return 0;
  return traverse(list.made ? unbounded : list.element);
}

function operator(node: Node, scope: Scope): Estimate {
  const parts = (Array.isArray(node.args) ? node.args : [node.args])
    .filter(isNode)
    .map((part) => estimate(part, scope));
  const sum = parts.reduce((total, part) => total + part.cost, 0);
  const [a = { cost: 0, sizes: scalar }, b = { cost: 0, sizes: scalar }, c] = parts;
  if (node.op === "?:") {
    const larger = (c?.sizes.max ?? 0) > b.sizes.max ? c!.sizes : b.sizes;
    return { cost: a.cost + Math.max(b.cost, c?.cost ?? 0), sizes: larger };
  }
  if (node.op === "in") return { cost: sum + (b.sizes.element && !b.sizes.keyed ? b.sizes.max : 1), sizes: scalar };
  if (["==", "!=", "<", "<=", ">", ">="].includes(node.op)) {
    return { cost: sum + Math.min(traverse(a.sizes), traverse(b.sizes)), sizes: scalar };
  }
  if (node.op === "+") {
    const max = a.sizes.max + b.sizes.max;
    // Lists are joined for nothing.
    if (a.sizes.element) return { cost: sum + 1, sizes: madeList(max, a.sizes.element) };
    const { exact: _exact, ...kept } = a.sizes;
    const sizes = { ...kept, max };
    return { cost: sum + (a.sizes.max <= 1 && b.sizes.max <= 1 ? 1 : traverse(sizes)), sizes };
  }
  return { cost: sum + (node.op === "&&" || node.op === "||" ? 0 : 1), sizes: scalar };
}

const constant = new Set([
  "has",
  "size",
  "type",
  "dyn",
  "int",
  "double",
  "uint",
  "bool",
  "orValue",
  "hasValue",
  "value",
  "or",
]);
/** Read from a value that was parsed before, or judged without looking at each character. */
const accessors = new Set(
  [
    "sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo add sub major minor patch",
    "getScheme getHostname getHost getPort getEscapedPath getQuery isURL",
    "masked prefixLength family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast",
    "duration timestamp first last",
  ].flatMap((names) => names.split(" ")),
);
/** What reads a text, or a time that is written as one, and answers a number or a truth. */
const numbers = /^(get[A-Z]\w*|indexOf|lastIndexOf|is[A-Z]\w*)$/;
/** Names that only hold functions: `sets.contains` has two arguments and no receiver. */
const namespaces = new Set(["sets", "format", "ip", "lists", "strings", "jsonpatch", "optional", "regex", "math"]);
const callBase = 11;
const nameFormatLength = 128;
/** An address's bytes, twice. */
const compareAddresses = 4;
/** List functions of Kubernetes and of cel-go, by the number of items and what comparing two costs. */
const overLists: Readonly<Record<string, (list: Sizes) => number>> = {
  ...Object.fromEntries(
    ["isSorted", "sum", "min", "max", "indexOf", "lastIndexOf"].map((name) => [
      name,
      (list: Sizes) => list.max * (1 + comparing(list)),
    ]),
  ),
  sort: ({ max, element }) => callBase + Math.ceil(max * max * (element?.text ? 2.1 : 2)),
  distinct: ({ max }) => callBase + max * max * 2,
  flatten: ({ max }) => callBase + max,
  reverse: ({ max }) => callBase + max,
};
const picked = new Set(["sum", "min", "max"]);
const counted = new Set(["isSorted", "indexOf", "lastIndexOf"]);

/** The full name of a call and what it is given, its receiver first. */
function partsOf(node: Node, scope: Scope): { readonly name: string; readonly nodes: readonly unknown[] } {
  const args = node.args as readonly unknown[];
  const name = args[0] as string;
  if (node.op !== "rcall") return { name, nodes: args[1] as Node[] };
  const receiver = args[1];
  const prefix = isNode(receiver) && receiver.op === "id" ? (receiver.args as string) : "";
  if (namespaces.has(prefix) && !scope[prefix]) return { name: `${prefix}.${name}`, nodes: args[2] as Node[] };
  return { name, nodes: [receiver, ...(args[2] as Node[])] };
}

function call(node: Node, scope: Scope): Estimate {
  const { name, nodes } = partsOf(node, scope);
  if (name === "has" && node.op === "call") return { cost: 0, sizes: scalar };
  const parts = nodes.filter(isNode).map((part) => estimate(part, scope));
  const sum = parts.reduce((total, part) => total + part.cost, 0);
  const { cost, sizes } = priceOf(
    name,
    node,
    parts.map((part) => part.sizes),
    nodes,
  );
  return { cost: sum + cost, sizes };
}

/** What one call costs beside its arguments, and how large its result may be. */
function priceOf(name: string, node: Node, given: readonly Sizes[], nodes: readonly unknown[]): Estimate {
  const [first = scalar, second = scalar] = given;
  const done = (cost: number, sizes: Sizes = scalar): Estimate => ({ cost, sizes });
  if (name.startsWith("sets.")) return done(first.max * second.max * (name === "sets.equivalent" ? 2 : 1));
  // cel-go does not bound the text of a number.
  if (name === "string" && node.op === "call" && first.max <= 1) return done(1, unboundedText);
  if (accessors.has(name)) return done(1);
  if (constant.has(name)) return done(1, name === "size" ? scalar : (first.element ?? first));
  if (name === "matches") return done(scan(first, second));
  if (name === "find") return done(scan(first, second), { max: first.max, minBytes: 2, text: true });
  if (name === "findAll") return done(scan(first, second), madeList(first.max, first));
  if (name === "contains") return done(traverse(first) * traverse(second));
  if (name === "startsWith" || name === "endsWith") return done(traverse(second));
  if (name === "validate") return done(traverse(second) * nameFormatLength * 0.25);
  if (name === "containsIP") return done(compareAddresses + (second.text ? traverse(second) : 0));
  if (name === "containsCIDR") return done(compareAddresses + 3 + (second.text ? traverse(second) : 0));
  if (name === "ip" && node.op === "rcall") return done(1);
  if (name === "ip.isCanonical") return done(Math.ceil(first.max * 0.2));
  const overList = first.element && Object.hasOwn(overLists, name) ? overLists[name] : undefined;
  if (overList) return done(overList(first), listResult(name, first));
  if (name === "replace") return done(Math.ceil(first.max * 0.2), { max: replaced(given), minBytes: 2, text: true });
  if (name === "split") {
    const limit = isNode(nodes[2]) && nodes[2].op === "value" ? Number(nodes[2].args) : first.max;
    return done(Math.ceil(first.max * 0.2), madeList(limit < 0 ? first.max : limit, { ...first, text: true }));
  }
  if (name === "join") {
    const item = first.made ? unbounded : (first.element ?? unbounded);
    const sizes = { max: first.max * item.max + second.max * Math.max(0, first.max - 1), minBytes: 2, text: true };
    return done(traverse(sizes), sizes);
  }
  const { exact: _exact, ...kept } = first;
  return done(traverse(first), numbers.test(name) ? scalar : kept);
}

/** A pattern over a text. */
const scan = (text: Sizes, pattern: Sizes): number =>
  Math.ceil((text.max + 1) * 0.1) * Math.max(1, Math.ceil(pattern.max * 0.25));

function listResult(name: string, list: Sizes): Sizes {
  if (counted.has(name)) return scalar;
  if (picked.has(name)) return list.element?.text ? unboundedText : scalar;
  return madeList(list.max, list.element ?? unknown);
}

/** The longest text that a replacement can make. */
function replaced([text = scalar, old = scalar, fresh = scalar]: readonly Sizes[]): number {
  const shortest = old.exact ? old.max : 0;
  if (shortest === 0) return (text.max + 1) * fresh.max + text.max;
  return fresh.max <= shortest ? text.max : Math.ceil(text.max / shortest) * fresh.max;
}

const builders = new Set(["map", "filter", "transformList", "transformMap", "transformMapEntry"]);
const twoVariables = new Set(
  ["all", "exists", "existsOne", "exists_one", ...builders].filter((name) => name !== "map"),
);

/** How many variables a call iterates with; none for a call that is no comprehension. */
function variablesOf(node: Node): 0 | 1 | 2 {
  if (node.meta.alternate) return 1;
  if (node.op !== "rcall" || !node.meta.macro) return 0;
  const [name, , args] = node.args as [string, Node, Node[]];
  return twoVariables.has(name) && args.length > 2 ? 2 : 0;
}

/** The range, then the body once for each element with what the loop itself costs. */
function comprehension(node: Node, variables: 1 | 2, scope: Scope): Estimate {
  const [macro, receiver, args] = node.args as [string, Node, Node[]];
  const range = estimate(receiver, scope);
  const element = itemOf(range.sizes, scope);
  const { keyed } = range.sizes;
  const first = keyed || variables === 2 ? key : element;
  const names = args.slice(0, variables).map((arg) => arg.args as string);
  const inner: Scope = { ...scope, [names[0]!]: first, ...(names[1] === undefined ? {} : { [names[1]]: element }) };
  const body = args.slice(variables).map((part) => estimate(part, inner));
  const each = body.reduce((sum, part) => sum + part.cost, 0) + 3;
  const sizes: Sizes = builders.has(macro)
    ? madeList(range.sizes.max, (macro === "filter" ? element : body.at(-1)?.sizes) ?? first)
    : scalar;
  return { cost: range.cost + range.sizes.max * each + 1, sizes };
}
