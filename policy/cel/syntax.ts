import type { ParseResult } from "@marcbachmann/cel-js";
import { chargeArguments, chargeComparison, chargeMembership, chargeResult, meter } from "./cost.ts";

/** The part of the library's syntax tree that we touch; its own types describe reading only. */
export interface Node {
  op: string;
  args: unknown;
  pos: number;
  handle?: (...args: unknown[]) => unknown;
  readonly meta: { alternate?: Node; macro?: Record<string, unknown>; evaluate?: (...args: unknown[]) => unknown };
  setMeta(key: string, value: unknown): Node;
}

const prefix = "k8s_";

/** Methods whose built-in version differs from Kubernetes' (UTF-16 positions, JavaScript's backtracking regex). */
const replaced = new Set(
  "charAt indexOf lastIndexOf substring split lowerAscii upperAscii trim join replace matches find findAll reverse".split(
    " ",
  ),
);
/** Extras of the library that no Kubernetes server has: a rule that used them would fail on a cluster. */
const refused = new Set(["json", "hex", "base64", "at", "string", "bind"]);

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "op" in value && "meta" in value;
}

/** Visits each node once: operands, expanded macros and comprehensions alike. */
export function visitNodes(root: unknown, visit: (node: Node) => void, seen: Set<unknown> = new Set()): void {
  if (typeof root !== "object" || root === null || seen.has(root)) return;
  seen.add(root);
  if (Array.isArray(root)) {
    for (const item of root) visitNodes(item, visit, seen);
  } else if (isNode(root)) {
    visit(root);
    if (root.op !== "value") visitNodes(root.args, visit, seen);
    visitNodes(root.meta.alternate, visit, seen);
    visitNodes(root.meta.macro, visit, seen);
  } else if (root.constructor === Object) {
    for (const item of Object.values(root)) visitNodes(item, visit, seen);
  }
}

/** Points calls at our versions; answers the first function that Kubernetes does not have. */
export function useKubernetesFunctions(
  parsed: ParseResult,
): { readonly name: string; readonly pos: number } | undefined {
  let unknown: { name: string; pos: number } | undefined;
  visitNodes(parsed.ast, (node) => {
    if (node.op !== "rcall" && node.op !== "call") return;
    const args = node.args as [string, unknown, unknown[]];
    const [name, receiver] = args;
    if (node.op === "call") {
      if (name.startsWith(prefix)) unknown ??= { name, pos: node.pos };
      // The library's own tries each digit of a long text over and over.
      if (name === "duration") args[0] = prefix + name;
      return;
    }
    const onIp = name === "string" && isNode(receiver) && receiver.op === "id" && receiver.args === "ip";
    if ((refused.has(name) && !onIp) || name.startsWith(prefix)) unknown ??= { name, pos: node.pos };
    if (replaced.has(name)) args[0] = prefix + name;
  });
  return unknown;
}

interface Presence {
  readonly args: readonly unknown[];
  typeCheck(checker: Checker, macro: Presence, scope: unknown): unknown;
  evaluate(runner: Runner, macro: Presence, scope: unknown): unknown;
}
interface Checker {
  check(node: unknown, scope: unknown): unknown;
  createError(code: string, message: string, node: unknown): Error;
  getType(name: string): unknown;
}
interface Runner {
  run(node: unknown, scope: unknown): unknown;
  debugType(value: unknown): { fieldLazy(value: unknown, name: string, node: unknown, runner: Runner): unknown };
}

/** `a.?b` of an object may only name a field that there is; the library would answer none. */
export function unknownOptional(
  ast: unknown,
  fieldsOf: (type: string) => Readonly<Record<string, unknown>> | undefined,
): { readonly name: string; readonly node: Node } | undefined {
  let found: { name: string; node: Node } | undefined;
  visitNodes(ast, (node) => {
    if (node.op !== ".?") return;
    const [receiver, name] = node.args as [{ readonly checkedType?: { readonly name?: string } }, string];
    const type = receiver.checkedType?.name?.replace(/^optional<(.*)>$/, "$1");
    const fields = type === undefined ? undefined : fieldsOf(type);
    if (fields && !Object.hasOwn(fields, name)) found ??= { name, node };
  });
  return found;
}

