import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../lib/json.ts";
import { trackUpdate } from "../fields/index.ts";
import { apiVersion, type ServedKind } from "../kinds/kind.ts";
import type { KubeObject } from "../store/entry.ts";

/** Records in managedFields what an update changed. Times of entries that did not change stay as they were. */
export function trackFields(
  kind: ServedKind,
  live: KubeObject | undefined,
  next: KubeObject,
  options: { readonly manager: string; readonly subresource: string; readonly now: string },
): void {
  const tracked = trackUpdate({
    live,
    next,
    manager: options.manager,
    subresource: options.subresource,
    apiVersion: apiVersion(kind),
    schema: kind.schema,
    now: options.now,
    resetFields: resetFields(kind, options.subresource),
  });
  setManagedFields(next, keepTimes(live?.metadata.managedFields, tracked));
}

/** Fields that a write to this endpoint cannot change, so nobody owns them through it. */
export function resetFields(kind: ServedKind, subresource: string): readonly (readonly string[])[] {
  if (subresource === "status") return kind.bucket === "core/namespaces" ? [["spec"]] : [["metadata"], ["spec"]];
  return kind.hasStatus ? [["status"]] : [];
}

export function setManagedFields(object: KubeObject, entries: readonly unknown[]): void {
  if (entries.length > 0) object.metadata.managedFields = [...entries];
  else delete object.metadata.managedFields;
}

/** Entries that did not change keep the time at which they last did. */
export function keepTimes(before: readonly unknown[] | undefined, after: readonly unknown[]): unknown[] {
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
