import { isDeepStrictEqual } from "node:util";
import { copyJson, isObject } from "../../lib/json.ts";
import { dropNulls } from "../schema/prune.ts";
import { type CompiledSchema, compileSchema } from "../schema/structural.ts";
import type { KubeObject } from "../store/entry.ts";
import { readPath } from "../table/json-path.ts";
import { customColumns } from "./columns.ts";
import { isTrue } from "./definition-conditions.ts";
import type { Conversion, ServedKind, Strategy, Subresource } from "./kind.ts";
import { finalizerWarnings } from "./metadata.ts";
import { checkSubdomain } from "./names.ts";
import { byPriority } from "./version-order.ts";

/** `spec` of a CustomResourceDefinition, the part that serving needs. */
export interface CrdSpec {
  readonly group: string;
  readonly scope: "Namespaced" | "Cluster";
  readonly names: CrdNames;
  readonly versions: readonly CrdVersion[];
}

export interface CrdNames {
  readonly plural: string;
  readonly singular?: string;
  readonly kind: string;
  readonly listKind?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

export interface CrdVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated?: boolean;
  readonly deprecationWarning?: string;
  readonly schema?: { readonly openAPIV3Schema?: Readonly<Record<string, unknown>> };
  readonly subresources?: {
    readonly status?: object;
    readonly scale?: {
      readonly specReplicasPath: string;
      readonly statusReplicasPath: string;
      readonly labelSelectorPath?: string;
    };
  };
  readonly additionalPrinterColumns?: Parameters<typeof customColumns>[0];
  readonly selectableFields?: readonly { readonly jsonPath: string }[];
}

export function specOf(crd: KubeObject): CrdSpec {
  return crd.spec as CrdSpec;
}

/** The bucket of a custom kind: the same for all of its versions. */
export function bucketOf(spec: CrdSpec): string {
  return `${spec.group}/${spec.names.plural}`;
}

// In the order in which kube-apiserver lists them for custom kinds.
const customVerbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
const terminatingVerbs = ["delete", "deletecollection", "get", "list", "watch"];
const strategy: Strategy = {
  checkName: checkSubdomain,
  unconditionalUpdate: false,
  createOnUpdate: false,
  counted: true,
  trackedAsSent: true,
  warnings: finalizerWarnings,
};
// Compiling a large schema takes milliseconds, and an unchanged one comes back with every status write of its CRD.
const compiled = new Map<string, CompiledSchema>();

/** The served kinds of an established CustomResourceDefinition, one for each served version. */
export function customKinds(crd: KubeObject, schemaRevision: number): ServedKind[] {
  const spec = specOf(crd);
  const accepted = (crd.status as { acceptedNames?: CrdNames } | undefined)?.acceptedNames ?? spec.names;
  const storage = spec.versions.find((version) => version.storage) ?? spec.versions[0]!;
  return spec.versions
    .filter((version) => version.served)
    .map((version) => {
      const subresources = subresourcesOf(version);
      const schema = schemaOf(version);
      return {
        group: spec.group,
        version: version.name,
        kind: accepted.kind,
        listKind: accepted.listKind ?? `${accepted.kind}List`,
        plural: accepted.plural,
        singular: accepted.singular ?? accepted.kind.toLowerCase(),
        shortNames: accepted.shortNames ?? [],
        categories: accepted.categories ?? [],
        namespaced: spec.scope === "Namespaced",
        verbs: customVerbs,
        ...(isTrue(crd, "Terminating") ? { listedVerbs: terminatingVerbs } : {}),
        subresources,
        bucket: bucketOf(spec),
        empty: {},
        custom: true,
        hasStatus: version.subresources?.status !== undefined,
        schema: compile(schema),
        openapi: { name: componentName(spec.group, version.name, accepted.kind), schema },
        columns: customColumns(version.additionalPrinterColumns ?? []),
        selectable: Object.fromEntries(
          (version.selectableFields ?? []).map(({ jsonPath }) => selectableField(jsonPath)),
        ),
        strategy,
        storedAs: `${spec.group}/${storage.name}`,
        ...conversionOf(schema, schemaOf(storage)),
        apiVersions: spec.versions.map(({ name }) => `${spec.group}/${name}`),
        versions: versionsOf(spec),
        schemaRevision,
        terminating: crd.metadata.deletionTimestamp !== undefined,
        ...(version.deprecated
          ? {
              deprecation: version.deprecationWarning ?? deprecationOf(spec, version, accepted.kind),
            }
          : {}),
      };
    });
}

