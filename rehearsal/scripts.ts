import { globSync, readFileSync, statSync } from "node:fs";
import { problem } from "../api/reasons.ts";
import { messageOf } from "../lib/problem.ts";
import { parseScript, type Scene } from "./script.ts";

/** The scenes now in force. Reads again what changed on disk; throws InvalidManifest while a file is bad. */
export type Scenes = () => readonly Scene[];

/**
 * Opens scripts named by paths or globs. An edited file plays from the next request on; nothing has to be restarted.
 * Throws InvalidManifest when a file is bad, NotFound when a path without wildcards is not there.
 */
export function openScripts(patterns: readonly string[]): Scenes {
  const files = new Map<string, { readonly version: string; readonly scenes: readonly Scene[] }>();
  const read = () => {
    const found = patterns.flatMap(expand);
    for (const known of files.keys()) if (!found.includes(known)) files.delete(known);
    for (const file of found) {
      const { mtimeMs, size } = statSync(file);
      const version = `${mtimeMs}:${size}`;
      if (files.get(file)?.version === version) continue;
      files.set(file, { version, scenes: parseScript(file, readFileSync(file, "utf8")) });
    }
    return [...new Set(found)].flatMap((file) => files.get(file)?.scenes ?? []);
  };
  read();
  return read;
}

function expand(pattern: string): readonly string[] {
  if (/[*?[{]/.test(pattern)) return globSync(pattern).sort();
  try {
    statSync(pattern);
    return [pattern];
  } catch (cause) {
    throw problem("NotFound", `rehearsal script "${pattern}" cannot be read: ${messageOf(cause)}`, { cause });
  }
}
