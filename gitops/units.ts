import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import type { Json } from "../lib/json.ts";
import { messageOf } from "../lib/problem.ts";
import type { CrdSchemas } from "./crd-schemas.ts";
import { Refusal } from "./finding.ts";
import { listManifests, type ReadFile, readManifest } from "./manifests.ts";
import { render } from "./render.ts";
import { isByTheWay } from "./role-folder.ts";
import { fromJson, mapOf } from "./tree.ts";

/** A folder that declares objects: of manifest files, or of role folders (which say nothing of their namespace). */
export type SyncPath =
  | { readonly kind: "manifests"; readonly folder: string }
  | {
      readonly kind: "roles";
      readonly folder: string;
      readonly namespace: string;
      /** The folder is itself a role folder, not a folder of them. */
      readonly only?: true;
    };

/** One root as it was found. `trouble` is why nothing of it may be taken for deleted. */
export interface Root {
  readonly shown: string;
  readonly units: readonly ReadFile[];
  readonly trouble?: string;
}

/** Reads all roots. A unit is what is right or wrong as a whole: a manifest file, or a role folder. Never throws. */
export async function readRoots(
  paths: readonly SyncPath[],
  base: string,
  schemas: CrdSchemas,
): Promise<readonly Root[]> {
  return Promise.all(paths.map((one) => readRoot(one, base, schemas)));
}

async function readRoot(one: SyncPath, base: string, schemas: CrdSchemas): Promise<Root> {
  const name = shownPath(base, one.folder);
  try {
    const units =
      one.kind === "manifests" ? await manifestUnits(one.folder, base, schemas) : await roleUnits(one, base, schemas);
    return units.length > 0 ? { shown: name, units } : { shown: name, units, trouble: "it is empty" };
  } catch (thrown) {
    return { shown: name, units: [], trouble: `it cannot be read: ${messageOf(thrown)}` };
  }
}

async function manifestUnits(folder: string, base: string, schemas: CrdSchemas): Promise<readonly ReadFile[]> {
  const files = await listManifests(folder);
  return Promise.all(files.map((file) => readManifest(file, shownPath(base, file), schemas)));
}

async function roleUnits(
  root: SyncPath & { readonly kind: "roles" },
  base: string,
  schemas: CrdSchemas,
): Promise<readonly ReadFile[]> {
  if (root.only) return [await roleUnit(root.folder, root.namespace, base, schemas)];
  const names = (await readdir(root.folder)).filter((name) => !isByTheWay(name)).sort();
  const folders: string[] = [];
  for (const name of names) if ((await stat(path.join(root.folder, name))).isDirectory()) folders.push(name);
  return Promise.all(folders.map((name) => roleUnit(path.join(root.folder, name), root.namespace, base, schemas)));
}

async function roleUnit(folder: string, namespace: string, base: string, schemas: CrdSchemas): Promise<ReadFile> {
  const file = shownPath(base, folder);
  try {
    const { objects, spec } = await render(folder, { namespace, base, schemas });
    const at = { file: `${file}/role.yaml`, line: 1, column: 1 };
    const declared = objects.map((object) => ({
      object,
      at,
      tree: mapOf(
        [
          ["metadata", { at, tree: fromJson(object.metadata as unknown as Json, at) }],
          ["spec", { at, tree: spec }],
        ],
        at,
      ),
    }));
    return { file, declared, findings: [] };
  } catch (thrown) {
    if (thrown instanceof Refusal) return { file, declared: [], findings: thrown.findings };
    return { file, declared: [], findings: [{ at: { file, line: 1, column: 1 }, message: messageOf(thrown) }] };
  }
}

/** A path as people name it: relative to `base`, with forward slashes; "." for the base itself. */
export function shownPath(base: string, file: string): string {
  return path.relative(base, file).split(path.sep).join("/") || ".";
}
