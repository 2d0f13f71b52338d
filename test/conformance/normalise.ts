import { isObject } from "../../lib/json.ts";

const uidPattern = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const timePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

/** Takes out of an answer what differs from run to run: ids, versions, times, random names, and Go's map order. */
export function normalise(body: unknown, ns: string): unknown {
  return walk(sortCauses(body), "", ns);
}

const unordered = new Set(["managedFields", "resources", "resourceRules", "nonResourceRules"]);

function walk(value: unknown, key: string, ns: string): unknown {
  if (typeof value === "string") return text(value, key, ns);
  if (Array.isArray(value)) {
    const items = value.map((item) => walk(item, "", ns));
    // Entries of the same second are ordered by name, those of two by time: both servers may straddle a second.
    // Kinds are listed in the order in which a cluster came to know them, rules in that of a map of bindings.
    return unordered.has(key.split(".").at(-1)!) ? items.sort(byText) : items;
  }
  if (!isObject(value)) return value;
  const result: Record<string, unknown> = {};
  // managedFields has ids inside its keys.
  const names = Object.keys(value).map((name) => [name, text(name, "", ns)] as const);
  for (const [name, shown] of names.sort(([, a], [, b]) => (a < b ? -1 : 1)))
    result[shown] = walk(value[name], name, ns);
  if (isObject(value.metadata) && isObject(result.metadata)) generated(value.metadata, result.metadata);
  if (value.kind === "Table") ages(result);
  return result;
}

function text(value: string, key: string, ns: string): string {
  if (key === "resourceVersion" && value !== "" && value !== "0") return "{rv}";
  if ((key === "continue" || key === "metadata.continue") && value !== "") return "{continue}";
  if (timePattern.test(value)) return "{time}";
  return (
    inOrder(value)
      .replaceAll(ns, "{ns}")
      .replace(uidPattern, "{uid}")
      .replace(/X509SHA256=[0-9a-f]{64}/g, "X509SHA256={hash}")
      .replace(/(ResourceVersion in (?:precondition|object meta): )\d+/g, "$1{rv}")
      .replace(/(ResourceVersion in the precondition )\(\d+\)/g, "$1({rv})")
      .replace(/(ResourceVersion in record )\(\d+\)/g, "$1({rv})")
      .replace(/(resourceVersion\\*":\\*")\d+/g, "$1{rv}")
      // A name that a cluster makes up whenever it compiles a rule.
      .replace(/\bselfType\d+/g, "{self}")
      .replace(/\bresource version: \d+/gi, "resource version: {rv}")
      .replace(/(resource version: \{rv\}, current: )\d+/gi, "$1{rv}")
      .replace(/\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}[^ ,)]*/g, "{time}")
  );
}

/** What is wrong with an applied configuration comes in the order of a Go map. */
function inOrder(value: string): string {
  const [head, list] = value.split(": errors:\n");
  if (list === undefined || !value.startsWith("failed to create typed patch object")) return value;
  return `${head}: errors:\n${list.split("\n").sort().join("\n")}`;
}

function generated(metadata: Record<string, unknown>, result: Record<string, unknown>): void {
  const { generateName, name } = metadata;
  if (
    typeof generateName === "string" &&
    typeof name === "string" &&
    name.startsWith(generateName) &&
    name.length === generateName.length + 5
  )
    result.name = `${String(result.generateName)}{random}`;
}

/** How old something is depends on how fast the machine is. */
function ages(table: Record<string, unknown>): void {
  const columns = (table.columnDefinitions ?? []) as { name: string }[];
  const at = columns.findIndex(({ name }) => name === "Age");
  // Only the first table of a watch describes its columns.
  const isAge = (cell: unknown, index: number) =>
    at < 0 ? /^\d+s$/.test(String(cell)) : index === at && typeof cell === "string" && cell !== "<unknown>";
  for (const row of (table.rows ?? []) as { cells: unknown[] }[])
    row.cells = row.cells.map((cell, index) => (isAge(cell, index) ? "{age}" : cell));
}

/** Several findings come in the order of a Go map; so does the message that joins them. */
function sortCauses(body: unknown): unknown {
  if (!isObject(body) || body.kind !== "Status" || !isObject(body.details)) return body;
  const causes = body.details.causes;
  if (!Array.isArray(causes) || causes.length < 2) return body;
  const sorted = [...causes].sort(byText) as { message?: string; field?: string }[];
  const message = String(body.message).replace(/^(.* is invalid: )\[.*\]$/s, (_, start: string) => {
    const parts = [...new Set(sorted.map((cause) => `${cause.field}: ${cause.message}`))].sort();
    return `${start}[${parts.join(", ")}]`;
  });
  return { ...body, message, details: { ...body.details, causes: sorted } };
}

function byText(a: unknown, b: unknown): number {
  const [x, y] = [JSON.stringify(a), JSON.stringify(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}
