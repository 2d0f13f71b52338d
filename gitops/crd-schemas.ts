import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { isObject, type JsonObject } from "../lib/json.ts";
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

/** The CustomResourceDefinitions of a folder, as a server gets them. */
export async function readCrds(folder: string): Promise<readonly JsonObject[]> {
  const found: JsonObject[] = [];
  for (const name of (await readdir(folder)).filter((n) => n.endsWith(".yaml")).sort()) {
    const file = path.join(folder, name);
    for (const tree of readYaml(await readFile(file, "utf8"), file)) {
      const document = toJson(tree);
      if (isObject(document) && document.kind === "CustomResourceDefinition") found.push(document as JsonObject);
    }
  }
  return found;
}

/** Their schemas: from the same files that a server gets, so that a manifest can be checked without one. */
export async function readCrdSchemas(folder: string): Promise<CrdSchemas> {
  const defined = (await readCrds(folder)).flatMap(definedBy);
  return new Map(defined.map((one) => [`${one.apiVersion} ${one.kind}`, one]));
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

function definedBy(document: JsonObject): readonly DefinedKind[] {
  const { spec } = document as unknown as Crd;
  return spec.versions.map((version) => ({
    apiVersion: `${spec.group}/${version.name}`,
    kind: spec.names.kind,
    plural: spec.names.plural,
    namespaced: spec.scope === "Namespaced",
    schema: version.schema.openAPIV3Schema,
  }));
}
