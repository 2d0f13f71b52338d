import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { readCrdSchemas } from "./crd-schemas.ts";
import { type Finding, formatFinding } from "./finding.ts";
import { type ReadFile, readManifest } from "./manifests.ts";
import { crossCheck } from "./plan.ts";
import { shippedCrds } from "./render.ts";
import { readRoots, type SyncPath, shownPath } from "./units.ts";

// A role folder does not say its namespace; whichever it is, the role is checked in the same way.
const anyNamespace = "default";

/** Everything that is wrong with files and folders, as `file:line:column: message`. No server is asked. */
export async function lintPaths(
  paths: readonly string[],
  base: string,
  crdsFolder: string = shippedCrds,
): Promise<{ readonly files: number; readonly objects: number; readonly findings: readonly string[] }> {
  const schemas = await readCrdSchemas(crdsFolder);
  const single: ReadFile[] = [];
  const folders: SyncPath[] = [];
  for (const given of paths) {
    const full = path.resolve(base, given);
    if ((await stat(full)).isFile()) single.push(await readManifest(full, shownPath(base, full), schemas));
    else folders.push(...(await classify(full)));
  }
  const roots = await readRoots(folders, base, schemas);
  const checked = crossCheck([...roots, { shown: "files", units: single }], new Map());
  const units = checked.flatMap((root) => root.units);
  const findings: Finding[] = units.flatMap((unit) => unit.findings);
  for (const { shown, trouble } of roots)
    if (trouble) findings.push({ at: { file: shown, line: 1, column: 1 }, message: trouble });
  return {
    files: units.length,
    objects: units.reduce((sum, unit) => sum + unit.declared.length, 0),
    findings: findings.map(formatFinding),
  };
}

/** A role folder, a folder of role folders, or else a folder of manifests. */
async function classify(folder: string): Promise<readonly SyncPath[]> {
  const names = await readdir(folder, { withFileTypes: true });
  if (names.some((entry) => entry.name === "role.yaml"))
    return [{ kind: "roles", folder, namespace: anyNamespace, only: true }];
  for (const entry of names) {
    if (!entry.isDirectory()) continue;
    const inside = await readdir(path.join(folder, entry.name));
    if (inside.includes("role.yaml")) return [{ kind: "roles", folder, namespace: anyNamespace }];
  }
  return [{ kind: "manifests", folder }];
}
