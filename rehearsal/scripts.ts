import { globSync, readFileSync, statSync } from "node:fs";
import { problem } from "../api/reasons.ts";
import { messageOf } from "../lib/problem.ts";
import { parseScript, type Scene } from "./script.ts";

/** The scenes now in force, and what is wrong with files whose scenes therefore do not play. */
export interface Program {
  readonly scenes: readonly Scene[];
  readonly faults: readonly string[];
}

interface Script {
  readonly version: string;
  readonly scenes: readonly Scene[];
  readonly fault?: unknown;
}

/**
 * Opens scripts named by paths or globs; the answer reads again what changed on disk. An edited file plays from the next
 * request on, nothing has to be restarted; a bad edit silences the scenes of that file only. Throws InvalidManifest when a
 * file is bad from the beginning, NotFound when a path without wildcards is not there.
 */
export function openScripts(patterns: readonly string[]): () => Program {
  const files = new Map<string, Script>();
  const read = (): Program => {
    const found = patterns.flatMap(expand);
    for (const known of files.keys()) if (!found.includes(known)) files.delete(known);
    for (const file of found) {
      const { mtimeMs, size } = statSync(file);
      const version = `${mtimeMs}:${size}`;
      if (files.get(file)?.version !== version) files.set(file, { version, ...readScript(file) });
    }
    const scripts = [...new Set(found)].flatMap((file) => files.get(file) ?? []);
    return {
      scenes: scripts.flatMap(({ scenes }) => scenes),
      faults: scripts.flatMap(({ fault }) => (fault === undefined ? [] : [messageOf(fault)])),
    };
  };
  read();
  for (const { fault } of files.values()) if (fault !== undefined) throw fault;
  return read;
}

function readScript(file: string): Omit<Script, "version"> {
  try {
    return { scenes: parseScript(file, readFileSync(file, "utf8")) };
  } catch (fault) {
    return { scenes: [], fault };
  }
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
