import type { ServedKind } from "./kind.ts";
import { byPriority } from "./version-order.ts";

export interface GroupVersions {
  readonly group: string;
  /** Preferred first. */
  readonly versions: readonly string[];
}

/**
 * Everything that is served now. Built-in kinds never change; custom ones come and go with their definitions, and
 * each change raises `generation`, by which discovery and OpenAPI documents are cached.
 */
export class Registry {
  generation = 1;
  readonly #kinds = new Map<string, ServedKind>();
  readonly #custom = new Map<string, readonly string[]>();

  constructor(builtin: readonly ServedKind[]) {
    for (const kind of builtin) this.#kinds.set(idOf(kind.group, kind.version, kind.plural), kind);
  }

  find(group: string, version: string, plural: string): ServedKind | undefined {
    return this.#kinds.get(idOf(group, version, plural));
  }

  /** The kind that an ownerReference or a manifest names. */
  findKind(apiVersion: string, kind: string): ServedKind | undefined {
    const [version, group = ""] = apiVersion.split("/").reverse();
    return this.all().find((one) => one.kind === kind && one.group === group && one.version === version);
  }

  /** One served kind for a bucket, whichever version. */
  ofBucket(bucket: string): ServedKind | undefined {
    return this.all().find((kind) => kind.bucket === bucket);
  }

  all(): ServedKind[] {
    return [...this.#kinds.values()];
  }

  inVersion(group: string, version: string): ServedKind[] {
    return this.all()
      .filter((kind) => kind.group === group && kind.version === version)
      .sort((a, b) => (a.plural < b.plural ? -1 : 1));
  }

  /** Groups in order of first appearance (built-in ones first), each with its versions by Kubernetes' precedence. */
  groups(): GroupVersions[] {
    const versions = new Map<string, Set<string>>();
    for (const { group, version } of this.#kinds.values()) {
      versions.set(group, (versions.get(group) ?? new Set()).add(version));
    }
    return [...versions].map(([group, set]) => ({ group, versions: [...set].sort(byPriority) }));
  }

  /** Replaces what one CustomResourceDefinition serves; none to take it away. */
  setCustom(crd: string, kinds: readonly ServedKind[]): void {
    for (const id of this.#custom.get(crd) ?? []) this.#kinds.delete(id);
    const ids = kinds.map((kind) => idOf(kind.group, kind.version, kind.plural));
    kinds.forEach((kind, index) => {
      this.#kinds.set(ids[index]!, kind);
    });
    if (ids.length > 0) this.#custom.set(crd, ids);
    else this.#custom.delete(crd);
    this.generation++;
  }
}

function idOf(group: string, version: string, plural: string): string {
  return `${group}/${version}/${plural}`;
}
