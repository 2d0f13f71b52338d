import path from "node:path";
import type { Resource } from "../api/resource.ts";
import { canonicalJson, type Json, type JsonObject } from "../lib/json.ts";
import { conform } from "./conform.ts";
import { type CrdSchemas, readCrdSchemas } from "./crd-schemas.ts";
import { type Finding, type Position, Refusal, toProblem } from "./finding.ts";
import { type RoleFolder, readRoleFolder } from "./role-folder.ts";
import { expandRole } from "./role-yaml.ts";
import type { Schema } from "./schema.ts";
import { toSnake } from "./spelling.ts";
import { fromJson, type MapTree, mapOf, type Tree } from "./tree.ts";

/** JSON, rule → `file:line`. An annotation, so that moving a line does not change the role's revision. */
export const sourceMapAnnotation = "roster.dev/source-map";

export interface RenderOptions {
  /** Of the AgentRole. Left out: the manifest has none, and `kubectl apply -n` decides. */
  readonly namespace?: string;
  /** Folder that file names in messages and in the source map are relative to; two above the role folder otherwise. */
  readonly base?: string;
  /** From `readCrdSchemas`; the shipped crds/ otherwise. */
  readonly schemas?: CrdSchemas;
}

export interface RenderedRole {
  readonly objects: readonly Resource[];
  /** role.yaml, long form, with positions: a server's complaint about a field can be shown where it was written. */
  readonly spec: MapTree;
}

/** The shipped CustomResourceDefinitions, beside this folder. */
export const shippedCrds = path.join(import.meta.dirname, "..", "crds");

/**
 * Renders a role folder as an AgentRole: the short form of role.yaml made long, SOUL.md, skills, scripts and memory
 * inlined. The same folder gives the same bytes. Throws `InvalidManifest` naming file, line and column of all that is wrong.
 */
export async function renderRole(folder: string, options: RenderOptions = {}): Promise<RenderedRole> {
  try {
    return await render(path.resolve(folder), options);
  } catch (thrown) {
    throw thrown instanceof Refusal ? toProblem(thrown.findings) : thrown;
  }
}

/** As `renderRole`, but throws `Refusal` with the list of findings. */
export async function render(folder: string, options: RenderOptions): Promise<RenderedRole> {
  const base = options.base ?? path.dirname(path.dirname(folder));
  const schemas = options.schemas ?? (await readCrdSchemas(shippedCrds));
  const content = await readRoleFolder(folder, base);
  const role = expandRole(content.roleYaml);
  const shown = path.relative(base, folder).split(path.sep).join("/");
  const { spec, doubled } = withContent(role.spec, content, shown);
  const { value, findings } = conform(spec, specSchema(schemas), "friendly");
  const wrong = [...role.findings, ...doubled, ...findings];
  if (wrong.length > 0) throw new Refusal(...inOrder(wrong));

  const sourceMap = Object.fromEntries([...role.rules].map(([rule, at]) => [rule, `${at.file}:${at.line}`]));
  const object = {
    apiVersion: "roster.dev/v1alpha1",
    kind: "AgentRole",
    metadata: {
      name: role.name,
      ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
      annotations: { [sourceMapAnnotation]: canonicalJson(sourceMap) },
    },
    spec: value as JsonObject,
  };
  return { objects: [object], spec };
}

/** The files of the folder as fields of the spec. What is a file may not be written in role.yaml too: one would be lost. */
function withContent(spec: MapTree, content: RoleFolder, folder: string) {
  const at = (file: string): Position => ({ file: `${folder}/${file}`, line: 1, column: 1 });
  const list = <T>(items: readonly T[], fileOf: (item: T) => string): Tree => ({
    kind: "list",
    at: spec.at,
    items: items.map((item) => fromJson(item as Json, at(fileOf(item)))),
  });
  const fields: Readonly<Record<string, Tree | undefined>> = {
    soul: content.soul === undefined ? undefined : fromJson(content.soul, at("SOUL.md")),
    skills: list(content.skills, (skill) => `skills/${skill.name}/SKILL.md`),
    scripts: list(content.scripts, (script) => `scripts/${script.name}.js`),
    memorySeed: list(content.memorySeed, (document) => `memory/${document.path}`),
  };
  const entries = new Map(spec.entries);
  const doubled: Finding[] = [];
  for (const [key, tree] of Object.entries(fields)) {
    if (!tree || (tree.kind === "list" && tree.items.length === 0)) continue;
    const written = entries.get(key) ?? entries.get(toSnake(key));
    if (written)
      doubled.push({ at: written.at, message: `${key} is in files of the folder already; keep one of the two` });
    entries.set(key, { at: tree.at, tree });
  }
  return { spec: mapOf(entries, spec.at), doubled };
}

function specSchema(schemas: CrdSchemas): Schema {
  const spec = schemas.get("roster.dev/v1alpha1 AgentRole")?.schema.properties?.spec;
  if (!spec) throw new Error("crds/ does not define AgentRole");
  return spec;
}

function inOrder<F extends { readonly at: Position }>(findings: readonly F[]): readonly F[] {
  return findings.toSorted((a, b) =>
    a.at.file === b.at.file ? a.at.line - b.at.line || a.at.column - b.at.column : a.at.file < b.at.file ? -1 : 1,
  );
}
