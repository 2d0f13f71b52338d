import { baseEnvironment } from "../../policy/cel/environment.ts";
import { isNode, type Node } from "../../policy/cel/syntax.ts";
import { escapeName, withMeta } from "./cel-values.ts";
import type { JsonSchema } from "./json-schema.ts";

/** How large values under a schema may be: characters of a string, items of a list, members of a map. */
export interface Sizes {
  readonly max: number;
  /** Bytes of the smallest JSON: what bounds the number of items when nothing else does. */
  readonly minBytes: number;
  readonly fields?: Readonly<Record<string, Sizes>>;
  readonly element?: Sizes;
  /** A text, of which every character counts. */
  readonly text?: boolean;
  /** A map: who iterates it meets its keys, which have no size for cel-go; nor has the index of a list. */
  readonly keyed?: boolean;
}

/** What the largest request may hold: the bound of everything that has none of its own. */
export const maxRequestBytes = 3 * 1024 * 1024;
const scalar: Sizes = { max: 1, minBytes: 1 };
const unknown: Sizes = { max: maxRequestBytes, minBytes: 2 };
/** Text of a number, which cel-go does not bound at all. */
const unbounded: Sizes = { max: 2 ** 64, minBytes: 2 };
const key: Sizes = { max: 0, minBytes: 2 };
const known = new WeakMap<JsonSchema, Sizes>();

export function sizesOf(schema: JsonSchema): Sizes {
  let sizes = known.get(schema);
  if (!sizes) {
    sizes = measure(schema);
    known.set(schema, sizes);
  }
  return sizes;
}

function measure(given: JsonSchema): Sizes {
  if (given["x-kubernetes-int-or-string"]) return { max: (given.maxLength ?? maxRequestBytes / 4) * 4, minBytes: 1 };
  const schema = given["x-kubernetes-embedded-resource"] ? withMeta(given) : given;
  if (schema.type === "array" && schema.items) {
    const element = sizesOf(schema.items);
    return { max: schema.maxItems ?? Math.floor((maxRequestBytes - 2) / (element.minBytes + 1)), minBytes: 2, element };
  }
  if (schema.type === "object") {
    if (typeof schema.additionalProperties === "object") {
      const element = sizesOf(schema.additionalProperties);
      return {
        max: schema.maxProperties ?? Math.floor((maxRequestBytes - 2) / (element.minBytes + 6)),
        minBytes: 2,
        element,
        keyed: true,
      };
    }
    const fields: Record<string, Sizes> = {};
    let minBytes = 2;
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      fields[escapeName(name) ?? name] = sizesOf(property);
      if (schema.required?.includes(name) && property.default === undefined)
        minBytes += name.length + sizesOf(property).minBytes + 4;
    }
    return { max: Object.keys(fields).length, minBytes, fields };
  }
  if (schema.type !== "string") return scalar;
  const fixed = { duration: 32, date: 12, "date-time": 37 }[schema.format ?? ""];
  const words = schema.enum?.filter((value): value is string => typeof value === "string").map((value) => value.length);
  const bound =
    schema.maxLength !== undefined ? schema.maxLength * 4 : words?.length ? Math.max(...words) : maxRequestBytes - 2;
  return { max: fixed ?? bound, minBytes: 2, text: true };
}

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
    return { cost: 0, sizes: { max: typeof value === "string" ? value.length : 1, minBytes: 1 } };
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
    return { cost: inner.cost + estimate(index, scope).cost + 1, sizes: inner.sizes.element ?? unknown };
  }
  if (op === "call" || op === "rcall") return call(node, scope);
  if (op === "list") return literal(node.args as Node[], scope, 10);
  if (op === "map") return literal((node.args as [Node, Node][]).flat(), scope, 30);
  return operator(node, scope);
}

