import { type KindRef, kinds } from "../../api/kinds.ts";
import type { Condition, Resource, Stored } from "../../api/resource.ts";
import type { KubeClient } from "../../kube/client.ts";
import { statusOf } from "../../kube/connect.ts";

export interface Spec extends Resource {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: { readonly conditions?: readonly Condition[]; readonly phase?: string };
}

/** Our kinds in the order in which they can go: what others rest on comes last. */
export const fleetKinds = [
  "AgentBinding",
  "AgentTrigger",
  "AgentRun",
  "AgentApproval",
  "AgentStop",
  "AgentBudget",
  "AgentRole",
  "ToolServer",
  "ModelTier",
] as const;
export type FleetKind = (typeof fleetKinds)[number];
export type Fleet = Readonly<Record<FleetKind, readonly Stored<Spec>[]>>;

/** Everything of ours in all namespaces. A kind that is not served has no objects. */
export async function readFleet(kube: KubeClient): Promise<Fleet> {
  const entries = await Promise.all(fleetKinds.map(async (kind) => [kind, await listAll(kube, kinds[kind])] as const));
  return Object.fromEntries(entries) as unknown as Fleet;
}

/** Every object of a kind; none where the kind is not served. */
export async function listAll(
  kube: KubeClient,
  kind: KindRef,
  options: { readonly namespace?: string; readonly labelSelector?: string; readonly fieldSelector?: string } = {},
): Promise<readonly Stored<Spec>[]> {
  try {
    return (await kube.list<Spec>(kind, options)).items;
  } catch (thrown) {
    if (statusOf(thrown) === 404) return [];
    throw thrown;
  }
}

/** Deletes exactly this object; one that is gone, or another of its name, is left alone. */
export async function removeObject(kube: KubeClient, kind: KindRef, { metadata }: Stored): Promise<void> {
  if (metadata.deletionTimestamp !== undefined) return;
  await kube.delete(kind, metadata.name, metadata.namespace, { uid: metadata.uid }).catch((thrown: unknown) => {
    if (![404, 409].includes(statusOf(thrown) ?? 0)) throw thrown;
  });
}

/** Changes an object that may be gone by now. */
export async function patchObject(kube: KubeClient, kind: KindRef, { metadata }: Stored, patch: object): Promise<void> {
  await kube.mergePatch(kind, metadata.name, metadata.namespace, patch).catch((thrown: unknown) => {
    if (statusOf(thrown) !== 404) throw thrown;
  });
}
