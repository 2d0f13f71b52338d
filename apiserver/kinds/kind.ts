import type { KindVersions } from "../fields/index.ts";
import { type FieldError, invalid } from "../http/status.ts";
import type { CompiledSchema } from "../schema/structural.ts";
import type { KubeObject } from "../store/entry.ts";

/** One resource of one version as this server serves it: everything that the generic handlers need to know. */
export interface ServedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  /** What discovery lists where that is not what is answered: of a kind that is going, nothing that makes or keeps. */
  readonly listedVerbs?: readonly string[];
  readonly subresources: readonly Subresource[];
  /** Where its objects are stored; kinds that share storage (the two Events) share a bucket. */
  readonly bucket: string;
  /** Defined by a CustomResourceDefinition rather than built in. */
  readonly custom: boolean;
  readonly hasStatus: boolean;
  readonly schema: CompiledSchema;
  readonly openapi: OpenApiSchema;
  readonly columns: readonly Column[];
  /** Fields that a field selector may name, beside metadata.name and metadata.namespace. */
  readonly selectable: Readonly<Record<string, (object: KubeObject) => string>>;
  readonly strategy: Strategy;
  /** What an object shows in which nothing is set, beside its kind and metadata: bookmarks are such objects. */
  readonly empty: Readonly<Record<string, unknown>>;
  /** apiVersion of the stored bytes. */
  readonly storedAs: string;
  /** Only where the stored form differs by more than its apiVersion. */
  readonly conversion?: Conversion;
  /** Custom kinds: the apiVersion of each version that the definition has, served or not. */
  readonly apiVersions?: readonly string[];
  /** Custom kinds: each version, served or not, by apiVersion. */
  readonly versions?: KindVersions;
  /** Custom kinds: objects older than this revision were stored under another schema and are defaulted when read. */
  readonly schemaRevision?: number;
  /** Its definition is being deleted: nothing new is stored. */
  readonly terminating?: boolean;
  /** A warning that every request for this version gets. */
  readonly deprecation?: string;
}

export interface Conversion {
  readonly toStored: (object: KubeObject) => KubeObject;
  readonly fromStored: (object: KubeObject) => KubeObject;
}

export interface Subresource {
  readonly name: string;
  readonly verbs: readonly string[];
  /** Kind of its body where it is not the parent's. */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string };
  readonly scale?: { readonly spec: string; readonly status: string; readonly selector?: string };
}

export interface OpenApiSchema {
  /** Name in `components.schemas`, such as `dev.roster.v1alpha1.AgentRole`. */
  readonly name: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

/** A column of the Table representation. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
  readonly cell: (object: KubeObject, now: number) => unknown;
}

/** What differs between kinds when they are written. Each hook may change the object it is given. */
export interface Strategy {
  /** Complaints about a name, none when it is fine. `prefix` for the part before a generated suffix. */
  readonly checkName: (name: string, prefix: boolean) => readonly string[];
  /** A PUT without resourceVersion overwrites. Custom kinds require one. */
  readonly unconditionalUpdate: boolean;
  readonly createOnUpdate: boolean;
  /** Finalizers without a domain are refused, but for the standard ones. */
  readonly strictFinalizers?: boolean;
  /** Unlike those of other kinds its own rules leave metadata alone, so a finding of an update comes once less. */
  readonly metadataOnce?: boolean;
  /** metadata.generation counts changes outside metadata and status. */
  readonly counted: boolean;
  /** Who owns what is told from the object as it was sent, before the strategy drops parts of it. */
  readonly trackedAsSent?: boolean;
  /** What the server fills in beyond the schema's defaults, on every write. */
  readonly defaults?: (object: KubeObject) => void;
  readonly prepareCreate?: (object: KubeObject) => void;
  readonly prepareUpdate?: (next: KubeObject, live: KubeObject) => void;
  /** For writes to /status: the default keeps everything of the live object but status. */
  readonly validate?: (next: KubeObject, live: KubeObject | undefined, subresource?: string) => readonly FieldError[];
  readonly warnings?: (next: KubeObject, live: KubeObject | undefined) => readonly string[];
}

/** `v1` or `group/version`. */
export function apiVersion(kind: { readonly group: string; readonly version: string }): string {
  return kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
}

/** 422 about an object of the kind; both Event APIs judge the core group's Event. */
export function invalidObject(kind: ServedKind, name: string, errors: readonly FieldError[]): Error {
  const [, group = ""] = kind.storedAs.split("/").reverse();
  return invalid(kind.custom ? kind.group : group, kind.kind, name, errors);
}

/** The group and plural as Status messages name them. */
export function about(kind: ServedKind): { readonly group: string; readonly resource: string } {
  return { group: kind.group, resource: kind.plural };
}

export const allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"] as const;
