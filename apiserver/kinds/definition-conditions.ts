import type { KubeObject } from "../store/entry.ts";
import { cleanupFinalizer } from "./definition-names.ts";

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

export interface Mark {
  readonly type: string;
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

const terminating = (status: boolean, reason: string, message: string): Mark => ({
  type: "Terminating",
  status,
  reason,
  message,
});

/** What a definition that is being deleted says of its objects, from the first moment to the last. */
export const deletion = {
  pending: terminating(
    true,
    "InstanceDeletionPending",
    "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
  ),
  inProgress: terminating(true, "InstanceDeletionInProgress", "CustomResource deletion is in progress"),
  completed: terminating(false, "InstanceDeletionCompleted", "removed all instances"),
  neverEstablished: terminating(false, "NeverEstablished", "resource was never established"),
} as const;

export function conditionsOf(crd: KubeObject): readonly Condition[] {
  return (crd.status as { conditions?: readonly Condition[] | null } | undefined)?.conditions ?? [];
}

export function isTrue(crd: KubeObject, type: string): boolean {
  return conditionsOf(crd).some((one) => one.type === type && one.status === "True");
}

/** The conditions with this one among them: where it was, or at the end. Its time is that of the last change of its status. */
export function marked(conditions: readonly Condition[], mark: Mark, now: string): readonly Condition[] {
  const status = mark.status ? "True" : "False";
  const old = conditions.find(({ type }) => type === mark.type);
  const lastTransitionTime = old?.status === status ? old.lastTransitionTime : now;
  const next = { lastTransitionTime, message: mark.message, reason: mark.reason, status, type: mark.type };
  return old ? conditions.map((one) => (one === old ? next : one)) : [...conditions, next];
}

/** A definition with one condition more, or another one. */
export function withMark(crd: KubeObject, mark: Mark, now: string): KubeObject {
  return { ...crd, status: { ...(crd.status as object), conditions: marked(conditionsOf(crd), mark, now) } };
}

/** A definition whose deletion was asked for the first time: it stays until its objects are gone, and says so. */
export function markedForDeletion(crd: KubeObject, now: string): KubeObject {
  const finalizers = [...new Set([...(crd.metadata.finalizers ?? []), cleanupFinalizer])];
  return withMark({ ...crd, metadata: { ...crd.metadata, deletionTimestamp: now, finalizers } }, deletion.pending, now);
}
