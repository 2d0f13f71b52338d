import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { type Decoded, maxDepth } from "./json-body.ts";

/** How a YAML decoder's strict complaints begin. */
export const yamlErrors = "yaml: unmarshal errors:\n  line ";

/**
 * Parses one YAML document (or JSON, which it contains) as kubectl reads it: YAML 1.1, so that `yes` is a boolean,
 * aliases bounded. Duplicate keys are strict complaints; the last one wins. Throws a plain Error.
 */
export function readYaml(text: string): Decoded {
  const lines = new LineCounter();
  // The library would compare each key with all before it.
  const options = { version: "1.1", uniqueKeys: false, prettyErrors: false, merge: true, lineCounter: lines } as const;
  const document = parseDocument(text, options);
  const first = document.errors[0];
  if (first) throw new Error(`error converting YAML to JSON: yaml: ${first.message}`);
  const strict: string[] = [];
  findRepeated(document.contents, (at) => {
    const key = /^"((?:[^"\\]|\\.)*)"|^'((?:[^']|'')*)'|^[^\s:,{}[\]]+/.exec(text.slice(at));
    const name = JSON.stringify(key?.[1] ?? key?.[2] ?? key?.[0] ?? "");
    strict.push(`${yamlErrors}${lines.linePos(at).line}: key ${name} already set in map`);
  });
  const value = document.toJS({ maxAliasCount: 100 }) as unknown;
  return { value: plain(value, 0), strict };
}

/** Tells where keys stand that their map has already, in the order of the text. Aliases are not followed. */
function findRepeated(node: unknown, tell: (at: number) => void): void {
  if (isSeq(node)) for (const item of node.items) findRepeated(item, tell);
  if (isPair(node)) for (const part of [node.key, node.value]) findRepeated(part, tell);
  if (!isMap(node)) return;
  const seen = new Set<unknown>();
  for (const { key, value } of node.items) {
    if (!isScalar(key)) findRepeated(key, tell);
    // In braces a value comes before its key's turn.
    if (node.flow) findRepeated(value, tell);
    if (isScalar(key) && !Number.isNaN(key.value)) {
      if (seen.has(key.value)) tell(key.range![0]);
      seen.add(key.value);
    }
    if (!node.flow) findRepeated(value, tell);
  }
}

/** Only what JSON can hold: dates back to text, keys to strings, nothing deeper than JSON may be. */
function plain(value: unknown, depth: number): unknown {
  if (depth > maxDepth) throw new Error(`exceeded max depth of ${maxDepth} levels`);
  if (value instanceof Date) return value.toISOString().replace(".000Z", "Z");
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  if (entries.some(([key]) => key === "__proto__")) throw new Error('the key "__proto__" is not accepted');
  return Object.fromEntries(entries.map(([key, item]) => [key, plain(item, depth + 1)]));
}
