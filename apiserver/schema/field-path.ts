import type { JsonSchema } from "./json-schema.ts";

/** A path such as `.spec.a['b.c']`, read against a schema, or why it is none. */
export type FieldPath =
  | { readonly schema: JsonSchema; readonly root: string; readonly text: string }
  | { readonly wrong: string };

/**
 * Follows a path of fields and map keys, as `ValidFieldPath` of apiextensions does. `brackets: false` refuses
 * `['…']`.
 */
export function followPath(path: string, schema: JsonSchema, brackets = true): FieldPath {
  const tokens = path.match(/'(?:[^'\\]|\\.)*'|[.[\]]|[^.[\]']+/g) ?? [];
  let here = schema;
  let text = "";
  let root = "";
  let next = 0;
  while (next < tokens.length) {
    const token = tokens[next++]!;
    if (token !== "." && token !== "[") return { wrong: `expected [ or . but got: ${token}` };
    if (token === "[" && !brackets) return { wrong: "array notation is not allowed" };
    const given = tokens[next++];
    if (given === undefined) return { wrong: "unexpected end of JSON path" };
    if (token === "[" && !/^'.*'$/s.test(given)) return { wrong: `expected single quoted string but got ${given}` };
    const name = token === "[" ? given.slice(1, -1).replace(/\\(.)/g, "$1") : given;
    const below = memberAt(here, name);
    if (!below) return { wrong: "does not refer to a valid field" };
    text += here.properties ? `${text === "" ? "" : "."}${name}` : `[${name}]`;
    root ||= name;
    here = below;
    if (token !== "[") continue;
    const end = tokens[next++];
    if (end === undefined) return { wrong: "unexpected end of JSON path" };
    if (end !== "]") return { wrong: `expected ] but got ${end}` };
  }
  return { schema: here, root, text };
}

function memberAt({ properties, additionalProperties }: JsonSchema, name: string): JsonSchema | undefined {
  if (properties) return Object.hasOwn(properties, name) ? properties[name] : undefined;
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}
