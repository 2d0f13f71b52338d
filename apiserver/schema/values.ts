import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../lib/json.ts";
import { matchesPattern } from "../../policy/cel/regex.ts";
import type { FieldError } from "../http/status.ts";
import type { Correlation } from "./correlation.ts";
import { fieldErrorOf, goJson, goQuote, invalid, required } from "./field-errors.ts";
import { enforcedFormat, hasFormat } from "./formats.ts";
import type { JsonSchema } from "./json-schema.ts";
import { inBody, isInt64, named, numberErrors } from "./numbers.ts";

/**
 * What one node of validation found. `matches` counts checks that ran, as kube-openapi does: of several failed
 * alternatives the one with the highest count is reported.
 */
interface Result {
  errors: FieldError[];
  matches: number;
  /** Which findings there are, once there are several. */
  known?: Set<string>;
}

/** A value with more faults is not judged further: no list so long helps anybody, and a cluster has run out of time. */
const maxErrors = 20_000;

const none = (): Result => ({ errors: [], matches: 0 });
const isFull = (result: Result): boolean => result.errors.length >= maxErrors;

function merge(into: Result, from: Result): void {
  into.matches += from.matches;
  if (into.errors.length === 0 && from.errors.length > 0) {
    // As a whole: a finding would else be looked at again at each level above it.
    into.errors = from.errors;
    if (from.known) into.known = from.known;
  } else for (const error of from.errors) add(into, error);
}

function add(into: Result, error: FieldError | undefined): void {
  if (!error || isFull(into)) return;
  if (into.errors.length > 0) {
    into.known ??= new Set(into.errors.map(identify));
    const identity = identify(error);
    if (into.known.has(identity)) return;
    into.known.add(identity);
  }
  into.errors.push(error);
}

const identify = ({ field, message }: FieldError): string => `${field}\n${message}`;

/** Validates a value against OpenAPI v3, in the order and with the words of kube-openapi (k8s.io/kube-openapi/pkg/validation). */
export function validateValue(value: unknown, schema: JsonSchema, correlation?: Correlation): FieldError[] {
  const { errors } = check(value, schema, "", undefined);
  // An old value only excuses faults; most values have none, and comparing takes longer than judging.
  return errors.length === 0 || !correlation ? errors : check(value, schema, "", correlation).errors;
}

/** The same for one member of an object: paths of fields begin with its name, texts speak of paths below it. */
export function validateMember(
  name: string,
  value: unknown,
  schema: JsonSchema,
  correlation?: Correlation,
): FieldError[] {
  return validateValue(value, schema, correlation).map((error) => ({
    ...error,
    field: error.field === "<nil>" ? name : `${name}.${error.field}`,
  }));
}

function check(value: unknown, schema: JsonSchema, path: string, correlation: Correlation | undefined): Result {
  const result = validate(value, schema, path, correlation);
  // An unchanged value keeps the faults it was stored with.
  return result.errors.length > 0 && correlation?.unchanged() ? { errors: [], matches: result.matches } : result;
}

function validate(value: unknown, schema: JsonSchema, path: string, correlation: Correlation | undefined): Result {
  const result = none();
  if (value === null || value === undefined) {
    merge(result, checkType(null, schema, path));
    merge(result, checkEnum(null, schema, path));
    return result;
  }
  const run = (part: Result): void => {
    merge(result, part);
    result.matches++;
  };
  if (typesOf(schema).length > 0 || schema.format) run(checkType(value, schema, path));
  run(checkAlternatives(value, schema, path));
  if (typeof value === "string") {
    run(checkString(value, schema, path));
    if (enforcedFormat(schema.type, schema.format)) run(checkFormat(value, schema, path));
  }
  if (typeof value === "number") run(checkNumber(value, schema, path));
  if (Array.isArray(value)) run(checkList(value, schema, path, correlation));
  run(checkEnum(value, schema, path));
  if (isObject(value)) run(checkObject(value, schema, path, correlation));
  result.matches++;
  return result;
}

const intOrString: readonly string[] = ["integer", "string"];
const anyType: readonly string[] = [];
// Asked for at every value of every write.
const oneType: ReadonlyMap<string, readonly string[]> = new Map(
  ["array", "boolean", "integer", "number", "object", "string"].map((type) => [type, [type]]),
);

