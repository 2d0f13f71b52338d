import {
  type Alias,
  type CollectionTag,
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  Scalar,
  type ScalarTag,
  type Tags,
  visit,
  type YAMLMap,
} from "yaml";
import { type Decoded, maxDepth } from "./json-body.ts";

// Words that begin as a number does. As kubectl's reader has it, neither a date nor 12:30 is more than text.
const numbers = ["int", "float"].map(
  (name): ScalarTag => ({
    tag: `tag:yaml.org,2002:${name}`,
    default: true,
    test: /^[-+]?\.?[0-9]/,
    resolve: (word) => readNumber(word) ?? word,
  }),
);
const collections = /:(omap|pairs|set)$/;
const options = {
  version: "1.1",
  // The library would compare each key with all before it.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: "error",
  merge: true,
  customTags: (tags: Tags): Tags => [
    ...tags.filter((tag) => typeof tag !== "string" && (isInfinity(tag) || !isReplaced(tag))),
    ...numbers,
  ],
} as const;

function isReplaced({ tag }: ScalarTag | CollectionTag): boolean {
  return /:(int|float|timestamp)$/.test(tag) || collections.test(tag);
}

function isInfinity(tag: ScalarTag | CollectionTag): boolean {
  return "test" in tag && tag.test?.test(".inf") === true;
}

/** The number that a plain word is, as Go's `strconv` and its YAML reader have it: https://pkg.go.dev/go.yaml.in/yaml/v2. */
function readNumber(word: string): number | undefined {
  const digits = word.replaceAll("_", "");
  const integer = /^([-+]?)(?:0[oO]?([0-7]+)|(0[xX][0-9a-fA-F]+|0[bB][01]+)|(0|[1-9][0-9]*))$/.exec(digits);
  if (integer) {
    const [, sign, octal, based, whole] = integer;
    const size = Number(octal !== undefined ? `0o${octal}` : (based ?? whole));
    return sign === "-" ? -size || 0 : size;
  }
  const float = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(digits) ? Number(digits) : Number.NaN;
  return Number.isFinite(float) ? float : undefined;
}

const strictHeading = "yaml: unmarshal errors:\n  ";

/** A strict complaint as warnings: those about YAML are one complaint of several lines. */
export function warningsOf(complaint: string): readonly string[] {
  return complaint.startsWith(strictHeading) ? complaint.slice(strictHeading.length).split("\n  ") : [complaint];
}

/**
 * Parses the first YAML document of a text (or JSON, which it contains) as kube-apiserver reads it: YAML 1.1, so that `yes`
 * is a boolean, aliases bounded. Duplicate keys are strict complaints; the last one wins. Throws a plain Error, worded as Go's
 * reader does where it is about values; a text that is no YAML is described in the words of the library.
 */
export function readYaml(text: string): Decoded {
  const lines = new LineCounter();
  const document = firstDocument(text, lines);
  const error = document?.errors[0];
  if (error) throw new Error(`yaml: line ${lines.linePos(error.pos[0]).line}: ${error.message}`);
  if (!document?.contents) return { value: null, strict: [] };
  const reader = new Reader(document as Document.Parsed, lines);
  const value = reader.read(document.contents, 0);
  return { value, strict: reader.repeated.length === 0 ? [] : [strictHeading + reader.repeated.join("\n  ")] };
}

/** What follows the first document is not looked at. */
function firstDocument(text: string, lines: LineCounter): Document | undefined {
  const tokens = new Parser(lines.addNewLine).parse(text);
  for (const document of new Composer(options).compose(tokens, false, text.length)) return document;
  return undefined;
}

/** Makes values of nodes: only what JSON can hold, nothing deeper than JSON may be. */
class Reader {
  /** Keys that their map has already, in the order of the text. */
  readonly repeated: string[] = [];
  readonly #lines: LineCounter;
  readonly #targets = new Map<Alias, Node>();
  readonly #open = new Set<Node>();
  #nodes = 0;
  #aliased = 0;
  #within = 0;

  constructor(document: Document.Parsed, lines: LineCounter) {
    this.#lines = lines;
    const anchors = new Map<string, Node>();
    visit(document, {
      Node: (_key, node) => {
        if (isAlias(node)) {
          const target = anchors.get(node.source);
          if (target === undefined) throw new Error(`yaml: unknown anchor '${node.source}' referenced`);
          this.#targets.set(node, target);
        } else if (node.anchor) anchors.set(node.anchor, node);
      },
    });
  }

