import { toRfc3339, toRfc3339Micro } from "../../lib/clock.ts";
import type { Decoded } from "../http/json-body.ts";
import { failure } from "../http/status.ts";
import { definitionMessages } from "./definition-fields.ts";
import { messages as coreMessages } from "./fields.ts";
import { readFields, toBytes, toInteger, toText } from "./wire.ts";

interface Field {
  readonly name: string;
  readonly type: string;
  readonly shape: "one" | "list" | "map";
}

const messages: Readonly<Record<string, string>> = { ...coreMessages, ...definitionMessages };
const magic = Buffer.from("k8s\0");
const maxDepth = 100;
const tables = new Map<string, ReadonlyMap<number, Field>>();

// Fields whose zero was written on purpose: pointers in Go. Elsewhere zero means absent.
const pointers = new Set([
  "immutable",
  "automountServiceAccountToken",
  "controller",
  "blockOwnerDeletion",
  "orphanDependents",
  "gracePeriodSeconds",
  "leaseDurationSeconds",
  "leaseTransitions",
  "expirationSeconds",
  // Of definitions: a bound of zero is a bound, and these are said of every version.
  "served",
  "storage",
  "maximum",
  "minimum",
  "maxLength",
  "minLength",
  "maxItems",
  "minItems",
  "maxProperties",
  "minProperties",
  "x-kubernetes-preserve-unknown-fields",
  "optionalOldSelf",
]);

// Where the kinds of a group are in the table.
const packages: Readonly<Record<string, string>> = {
  v1: "core.v1",
  "rbac.authorization.k8s.io/v1": "rbac.v1",
  "coordination.k8s.io/v1": "coordination.v1",
  "events.k8s.io/v1": "events.v1",
  "authentication.k8s.io/v1": "authentication.v1",
  "authorization.k8s.io/v1": "authorization.v1",
  "admissionregistration.k8s.io/v1": "admissionregistration.v1",
  "apiextensions.k8s.io/v1": "apiextensions.v1",
};

/**
 * Reads Kubernetes' protobuf envelope (`k8s\0`, then runtime.Unknown) into the same object that JSON would give.
 * Throws 415 for kinds without a table and a plain Error for bytes that are no message.
 */
export function decodeProtobuf(bytes: Buffer): Decoded {
  if (!bytes.subarray(0, 4).equals(magic))
    throw new Error("provided data does not appear to be a protobuf message, expected prefix k8s\\x00");
  let apiVersion = "";
  let kind = "";
  let raw: Buffer = Buffer.alloc(0);
  for (const { number, value } of readFields(bytes.subarray(4))) {
    if (number === 1) {
      for (const part of readFields(toBytes(value))) {
        if (part.number === 1) apiVersion = toText(part.value);
        if (part.number === 2) kind = toText(part.value);
      }
    } else if (number === 2) raw = toBytes(value);
  }
  // Options travel under whichever group the client asked in.
  const name = kind === "DeleteOptions" ? "meta.v1.DeleteOptions" : `${packages[apiVersion] ?? ""}.${kind}`;
  if (!Object.hasOwn(messages, name)) {
    throw failure(
      415,
      "UnsupportedMediaType",
      `${apiVersion} ${kind} is not read from protobuf here - send application/json or application/yaml`,
    );
  }
  return { value: { apiVersion, kind, ...(readMessage(raw, name, 0) as object) }, strict: [] };
}

function readMessage(bytes: Buffer, type: string, depth: number): unknown {
  if (depth > maxDepth) throw new Error("protobuf: nested too deep");
  const table = tableOf(type);
  const result: Record<string, unknown> = {};
  for (const { number, value } of readFields(bytes)) {
    const field = table.get(number);
    if (!field) continue;
    if (field.shape === "map") {
      const [key, item] = readEntry(toBytes(value), field.type, depth);
      result[field.name] ??= {};
      // Defined, not assigned: `__proto__` is a key like others.
      const property = { value: item, enumerable: true, writable: true, configurable: true };
      Object.defineProperty(result[field.name], key, property);
      continue;
    }
    const item = readValue(value, field.type, depth);
    if (field.shape === "list") {
      result[field.name] ??= [];
      (result[field.name] as unknown[]).push(item);
    } else if (isPresent(item, field.name)) result[field.name] = item;
  }
  return result;
}

