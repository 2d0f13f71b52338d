import { Optional } from "@marcbachmann/cel-js";
import { Duration, UnsignedInt } from "@marcbachmann/cel-js/evaluator";
import { toRfc3339 } from "../../lib/clock.ts";

/**
 * Turns a JSON value into what CEL computes with: whole numbers become `int` (bigint), others stay `double`, as the
 * Kubernetes decoder does. Copies only what changes, so a tree without numbers costs one walk and no memory.
 */
export function toCel(value: unknown): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const item = toCel(value[i]);
      if (item !== value[i]) copy ??= value.slice(0, i);
      copy?.push(item);
    }
    return copy ?? value;
  }
  // Values that are CEL's already (timestamps, quantities, an authorizer) pass as they are.
  if (value.constructor !== Object && value.constructor !== undefined) return value;
  let copy: Record<string, unknown> | undefined;
  for (const [key, member] of Object.entries(value)) {
    const item = toCel(member);
    if (item !== member) {
      copy ??= { ...(value as Record<string, unknown>) };
      copy[key] = item;
    }
  }
  return copy ?? value;
}

/** Turns a CEL value back into plain JSON; whole numbers beyond 2^53 become decimal strings, an empty optional undefined. */
export function fromCel(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(fromCel);
  if (value instanceof UnsignedInt) return fromCel(value.valueOf());
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof Date) return toRfc3339(value.getTime());
  if (value instanceof Duration) return value.toString();
  if (value instanceof Optional) return value.hasValue() ? fromCel(value.value()) : undefined;
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, member]) => [String(key), fromCel(member)]));
  if (value.constructor !== Object && value.constructor !== undefined) return String(value);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, fromCel(member)]));
}

/** How many values a tree holds, strings by tenths of their length: the unit in which evaluation is charged. */
export function weigh(value: unknown): number {
  if (typeof value === "string") return 1 + value.length * 0.1;
  if (typeof value !== "object" || value === null) return 1;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + weigh(item), 1);
  if (value.constructor !== Object) return 1;
  return Object.values(value).reduce<number>((sum, item) => sum + weigh(item), 1);
}

/** CEL's optional: none for undefined. */
export const optionalValue = (value: unknown): unknown => Optional.of(value);

/** CEL's duration. */
export const durationValue = (milliseconds: number): unknown => Duration.fromMilliseconds(milliseconds);
