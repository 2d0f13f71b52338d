import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Resource } from "../api/resource.ts";
import { messageOf } from "../lib/problem.ts";
import { conform, unknownField } from "./conform.ts";
import type { CrdSchemas } from "./crd-schemas.ts";
import { type Finding, type Position, Refusal } from "./finding.ts";
import { readYaml } from "./read-yaml.ts";
import { isByTheWay } from "./role-folder.ts";
import { didYouMean } from "./suggest.ts";
import { type MapTree, type Tree, toJson, typeOf } from "./tree.ts";

/** An object as a file declares it. */
export interface Declared {
  readonly object: Resource;
  readonly at: Position;
  /** With positions, where a server's complaint about a field can be looked up. */
  readonly tree: Tree;
}

/** One file: either all that it declares, or all that is wrong with it. Never half of both. */
export type ReadFile = {
  readonly file: string;
  readonly declared: readonly Declared[];
  readonly findings: readonly Finding[];
};

// These are made by people and controllers at work. In git they would be made again and again.
const notDeclarations: Readonly<Record<string, string>> = {
  AgentRun: "an AgentRun asks for one piece of work; make it with `kubectl create -f`, not by a synced file",
  AgentApproval: "an AgentApproval is made by the controller and decided by a person, never by a synced file",
  AgentStop: "an AgentStop overrides what is in git; make it with `kubectl create -f`, not by a synced file",
};

/** Lists the manifest files below a folder, by name. Throws what the file system throws. */
export async function listManifests(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name) && !isByTheWay(entry.name))
    .filter((entry) => !/^kustomization\.ya?ml$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !path.relative(folder, file).split(path.sep).some(isByTheWay))
    .sort();
}

/** Reads one manifest file; `shown` is its name in messages. What is wrong with it is returned, not thrown. */
export async function readManifest(file: string, shown: string, schemas: CrdSchemas): Promise<ReadFile> {
  try {
    return { file: shown, declared: readObjects(await readFile(file, "utf8"), shown, schemas), findings: [] };
  } catch (thrown) {
    const start: Position = { file: shown, line: 1, column: 1 };
    const findings =
      thrown instanceof Refusal ? thrown.findings : [{ at: start, message: `cannot be read: ${messageOf(thrown)}` }];
    return { file: shown, declared: [], findings };
  }
}

/** Every object that a YAML text declares, lists opened. Throws `Refusal` with everything that is wrong. */
export function readObjects(text: string, file: string, schemas: CrdSchemas): readonly Declared[] {
  const findings: Finding[] = [];
  const declared: Declared[] = [];
  for (const document of readYaml(text, file)) {
    for (const tree of openList(document)) {
      const wrong = check(tree, schemas);
      findings.push(...wrong);
      if (wrong.length === 0) declared.push({ object: toJson(tree) as unknown as Resource, at: tree.at, tree });
    }
  }
  if (findings.length > 0) throw new Refusal(...findings);
  return declared;
}

function openList(tree: Tree): readonly Tree[] {
  if (tree.kind !== "map") return [tree];
  const items = tree.entries.get("items")?.tree;
  return textOf(tree, "kind") === "List" && items?.kind === "list" ? items.items : [tree];
}

function check(tree: Tree, schemas: CrdSchemas): readonly Finding[] {
  const { at } = tree;
  if (tree.kind !== "map")
    return [{ at, message: `a manifest is an object with apiVersion and kind, not ${typeOf(tree)}` }];
  const apiVersion = textOf(tree, "apiVersion");
  const kind = textOf(tree, "kind");
  const missing = [["apiVersion", apiVersion] as const, ["kind", kind] as const].filter(([, value]) => !value);
  if (!apiVersion || !kind) return missing.map(([key]) => ({ at, message: `${key} is required` }));
  const findings = checkMetadata(tree);
  if (notDeclarations[kind] && apiVersion.startsWith("roster.dev/"))
    findings.push({ at, message: notDeclarations[kind] });
  const defined = schemas.get(`${apiVersion} ${kind}`);
  if (!defined) {
    if (apiVersion.startsWith("roster.dev/"))
      findings.push({
        at,
        message: `there is no kind "${kind}" in ${apiVersion}${didYouMean(kind, kindNames(schemas))}`,
      });
    return findings;
  }
  for (const [key, entry] of tree.entries) {
    if (["apiVersion", "kind", "metadata", "spec"].includes(key)) continue;
    const message =
      key === "status" ? "status is written by controllers; leave it out" : unknownField(key, "", ["spec"], "strict");
    findings.push({ at: entry.at, message });
  }
  const namespace = metadataText(tree, "namespace");
  if (defined.namespaced && !namespace)
    findings.push({ at, message: `metadata.namespace is required for a synced ${kind}` });
  if (!defined.namespaced && namespace)
    findings.push({ at, message: `a ${kind} belongs to no namespace; leave metadata.namespace out` });
  const spec = tree.entries.get("spec");
  const schema = defined.schema.properties?.spec;
  if (spec && schema) {
    findings.push(...conform(spec.tree, schema, "strict", "spec").findings);
  } else if (schema) findings.push({ at, message: "spec is required" });
  return findings;
}

function checkMetadata(tree: MapTree): Finding[] {
  const metadata = tree.entries.get("metadata");
  if (metadata?.tree.kind !== "map") return [{ at: metadata?.at ?? tree.at, message: "metadata.name is required" }];
  const findings: Finding[] = [];
  for (const [key, entry] of metadata.tree.entries) {
    if (["name", "namespace"].includes(key)) {
      const text = entry.tree.kind === "scalar" && typeof entry.tree.value === "string" ? entry.tree.value : undefined;
      // RFC 1123 subdomain for names (RBAC names may hold colons), label for namespaces.
      const fits = key === "name" ? /^[a-z0-9]([-a-z0-9.:]{0,251}[a-z0-9])?$/ : /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
      if (text === undefined || !fits.test(text)) {
        findings.push({
          at: entry.tree.at,
          message: `metadata.${key} must be of a-z, 0-9 and "-", not ${text === undefined ? typeOf(entry.tree) : JSON.stringify(text.slice(0, 80))}`,
        });
      }
    } else if (["labels", "annotations"].includes(key)) {
      for (const [name, { at, tree: value }] of entry.tree.kind === "map" ? entry.tree.entries : []) {
        const text = value.kind === "scalar" && typeof value.value === "string";
        if (!text)
          findings.push({
            at,
            message: `metadata.${key}.${name} must be text, not ${typeOf(value)}; write it in quotes`,
          });
      }
    } else if (!["finalizers", "ownerReferences"].includes(key)) {
      findings.push({
        at: entry.at,
        message: unknownField(key, "metadata", ["name", "namespace", "labels", "annotations"], "strict"),
      });
    }
  }
  if (!metadata.tree.entries.has("name")) findings.push({ at: metadata.at, message: "metadata.name is required" });
  return findings;
}

function kindNames(schemas: CrdSchemas): readonly string[] {
  return [...schemas.values()].map((defined) => defined.kind);
}

function textOf(tree: MapTree, key: string): string | undefined {
  const value = tree.entries.get(key)?.tree;
  return value?.kind === "scalar" && typeof value.value === "string" ? value.value : undefined;
}

function metadataText(tree: MapTree, key: string): string | undefined {
  const metadata = tree.entries.get("metadata")?.tree;
  return metadata?.kind === "map" ? textOf(metadata, key) : undefined;
}
