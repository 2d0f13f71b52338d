import { createHmac } from "node:crypto";
import { problem } from "../../api/reasons.ts";
import type { StepId, ToolCatalogEntry } from "../../ledger/ledger.ts";
import { digest, isObject, type Json, type JsonObject } from "../../lib/json.ts";
import { messageOf } from "../../lib/problem.ts";
import { compileSchema, memberNames, type SchemaCheck, toPlace } from "../../policy/json-schema.ts";
import { toDraft2020 } from "./schema-dialect.ts";

/**
 * Names the first value that is not I-JSON (RFC 7493): an integer that doubles cannot hold, or text with half a
 * surrogate pair. Two readers of such a value need not agree on it, and an approval is over exact bytes. Undefined when
 * all is well. Depth is bounded by the parser. The answer is read by others: it names members that `schema` has, no more.
 */
export function findNotIJson(value: Json, schema: JsonObject = {}): string | undefined {
  const found = firstNotIJson(value, []);
  if (found === undefined) return undefined;
  const place = `arguments${toPlace(found.path, memberNames(schema))}`;
  switch (found.what) {
    case "text":
      return `${place} is not well-formed Unicode`;
    case "key":
      return `a key in ${place} is not well-formed Unicode`;
    case "integer":
      return `${place} is an integer that JSON readers do not agree on; send it as text`;
  }
}

interface NotIJson {
  readonly what: "text" | "key" | "integer";
  readonly path: readonly (string | number)[];
}

function firstNotIJson(value: Json, path: NotIJson["path"]): NotIJson | undefined {
  if (typeof value === "string") return value.isWellFormed() ? undefined : { what: "text", path };
  if (typeof value === "number") {
    const safe = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
    return safe ? undefined : { what: "integer", path };
  }
  if (Array.isArray(value)) return firstOf(value.map((item, index) => [item, [...path, index]]));
  if (!isObject(value)) return undefined;
  if (!Object.keys(value).every((key) => key.isWellFormed())) return { what: "key", path };
  return firstOf(Object.entries(value).map(([key, member]) => [member as Json, [...path, key]]));
}

function firstOf(members: readonly (readonly [Json, NotIJson["path"]])[]): NotIJson | undefined {
  for (const [member, path] of members) {
    const found = firstNotIJson(member, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

// Compiling a schema takes milliseconds; a schema hash names its content, so a check never goes stale.
const maxChecks = 2_000;

/** Checks of arguments against pinned schemas, compiled once per schema. */
export class ArgumentChecks {
  readonly #checks = new Map<string, SchemaCheck | string>();

  /** Why the arguments do not fit the tool's schema; undefined when they do. A schema that does not compile fits nothing. */
  misfit(entry: ToolCatalogEntry, args: JsonObject): string | undefined {
    const check = this.#checks.get(entry.schemaHash) ?? this.#compile(entry);
    return typeof check === "string" ? check : check(args, "arguments");
  }

  #compile(entry: ToolCatalogEntry): SchemaCheck | string {
    if (this.#checks.size >= maxChecks) this.#checks.clear();
    let check: SchemaCheck | string;
    try {
      check = compileSchema(toDraft2020(entry.inputSchema)) ?? (() => undefined);
    } catch (thrown) {
      check = `the tool's own schema is unusable: ${messageOf(thrown)}`;
    }
    this.#checks.set(entry.schemaHash, check);
    return check;
  }
}

/**
 * The same key for the same step with the same arguments, whoever sends it and how often; another one for anything
 * else. Keyed by the run's id, which tool servers do not learn.
 */
export function idempotencyKey(id: StepId, args: JsonObject): string {
  return createHmac("sha256", id.runId)
    .update(`${id.step}.${id.action}:${digest(args)}`)
    .digest("hex")
    .slice(0, 40);
}

/** The arguments as sent: with the key where the manifest says, over whatever the caller put there. */
export function withKey(args: JsonObject, argument: string, key: string): JsonObject {
  return { ...args, [argument]: key };
}

/** A schema without the argument that the gateway fills in itself, for the model to see. */
export function withoutArgument(schema: JsonObject, argument: string | undefined): JsonObject {
  if (argument === undefined || !isObject(schema.properties)) return schema;
  const { [argument]: _filled, ...properties } = schema.properties as JsonObject;
  const required = Array.isArray(schema.required) ? schema.required.filter((name) => name !== argument) : undefined;
  return { ...schema, properties, ...(required ? { required } : {}) };
}

/** Throws InvalidRequest unless the arguments of a call are an object (or absent, which is an empty one). */
export function readArguments(value: unknown): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw problem("InvalidRequest", "params.arguments must be an object");
  return value as JsonObject;
}
