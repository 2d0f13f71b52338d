import type { Environment } from "@marcbachmann/cel-js";
import { isObject } from "../../../lib/json.ts";
import { meter } from "../cost.ts";

/** The hooks of a macro, as the library hands them over; its published types leave them untyped. */
interface Macro {
  readonly receiver: unknown;
  readonly names: readonly [string, string];
  readonly filter: unknown;
  readonly body: unknown;
  readonly kind: Kind;
  outer?: Scope;
  inner?: Scope;
}
interface Scope {
  forkWithVariable(name: string, type: unknown): Scope;
  reuse(parent: Scope): Scope;
  setIterValue(value: unknown, evaluator: unknown): Scope;
}
interface Type {
  readonly kind: string;
  readonly name: string;
  readonly keyType?: Type;
  readonly valueType?: Type;
}
interface Checker {
  check(node: unknown, scope: Scope): Type;
  createError(code: string, message: string, node: unknown): Error;
  getType(name: string): Type;
  readonly registry: { getListType(type: Type): Type; getMapType(key: Type, value: Type): Type };
}
interface Runner {
  run(node: unknown, scope: Scope): unknown;
}

type Entry = readonly [unknown, unknown];
type Visit = (entry: Entry) => unknown;

interface Kind {
  /** The body must be a bool. */
  readonly predicate: boolean;
  readonly type: (checker: Checker, range: Type, body: Type) => Type;
  readonly run: (entries: readonly Entry[], body: Visit) => unknown;
}

const bool = (checker: Checker): Type => checker.getType("bool");
const dyn = (checker: Checker): Type => checker.getType("dyn");

/** As CEL's `&&` and `||`: an error counts only where no other entry decides. */
function decide(entries: readonly Entry[], body: Visit, wanted: boolean): boolean {
  let failed: unknown;
  for (const entry of entries) {
    try {
      if (body(entry) === wanted) return wanted;
    } catch (error) {
      failed ??= error;
    }
  }
  if (failed !== undefined) throw failed;
  return !wanted;
}

const kinds = {
  all: { predicate: true, type: bool, run: (entries, body) => decide(entries, body, false) },
  exists: { predicate: true, type: bool, run: (entries, body) => decide(entries, body, true) },
  existsOne: {
    predicate: true,
    type: bool,
    run: (entries, body) => entries.filter((entry) => body(entry) === true).length === 1,
  },
  transformList: {
    predicate: false,
    type: (checker, _range, body) => checker.registry.getListType(body),
    run: (entries, body) => entries.map(body),
  },
  transformMap: {
    predicate: false,
    type: (checker, range, body) => checker.registry.getMapType(keyOf(checker, range), body),
    run: (entries, body) => Object.fromEntries(entries.map((entry) => [String(entry[0]), body(entry)])),
  },
  transformMapEntry: {
    predicate: false,
    type: (_checker, _range, body) => body,
    run: (entries, body) => merged(entries.map(body)),
  },
} as const satisfies Readonly<Record<string, Kind>>;

function merged(parts: readonly unknown[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const part of parts) {
    for (const [key, value] of entriesOf(part)) {
      if (Object.hasOwn(result, String(key))) throw new Error(`insert failed: key ${String(key)} already exists`);
      result[String(key)] = value;
    }
  }
  return result;
}

const keyOf = (checker: Checker, range: Type): Type =>
  range.kind === "list" ? checker.getType("int") : (range.keyType ?? dyn(checker));

function entriesOf(range: unknown): readonly Entry[] {
  if (Array.isArray(range)) return range.map((item, index) => [BigInt(index), item]);
  if (range instanceof Map) return [...range];
  if (isObject(range)) return Object.entries(range);
  throw new Error("no such overload: the range of a comprehension must be a list or a map");
}

function typeCheck(checker: Checker, macro: Macro, scope: Scope): Type {
  const range = checker.check(macro.receiver, scope);
  macro.outer = scope.forkWithVariable(macro.names[0], keyOf(checker, range));
  macro.inner = macro.outer.forkWithVariable(macro.names[1], range.valueType ?? dyn(checker));
  const mustBeBool = (node: unknown): Type => {
    const type = checker.check(node, macro.inner!);
    if (type.name === "bool" || type.kind === "dyn") return type;
    throw checker.createError("invalid_logical_operand", `expected type 'bool' but found '${type.name}'`, node);
  };
  if (macro.filter !== undefined) mustBeBool(macro.filter);
  const body = macro.kind.predicate ? mustBeBool(macro.body) : checker.check(macro.body, macro.inner);
  return macro.kind.type(checker, range, body);
}

function evaluate(runner: Runner, macro: Macro, scope: Scope): unknown {
  const visit =
    (node: unknown): Visit =>
    ([key, value]) => {
      meter.charge(1);
      const outer = macro.outer!.reuse(scope).setIterValue(key, runner);
      return runner.run(node, macro.inner!.reuse(outer).setIterValue(value, runner));
    };
  const entries = entriesOf(runner.run(macro.receiver, scope));
  const chosen = macro.filter === undefined ? entries : entries.filter((entry) => visit(macro.filter)(entry) === true);
  return macro.kind.run(chosen, visit(macro.body));
}

/** cel-go's comprehensions over index and item, or key and value. */
export function addTwoVariables(env: Environment): void {
  const expand = (kind: Kind) => (call: { args: { op: string; args: string }[]; receiver: unknown }) => {
    const [first, second, ...rest] = call.args;
    if (first?.op !== "id" || second?.op !== "id") throw new Error("argument must be a simple name");
    const [filter, body] = rest.length > 1 ? rest : [undefined, rest[0]];
    const names = [first.args, second.args] as const;
    return { receiver: call.receiver, names, filter, body, kind, typeCheck, evaluate, async: false };
  };
  for (const range of ["list", "map"]) {
    const add = (name: string, kind: Kind, answer: string, parts: number): void => {
      const signature = `${range}.${name}(${Array(parts).fill("ast").join(", ")}): ${answer}`;
      env.registerFunction(signature, expand(kind) as never);
    };
    add("all", kinds.all, "bool", 3);
    add("exists", kinds.exists, "bool", 3);
    add("existsOne", kinds.existsOne, "bool", 3);
    add("exists_one", kinds.existsOne, "bool", 3);
    for (const parts of [3, 4]) {
      add("transformList", kinds.transformList, "list<dyn>", parts);
      add("transformMap", kinds.transformMap, "map<string, dyn>", parts);
      add("transformMapEntry", kinds.transformMapEntry, "map<string, dyn>", parts);
    }
  }
}
