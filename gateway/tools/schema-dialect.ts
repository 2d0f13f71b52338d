import { isObject, type Json, type JsonObject } from "../../lib/json.ts";

// Members whose value is data, in which a key that looks like a keyword is none.
const dataMembers: ReadonlySet<string> = new Set(["enum", "const", "default", "examples"]);

/**
 * A tool's schema as JSON Schema 2020-12, which MCP speaks. Many servers still write draft-07; what differs there is
 * tuples and dependencies. `$schema` is dropped, because no dialect but ours is looked up.
 */
export function toDraft2020(schema: JsonObject): JsonObject {
  const { $schema: dialect, ...rest } = schema;
  const old = typeof dialect === "string" && /draft-0[4-7]|2019-09/.test(dialect);
  return old ? (translate(rest) as JsonObject) : rest;
}

function translate(value: Json): Json {
  if (Array.isArray(value)) return value.map(translate);
  if (!isObject(value)) return value;
  const translated = Object.entries(value as JsonObject).flatMap(([key, member]): [string, Json][] => {
    if (dataMembers.has(key)) return [[key, member]];
    if (key === "items" && Array.isArray(member)) return [["prefixItems", member.map(translate)]];
    if (key === "additionalItems") return Array.isArray(value.items) ? [["items", translate(member)]] : [];
    if (key === "dependencies" && isObject(member)) return dependencies(member as JsonObject);
    return [[key, translate(member)]];
  });
  return Object.fromEntries(translated);
}

function dependencies(member: JsonObject): [string, Json][] {
  const required = Object.entries(member).filter(([, needs]) => Array.isArray(needs));
  const schemas = Object.entries(member).filter(([, needs]) => !Array.isArray(needs));
  return [
    ["dependentRequired", Object.fromEntries(required)],
    ["dependentSchemas", Object.fromEntries(schemas.map(([name, schema]) => [name, translate(schema)]))],
  ];
}