  read(node: unknown, depth: number): unknown {
    if (depth > maxDepth) throw new Error(`exceeded max depth of ${maxDepth} levels`);
    this.#nodes++;
    if (this.#within > 0) this.#aliased++;
    if (this.#aliased > 100 && this.#nodes > 1_000 && this.#aliased / this.#nodes > mostAliased(this.#nodes))
      throw new Error("yaml: document contains excessive aliasing");
    if (isAlias(node)) return this.#follow(node, (target) => this.read(target, depth));
    if (isScalar(node)) return scalarValue(node);
    if (isSeq(node)) return node.items.map((item) => this.read(item, depth + 1));
    if (!isMap(node)) return null;
    const entries = new Map<unknown, unknown>();
    this.#fill(entries, node, depth);
    return toObject(entries);
  }

  #follow<T>(alias: Alias, act: (target: Node) => T): T {
    const target = this.#targets.get(alias)!;
    if (this.#open.has(target)) throw new Error(`yaml: anchor '${alias.source}' value contains itself`);
    this.#open.add(target);
    this.#within++;
    const made = act(target);
    this.#within--;
    this.#open.delete(target);
    return made;
  }

  /** In the order of the text, also what is merged in: a key before `<<` gives way to it, one after it does not. */
  #fill(entries: Map<unknown, unknown>, map: YAMLMap, depth: number): void {
    for (const pair of map.items) {
      if (isMergeKey(pair)) {
        this.#merge(entries, pair.value, depth);
        continue;
      }
      const key = this.#key(pair.key, depth);
      const value = this.read(pair.value, depth + 1);
      if (entries.has(key)) {
        // Where its value begins.
        const at = (pair.value as Node | null)?.range?.[0] ?? 0;
        this.repeated.push(`line ${this.#lines.linePos(at).line}: key ${shownKey(key)} already set in map`);
      }
      entries.set(key, value);
    }
  }

  #key(node: unknown, depth: number): unknown {
    const key = this.read(node, depth + 1);
    if (typeof key === "object" && key !== null) throw new Error(`yaml: invalid map key: ${JSON.stringify(key)}`);
    return key;
  }

  #merge(entries: Map<unknown, unknown>, value: unknown, depth: number): void {
    const refuse = () => new Error("yaml: map merge requires map or sequence of maps as the value");
    if (isAlias(value)) this.#follow(value, (target) => this.#merge(entries, target, depth));
    else if (isMap(value)) this.#fill(entries, value, depth);
    else if (!isSeq(value)) throw refuse();
    // Earlier ones count more.
    else
      for (const item of value.items.toReversed()) {
        if (!isMap(isAlias(item) ? this.#targets.get(item) : item)) throw refuse();
        this.#merge(entries, item, depth);
      }
  }
}

/** Which part of all nodes may come from aliases: nearly all of a small document, a tenth of a large one. */
function mostAliased(nodes: number): number {
  const large = Math.min(Math.max((nodes - 400_000) / 3_600_000, 0), 1);
  return 0.99 - 0.89 * large;
}

function isMergeKey({ key }: Pair): boolean {
  return isScalar(key) && key.source === "<<" && key.type === Scalar.PLAIN;
}

function scalarValue({ value, tag, source = "" }: Scalar): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (typeof value === "string" && !value.isWellFormed())
    throw new Error("yaml: found invalid Unicode character escape code");
  const asked = /^tag:yaml\.org,2002:(int|float|bool|null)$/.exec(tag ?? "")?.[1];
  if (asked !== undefined && value !== null) {
    const found = typeof value === "string" ? wordKind(source) : kindOf(value);
    if (found !== asked && !(found === "int" && asked === "float"))
      throw new Error(`yaml: cannot decode !!${found} \`${source}\` as a !!${asked}`);
  }
  if (typeof value === "number" && !Number.isFinite(value))
    throw new Error(`json: unsupported value: ${Number.isNaN(value) ? "NaN" : value < 0 ? "-Inf" : "+Inf"}`);
  return value;
}

/** What a word would be that its tag could not make into what it asks for. */
function wordKind(word: string): string {
  const number = /^[-+]?\.?[0-9]/.test(word) ? readNumber(word) : undefined;
  return number === undefined ? "str" : kindOf(number);
}

function kindOf(value: unknown): string {
  if (typeof value === "boolean") return "bool";
  if (typeof value !== "number") return "str";
  return Number.isInteger(value) ? "int" : "float";
}

function toObject(entries: ReadonlyMap<unknown, unknown>): Readonly<Record<string, unknown>> {
  for (const [key, value] of entries) {
    if (key === null)
      throw new Error(`unsupported map key of type: %!s(<nil>), key: <nil>, value: ${JSON.stringify(value)}`);
    if (key === "__proto__") throw new Error('the key "__proto__" is not accepted');
  }
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function shownKey(key: unknown): string {
  return typeof key === "string" ? JSON.stringify(key) : String(key);
}
