import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { isObject, type Json } from "../lib/json.ts";
import { readYaml } from "./read-yaml.ts";
import type { Schema } from "./schema.ts";
import { toJson } from "./tree.ts";

/** One kind that the shipped CustomResourceDefinitions define. */
export interface DefinedKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly schema: Schema;
}

/** `roster.dev/v1alpha1 AgentRole` → its definition. */
export type CrdSchemas = ReadonlyMap<string, DefinedKind>;

/** Reads crds/*.yaml: the same files that a server gets, so that a manifest can be checked without one. */
export async function readCrdSchemas(folder: string): Promise<CrdSchemas> {
  const found = new Map<string, DefinedKind>();
  for (const name of (await readdir(folder)).filter((n) => n.endsWith(".yaml")).sort()) {
    const file = path.join(folder, name);
    for (const tree of readYaml(await readFile(file, "utf8"), file)) {
      for (const defined of definedBy(toJson(tree))) found.set(`${defined.apiVersion} ${defined.kind}`, defined);
    }
  }
  return found;
}

interface Crd {
  readonly kind: string;
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

function definedBy(document: Json): readonly DefinedKind[] {
  if (!isObject(document) || document.kind !== "CustomResourceDefinition") return [];
  const { spec } = document as unknown as Crd;
  return spec.versions.map((version) => ({
    apiVersion: `${spec.group}/${version.name}`,
    kind: spec.names.kind,
    plural: spec.names.plural,
    namespaced: spec.scope === "Namespaced",
    schema: version.schema.openAPIV3Schema,
  }));
}
