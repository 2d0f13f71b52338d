import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../lib/json.ts";
import { apiVersion, type ServedKind } from "../kinds/kind.ts";
import { trackUpdate } from "../semantics.ts";
import type { KubeObject } from "../store/entry.ts";

/** Records in managedFields what an update changed. Times of entries that did not change stay as they were. */
export function trackFields(
  kind: ServedKind,
  live: KubeObject | undefined,
  next: KubeObject,
  options: { readonly manager: string; readonly subresource: string; readonly now: string },
): void {
  // A client may reset all ownership by sending one empty entry or an empty list; anything else it sends is ignored.
  const tracked = trackUpdate({
    live,
    next,
    manager: options.manager,
    subresource: options.subresource,
    apiVersion: apiVersion(kind),
    schema: kind.schema,
    now: options.now,
  } as Parameters<typeof trackUpdate>[0]);
  setManagedFields(next, keepTimes(live?.metadata.managedFields, tracked as unknown[]));
}

export function setManagedFields(object: KubeObject, entries: readonly unknown[]): void {
  if (entries.length > 0) object.metadata.managedFields = [...entries];
  else delete object.metadata.managedFields;
}

function keepTimes(before: readonly unknown[] | undefined, after: readonly unknown[]): unknown[] {
  const timeless = (entry: unknown) => (isObject(entry) ? { ...entry, time: "" } : entry);
  return after.map((entry) => before?.find((old) => isDeepStrictEqual(timeless(old), timeless(entry))) ?? entry);
}

/** True when two objects differ in nothing but resourceVersion and the times in managedFields. */
export function isUnchanged(a: KubeObject, b: KubeObject): boolean {
  return isDeepStrictEqual(comparable(a), comparable(b));
}

function comparable(object: KubeObject): unknown {
  const { resourceVersion: _rv, managedFields, ...metadata } = object.metadata;
  const timeless = (managedFields ?? []).map((entry) => (isObject(entry) ? { ...entry, time: "" } : entry));
  return { ...object, metadata: { ...metadata, managedFields: timeless } };
}
