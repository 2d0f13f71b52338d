import type { AgentBinding } from "../../../api/generated/agent-binding.ts";
import type { AgentRun } from "../../../api/generated/agent-run.ts";
import type { AgentTrigger } from "../../../api/generated/agent-trigger.ts";
import { kinds } from "../../../api/kinds.ts";
import type { Resource } from "../../../api/resource.ts";
import { Cache, type Change } from "../../../kube/cache.ts";
import type { KubeClient } from "../../../kube/client.ts";
import { Reflector } from "../../../kube/reflector.ts";
import type { Clock } from "../../../lib/clock.ts";
import type { Log } from "../../../lib/log.ts";

/** What the view shows, as the Kubernetes API has it: the same that kubectl would show, seen through a watch. */
export interface Fleet extends AsyncDisposable {
  bindings(): readonly AgentBinding[];
  triggers(): readonly AgentTrigger[];
  /** Newest first. */
  runs(): readonly AgentRun[];
}

export interface FleetListeners {
  readonly onBinding: (before: AgentBinding | undefined, after: AgentBinding | undefined) => void;
  readonly onRun: (before: AgentRun | undefined, after: AgentRun | undefined) => void;
  readonly onChange: () => void;
}

/** Follows bindings, triggers and runs of all namespaces. Resolves when all three were listed once. */
export async function followFleet(
  kube: KubeClient,
  listeners: FleetListeners,
  tools: { readonly clock: Clock; readonly log: Log },
): Promise<Fleet> {
  const bindings = new Cache<AgentBinding>();
  const triggers = new Cache<AgentTrigger>();
  const runs = new Cache<AgentRun>();
  // A run that was there before we looked is not news; its later changes are.
  bindings.subscribe(news(listeners.onBinding, listeners.onChange));
  runs.subscribe(news(listeners.onRun, listeners.onChange));
  triggers.subscribe(() => listeners.onChange());
  const reflectors = [
    new Reflector({ client: kube, kind: kinds.AgentBinding, cache: bindings, ...tools }),
    new Reflector({ client: kube, kind: kinds.AgentTrigger, cache: triggers, ...tools }),
    new Reflector({ client: kube, kind: kinds.AgentRun, cache: runs, ...tools }),
  ];
  await Promise.all(reflectors.map((reflector) => reflector.synced));
  const byName = <O extends Resource>(a: O, b: O) => (keyOf(a) < keyOf(b) ? -1 : 1);
  return {
    bindings: () => [...bindings.values()].sort(byName),
    triggers: () => [...triggers.values()].sort(byName),
    runs: () =>
      [...runs.values()].sort((a, b) => (madeAt(a) < madeAt(b) ? 1 : madeAt(a) > madeAt(b) ? -1 : byName(a, b))),
    async [Symbol.asyncDispose]() {
      await Promise.all(reflectors.map((reflector) => reflector[Symbol.asyncDispose]()));
    },
  };
}

function news<O extends Resource>(tell: (before: O | undefined, after: O | undefined) => void, changed: () => void) {
  return (change: Change<O>) => {
    if (!change.initial) tell(change.before, change.after);
    changed();
  };
}

function keyOf(object: Resource): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

function madeAt(object: Resource): string {
  return object.metadata.creationTimestamp ?? "";
}
