import { RE2JS } from "re2js";

const maxPattern = 10_000;
const compiled = new Map<string, RE2JS>();
const keep = 1_000;

/**
 * Compiles an RE2 pattern, which matches in time linear in the input whatever the pattern. Throws the parser's error
 * for a bad pattern. Keeps the last thousand: compiling costs more than matching.
 */
export function compilePattern(pattern: string): RE2JS {
  const known = compiled.get(pattern);
  if (known) return known;
  if (pattern.length > maxPattern) throw new Error(`pattern is longer than ${maxPattern} characters`);
  const fresh = RE2JS.compile(pattern);
  if (compiled.size >= keep) compiled.delete(compiled.keys().next().value!);
  compiled.set(pattern, fresh);
  return fresh;
}

/** Whether the pattern matches anywhere in the text, as Kubernetes' `pattern` and CEL's `matches` mean it. */
export function matchesPattern(pattern: string, text: string): boolean {
  return compilePattern(pattern).test(text);
}
