import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Scalar } from "yaml";
import { type Position, Refusal } from "./finding.ts";
import type { Entry, Tree } from "./tree.ts";

const maxBytes = 1_600_000; // What a Kubernetes API accepts in one request; a larger manifest could not be applied anyway.
const maxDepth = 100;
const maxNodes = 400_000; // Counted after aliases are followed, so that nine lines cannot stand for a billion nodes.

const forbiddenKeys = new Set(["__proto__", "constructor", "prototype"]);
// kubectl reads YAML 1.1, where these mean something else than in YAML 1.2. Refused rather than read in one of the two ways.
const ambiguous =
  /^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF|[-+]?0[0-9_]+|[-+]?0[bo][0-7_]+|[-+]?[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?)$/;

/**
 * Reads every document of a YAML text, empty ones left out. Throws `Refusal` at the first line that is not valid, has a
 * key twice, reads differently in YAML 1.1 and 1.2, or goes beyond the bounds on size, depth and aliases.
 */
export function readYaml(text: string, file: string): readonly Tree[] {
  const start: Position = { file, line: 1, column: 1 };
  if (Buffer.byteLength(text) > maxBytes) {
    throw new Refusal({ at: start, message: `the file is larger than ${maxBytes} bytes` });
  }
  const lines = new LineCounter();
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  let documents: ReturnType<typeof parseAllDocuments>;
  try {
    documents = parseAllDocuments(text, {
      schema: "core",
      merge: true,
      uniqueKeys: true,
      strict: true,
      prettyErrors: false,
      lineCounter: lines,
    });
  } catch (thrown) {
    // The parser recurses: thousands of open brackets end in a RangeError, not in a parse error.
    if (thrown instanceof RangeError) throw new Refusal({ at: start, message: "the file is nested too deep" });
    throw thrown;
  }
  const trees: Tree[] = [];
  for (const document of documents) {
    const [bad] = [...document.errors, ...document.warnings];
    if (bad) throw new Refusal({ at: place(bad.pos[0]), message: bad.message.replace(/\s*\n\s*/g, " ") });
    if (document.contents === null || isEmpty(document)) continue;
    trees.push(toTree(document as Document, place));
  }
  return trees;
}

function isEmpty(document: { readonly contents: unknown }): boolean {
  const { contents } = document;
  return isScalar(contents) && contents.value === null && (contents.source ?? "") === "";
}

function toTree(document: Document, place: (offset: number) => Position): Tree {
  let nodes = 0;

  function visit(node: unknown, depth: number, where: Position): Tree {
    const at = positionOf(node, where);
    if (++nodes > maxNodes)
      throw new Refusal({ at, message: `more than ${maxNodes} values once aliases are followed` });
    if (depth > maxDepth) throw new Refusal({ at, message: `nested deeper than ${maxDepth} levels` });
    if (isAlias(node)) {
      const target = node.resolve(document);
      if (!target) throw new Refusal({ at, message: `unknown anchor "${node.source}"` });
      return visit(target, depth + 1, at);
    }
    if (isMap(node)) return { kind: "map", at, entries: entriesOf(node.items, depth, at) };
    if (isSeq(node)) return { kind: "list", at, items: node.items.map((item) => visit(item, depth + 1, at)) };
    if (isScalar(node)) return scalarOf(node, at);
    return { kind: "scalar", at, value: null, text: "" };
  }

  function entriesOf(pairs: readonly { key: unknown; value: unknown }[], depth: number, where: Position) {
    const entries = new Map<string, Entry>();
    const merged: Tree[] = [];
    for (const { key, value } of pairs) {
      const at = positionOf(key, where);
      if (isScalar(key) && key.source === "<<" && key.type === "PLAIN") {
        merged.push(visit(value, depth + 1, at));
        continue;
      }
      const name = keyOf(key, at);
      if (entries.has(name)) throw new Refusal({ at, message: `the key "${name}" is there twice` });
      entries.set(name, { at, tree: visit(value, depth + 1, at) });
    }
    // What is written in the map itself wins over what is merged in, wherever `<<` stands (YAML merge key, 1.1).
    for (const tree of merged.flatMap((m) => (m.kind === "list" ? m.items : [m]))) {
      if (tree.kind !== "map") throw new Refusal({ at: tree.at, message: '"<<" merges maps only' });
      for (const [name, entry] of tree.entries) if (!entries.has(name)) entries.set(name, entry);
    }
    return entries;
  }

  function positionOf(node: unknown, otherwise: Position): Position {
    const range = (node as { range?: readonly number[] } | null)?.range;
    return range?.[0] === undefined ? otherwise : place(range[0]);
  }

  return visit(document.contents, 0, place(0));
}

function keyOf(key: unknown, at: Position): string {
  if (!isScalar(key)) throw new Refusal({ at, message: "a key must be text" });
  const name = typeof key.value === "string" ? key.value : String(key.source ?? key.value);
  if (forbiddenKeys.has(name)) throw new Refusal({ at, message: `the key "${name}" is not allowed` });
  refuseAmbiguous(key, at);
  return name;
}

function scalarOf(node: Scalar, at: Position): Tree {
  refuseAmbiguous(node, at);
  const text = node.source ?? String(node.value);
  const { value } = node;
  if (value === null || typeof value === "boolean" || typeof value === "string") {
    return { kind: "scalar", at, value, text: typeof value === "string" ? value : text };
  }
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new Refusal({ at, message: `"${text.slice(0, 60)}" is not a value that JSON can hold` });
  }
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new Refusal({ at, message: `the number ${text.slice(0, 60)} is too large to be exact; write it in quotes` });
  }
  return { kind: "scalar", at, value, text };
}

function refuseAmbiguous(node: Scalar, at: Position): void {
  if (node.type !== "PLAIN" || !ambiguous.test(node.source ?? "")) return;
  const advice = /[0-9]/.test(node.source!)
    ? "in quotes, or as a plain decimal number"
    : "in quotes, or as true or false";
  throw new Refusal({
    at,
    message: `"${node.source}" means different things in YAML 1.1 (kubectl) and YAML 1.2; write it ${advice}`,
  });
}
