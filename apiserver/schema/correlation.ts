import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../lib/json.ts";
import { type JsonSchema, memberSchema } from "./json-schema.ts";

/**
 * A value beside the one it replaces, as far as Kubernetes can tell which replaces which: members by name, items of a
 * list-type map by key, other items not at all. What did not change keeps its old faults (validation ratcheting).
 */
export class Correlation {
  readonly value: unknown;
  readonly old: unknown;
  readonly #schema: JsonSchema | undefined;
  #equal: boolean | undefined;
  #byKey: Map<string, unknown> | undefined;

  constructor(value: unknown, old: unknown, schema: JsonSchema | undefined) {
    this.value = value;
    this.old = old;
    this.#schema = schema;
  }

  unchanged(): boolean {
    this.#equal ??= isDeepStrictEqual(this.value, this.old);
    return this.#equal;
  }

  member(key: string): Correlation | undefined {
    const schema = memberSchema(this.#schema, key);
    if (!schema || !isObject(this.value) || !isObject(this.old)) return undefined;
    if (!Object.hasOwn(this.value, key) || !Object.hasOwn(this.old, key)) return undefined;
    return new Correlation(this.value[key], this.old[key], schema);
  }

  item(index: number): Correlation | undefined {
    const schema = this.#schema;
    if (!schema?.items || schema["x-kubernetes-list-type"] !== "map") return undefined;
    if (!Array.isArray(this.value) || !Array.isArray(this.old)) return undefined;
    this.#byKey ??= byKey(this.old, schema);
    const old = this.#byKey.get(keyOf(this.value[index], schema));
    return old === undefined ? undefined : new Correlation(this.value[index], old, schema.items);
  }
}

function byKey(items: readonly unknown[], schema: JsonSchema): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const item of items) {
    const key = keyOf(item, schema);
    if (!found.has(key)) found.set(key, item);
  }
  return found;
}

function keyOf(item: unknown, schema: JsonSchema): string {
  const object = isObject(item) ? item : {};
  return JSON.stringify(
    (schema["x-kubernetes-list-map-keys"] ?? []).map(
      (key) => object[key] ?? schema.items?.properties?.[key]?.default ?? null,
    ),
  );
}

/** Finds the item of the old list that has an item's key; none in lists that are not maps. */
export function correlatedItems(old: unknown, schema: JsonSchema): (item: unknown) => unknown {
  if (!Array.isArray(old) || schema["x-kubernetes-list-type"] !== "map") return () => undefined;
  const items = byKey(old, schema);
  return (item) => items.get(keyOf(item, schema));
}
