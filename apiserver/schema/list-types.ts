import { isObject } from "../../lib/json.ts";
import type { FieldError } from "../http/status.ts";
import { duplicate, goJson, invalid } from "./field-errors.ts";
import { type JsonSchema, memberSchema } from "./json-schema.ts";

/** Finds items that are twice in a list of type set, or keys that are twice in a list of type map. */
export function validateListTypes(value: unknown, schema: JsonSchema | undefined, path = ""): FieldError[] {
  if (!schema || typeof value !== "object") return [];
  if (Array.isArray(value)) {
    const items = value as readonly unknown[];
    return [
      ...(schema["x-kubernetes-list-type"] === "set"
        ? repeated(items).map((i) => duplicate(`${path}[${i}]`, items[i]))
        : []),
      ...(schema["x-kubernetes-list-type"] === "map" ? checkMap(items, schema, path) : []),
      ...items.flatMap((item, index) => validateListTypes(item, schema.items, `${path}[${index}]`)),
    ];
  }
  if (!isObject(value)) return [];
  const found: FieldError[] = [];
  for (const [key, member] of Object.entries(value)) {
    if (typeof member !== "object") continue;
    const named = schema.properties && Object.hasOwn(schema.properties, key);
    const at = named ? (path === "" ? key : `${path}.${key}`) : `${path}[${key}]`;
    for (const error of validateListTypes(member, memberSchema(schema, key), at)) found.push(error);
  }
  return found;
}

/** Index of each second appearance; a third and later one is not repeated in the report. */
function repeated(items: readonly unknown[]): number[] {
  const seen = new Map<string, number>();
  const found: number[] = [];
  for (const [index, item] of items.entries()) {
    const text = goJson(item);
    const times = (seen.get(text) ?? 0) + 1;
    seen.set(text, times);
    if (times === 2) found.push(index);
  }
  return found;
}

function checkMap(items: readonly unknown[], schema: JsonSchema, path: string): FieldError[] {
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const wrong = items.findIndex((item) => item !== null && !isObject(item));
  if (wrong >= 0) {
    return [invalid(`${path}[${wrong}]`, items[wrong], "must be an object for an array of list-type map")];
  }
  const identities = items.map((item) => {
    const object = (item ?? {}) as Record<string, unknown>;
    return Object.fromEntries(keys.filter((key) => Object.hasOwn(object, key)).map((key) => [key, object[key]]));
  });
  return repeated(identities).map((index) => duplicate(`${path}[${index}]`, identities[index]));
}