function typesOf({ type, "x-kubernetes-int-or-string": isEither }: JsonSchema): readonly string[] {
  if (isEither) return intOrString;
  if (!type) return anyType;
  return oneType.get(type) ?? [type];
}

function invalidType(path: string, type: string, value: string): Result {
  const detail = `${inBody(path)} must be of type ${type}: ${goQuote(value)}`;
  return { errors: [fieldErrorOf("FieldValueTypeInvalid", named(path), value, detail)], matches: 0 };
}

function checkType(value: unknown, schema: JsonSchema, path: string): Result {
  const types = typesOf(schema);
  if (value === null) {
    if (types.length > 0 && !schema.nullable) return invalidType(path, types.join(","), "null");
    return { errors: [], matches: 1 };
  }
  const [type, format] = kindOf(value);
  const isWhole = type === "integer" && types.includes("number");
  const wanted = enforcedFormat(schema.type, schema.format);
  const textual = typeof value === "string" || Array.isArray(value);
  const fits = types.includes(type) || isWhole;
  if (!textual && wanted && !fits && format !== wanted) return invalidType(path, wanted, format);
  if (!types.includes("number") && !types.includes("integer") && wanted && textual) return { errors: [], matches: 1 };
  return fits || types.length === 0 ? { errors: [], matches: 1 } : invalidType(path, types.join(","), type);
}

/** JSON type and Go's format for it. Whole numbers are integers: the decoder makes them int64. */
function kindOf(value: unknown): readonly [string, string] {
  if (typeof value === "string") return ["string", ""];
  if (typeof value === "boolean") return ["boolean", ""];
  if (typeof value === "number") return isInt64(value) ? ["integer", "int64"] : ["number", "float64"];
  return Array.isArray(value) ? ["array", ""] : ["object", ""];
}

function checkAlternatives(value: unknown, schema: JsonSchema, path: string): Result {
  const main = none();
  const complain = (detail: string): void => add(main, invalid("<nil>", "", `${goQuote(path)} ${detail}`));
  if (schema.anyOf?.length) {
    const results = schema.anyOf.map((part) => validate(value, part, path, undefined));
    const first = results.find((result) => result.errors.length === 0);
    if (!first) complain("must validate at least one schema (anyOf)");
    merge(main, first ?? best(results));
  }
  if (schema.oneOf?.length) {
    const results = schema.oneOf.map((part) => validate(value, part, path, undefined));
    const valid = results.filter((result) => result.errors.length === 0);
    if (valid.length === 1) merge(main, valid[0]!);
    else {
      const found = valid.length === 0 ? "Found none valid" : `Found ${valid.length} valid alternatives`;
      complain(`must validate one and only one schema (oneOf). ${found}`);
      if (valid.length === 0) merge(main, best(results));
    }
  }
  if (schema.allOf?.length) {
    const results = schema.allOf.map((part) => validate(value, part, path, undefined));
    for (const result of results) merge(main, result);
    const valid = results.filter((result) => result.errors.length === 0).length;
    if (valid !== results.length)
      complain(`must validate all the schemas (allOf)${valid === 0 ? ". None validated" : ""}`);
  }
  if (schema.not && validate(value, schema.not, path, undefined).errors.length === 0) {
    complain("must not validate the schema (not)");
  }
  main.matches++;
  return main;
}

function best(results: readonly Result[]): Result {
  return results.reduce((found, result) => (result.matches > found.matches ? result : found));
}

function checkString(value: string, schema: JsonSchema, path: string): Result {
  const fail = (error: FieldError): Result => ({ errors: [error], matches: 0 });
  const { minLength, maxLength, pattern } = schema;
  const length = maxLength === undefined && minLength === undefined ? 0 : lengthOf(value);
  if (maxLength !== undefined && length > maxLength) {
    const bytes = maxLength === 1 ? "byte" : "bytes";
    return fail(
      fieldErrorOf("FieldValueTooLong", named(path), "<value omitted>", `may not be more than ${maxLength} ${bytes}`),
    );
  }
  if (minLength !== undefined && length < minLength) {
    return fail(invalid(named(path), value, `${inBody(path)} should be at least ${minLength} chars long`));
  }
  if (pattern && !matchesPattern(pattern, value)) {
    return fail(invalid(named(path), value, `${inBody(path)} should match '${pattern}'`));
  }
  return none();
}

