import type { Json } from "../lib/json.ts";
import type { Finding } from "./finding.ts";
import type { Schema } from "./schema.ts";
import { sameWord, toCamel, toSnake } from "./spelling.ts";
import { didYouMean } from "./suggest.ts";
import { type MapTree, type ScalarTree, type Tree, toJson, typeOf } from "./tree.ts";

/**
 * `strict`: as a server reads a manifest. `friendly`: as a role file may be written: keys and enum values also in
 * snake_case, and a number where text is wanted is the text as written (so `1.50` is "1.50", not 1.5).
 */
export type Reading = "strict" | "friendly";

/**
 * The plain value, and everything in it that does not fit the schema; `path` is what the value is called in messages.
 * Never throws. CEL rules are the server's.
 */
export function conform(
  tree: Tree,
  schema: Schema,
  reading: Reading,
  path = "",
): { readonly value: Json; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const value = walk(tree, schema, path, reading, findings);
  return { value, findings };
}

function walk(tree: Tree, schema: Schema, path: string, reading: Reading, findings: Finding[]): Json {
  const refuse = (message: string): Json => {
    findings.push({ at: tree.at, message: `${path || "the document"} ${message}` });
    return null;
  };
  if (schema["x-kubernetes-preserve-unknown-fields"] && !schema.properties) return toJson(tree);
  if (tree.kind === "scalar" && tree.value === null) {
    // A key without a value is a thought not finished; the server would drop it without a word.
    return schema.nullable ? null : refuse(`is empty; give it a value or leave it out`);
  }
  if (schema["x-kubernetes-int-or-string"]) return toJson(tree);
  switch (schema.type) {
    case "object":
      return tree.kind === "map"
        ? object(tree, schema, path, reading, findings)
        : refuse(`must be an object, not ${typeOf(tree)}`);
    case "array":
      if (tree.kind !== "list") return refuse(`must be a list, not ${typeOf(tree)}`);
      if (schema.maxItems !== undefined && tree.items.length > schema.maxItems)
        refuse(`may have at most ${schema.maxItems} items, not ${tree.items.length}`);
      if (schema.minItems !== undefined && tree.items.length < schema.minItems)
        refuse(`needs at least ${schema.minItems} items`);
      return tree.items.map((item, i) => walk(item, schema.items ?? {}, `${path}[${i}]`, reading, findings));
    case "string":
    case "integer":
    case "number":
    case "boolean":
      return tree.kind === "scalar"
        ? scalarValue(tree, schema, reading, refuse)
        : refuse(`must be ${named(schema.type)}, not ${typeOf(tree)}`);
    default:
      return toJson(tree);
  }
}

function object(tree: MapTree, schema: Schema, path: string, reading: Reading, findings: Finding[]): Json {
  const value: Record<string, Json> = {};
  const known = schema.properties ?? {};
  const extra = schema.additionalProperties;
  const open = schema["x-kubernetes-preserve-unknown-fields"] === true;
  for (const [written, entry] of tree.entries) {
    const key = Object.hasOwn(known, written) ? written : reading === "friendly" ? toCamel(written) : written;
    const below = path ? `${path}.${written}` : written;
    const member = Object.hasOwn(known, key) ? known[key] : typeof extra === "object" ? extra : undefined;
    const name = member && Object.hasOwn(known, key) ? key : written;
    if (Object.hasOwn(value, name))
      findings.push({ at: entry.at, message: `${below} is there twice, in two spellings` });
    if (member) value[name] = walk(entry.tree, member, below, reading, findings);
    else if (open || extra === true) value[name] = toJson(entry.tree);
    else findings.push({ at: entry.at, message: unknownField(written, path, Object.keys(known), reading) });
  }
  for (const key of schema.required ?? []) {
    if (!Object.hasOwn(value, key))
      findings.push({ at: tree.at, message: `${path ? `${path}.` : ""}${key} is required` });
  }
  if (schema.maxProperties !== undefined && tree.entries.size > schema.maxProperties) {
    findings.push({
      at: tree.at,
      message: `${path} may have at most ${schema.maxProperties} keys, not ${tree.entries.size}`,
    });
  }
  return value;
}

/** `unknown field "maxStep" in spec.limits (did you mean "maxSteps"?)` */
export function unknownField(key: string, path: string, known: readonly string[], reading: Reading): string {
  const spelt = reading === "friendly" && key.includes("_") ? known.map(toSnake) : known;
  return `unknown field "${key.slice(0, 100)}"${path ? ` in ${path}` : ""}${didYouMean(key, spelt)}`;
}

function scalarValue(tree: ScalarTree, schema: Schema, reading: Reading, refuse: (message: string) => Json): Json {
  const { value } = tree;
  if (schema.type === "string") {
    if (typeof value === "number" && reading === "friendly") return textValue(tree.text, schema, reading, refuse);
    if (typeof value !== "string") return refuse(`must be text, not ${typeOf(tree)}; write it in quotes`);
    return textValue(value, schema, reading, refuse);
  }
  if (schema.type === "boolean")
    return typeof value === "boolean" ? value : refuse(`must be true or false, not ${typeOf(tree)}`);
  if (typeof value !== "number") return refuse(`must be ${named(schema.type ?? "")}, not ${typeOf(tree)}`);
  if (schema.type === "integer" && !Number.isInteger(value)) return refuse(`must be a whole number, not ${tree.text}`);
  if (schema.minimum !== undefined && value < schema.minimum)
    return refuse(`must be at least ${schema.minimum}, not ${tree.text}`);
  if (schema.maximum !== undefined && value > schema.maximum)
    return refuse(`must be at most ${schema.maximum}, not ${tree.text}`);
  return value;
}

function textValue(text: string, schema: Schema, reading: Reading, refuse: (message: string) => Json): Json {
  const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
  if (schema.enum && !schema.enum.includes(text)) {
    const match = reading === "friendly" ? schema.enum.find((one) => sameWord(String(one), text)) : undefined;
    if (typeof match === "string") return match;
    return refuse(`must be one of ${schema.enum.join(", ")}, not ${shown}${didYouMean(text, schema.enum.map(String))}`);
  }
  // Kubernetes counts characters, not UTF-16 units.
  if (schema.maxLength !== undefined && text.length > schema.maxLength && [...text].length > schema.maxLength) {
    return refuse(`may have at most ${schema.maxLength} characters, not ${[...text].length}`);
  }
  if (schema.minLength !== undefined && [...text].length < schema.minLength)
    return refuse(schema.minLength === 1 ? "must not be empty" : `needs at least ${schema.minLength} characters`);
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(text))
    return refuse(`must match ${schema.pattern}, which ${shown} does not`);
  return text;
}

function named(type: string): string {
  return { string: "text", integer: "a whole number", number: "a number", boolean: "true or false" }[type] ?? type;
}
