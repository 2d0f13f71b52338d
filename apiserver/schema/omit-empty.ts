import { isObject } from "../../lib/json.ts";
import { type JsonSchema, memberSchema } from "./json-schema.ts";

/** Go writes these even when they are empty. */
const written = new Set(["rules"]);

/**
 * Drops empty lists and maps of a built-in kind's object, in place: its Go type says `omitempty`, so on a cluster they
 * are never stored, answered or owned. Structs stay, `{}` too.
 */
export function omitEmpty(value: unknown, schema: JsonSchema | undefined): void {
  if (Array.isArray(value)) {
    for (const item of value) omitEmpty(item, schema?.items);
    return;
  }
  if (!isObject(value) || !schema?.properties) return;
  for (const [key, member] of Object.entries(value)) {
    const part = memberSchema(schema, key);
    if (!part || schema.required?.includes(key) || written.has(key)) omitEmpty(member, part);
    else if (Array.isArray(member) && member.length === 0) delete value[key];
    else if (isObject(member) && isMap(part) && Object.keys(member).length === 0) delete value[key];
    else omitEmpty(member, part);
  }
}

const isMap = (schema: JsonSchema): boolean => schema.additionalProperties !== undefined;
