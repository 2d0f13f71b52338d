import { problem } from "../api/reasons.ts";
import type { Json } from "../lib/json.ts";
import { compileValue, type Value } from "../policy/expressions.ts";
import type { Variables } from "../policy/facts.ts";

/** What templates and `when.cel` of a script may name. */
export const templateVariables = ["messages", "system", "user", "turn", "results", "calls", "task", "model"] as const;

/** A JSON value with `{{ CEL }}` in its strings, ready to fill. Filling throws InvalidExpression. */
export type Template = (variables: Variables) => Json;

/**
 * Compiles a JSON value whose strings may hold `{{ CEL }}`. A string that is one expression and nothing else becomes the
 * expression's value; within longer text, strings are inserted as they are and other values as JSON. Throws InvalidExpression.
 */
export function compileTemplate(value: Json): Template {
  if (typeof value === "string") return compileText(value);
  if (Array.isArray(value)) {
    const items = value.map(compileTemplate);
    return (variables) => items.map((item) => item(variables));
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(([key, member]) => [key, compileTemplate(member)] as const);
    return (variables) => Object.fromEntries(members.map(([key, member]) => [key, member(variables)]));
  }
  return () => value;
}

function compileText(text: string): Template {
  const parts = split(text);
  if (parts.length === 1 && typeof parts[0] === "object") {
    const [only] = parts;
    return (variables) => only.of(variables);
  }
  if (parts.every((part) => typeof part === "string")) return () => text;
  return (variables) => parts.map((part) => (typeof part === "string" ? part : insert(part.of(variables)))).join("");
}

function insert(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function split(text: string): (string | Value)[] {
  const parts: (string | Value)[] = [];
  let from = 0;
  for (;;) {
    const open = text.indexOf("{{", from);
    if (open < 0) break;
    const close = findClose(text, open + 2);
    if (close < 0)
      throw problem("InvalidExpression", `"{{" is not closed in ${JSON.stringify(text.slice(open, open + 60))}`);
    if (open > from) parts.push(text.slice(from, open));
    parts.push(compileValue(text.slice(open + 2, close).trim(), templateVariables));
    from = close + 2;
  }
  if (from < text.length || parts.length === 0) parts.push(text.slice(from));
  return parts;
}

/** The `}}` that ends an expression: not one inside a string, and not the end of a map literal. */
function findClose(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const char = text[i] as string;
    if (char === "'" || char === '"') {
      for (i++; i < text.length && text[i] !== char; i++) if (text[i] === "\\") i++;
    } else if (char === "{") depth++;
    else if (char === "}" && depth > 0) depth--;
    else if (char === "}" && text[i + 1] === "}") return i;
  }
  return -1;
}
