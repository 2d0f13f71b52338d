import { kinds } from "../api/kinds.ts";
import type { Resource } from "../api/resource.ts";
import { type Clock, toRfc3339Micro } from "../lib/clock.ts";
import type { KubeClient } from "./client.ts";

interface Lease extends Resource {
  readonly spec: {
    readonly holderIdentity: string;
    readonly leaseDurationSeconds: number;
    readonly renewTime: string;
    readonly leaseTransitions: number;
  };
}

/**
 * Shows who leads as a Lease that people can look at (`kubectl get lease`). Decides nothing: leadership is the epoch in
 * the ledger, whose number is shown as the count of transitions. May run as often as wanted. Throws what `apply` throws.
 */
export async function mirrorLease(
  client: KubeClient,
  clock: Clock,
  lease: {
    readonly namespace: string;
    readonly name: string;
    readonly holder: string;
    readonly epoch: number;
    readonly ttlMs: number;
  },
): Promise<void> {
  const object: Lease = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: lease.name, namespace: lease.namespace },
    spec: {
      holderIdentity: lease.holder,
      leaseDurationSeconds: Math.ceil(lease.ttlMs / 1000),
      renewTime: toRfc3339Micro(clock.now()),
      leaseTransitions: lease.epoch,
    },
  };
  await client.apply(kinds.Lease, object, { fieldManager: "roster-controller", force: true });
}
