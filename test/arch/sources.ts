import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** One source file of the checkout. */
export interface Source {
  /** Path in the checkout, with forward slashes. */
  readonly file: string;
  /** First segment of the path: the plane. */
  readonly folder: string;
  readonly text: string;
  /** The text without comments. Strings stay. */
  readonly code: string;
  readonly imports: readonly string[];
  readonly isTest: boolean;
}

const skipped = new Set(["node_modules", ".git", ".roster", "coverage", "dist", "generated"]);
const importPattern =
  /(?:^|[;\n])\s*(?:import|export)\s[^"'`;]*?from\s*["']([^"']+)["']|(?:^|[;\n])\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/g;

/** Every TypeScript and JavaScript file that a person wrote. */
export const sources: readonly Source[] = [...walk("")];

function* walk(folder: string): Generator<Source> {
  for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
    if (skipped.has(entry.name)) continue;
    const file = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(file);
    else if (/\.(ts|mjs)$/.test(entry.name)) yield read(file);
  }
}

function read(file: string): Source {
  const text = readFileSync(path.join(root, file), "utf8");
  const code = withoutComments(text);
  return {
    file,
    folder: file.includes("/") ? file.slice(0, file.indexOf("/")) : "",
    text,
    code,
    imports: [...code.matchAll(importPattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? ""),
    isTest: /\.(test|bench)\.ts$/.test(file) || file.startsWith("test/"),
  };
}

// A comment starts a line or follows white space: enough for formatted code, and it leaves "https://…" in strings alone.
function withoutComments(text: string): string {
  return text.replace(/(^|\s)\/\*[\s\S]*?\*\//g, "$1").replace(/(^|\s)\/\/[^\n]*/g, "$1");
}

/** The npm package of an import, or undefined for our own files and Node's modules. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith(".") || specifier.startsWith("node:")) return undefined;
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0];
}

/** The folder that a relative import of `file` leads to; undefined for packages. */
export function folderOf(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  const target = path.posix.join(path.posix.dirname(file), specifier);
  return target.includes("/") ? target.slice(0, target.indexOf("/")) : "";
}