function literal(items: readonly Node[], scope: Scope, base: number): Estimate {
  const parts = items.map((item) => estimate(item, scope));
  const element = parts[0]?.sizes;
  const sizes: Sizes = { max: items.length, minBytes: 2, ...(element ? { element } : {}) };
  return { cost: base + parts.reduce((sum, part) => sum + part.cost, 0), sizes };
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
  if (node.op === "in") return { cost: sum + (b.sizes.fields ? 1 : b.sizes.element ? b.sizes.max : 1), sizes: scalar };
  if (["==", "!=", "<", "<=", ">", ">="].includes(node.op)) {
    return { cost: sum + Math.min(traverse(a.sizes), traverse(b.sizes)), sizes: scalar };
  }
  if (node.op === "+") {
    const sizes = { ...a.sizes, max: a.sizes.max + b.sizes.max };
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
const callBase = 11;
/** List functions of Kubernetes and of cel-go, by the number of items and what comparing one costs. */
const overLists: Readonly<Record<string, (items: number, element: Sizes) => number>> = {
  ...Object.fromEntries(
    ["isSorted", "sum", "min", "max", "indexOf", "lastIndexOf"].map((name) => [
      name,
      (items: number, element: Sizes) => items * (1 + (element.text ? traverse(element) : 0)),
    ]),
  ),
  sort: (items, element) => callBase + Math.ceil(items * items * (element.text ? 2.1 : 2)),
  distinct: (items) => callBase + items * items * 2,
  flatten: (items) => callBase + items,
  reverse: (items) => callBase + items,
};

function call(node: Node, scope: Scope): Estimate {
  const args = node.args as readonly unknown[];
  const name = args[0] as string;
  if (name === "has" && node.op === "call") return { cost: 0, sizes: scalar };
  const nodes = node.op === "rcall" ? [args[1], ...(args[2] as Node[])] : (args[1] as Node[]);
  const parts = nodes.filter(isNode).map((part) => estimate(part, scope));
  const sum = parts.reduce((total, part) => total + part.cost, 0);
  const first = parts[0]?.sizes ?? scalar;
  const second = parts[1]?.sizes ?? scalar;
  const done = (cost: number, sizes: Sizes = scalar): Estimate => ({ cost: sum + cost, sizes });
  // cel-go does not bound the text of a number.
  if (name === "string" && node.op === "call" && first.max <= 1) return done(1, unbounded);
  if (constant.has(name)) return done(1, name === "size" ? scalar : (first.element ?? first));
  if (name === "matches" || name === "find" || name === "findAll") {
    return done(traverse(first) * Math.max(1, Math.ceil(second.max * 0.25)), first);
  }
  if (name === "contains") return done(traverse(first) * traverse(second));
  if (name === "startsWith" || name === "endsWith") return done(traverse(second));
  const overList = first.element && Object.hasOwn(overLists, name) ? overLists[name] : undefined;
  if (overList) return done(overList(first.max, first.element!), first);
  if (name === "replace")
    return done(Math.ceil(first.max * 0.2), { ...first, max: first.max * Math.max(1, parts[2]?.sizes.max ?? 1) });
  if (name === "split") return done(Math.ceil(first.max * 0.2), { max: first.max, minBytes: 2, element: first });
  return done(traverse(first), first);
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
  const { element = range.sizes.fields ? scalar : unknown, keyed } = range.sizes;
  const first = keyed || variables === 2 ? key : element;
  const names = args.slice(0, variables).map((arg) => arg.args as string);
  const inner: Scope = { ...scope, [names[0]!]: first, ...(names[1] === undefined ? {} : { [names[1]]: element }) };
  const body = args.slice(variables).map((part) => estimate(part, inner));
  const each = body.reduce((sum, part) => sum + part.cost, 0) + 3;
  const sizes: Sizes = builders.has(macro)
    ? { max: range.sizes.max, minBytes: 2, element: body.at(-1)?.sizes ?? first }
    : scalar;
  return { cost: range.cost + range.sizes.max * each + 1, sizes };
}
