import { isObject } from "../../lib/json.ts";
import { isInt64 } from "../schema/numbers.ts";
import { badTime, goTime } from "./go-time.ts";
import { isLeftOut } from "./left-out.ts";
import { cannotUnmarshal } from "./metadata.ts";
import { components } from "./openapi.ts";

type Schema = Readonly<Record<string, unknown>>;

const refPrefix = "#/components/schemas/";
const open = new Set([
  "JSON",
  "JSONSchemaPropsOrBool",
  "JSONSchemaPropsOrArray",
  "JSONSchemaPropsOrStringArray",
  "RawExtension",
  "FieldsV1",
  "ObjectMeta",
]);

/**
 * The first value of a built-in object that Go's decoder could not put into its struct, in the decoder's words;
 * undefined when all fit. Nulls are brought to what the decoder makes of them. `component` names the Go type.
 */
export function goMismatch(component: string, object: Record<string, unknown>): string | undefined {
  return inStruct(component, object, "", 0);
}

const fits = (value: number, format: unknown): boolean =>
  isInt64(value) && (format === "int64" || (value >= -(2 ** 31) && value < 2 ** 31));

const lastWord = (component: string) => component.slice(component.lastIndexOf(".") + 1);

function inStruct(component: string, object: Record<string, unknown>, path: string, depth: number): string | undefined {
  const properties = components[component]?.properties;
  // Schemas of definitions nest without end; the definition's own rules judge them.
  if (!isObject(properties) || depth > 12) return undefined;
  for (const [name, value] of Object.entries(object)) {
    const schema = Object.hasOwn(properties, name) ? (properties[name] as Schema) : undefined;
    if (!schema) continue;
    if (value === null || isLeftOut(lastWord(component), name, value)) {
      delete object[name];
      continue;
    }
    const at = path ? `${path}.${name}` : name;
    const found = inField(schema, object, name, `${lastWord(component)}.${at}`, at, depth);
    if (found) return found;
  }
  return undefined;
}

function inField(
  schema: Schema,
  holder: Record<string, unknown>,
  key: string,
  field: string,
  path: string,
  depth: number,
): string | undefined {
  const value = holder[key];
  const target = referenceOf(schema);
  if (target) {
    const wrong = inReference(target, value, field, path, depth);
    const word = lastWord(target);
    if (typeof value === "string" && !wrong && (word === "Time" || word === "MicroTime"))
      holder[key] = goTime(value, word === "MicroTime");
    return wrong;
  }
  const wrong = () => cannotUnmarshal(value, field, goName(schema));
  switch (schema.type) {
    case "string":
      if (typeof value !== "string") return wrong();
      return schema.format === "byte" ? badBase64(value) : undefined;
    case "boolean":
      return typeof value === "boolean" ? undefined : wrong();
    case "integer":
      return typeof value === "number" && fits(value, schema.format) ? undefined : wrong();
    case "array":
      return Array.isArray(value) ? inList(schema.items as Schema, value, field, path, depth) : wrong();
    case "object":
      return isObject(value) ? inMap(schema.additionalProperties, value, field, path, depth) : wrong();
    default:
      return undefined;
  }
}

function inReference(target: string, value: unknown, field: string, path: string, depth: number): string | undefined {
  const word = lastWord(target);
  if (open.has(word)) return undefined;
  if (word === "Time" || word === "MicroTime") {
    if (typeof value !== "string") return cannotUnmarshal(value, field, "string");
    return badTime(value, word === "MicroTime");
  }
  if (isObject(value)) return inStruct(target, value, path, depth + 1);
  return cannotUnmarshal(value, field, `v1.${word}`);
}

function inList(items: Schema, list: unknown[], field: string, path: string, depth: number): string | undefined {
  for (let index = 0; index < list.length; index++) {
    const holder = list as unknown as Record<string, unknown>;
    const found = list[index] === null ? undefined : inField(items, holder, String(index), field, path, depth);
    if (found) return found;
  }
  return undefined;
}

function inMap(
  values: unknown,
  map: Record<string, unknown>,
  field: string,
  path: string,
  depth: number,
): string | undefined {
  if (!isObject(values)) return undefined;
  for (const key of Object.keys(map)) {
    // Go reads a null value of a map as the zero value.
    if (map[key] === null) map[key] = values.type === "string" ? "" : map[key];
    else {
      const found = inField(values, map, key, field, path, depth);
      if (found) return found;
    }
  }
  return undefined;
}

function referenceOf(schema: Schema): string | undefined {
  const [first] = Array.isArray(schema.allOf) ? (schema.allOf as Schema[]) : [];
  const ref = schema.$ref ?? first?.$ref;
  return typeof ref === "string" ? ref.slice(refPrefix.length) : undefined;
}

function goName(schema: Schema): string {
  const target = referenceOf(schema);
  if (target) return `v1.${lastWord(target)}`;
  const { type, format } = schema;
  if (type === "boolean") return "bool";
  if (type === "integer") return String(format ?? "int32");
  if (type === "array") return `[]${goName(schema.items as Schema)}`;
  if (type === "object") return `map[string]${goName((schema.additionalProperties ?? {}) as Schema)}`;
  return format === "byte" ? "[]uint8" : "string";
}

/** The complaint of Go's base64 decoder, which wants padding and stops at the first byte it cannot use. */
function badBase64(text: string): string | undefined {
  const at = corruptByte(text);
  return at === undefined ? undefined : `illegal base64 data at input byte ${at}`;
}

function corruptByte(text: string): number | undefined {
  let inGroup = 0;
  let at = 0;
  const skipLines = () => {
    while (text[at] === "\n" || text[at] === "\r") at++;
  };
  for (skipLines(); at < text.length; skipLines()) {
    const char = text[at]!;
    if (/[A-Za-z0-9+/]/.test(char)) {
      inGroup = (inGroup + 1) % 4;
      at++;
      continue;
    }
    if (char !== "=" || inGroup < 2) return at;
    at++;
    skipLines();
    if (inGroup === 2) {
      if (at === text.length) return at;
      if (text[at] !== "=") return at;
      at++;
      skipLines();
    }
    return at < text.length ? at : undefined;
  }
  return inGroup === 0 ? undefined : text.length - inGroup;
}
