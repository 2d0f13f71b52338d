import { isNode, type Node } from "./syntax.ts";

/** A node with the range that the parser gave it. */
interface Placed extends Node {
  readonly start?: number;
  readonly end?: number;
  readonly checkedType?: { readonly name?: string };
}

const binary = new Set(["==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%", "&&", "||"]);

/**
 * Where cel-go says that a node is: at its operator, the dot of a field, or the bracket of a call. With `operand`, that
 * of the first operand that is no bool.
 */
export function positionOf(source: string, node: unknown, operand = false): number {
  if (!isNode(node)) return 0;
  if (operand && Array.isArray(node.args)) {
    const wrong = (node.args as Placed[]).find(({ checkedType }) => checkedType && checkedType.name !== "bool");
    return positionOf(source, wrong ?? node);
  }
  const { op, start = node.pos, end = source.length } = node as Placed;
  const args = Array.isArray(node.args) ? node.args : [node.args];
  const after = (text: string, from: number) => {
    const at = source.indexOf(text, from);
    return at < 0 || at >= end ? start : at;
  };
  const behind = (index: number) => (isNode(args[index]) ? ((args[index] as Placed).end ?? start) : start);
  if (binary.has(op)) return after(op, behind(0));
  if (op === "?:") return after("?", behind(0));
  if (op === "call") return after("(", start + String(args[0]).length);
  if (op === "rcall") return after("(", behind(1));
  if (op === "[]" || op === "[?]") return after("[", behind(0));
  if (op === "." || op === ".?") return after(".", behind(0));
  return start;
}
