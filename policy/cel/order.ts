import type { ParseResult } from "@marcbachmann/cel-js";
import { isNode, type Node, visitNodes } from "./syntax.ts";

interface Evaluator {
  run(node: unknown, scope: unknown): unknown;
  /** An error is an answer here, not thrown. */
  tryEval(node: unknown, scope: unknown): unknown;
}
type Handle = (...args: unknown[]) => unknown;

/**
 * Makes a checked tree evaluate operands from left to right, as cel-go does: of several that fail the first is told. (The
 * library starts with the last argument, and of `a || b` tells why `b` failed.)
 */
export function evaluateInOrder(parsed: ParseResult): void {
  visitNodes(parsed.ast, (node) => {
    if (!node.meta.evaluate || node.meta.macro || node.meta.alternate) return;
    const inOrder = evaluatorOf(node);
    if (inOrder) node.setMeta("evaluate", inOrder as never);
  });
}

const isEmptyList = (value: unknown): boolean =>
  isNode(value) && value.op === "list" && (value.args as unknown[]).length === 0;

function evaluatorOf(node: Node): ((ev: Evaluator, ast: Node, scope: unknown) => unknown) | undefined {
  const all = (ev: Evaluator, items: readonly unknown[], scope: unknown) => items.map((item) => ev.run(item, scope));
  if (node.op === "list" && (node.args as unknown[]).length > 1)
    return (ev, ast, scope) => all(ev, ast.args as unknown[], scope);
  // Nothing is in an empty list, whatever it is: cel-go folds this away.
  if (node.op === "in" && isEmptyList((node.args as unknown[])[1])) return () => false;
  if (node.op === "call") {
    const [name, args] = node.args as [string, unknown[]];
    const whole = name === "int" || name === "uint";
    return (ev, ast, scope) => {
      const values = all(ev, args, scope);
      // The library takes an empty text for zero.
      if (whole && values[0] === "") throw new Error(`${name}() type error: cannot convert to ${name}`);
      return (ast.handle as Handle)(values, ast, ev);
    };
  }
  if (node.op === "rcall") {
    return (ev, ast, scope) => {
      const [, receiver, args] = ast.args as [string, unknown, unknown[]];
      return (ast.handle as Handle)(all(ev, [receiver, ...args], scope), ev, ast);
    };
  }
  if (["<", "<=", ">", ">="].includes(node.op)) return ordered;
  return node.op === "||" || node.op === "&&" ? logical(node.op === "||") : undefined;
}

function ordered(ev: Evaluator, ast: Node, scope: unknown): unknown {
  const [left, right] = (ast.args as [unknown, unknown]).map((operand) => ev.run(operand, scope));
  if (Number.isNaN(left) || Number.isNaN(right)) throw new Error("NaN values cannot be ordered");
  return (ast.handle as Handle)(left, right, ast, ev);
}

/** One operand may decide whatever becomes of the other; where none does, the first failure is the outcome. */
function logical(decisive: boolean) {
  return (ev: Evaluator, ast: Node, scope: unknown): unknown => {
    const [left, right] = ast.args as [unknown, unknown];
    const first = ev.tryEval(left, scope);
    if (first === decisive) return decisive;
    const second = ev.tryEval(right, scope);
    if (second === decisive) return decisive;
    for (const value of [first, second]) if (value instanceof Error) throw value;
    if (typeof first !== "boolean" || typeof second !== "boolean") throw new Error("no such overload");
    return !decisive;
  };
}
