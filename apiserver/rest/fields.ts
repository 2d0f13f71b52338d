import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../lib/json.ts";
import { trackUpdate } from "../fields/index.ts";
import { apiVersion, type ServedKind } from "../kinds/kind.ts";
import { replicasAt } from "../kinds/scale.ts";
import type { KubeObject } from "../store/entry.ts";

/** Records in managedFields what an update changed. */
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
    untyped: kind.strategy.trackedAsSent === true,
    ...(kind.versions ? { versions: kind.versions } : { onlyVersion: true }),
    resetFields: resetFields(kind, options.subresource),
  });
  setManagedFields(next, options.subresource === "scale" ? ofScale(kind, live, next, tracked) : tracked);
}

/**
 * As kube-apiserver has it, /scale of a custom kind takes the replicas for its writer only where somebody owned them
 * before, and without a time.
 */
function ofScale(
  kind: ServedKind,
  live: KubeObject | undefined,
  next: KubeObject,
  tracked: readonly Record<string, unknown>[],
): readonly unknown[] {
  const owned = ownsReplicas(kind, live) && replicasAt(next, replicasPath(kind)).value !== 0;
  return tracked.flatMap(({ time, ...entry }) => {
    if (entry.subresource !== "scale") return [{ ...entry, ...(time === undefined ? {} : { time }) }];
    return owned ? [entry] : [];
  });
}

/** Whether anybody owns the number of replicas of a custom object. */
export function ownsReplicas(kind: ServedKind, object: KubeObject | undefined): boolean {
  const keys = replicasPath(kind)
    .split(".")
    .slice(1)
    .map((key) => `f:${key}`);
  const owns = (entry: unknown) =>
    keys.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), isObject(entry) ? entry.fieldsV1 : {});
  return (object?.metadata.managedFields ?? []).some(owns);
}

const replicasPath = (kind: ServedKind): string => kind.subresources.find(({ scale }) => scale)?.scale?.spec ?? "";

/** Fields that a write to this endpoint cannot change, so nobody owns them through it. */
export function resetFields(kind: ServedKind, subresource: string): readonly (readonly string[])[] {
  if (subresource === "status") return kind.bucket === "core/namespaces" ? [["spec"]] : [["metadata"], ["spec"]];
  return kind.hasStatus ? [["status"]] : [];
}

export function setManagedFields(object: KubeObject, entries: readonly unknown[]): void {
  if (entries.length > 0) object.metadata.managedFields = [...entries];
  else delete object.metadata.managedFields;
}

/** True when two objects differ in nothing but resourceVersion and the times in managedFields. */
export function isUnchanged(a: KubeObject, b: KubeObject): boolean {
  // First what changes most often.
  return isDeepStrictEqual(a.status, b.status) && isDeepStrictEqual(comparable(a), comparable(b));
}

function comparable(object: KubeObject): unknown {
  const { resourceVersion: _rv, managedFields, ...metadata } = object.metadata;
  const timeless = (managedFields ?? []).map((entry) => (isObject(entry) ? { ...entry, time: "" } : entry));
  return { ...object, metadata: { ...metadata, managedFields: timeless } };
}
