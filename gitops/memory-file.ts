import { readFile, rename, writeFile } from "node:fs/promises";
import { isObject } from "../lib/json.ts";
import type { Memory, Remembered } from "./plan.ts";

/**
 * Reads what the last sync did. Empty for a missing or damaged file, and for another cluster than `clusterId`: then
 * everything is applied again, which changes nothing that is right.
 */
export async function readMemory(file: string | undefined, clusterId: string | undefined): Promise<Memory> {
  if (file === undefined || clusterId === undefined) return new Map();
  try {
    const value: unknown = JSON.parse(await readFile(file, "utf8"));
    if (!isObject(value) || value.clusterId !== clusterId || !isObject(value.objects)) return new Map();
    return new Map(Object.entries(value.objects as Record<string, Remembered>));
  } catch {
    return new Map();
  }
}

/** Replaces the file as a whole: a crash leaves the old one or the new one. */
export async function writeMemory(file: string | undefined, clusterId: string, memory: Memory): Promise<void> {
  if (file === undefined) return;
  const next = `${file}.next`;
  await writeFile(next, JSON.stringify({ clusterId, objects: Object.fromEntries(memory) }), { mode: 0o600 });
  await rename(next, file);
}
