import { isObject } from "../../lib/json.ts";

/**
 * A `/openapi/v2` document as protobuf (gnostic's `openapi.v2.Document`), the only form that kubectl asks for. Holds
 * what kubectl reads: paths with their operations, kinds and parameters, and definitions; texts of parameters and
 * answers are left out.
 */
export function encodeOpenApi(document: object): Buffer {
  const { swagger, info, paths, definitions } = document as Record<string, Node>;
  const { title, version } = info!;
  return message([
    text(1, swagger),
    bytes(2, message([text(1, title), text(2, version)])),
    bytes(8, message(entriesOf(paths).map(([name, item]) => named(2, name, pathItem(item))))),
    bytes(9, schemas(definitions)),
  ]);
}

type Node = Readonly<Record<string, unknown>>;
type Part = Buffer | undefined;

const methods: readonly (readonly [string, number])[] = [
  ["get", 2],
  ["put", 3],
  ["post", 4],
  ["delete", 5],
  ["patch", 8],
];

function pathItem(item: Node): Buffer {
  return message([
    ...methods.map(([method, number]) => isObject(item[method]) && bytes(number, operation(item[method]))),
    ...parameters(9, item.parameters),
  ]);
}

function operation(node: Node): Buffer {
  return message([
    text(5, node.operationId),
    ...texts(6, node.produces),
    ...texts(7, node.consumes),
    ...parameters(8, node.parameters),
    bytes(9, message(Object.keys(node.responses as Node).map((code) => named(1, code, message([bytes(1, answer)]))))),
    ...extensions(13, node),
  ]);
}

const answer = Buffer.from([0x0a, 0x02, 0x4f, 0x4b]); // description: "OK"

function parameters(number: number, list: unknown): Part[] {
  return ((list ?? []) as Node[]).map((one) => {
    const { name, in: where, required, type, schema } = one;
    if (where === "body") {
      const body = message([text(2, name), text(3, where), flag(4, required), bytes(5, encodeSchema(schema as Node))]);
      return bytes(number, bytes(1, bytes(1, body)));
    }
    const inPath = where === "path";
    const value = message([flag(1, required), text(2, where), text(4, name), text(inPath ? 5 : 6, type)]);
    return bytes(number, bytes(1, bytes(2, bytes(inPath ? 4 : 3, value))));
  });
}

function schemas(node: unknown): Buffer {
  return message(entriesOf(node).map(([name, schema]) => named(1, name, encodeSchema(schema))));
}

function encodeSchema(node: Node): Buffer {
  const { additionalProperties: more, items, type, properties } = node;
  return message([
    text(1, node.$ref),
    text(2, node.format),
    text(3, node.title),
    text(4, node.description),
    ...numbers.map(([key, number]) => double(number, node[key])),
    ...flags.map(([key, number]) => flag(number, node[key])),
    ...counts.map(([key, number]) => count(number, node[key])),
    text(13, node.pattern),
    ...texts(19, node.required),
    ...((node.enum ?? []) as unknown[]).map((one) => bytes(20, anything(one))),
    isObject(more) ? bytes(21, bytes(1, encodeSchema(more))) : more === true && bytes(21, flag(2, true)!),
    typeof type === "string" && bytes(22, text(1, type)!),
    isObject(items) && bytes(23, bytes(1, encodeSchema(items))),
    isObject(properties) && bytes(25, schemas(properties)),
    ...extensions(31, node),
  ]);
}

const numbers = [
  ["multipleOf", 6],
  ["maximum", 7],
  ["minimum", 9],
] as const;
const flags = [
  ["exclusiveMaximum", 8],
  ["exclusiveMinimum", 10],
  ["uniqueItems", 16],
] as const;
const counts = [
  ["maxLength", 11],
  ["minLength", 12],
  ["maxItems", 14],
  ["minItems", 15],
  ["maxProperties", 17],
  ["minProperties", 18],
] as const;

function extensions(number: number, node: Node): Part[] {
  const found = Object.entries(node).filter(([key]) => key.startsWith("x-"));
  return found.map(([key, value]) => named(number, key, anything(value)));
}

// JSON is YAML.
const anything = (value: unknown): Buffer => message([text(2, JSON.stringify(value))]);
const named = (number: number, name: string, value: Buffer): Part =>
  bytes(number, message([text(1, name), bytes(2, value)]));
const entriesOf = (value: unknown): [string, Node][] =>
  (isObject(value) ? Object.entries(value) : []) as [string, Node][];

function message(parts: readonly (Part | false)[]): Buffer {
  return Buffer.concat(parts.filter((part) => part !== undefined && part !== false));
}

function bytes(number: number, value: Buffer): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(value.length), value]);
}

function text(number: number, value: unknown): Buffer | undefined {
  return typeof value === "string" ? bytes(number, Buffer.from(value)) : undefined;
}

const texts = (number: number, values: unknown): Part[] => ((values ?? []) as string[]).map((one) => text(number, one));

function flag(number: number, value: unknown): Buffer | undefined {
  return value === true ? Buffer.concat([varint(number * 8), Buffer.from([1])]) : undefined;
}

function count(number: number, value: unknown): Buffer | undefined {
  return typeof value === "number" ? Buffer.concat([varint(number * 8), varint(value)]) : undefined;
}

function double(number: number, value: unknown): Buffer | undefined {
  if (typeof value !== "number") return undefined;
  const written = Buffer.alloc(8);
  written.writeDoubleLE(value);
  return Buffer.concat([varint(number * 8 + 1), written]);
}

/** Not negative. Of at most 53 bits, so division instead of shifts. */
function varint(value: number): Buffer {
  const parts: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) parts.push((rest % 0x80) + 0x80);
  parts.push(rest);
  return Buffer.from(parts);
}