function schemaOf(version: CrdVersion): Readonly<Record<string, unknown>> {
  return version.schema?.openAPIV3Schema ?? { type: "object", "x-kubernetes-preserve-unknown-fields": true };
}

/**
 * Versions with schemas of their own: what is stored has the shape and the defaults of the storage version, and a reader
 * of another version sees of it what that one knows, without that one's defaults.
 */
function conversionOf(schema: Readonly<Record<string, unknown>>, stored: Readonly<Record<string, unknown>>) {
  if (isDeepStrictEqual(schema, stored)) return {};
  const [here, there] = [compile(schema), compile(stored)];
  const conversion: Conversion = {
    toStored(object) {
      const copy = copyJson(object);
      there.prune(copy);
      there.applyDefaults(copy);
      return copy;
    },
    fromStored(object) {
      there.prune(object);
      there.applyDefaults(object);
      here.prune(object);
      dropNulls(object, here.schema);
      return object;
    },
  };
  return { conversion };
}

function versionsOf(spec: CrdSpec): NonNullable<ServedKind["versions"]> {
  return new Map(
    spec.versions.map((one) => [
      `${spec.group}/${one.name}`,
      {
        schema: compile(schemaOf(one)).schema,
        hasStatus: one.subresources?.status !== undefined,
        hasScale: one.subresources?.scale !== undefined,
      },
    ]),
  );
}

function compile(schema: Readonly<Record<string, unknown>>): CompiledSchema {
  const text = JSON.stringify(schema);
  const found = compiled.get(text);
  if (found) return found;
  const made = compileSchema(schema);
  // A bound, because CRDs may be rewritten for ever; the next request compiles again.
  if (compiled.size >= 500) compiled.clear();
  compiled.set(text, made);
  return made;
}

function subresourcesOf(version: CrdVersion): Subresource[] {
  const verbs = ["get", "patch", "update"];
  const found: Subresource[] = [];
  if (version.subresources?.status) found.push({ name: "status", verbs });
  const scale = version.subresources?.scale;
  if (scale) {
    found.push({
      name: "scale",
      verbs,
      kind: { group: "autoscaling", version: "v1", kind: "Scale" },
      scale: {
        spec: scale.specReplicasPath,
        status: scale.statusReplicasPath,
        ...(scale.labelSelectorPath ? { selector: scale.labelSelectorPath } : {}),
      },
    });
  }
  return found;
}

function selectableField(jsonPath: string): [string, (object: KubeObject) => string] {
  const read = readPath(jsonPath);
  return [
    jsonPath.replace(/^\./, ""),
    (object) => {
      const [value] = read(object);
      return value === undefined || value === null || isObject(value) ? "" : String(value);
    },
  ];
}

/** `dev.roster.v1alpha1.AgentRole`: the group reversed, as kube-apiserver names components. */
function componentName(group: string, version: string, kind: string): string {
  return [...group.split(".").reverse(), version, kind].join(".");
}

/** What kube-apiserver warns of where the definition says nothing else: it names the version to use instead. */
function deprecationOf(spec: CrdSpec, version: CrdVersion, kind: string): string {
  const better = spec.versions.find(
    (other) => other.served && !other.deprecated && byPriority(other.name, version.name) < 0,
  );
  const use = better ? `; use ${spec.group}/${better.name} ${kind}` : "";
  return `${spec.group}/${version.name} ${kind} is deprecated${use}`;
}