function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

function checkFormat(value: string, schema: JsonSchema, path: string): Result {
  if (hasFormat(schema.format!, value)) return none();
  const detail = `${inBody(path)} must be of type ${schema.format}: ${goQuote(value)}`;
  return { errors: [fieldErrorOf("FieldValueTypeInvalid", named(path), value, detail)], matches: 0 };
}

function checkNumber(value: number, schema: JsonSchema, path: string): Result {
  const result: Result = { errors: [], matches: 1 };
  for (const error of numberErrors(value, schema, path)) add(result, error);
  return result;
}

function tooMany(path: string, actual: number, max: number): FieldError {
  return fieldErrorOf(
    "FieldValueTooMany",
    named(path),
    actual,
    `must have at most ${max} ${max === 1 ? "item" : "items"}`,
  );
}

function checkList(value: readonly unknown[], schema: JsonSchema, path: string, correlation?: Correlation): Result {
  const result = none();
  const items = schema.items;
  if (items) {
    for (const [index, item] of value.entries()) {
      if (isFull(result)) break;
      merge(result, check(item, items, `${path}[${index}]`, correlation?.item(index)));
    }
  }
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    add(result, invalid(named(path), value.length, `${inBody(path)} should have at least ${schema.minItems} items`));
  }
  if (schema.maxItems !== undefined && value.length > schema.maxItems)
    add(result, tooMany(path, value.length, schema.maxItems));
  if (schema.uniqueItems && new Set(value.map(goJson)).size !== value.length) {
    add(result, invalid(named(path), "", `${inBody(path)} shouldn't contain duplicates`));
  }
  result.matches++;
  return result;
}

/** kube-openapi converts a value to the type of what is allowed before it compares: 1.5 is 1, and 120 is "x". */
function isConvertible(value: unknown, allowed: unknown): boolean {
  if (typeof value === "number" && typeof allowed === "number" && isInt64(allowed))
    return Math.trunc(value) === allowed;
  if (typeof value === "number" && typeof allowed === "string" && isInt64(value))
    return value >= 0 && value <= 0x10ffff && String.fromCodePoint(value) === allowed;
  return isDeepStrictEqual(allowed, value);
}

function checkEnum(value: unknown, schema: JsonSchema, path: string): Result {
  if (!schema.enum?.length || schema.enum.some((allowed) => isConvertible(value, allowed))) return none();
  const shown = schema.enum.map((allowed) => goQuote(typeof allowed === "string" ? allowed : goJson(allowed)));
  const detail = `supported values: ${shown.join(", ")}`;
  return { errors: [fieldErrorOf("FieldValueNotSupported", named(path), value, detail)], matches: 0 };
}

function checkObject(
  value: Record<string, unknown>,
  schema: JsonSchema,
  path: string,
  correlation?: Correlation,
): Result {
  const result = none();
  const size = Object.keys(value).length;
  if (schema.minProperties !== undefined && size < schema.minProperties) {
    add(result, invalid(named(path), size, `${inBody(path)} should have at least ${schema.minProperties} properties`));
  }
  if (schema.maxProperties !== undefined && size > schema.maxProperties)
    add(result, tooMany(path, size, schema.maxProperties));
  const properties = schema.properties ?? {};
  const additional = schema.additionalProperties;
  const member = (key: string, part: JsonSchema, at: string): void => {
    if (isFull(result)) return;
    const typeMeta = path === "" && (key === "apiVersion" || key === "kind");
    merge(result, check(value[key], part, at, typeMeta ? undefined : correlation?.member(key)));
  };
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(properties, key)) continue;
    if (additional === false) add(result, invalid(named(path), key, `${path}.${key} in body is a forbidden property`));
    else if (typeof additional === "object") member(key, additional, `${path}.${key}`);
  }
  for (const [key, property] of Object.entries(properties)) {
    if (Object.hasOwn(value, key)) member(key, property, path === "" ? key : `${path}.${key}`);
  }
  for (const key of schema.required ?? []) {
    if (!Object.hasOwn(value, key)) add(result, required(named(`${path}.${key}`)));
  }
  return result;
}
