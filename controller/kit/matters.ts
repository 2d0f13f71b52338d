import type { Condition, Stored } from "../../api/resource.ts";

const ours = "roster.dev/";

/**
 * False for a change that no decision can rest on: labels, managed fields and annotations of others. Whoever rewrites those
 * all the time neither wakes us nor gets in the way of what we write.
 */
export function matters(before: Stored | undefined, after: Stored | undefined): boolean {
  if (before === undefined || after === undefined) return true;
  return signatureOf(before) !== signatureOf(after);
}

function signatureOf(object: Stored): string {
  const { uid, generation, deletionTimestamp, finalizers, annotations } = object.metadata;
  const own = Object.entries(annotations ?? {}).filter(([name]) => name.startsWith(ours));
  // Kinds that the API server counts no generations of (Namespace, Secret) are never driven.
  return JSON.stringify([uid, generation, deletionTimestamp, finalizers, own, (object as { status?: unknown }).status]);
}

/** True for what was looked at as it is now, and is neither going nor waited for. */
export function isInForce(object: Stored): boolean {
  const { generation, deletionTimestamp } = object.metadata;
  const { status } = object as { status?: { observedGeneration?: number; conditions?: readonly Condition[] } };
  const isReady = status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
  return isReady && deletionTimestamp === undefined && status?.observedGeneration === generation;
}