/** `a["b"]` of an object: only maps are indexed by text, the library reads the field. */
export function indexedObject(
  ast: unknown,
  fieldsOf: (type: string) => Readonly<Record<string, unknown>> | undefined,
): { readonly types: string; readonly node: Node } | undefined {
  let found: { types: string; node: Node } | undefined;
  visitNodes(ast, (node) => {
    if (node.op !== "[]") return;
    const [type, key] = (node.args as { readonly checkedType?: { readonly name?: string } }[]).map(
      (part) => part.checkedType?.name,
    );
    if (type !== undefined && fieldsOf(type)) found ??= { types: `${type}, ${key}`, node };
  });
  return found;
}

/**
 * Makes `has()` as cel-go has it: it may only name a field that there is, where the library looks no further than the
 * object, and it may look into what any expression answers, where the library wants a variable.
 */
export function checkPresence(parsed: ParseResult): void {
  visitNodes(parsed.ast, (call) => {
    const macro = call.meta.macro as unknown as Presence | undefined;
    if (call.op !== "call" || (call.args as unknown[])[0] !== "has" || !macro) return;
    const { typeCheck } = macro;
    const [select] = macro.args;
    const computed = isNode(select) && select.op === "." && !isPlain(select);
    macro.typeCheck = (checker, self, scope) => {
      const type = computed ? checker.getType("bool") : typeCheck(checker, self, scope);
      try {
        checker.check(select, scope);
      } catch (error) {
        const { code = "", summary = "", node } = error as { code?: string; summary?: string; node?: unknown };
        if (node !== select) throw error;
        // cel-go points at the call, not at the field.
        throw checker.createError(code === "no_such_key" ? "no_such_member" : code, summary, call);
      }
      return type;
    };
    if (!computed) return;
    const [object, name] = select.args as [unknown, string];
    macro.evaluate = (runner, _self, scope) => {
      const value = runner.run(object, scope);
      return runner.debugType(value).fieldLazy(value, name, select, runner) !== undefined;
    };
  });
}

/** Whether an expression is a variable and fields of it alone. */
function isPlain(node: unknown): boolean {
  if (!isNode(node)) return false;
  return node.op === "id" || ((node.op === "." || node.op === ".?") && isPlain((node.args as unknown[])[0]));
}

/** Undoes the renaming in a message of the library. */
export function readable(message: string): string {
  return message.replaceAll(prefix, "");
}

const comparisons = new Set(["==", "!=", "<", "<=", ">", ">="]);
const counted = new Set(["?:", "accuPush", "accuInc", "comprehension", "list", "map", "&&", "||"]);

/** Makes a checked tree count its own work, so that no input can make it run long. */
export function meterNodes(parsed: ParseResult): void {
  visitNodes(parsed.ast, (node) => {
    const { handle, meta } = node;
    if (meta.macro && typeof meta.macro.evaluate === "function") {
      const evaluate = meta.macro.evaluate as (...args: unknown[]) => unknown;
      meta.macro.evaluate = (...args: unknown[]) => {
        meter.charge(1);
        return evaluate(...args);
      };
    } else if (handle && comparisons.has(node.op)) {
      node.handle = (left, right, ast, ev) => {
        chargeComparison(left, right);
        return handle(left, right, ast, ev);
      };
    } else if (handle && node.op === "in") {
      node.handle = (left, right, ast, ev) => {
        chargeMembership(left, right);
        return handle(left, right, ast, ev);
      };
    } else if (handle && node.op === "+") {
      node.handle = (left, right, ast, ev) => charged(handle(left, right, ast, ev));
    } else if (handle && (node.op === "call" || node.op === "rcall")) {
      node.handle = (args, second, third) => {
        chargeArguments(args as unknown[]);
        return charged(handle(args, second, third));
      };
    } else if (counted.has(node.op) && meta.evaluate && !meta.alternate) {
      const evaluate = meta.evaluate;
      node.setMeta("evaluate", (...args: unknown[]) => {
        meter.charge(1);
        return evaluate(...args);
      });
    }
  });
}

function charged(value: unknown): unknown {
  meter.charge(1);
  chargeResult(value);
  return value;
}
