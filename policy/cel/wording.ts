import { hasFunction } from "./environment.ts";
import { isNode, readable } from "./syntax.ts";

/** What the library throws, as far as we read it. */
export interface LibraryError {
  readonly code?: string;
  readonly summary?: string;
  readonly message: string;
  readonly range?: { readonly start: number };
  readonly node?: unknown;
}

const primaries =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

/** An expression that does not parse, in the words of cel-go's parser where it is a common mistake. */
export function syntaxError(source: string, error: LibraryError): { readonly summary: string; readonly at: number } {
  const at = error.range?.start ?? 0;
  const text = error.summary ?? error.message;
  const atEnd = source.slice(at).trim() === "";
  const before = source.slice(0, at).trimEnd();
  const syntax = (summary: string) => ({ summary: `Syntax error: ${summary}`, at });
  if (error.code === "invalid_macro_argument") return { summary: "argument must be a simple name", at };
  if (atEnd && error.code === "unexpected_token" && /[=<>&|+*/%-]$/.test(before))
    return syntax(`mismatched input '<EOF>' expecting ${primaries}`);
  if (atEnd && /^Expected RPAREN/.test(text)) return syntax("missing ')' at '<EOF>'");
  if (atEnd && /^Expected IDENTIFIER/.test(text)) return syntax("no viable alternative at input '.'");
  const extra = /^[*/%]/.exec(source.slice(at));
  if (error.code === "unexpected_token" && extra)
    return syntax(`extraneous input '${extra[0]}' expecting ${primaries}`);
  return syntax(text);
}

/** Any other complaint, in the words of cel-go. */
export function inKubernetesWords(error: LibraryError, compiling: boolean): string {
  const text = readable(error.summary ?? error.message);
  const name = /: (.*)$/s.exec(text)?.[1] ?? "";
  if (error.code === "no_such_member") return `undefined field '${name}'`;
  const indexed = compiling && error.code === "no_such_key" ? indexedObject(error.node) : undefined;
  if (indexed) return `found no matching overload for '_[_]' applied to '(${indexed}, string)'`;
  if (error.code === "no_such_key") return compiling ? `undefined field '${name}'` : `no such key: ${name}`;
  if (error.code === "unknown_variable") return `undeclared reference to '${name}' (in container '')`;
  if (error.code === "modulo_by_zero") return "modulus by zero";
  if (compiling) return overloadInKubernetesWords(text, error.node);
  const index = /^No such key: index out of bounds, index (-?\d+) (?:>= size \S+|< 0)$/.exec(text);
  if (index) return `index out of bounds: ${index[1]}`;
  // An operator that fails while it runs does not say on what.
  if (operatorOverload.test(text) || unaryOverload.test(text)) return "no such overload";
  if (error.code === "numeric_overflow" && text.startsWith("integer overflow")) return "integer overflow";
  return failedCast(text) ?? text;
}

/** A text that could not be turned into something else. */
function failedCast(text: string): string | undefined {
  const number = /^(int|uint|double)\(\) type error: cannot convert to \1$/.exec(text);
  const type = number?.[1] ?? (text.startsWith("bool() conversion error") ? "bool" : undefined);
  if (type) return `type conversion error from 'string' to '${type}'`;
  return text.startsWith("Invalid duration string") ? conversionToDuration : undefined;
}

const conversionToDuration = "type conversion error from 'string' to 'google.protobuf.Duration'";

/** What a method was called on: the library names only the container. */
function receiverType(node: unknown): string | undefined {
  if (!isNode(node) || node.op !== "rcall") return undefined;
  return (node.args as [string, { readonly checkedType?: { readonly name?: string } }])[1].checkedType?.name;
}

/** The type of an object that was indexed by text, which only maps are. */
function indexedObject(node: unknown): string | undefined {
  if (!isNode(node) || node.op !== "[]") return undefined;
  const [receiver] = node.args as [{ readonly checkedType?: { readonly name?: string } }];
  return receiver.checkedType?.name;
}

const operatorOverload = /^no such overload: (.+) (==|!=|<=|>=|<|>|in|[-+*/%]) (.+)$/;
const unaryOverload = /^no such overload: ([!-])(\S+)$/;

/** Types as cel-go writes them: `list(string)`, `timestamp`. */
export function typesInKubernetesWords(list: string): string {
  return list
    .replaceAll("optional<", "optional_type<")
    .replace(/\bgoogle\.protobuf\.(?:Timestamp|Duration)\b/g, (name) => name.slice(16).toLowerCase())
    .replace(/<([^<>]*)>/g, "($1)")
    .replace(/<([^<>]*)>/g, "($1)");
}

/** cel-go names operators and receivers in its own way: `'_==_' applied to '(int, string)'`. */
function overloadInKubernetesWords(text: string, node: unknown): string {
  const types = typesInKubernetesWords;
  const operator = operatorOverload.exec(text);
  if (operator) {
    const name = operator[2] === "in" ? "@in" : `_${operator[2]}_`;
    return `found no matching overload for '${name}' applied to '(${types(operator[1]!)}, ${types(operator[3]!)})'`;
  }
  const unary = unaryOverload.exec(text);
  if (unary) return `found no matching overload for '${unary[1]}_' applied to '(${types(unary[2]!)})'`;
  const operand = /^Logical operator requires bool operands, got '(.*)'$/.exec(text);
  if (operand) return `expected type 'bool' but found '${types(operand[1]!)}'`;
  const indexed = /^Cannot index type '(.*)'$/.exec(text);
  if (indexed) return `type '${types(indexed[1]!)}' does not support field selection`;
  const presence = /^has\(\) invalid argument$/.test(text);
  if (presence) return "invalid argument to has() macro";
  const call = /^found no matching overload for '(?:(.+)\.)?(\w+)\((.*)\)'$/.exec(text);
  if (!call) return text;
  if (!hasFunction(call[2]!)) return `undeclared reference to '${call[2]}' (in container '')`;
  return `found no matching overload for '${call[2]}' applied to '${call[1] ? `${types(receiverType(node) ?? call[1])}.` : ""}(${types(call[3]!)})'`;
}
