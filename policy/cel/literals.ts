import { isDateTime } from "./formats.ts";
import { positionOf } from "./position.ts";
import { compilePattern } from "./regex.ts";
import { isNode, type Node, visitNodes } from "./syntax.ts";
import { typesInKubernetesWords } from "./wording.ts";

interface Typed extends Node {
  readonly start?: number;
  readonly checkedType?: { readonly name?: string; readonly kind?: string };
}

/**
 * The first literal that could never be right: a time, a duration or a pattern that cannot be read, or a list or map of
 * mixed types (unless `mixable`). cel-go's validators look at these after the types were checked.
 */
export function checkLiterals(
  source: string,
  ast: unknown,
  { mixable }: { readonly mixable: boolean },
): { readonly summary: string; readonly pos: number } | undefined {
  let found: { summary: string; pos: number } | undefined;
  const complain = (summary: string, node: Node, pos = (node as Typed).start ?? node.pos): void => {
    if (!found || pos < found.pos) found = { summary, pos };
  };
  const misfit = (summary: string, node: Node) => complain(summary, node, positionOf(source, node));
  // What is formatted may be of any type.
  const free = new Set<unknown>();
  visitNodes(ast, (node) => {
    const [name, , args] = node.op === "rcall" ? (node.args as [string, unknown, unknown[]]) : [""];
    if (name === "format") for (const arg of args ?? []) visitNodes(arg, (inner) => free.add(inner));
  });
  visitNodes(ast, (node) => {
    if (node.op === "list" && !mixable && !free.has(node)) mixed(node.args as Node[], misfit);
    if (node.op === "map" && !mixable && !free.has(node)) {
      const entries = node.args as [Node, Node][];
      mixed(
        entries.map(([key]) => key),
        misfit,
      );
      mixed(
        entries.map(([, value]) => value),
        misfit,
      );
    }
    const cast = literalCast(node);
    if (cast) complain(`type conversion error from 'string' to '${cast.to}'`, cast.node);
    const argument = literalArgument(node);
    if (argument && !argument.fits(String(argument.node.args)))
      complain(`invalid ${argument.name} argument`, argument.node);
  });
  return found;
}

const goDuration = /^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;
const checks: Readonly<Record<string, (text: string) => boolean>> = {
  timestamp: isDateTime,
  duration: (text) => goDuration.test(text),
  matches(text) {
    try {
      return compilePattern(text) !== undefined;
    } catch {
      return false;
    }
  },
};

function literalArgument(node: Node) {
  if (node.op !== "call" && node.op !== "rcall") return undefined;
  const args = node.args as readonly unknown[];
  const name = String(args[0]).replace(/^k8s_/, "");
  const fits = Object.hasOwn(checks, name) ? checks[name] : undefined;
  const [first] = (node.op === "rcall" ? args[2] : args[1]) as readonly unknown[];
  if (!fits || !isNode(first) || first.op !== "value" || typeof first.args !== "string") return undefined;
  return { name, fits, node: first };
}

const whole = (text: string): boolean => /^[+-]?\d+$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
const casts: Readonly<Record<string, (text: string) => boolean>> = {
  int: whole,
  uint: (text) => /^\d+$/.test(text) && BigInt(text) < 1n << 64n,
  double: (text) => /^[+-]?((\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|inf(inity)?|nan)$/i.test(text),
  bool: (text) => ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"].includes(text),
};

/** A literal that is turned into another type when the expression is compiled, and cannot be. */
function literalCast(node: Node): { readonly to: string; readonly node: Node } | undefined {
  if (node.op !== "call") return undefined;
  const [name, [first]] = node.args as [string, unknown[]];
  const fits = Object.hasOwn(casts, name) ? casts[name] : undefined;
  if (!fits || !isNode(first) || first.op !== "value" || typeof first.args !== "string" || fits(first.args))
    return undefined;
  return { to: name, node: first };
}

/** All must be of the type of the first: to a validator of cel-go even dyn and null are types of their own. */
function mixed(items: readonly Node[], complain: (summary: string, node: Node) => void): void {
  const types = items.map(typeOf);
  const first = types.find((type) => type !== undefined);
  const at = types.findIndex((type) => type !== undefined && !isSame(first!, type));
  if (at < 0) return;
  const [expected, found] = [first!, types[at]!].map(typesInKubernetesWords);
  complain(`expected type '${expected}' but found '${found}'`, items[at]!);
}

/** Undefined where the library knows less than cel-go would: what a function or a variable of a policy answers. */
function typeOf(node: Node): string | undefined {
  const name = (node as Typed).checkedType?.name ?? "dyn";
  if (name === "T" || (name === "null" && node.op !== "value")) return undefined;
  return name === "dyn" && !isRead(node) ? undefined : name;
}

function isRead(node: Node): boolean {
  if (node.op === "id") return node.args !== "variables";
  if (node.op === "call") return (node.args as unknown[])[0] === "dyn";
  const [receiver] = node.op === "." || node.op === "[]" ? (node.args as unknown[]) : [];
  return isNode(receiver) && isRead(receiver);
}

// An empty list is one of any type.
const isSame = (a: string, b: string): boolean =>
  a === b || (/\bT\b/.test(a + b) && a.replace(/<.*/, "") === b.replace(/<.*/, ""));