function isPresent(value: unknown, name: string): boolean {
  if (value === undefined || value === "") return false;
  return (value !== 0 && value !== false) || pointers.has(name);
}

function readEntry(bytes: Buffer, type: string, depth: number): [string, unknown] {
  let key = "";
  let item: unknown = type === "string" || type === "bytes" ? "" : undefined;
  for (const { number, value } of readFields(bytes)) {
    if (number === 1) key = toText(value);
    if (number === 2) item = readValue(value, type, depth);
  }
  return [key, item];
}

function readValue(value: bigint | Buffer, type: string, depth: number): unknown {
  switch (type) {
    case "string":
      return toText(value);
    case "bytes":
      return toBytes(value).toString("base64");
    case "bool":
      return toInteger(value) !== 0;
    case "int32":
    case "int64":
      return toInteger(value);
    case "double":
      return toBytes(value).readDoubleLE();
    case "apiextensions.v1.JSON":
      return JSON.parse(readFields(toBytes(value)).map((field) => toText(field.value))[0] ?? "null");
    case "apiextensions.v1.JSONSchemaPropsOrArray":
    case "apiextensions.v1.JSONSchemaPropsOrBool":
    case "apiextensions.v1.JSONSchemaPropsOrStringArray":
      return readEither(toBytes(value), type, depth + 1);
    case "meta.v1.Time":
      return readTime(toBytes(value), toRfc3339);
    case "meta.v1.MicroTime":
      return readTime(toBytes(value), toRfc3339Micro);
    case "meta.v1.FieldsV1":
      return JSON.parse(readFields(toBytes(value)).map((field) => toText(field.value))[0] ?? "{}");
    case "authentication.v1.ExtraValue":
    case "authorization.v1.ExtraValue":
      return readFields(toBytes(value)).map((field) => toText(field.value));
    default:
      return readMessage(toBytes(value), type, depth + 1);
  }
}

/** One schema, or what stands in its place: a flag, a list of schemas, a list of names. */
function readEither(bytes: Buffer, type: string, depth: number): unknown {
  const fields = readFields(bytes);
  const schema = (value: bigint | Buffer) => readMessage(toBytes(value), "apiextensions.v1.JSONSchemaProps", depth);
  const flagged = type.endsWith("OrBool");
  // A schema comes with its flag before it.
  const found = fields.find(({ number }) => number === (flagged ? 2 : 1));
  if (found) return schema(found.value);
  if (flagged) return fields.some(({ value }) => toInteger(value) !== 0);
  return fields.map(({ value }) => (type.endsWith("OrArray") ? schema(value) : toText(value)));
}

function readTime(bytes: Buffer, write: (at: number) => string): string | undefined {
  // An absent time is an empty message.
  if (bytes.length === 0) return undefined;
  let milliseconds = 0;
  for (const { number, value } of readFields(bytes)) {
    if (number === 1) milliseconds += toInteger(value) * 1000;
    if (number === 2) milliseconds += Math.floor(toInteger(value) / 1e6);
  }
  return write(milliseconds);
}

function tableOf(type: string): ReadonlyMap<number, Field> {
  const found = tables.get(type);
  if (found) return found;
  const made = new Map<number, Field>();
  for (const line of (messages[type] ?? "").split(", ").filter(Boolean)) {
    const [number, name = "", written = ""] = line.split(" ");
    const shape = written.startsWith("[]") ? "list" : written.startsWith("{}") ? "map" : "one";
    made.set(Number(number), { name, shape, type: written.replace(/^(\[\]|\{\})/, "") });
  }
  tables.set(type, made);
  return made;
}
