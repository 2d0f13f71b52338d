import type { Environment } from "@marcbachmann/cel-js";
import { compilePattern } from "../regex.ts";

function pattern(text: string): ReturnType<typeof compilePattern> {
  try {
    return compilePattern(text);
  } catch (cause) {
    throw new Error(`invalid regular expression: ${(cause as Error).message}`, { cause });
  }
}

function findAll(text: string, source: string, limit: bigint): string[] {
  const matcher = pattern(source).matcher(text);
  const found: string[] = [];
  while ((limit < 0n || BigInt(found.length) < limit) && matcher.find()) found.push(matcher.group() ?? "");
  return found;
}

/** `matches`, `find` and `findAll` over RE2, never JavaScript's backtracking engine. */
export function addRegex(env: Environment): void {
  const matches = (text: string, source: string): boolean => pattern(source).test(text);
  env
    .registerFunction("string.k8s_matches(string): bool", matches)
    .registerFunction("matches(string, string): bool", matches)
    .registerFunction("string.k8s_find(string): string", (text: string, source: string) => {
      const matcher = pattern(source).matcher(text);
      return matcher.find() ? (matcher.group() ?? "") : "";
    })
    .registerFunction("string.k8s_findAll(string): list<string>", (text: string, source: string) =>
      findAll(text, source, -1n),
    )
    .registerFunction("string.k8s_findAll(string, int): list<string>", findAll);
}
