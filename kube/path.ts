import type { KindRef } from "../api/kinds.ts";

/** The URL path of a kind's collection, in one namespace or in all. */
export function collectionPath(kind: KindRef, namespace?: string): string {
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scope = kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${scope}/${kind.plural}`;
}

/** The URL path of one object. */
export function objectPath(kind: KindRef, name: string, namespace: string | undefined, subresource?: string): string {
  const path = `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}
