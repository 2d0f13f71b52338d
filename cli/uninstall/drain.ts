import { kinds } from "../../api/kinds.ts";
import { problem } from "../../api/reasons.ts";
import type { Resource, Stored } from "../../api/resource.ts";
import type { KubeClient } from "../../kube/client.ts";
import { statusOf } from "../../kube/connect.ts";
import type { Fleet, Spec } from "./fleet.ts";
import { fleetKinds, listAll, patchObject, readFleet, removeObject } from "./fleet.ts";
import { type Task, unlessBroken, waitUntilNothing } from "./progress.ts";
import { lift, putBack } from "./release.ts";

// The Lease is renewed each ten seconds.
const staleMs = 40_000;

/** Whether a controller is at work, by the Lease that the leader renews. */
export async function isControllerAtWork(kube: KubeClient, now: number): Promise<boolean> {
  const lease = await kube
    .find<Resource & { readonly spec?: { readonly renewTime?: string; readonly holderIdentity?: string } }>(
      kinds.Lease,
      "roster-controller",
      "roster-system",
    )
    .catch((thrown: unknown) => {
      if (statusOf(thrown) === 404) return undefined;
      throw thrown;
    });
  return lease?.spec?.renewTime !== undefined && now - Date.parse(lease.spec.renewTime) < staleMs;
}

/** Nobody starts anything any more: schedules are suspended, and what has not begun or waits is cancelled. */
export async function quiet(kube: KubeClient, fleet: Fleet, task: Task): Promise<void> {
  const armed = fleet.AgentTrigger.filter(({ spec }) => spec?.state !== "Suspended");
  if (armed.length > 0) task.say(`suspending ${count(armed.length, "trigger")}`);
  for (const trigger of armed) await patchObject(kube, kinds.AgentTrigger, trigger, { spec: { state: "Suspended" } });
  const waiting = fleet.AgentRun.filter(({ status }) => ["Queued", "Waiting"].includes(status?.phase ?? "Queued"));
  if (waiting.length > 0) task.say(`cancelling ${count(waiting.length, "run")} that had not begun`);
  for (const run of waiting) {
    unlessBroken(task);
    await patchObject(kube, kinds.AgentRun, run, { spec: { desiredState: "Cancelled" } });
  }
}

/**
 * Fires every agent and waits until each is offboarded: tokens revoked, gateways told, issuers told or the case handed on.
 * So many at once are meant here, so the hold on mass deletions is lifted for as long as it takes.
 */
export async function fireAll(kube: KubeClient, fleet: Fleet, task: Task): Promise<void> {
  const bindings = fleet.AgentBinding;
  // A run that was killed left its own behind.
  if (bindings.length === 0) return putBack(kube, task);
  task.say(`firing ${count(bindings.length, "agent")}`);
  const namespaces = [...new Set(bindings.map(({ metadata }) => metadata.namespace!))];
  try {
    for (const name of namespaces) await lift(kube, name);
    for (const binding of bindings) {
      unlessBroken(task);
      await removeObject(kube, kinds.AgentBinding, binding);
    }
    const before = new Set(bindings.map(({ metadata }) => metadata.uid));
    await waitUntilNothing(task, async () => {
      const left = await listAll(kube, kinds.AgentBinding);
      const back = left.find(({ metadata }) => !before.has(metadata.uid) && metadata.deletionTimestamp === undefined);
      if (back) throw comesBack(back);
      return left.length === 0 ? "" : describeLeft(left, bindings.length);
    });
  } finally {
    await putBack(kube, task);
  }
}

/** Deletes the rest of the fleet, kind by kind, and waits: the controller lets each go. */
export async function removeFleet(kube: KubeClient, task: Task): Promise<void> {
  const fleet = await readFleet(kube);
  for (const kind of fleetKinds) {
    unlessBroken(task);
    if (fleet[kind].length === 0) continue;
    task.say(`deleting ${count(fleet[kind].length, kind)}`);
    for (const object of fleet[kind]) await removeObject(kube, kinds[kind], object);
    await waitUntilNothing(task, async () => {
      const left = await listAll(kube, kinds[kind]);
      return left.length === 0 ? "" : `${count(left.length, kind)} left`;
    });
  }
}

function comesBack({ metadata }: Stored): Error {
  const [first] = (metadata.managedFields ?? []) as readonly { readonly manager?: string }[];
  const by = first?.manager;
  return problem(
    "Unfinished",
    `AgentBinding "${metadata.name}" in namespace "${metadata.namespace}" was made again${by === undefined ? "" : ` by "${by}"`}: stop what applies the fleet first (Argo CD, Flux, a sync)`,
  );
}

/** How far the offboarding is: the one word that people wait for, and what for. */
function describeLeft(left: readonly Stored<Spec>[], all: number): string {
  const of = (binding: Stored<Spec>, type: string) => binding.status?.conditions?.find((one) => one.type === type);
  const unrevoked = left.filter((binding) => of(binding, "Revoked")?.status !== "True");
  const downstream = left.filter((binding) => of(binding, "Revoked")?.status === "True");
  const reasons = downstream.map((binding) => of(binding, "DownstreamRevoked")?.message).filter((one) => one);
  const parts = [
    `${all - left.length} of ${all} agents gone`,
    ...(unrevoked.length > 0 ? [`${unrevoked.length} being revoked`] : []),
    ...(downstream.length > 0
      ? [`${downstream.length} revoked, ${[...new Set(reasons)].sort()[0] ?? "waiting for issuers"}`]
      : []),
  ];
  return parts.join("; ");
}

export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
