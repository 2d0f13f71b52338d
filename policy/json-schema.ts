import { Ajv } from "ajv";
import { Ajv2019 } from "ajv/dist/2019.js";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import ajvFormats from "ajv-formats";
import { problem } from "../api/reasons.ts";
import { digest, isObject, type JsonObject } from "../lib/json.ts";
import { messageOf } from "../lib/problem.ts";
import { compilePattern } from "./cel/index.ts";

/** Why something does not fit, in one line that names the place; undefined when it fits. */
export type Misfit = string | undefined;

const maxSchemaBytes = 65_536;
const maxSchemaDepth = 40;

/** Checks a value against a compiled schema; `name` stands for the value in the message. */
export type SchemaCheck = (value: unknown, name: string) => Misfit;

/**
 * Compiles a JSON Schema from outside into a check: 2020-12, or the dialect that `$schema` names (2019-09, draft-07 and
 * -06, which published tool servers still send). Patterns match in linear time (RE2), nothing is fetched, size and depth
 * are bounded. Undefined for no schema. Throws InvalidRequest for a schema that is not one. The last thousand are kept:
 * compiling costs milliseconds.
 */
export function compileSchema(schema: JsonObject | undefined): SchemaCheck | undefined {
  if (schema === undefined) return undefined;
  checkBounds(schema);
  const key = digest(schema);
  const known = compiled.get(key);
  if (known) return known;
  const fresh = compile(schema);
  if (compiled.size >= keep) compiled.delete(compiled.keys().next().value as string);
  compiled.set(key, fresh);
  return fresh;
}

const keep = 1_000;
const compiled = new Map<string, SchemaCheck>();

function compile({ $schema, ...schema }: JsonObject): SchemaCheck {
  let validate: ValidateFunction;
  try {
    validate = newAjv($schema).compile(schema);
  } catch (cause) {
    throw problem("InvalidRequest", `not a JSON Schema: ${messageOf(cause)}`, { cause });
  }
  const known = memberNames(schema);
  return (value, name) => {
    try {
      return validate(value) ? undefined : describe(validate.errors?.[0], name, known);
    } catch (cause) {
      // A recursive schema over a deep value ends here; the parser's depth limit keeps this rare.
      return `${name} cannot be checked: ${messageOf(cause)}`;
    }
  };
}

const dialects: readonly (readonly [RegExp, typeof Ajv | typeof Ajv2019 | typeof Ajv2020])[] = [
  [/^https?:\/\/json-schema\.org\/(draft\/2020-12\/)?schema#?$/, Ajv2020],
  [/^https?:\/\/json-schema\.org\/draft\/2019-09\/schema#?$/, Ajv2019],
  [/^https?:\/\/json-schema\.org\/draft-0[67]\/schema#?$/, Ajv],
];

// A fresh instance per schema: `$id`s of two roles must never meet, and what one role compiles can be forgotten.
function newAjv(dialect: unknown): Ajv {
  const Dialect = dialect === undefined ? Ajv2020 : dialects.find(([uri]) => uri.test(String(dialect)))?.[1];
  if (!Dialect)
    throw new Error(`the dialect ${JSON.stringify(dialect)} is not known; use 2020-12, 2019-09 or draft-07`);
  const linear = (pattern: string) => {
    const expression = compilePattern(pattern);
    // ajv keys patterns by their text form.
    return { test: (text: string) => expression.test(text), toString: () => `/${pattern}/` };
  };
  const ajv = new Dialect({
    allErrors: false,
    strict: false,
    ownProperties: true,
    unicodeRegExp: true,
    // A schema need not repeat what the role's author may not know: unknown formats are notes, not checks.
    logger: false,
    code: { regExp: Object.assign(linear, { code: "linear" }) },
  });
  (ajvFormats as unknown as (ajv: Ajv, options: { mode: "fast" }) => void)(ajv, { mode: "fast" });
  return ajv;
}

function checkBounds(schema: JsonObject): void {
  if (JSON.stringify(schema).length > maxSchemaBytes) {
    throw problem("InvalidRequest", `the schema is larger than ${maxSchemaBytes} bytes`);
  }
  const walk = (value: unknown, depth: number): void => {
    if (depth > maxSchemaDepth) throw problem("InvalidRequest", `the schema is nested deeper than ${maxSchemaDepth}`);
    if (Array.isArray(value)) for (const item of value) walk(item, depth + 1);
    else if (isObject(value)) for (const item of Object.values(value)) walk(item, depth + 1);
  };
  walk(schema, 0);
}

// This sentence may end up in a status that others read, so it quotes nothing of the value: names of members only where
// the schema has them, and for a member too many those that there may be.
function describe(error: ErrorObject | undefined, name: string, known: ReadonlySet<string>): string {
  if (!error) return `${name} does not fit its schema`;
  const at = toPlace(error.instancePath.split("/").slice(1).map(unescaped), known);
  const params = error.params as Record<string, unknown>;
  const tooMany = params.additionalProperty !== undefined || params.unevaluatedProperty !== undefined;
  const members = tooMany && known.size > 0 ? `; the schema knows ${[...known].sort().join(", ").slice(0, 300)}` : "";
  const allowed = Array.isArray(params.allowedValues) ? `: ${JSON.stringify(params.allowedValues).slice(0, 300)}` : "";
  return `${name}${at} ${error.message ?? "does not fit"}${members}${allowed}`;
}

/** The names of members that a schema itself writes, at any depth. */
export function memberNames(schema: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) walk(item);
    if (!isObject(value)) return;
    for (const [key, member] of Object.entries(value)) {
      if (key === "properties" && isObject(member)) for (const name of Object.keys(member)) names.add(name);
      walk(member);
    }
  };
  walk(schema);
  return names;
}

/** A path into a value, with a star for every name that is the value's own. */
export function toPlace(path: readonly (string | number)[], known: ReadonlySet<string>): string {
  return path.map((step) => `.${/^\d{1,4}$/.test(String(step)) || known.has(String(step)) ? step : "*"}`).join("");
}

// RFC 6901.
function unescaped(token: string): string {
  return token.replaceAll("~1", "/").replaceAll("~0", "~");
}
