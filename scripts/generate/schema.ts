import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";

/** The part of a structural schema that the generators read. */
export interface Schema {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly "x-kubernetes-list-type"?: "map" | "set" | "atomic";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-validations"?: readonly { readonly rule: string; readonly message?: string }[];
}

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly description?: string;
  readonly priority?: number;
}

/** One definition of crds/, the part that the generators read. */
export interface Definition {
  readonly file: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  readonly schema: Schema;
  readonly columns: readonly Column[];
  readonly selectable: readonly string[];
}

/** Reads all definitions of `folder` in file order. */
export function readDefinitions(folder: string): readonly Definition[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".yaml") && file !== "kustomization.yaml")
    .sort()
    .map((file) => {
      const crd = parse(readFileSync(path.join(folder, file), "utf8"), { maxAliasCount: 0 });
      const [version] = crd.spec.versions;
      return {
        file,
        kind: crd.spec.names.kind,
        plural: crd.spec.names.plural,
        shortNames: crd.spec.names.shortNames ?? [],
        categories: crd.spec.names.categories ?? [],
        scope: crd.spec.scope,
        schema: version.schema.openAPIV3Schema,
        columns: version.additionalPrinterColumns ?? [],
        selectable: (version.selectableFields ?? []).map((field: { jsonPath: string }) => field.jsonPath),
      };
    });
}

/** `AgentRole` → `agent-role`. */
export function kebab(kind: string): string {
  return kind.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
}
