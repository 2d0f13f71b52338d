import { type Environment, Optional } from "@marcbachmann/cel-js";

/** The hooks of a macro, as the library hands them over; its published types leave them untyped. */
interface Macro {
  readonly name: string;
  readonly receiver: unknown;
  readonly body: unknown;
  readonly flat: boolean;
  scope?: Scope;
}
interface Scope {
  forkWithVariable(name: string, type: unknown): Scope;
  reuse(parent: Scope): Scope;
  setIterValue(value: unknown, evaluator: unknown): Scope;
}
interface Checker {
  check(node: unknown, scope: Scope): { readonly kind: string; readonly valueType?: unknown };
  getType(name: string): unknown;
  readonly registry: { getOptionalType(type: unknown): unknown };
}
interface Runner {
  run(node: unknown, scope: Scope): unknown;
}

function typeCheck(checker: Checker, macro: Macro, scope: Scope): unknown {
  const type = checker.check(macro.receiver, scope);
  macro.scope = scope.forkWithVariable(macro.name, type.kind === "optional" ? type.valueType : checker.getType("dyn"));
  const body = checker.check(macro.body, macro.scope);
  return macro.flat ? body : checker.registry.getOptionalType(body);
}

function evaluate(runner: Runner, macro: Macro, scope: Scope): unknown {
  const value = runner.run(macro.receiver, scope);
  if (!(value instanceof Optional)) throw new Error("no such overload: optMap() on a value that is not optional");
  if (!value.hasValue()) return value;
  const result = runner.run(macro.body, macro.scope!.reuse(scope).setIterValue(value.value(), runner));
  return macro.flat ? result : Optional.of(result);
}

/** The optional functions that the library lacks: `ofNonZeroValue`, `optMap`, `optFlatMap`, `first`, `last`. */
export function addOptional(env: Environment): void {
  const expand = (flat: boolean) => (call: { args: { op: string; args: string }[]; receiver: unknown }) => {
    const [variable, body] = call.args;
    if (variable?.op !== "id") throw new Error("optMap() needs a variable name as its first argument");
    return { name: variable.args, receiver: call.receiver, body, flat, typeCheck, evaluate, async: false };
  };
  env.registerFunction("optional.optMap(ast, ast): optional<dyn>", expand(false) as never);
  env.registerFunction("optional.optFlatMap(ast, ast): optional<dyn>", expand(true) as never);
  const end = (at: number) => (list: readonly unknown[]) =>
    list.length === 0 ? Optional.none() : Optional.of(list.at(at));
  env.registerFunction("list<A>.first(): optional<A>", end(0));
  env.registerFunction("list<A>.last(): optional<A>", end(-1));
  env.registerFunction("OptionalNamespace.ofNonZeroValue(A): optional<A>", (_: unknown, value: unknown) =>
    isZero(value) ? Optional.none() : Optional.of(value),
  );
}

function isZero(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === "object" && value !== null)
    return value.constructor === Object && Object.keys(value).length === 0;
  return value === null || value === 0n || value === 0 || value === "" || value === false;
}
