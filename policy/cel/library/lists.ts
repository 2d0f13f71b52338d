import type { Environment } from "@marcbachmann/cel-js";
import { canonicalJson } from "../../../lib/json.ts";
import { meter } from "../cost.ts";
import { fromCel } from "../values.ts";

type Ordered = bigint | number | string | boolean | Date | { valueOf(): number };

function compare(a: unknown, b: unknown): number {
  if ((a as Ordered) < (b as Ordered)) return -1;
  return (a as Ordered) > (b as Ordered) ? 1 : 0;
}

function pick(list: readonly unknown[], name: string, sign: number): unknown {
  if (list.length === 0) throw new Error(`${name} called on empty list`);
  return list.reduce((best, item) => (sign * compare(item, best) < 0 ? item : best));
}

function add(sum: unknown, item: unknown): unknown {
  if (typeof sum === "bigint" && typeof item === "bigint") return sum + item;
  if (typeof sum === "object") return (sum as { addDuration(other: unknown): unknown }).addDuration(item);
  return Number(sum) + Number(item);
}

/** One text per value, equal exactly when CEL's `==` says so for JSON-like values. */
function keyOf(value: unknown): string {
  return typeof value === "number" && Number.isInteger(value)
    ? keyOf(BigInt(value))
    : canonicalJson(fromCel(value) ?? null);
}

function flatten(list: readonly unknown[], depth: bigint): unknown[] {
  if (depth < 0n) throw new Error("level must be non-negative");
  return list.flat(Number(depth > 100n ? 100n : depth));
}

function slice(list: readonly unknown[], from: bigint, to: bigint): unknown[] {
  if (from < 0n || to < 0n) throw new Error(`cannot slice(${from}, ${to}), negative indexes not supported`);
  if (from > to) throw new Error(`cannot slice(${from}, ${to}), start index must be less than or equal to end index`);
  if (to > list.length) throw new Error(`cannot slice(${from}, ${to}), list is length ${list.length}`);
  return list.slice(Number(from), Number(to));
}

function distinct(list: readonly unknown[]): unknown[] {
  const seen = new Map<string, unknown>();
  for (const item of list) if (!seen.has(keyOf(item))) seen.set(keyOf(item), item);
  return [...seen.values()];
}

function range(n: bigint): bigint[] {
  meter.charge(Number(n));
  return Array.from({ length: Math.max(0, Number(n)) }, (_, index) => BigInt(index));
}

const duration = "google.protobuf.Duration";
const summable = ["int", "uint", "double", duration];
const comparable = [...summable, "bool", "google.protobuf.Timestamp", "string", "bytes"];

/** Kubernetes' list functions and cel-go's list extension, version 3. */
export function addLists(env: Environment): void {
  const sorted = (list: readonly unknown[]) => list.every((item, i) => i === 0 || compare(list[i - 1], item) <= 0);
  for (const type of summable)
    env.registerFunction(`list<${type}>.sum(): ${type}`, (list: unknown[]) =>
      list.length === 0 ? 0n : list.reduce(add),
    );
  for (const type of comparable) {
    env.registerFunction(`list<${type}>.isSorted(): bool`, sorted);
    env.registerFunction(`list<${type}>.min(): ${type}`, (list: unknown[]) => pick(list, "min", 1));
    env.registerFunction(`list<${type}>.max(): ${type}`, (list: unknown[]) => pick(list, "max", -1));
  }
  env
    .registerFunction("list<A>.k8s_indexOf(A): int", (list: unknown[], item: unknown) =>
      BigInt(list.map(keyOf).indexOf(keyOf(item))),
    )
    .registerFunction("list<A>.k8s_lastIndexOf(A): int", (list: unknown[], item: unknown) =>
      BigInt(list.map(keyOf).lastIndexOf(keyOf(item))),
    )
    .registerFunction("list<dyn>.flatten(): list<dyn>", (list: unknown[]) => list.flat())
    .registerFunction("list<dyn>.flatten(int): list<dyn>", flatten)
    .registerFunction("list<A>.sort(): list<A>", (list: unknown[]) => [...list].sort(compare))
    .registerFunction("list<A>.distinct(): list<A>", distinct)
    .registerFunction("list<A>.k8s_reverse(): list<A>", (list: unknown[]) => [...list].reverse())
    .registerFunction("list<A>.slice(int, int): list<A>", slice);
  class Lists {}
  env.registerType("kubernetes.ListsNamespace", Lists as never);
  env.registerConstant("lists", "kubernetes.ListsNamespace", new Lists());
  env.registerFunction("kubernetes.ListsNamespace.range(int): list<int>", (_: unknown, n: bigint) => range(n));
  addSets(env);
}

function addSets(env: Environment): void {
  class Sets {}
  const contains = (list: readonly unknown[], part: readonly unknown[]): boolean => {
    const keys = new Set(list.map(keyOf));
    return part.every((item) => keys.has(keyOf(item)));
  };
  env.registerType("kubernetes.SetsNamespace", Sets as never);
  env.registerConstant("sets", "kubernetes.SetsNamespace", new Sets());
  env
    .registerFunction(
      "kubernetes.SetsNamespace.contains(list<A>, list<A>): bool",
      (_: unknown, a: unknown[], b: unknown[]) => contains(a, b),
    )
    .registerFunction(
      "kubernetes.SetsNamespace.equivalent(list<A>, list<A>): bool",
      (_: unknown, a: unknown[], b: unknown[]) => contains(a, b) && contains(b, a),
    )
    .registerFunction(
      "kubernetes.SetsNamespace.intersects(list<A>, list<A>): bool",
      (_: unknown, a: unknown[], b: unknown[]) => {
        const keys = new Set(a.map(keyOf));
        return b.some((item) => keys.has(keyOf(item)));
      },
    );
}
