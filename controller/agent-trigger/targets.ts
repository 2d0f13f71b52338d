import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentTrigger } from "../../api/generated/agent-trigger.ts";
import { kinds } from "../../api/kinds.ts";
import type { Stored } from "../../api/resource.ts";
import type { Lookup } from "../kit/reconciler.ts";

/** Bindings that a trigger's target names, whatever state they are in. O(bindings of the role). */
export function targetsOf({ metadata, spec }: Stored<AgentTrigger>, view: Lookup): readonly Stored<AgentBinding>[] {
  const { roleRef, bindingRef, team } = spec.target;
  if (bindingRef !== undefined) {
    const binding = view.find<AgentBinding>(kinds.AgentBinding, metadata.namespace, bindingRef.name);
    return binding === undefined ? [] : [binding];
  }
  if (roleRef === undefined) return [];
  return view
    .listBy<AgentBinding>(kinds.AgentBinding, "role", `${metadata.namespace}/${roleRef.name}`)
    .filter((binding) => team === undefined || binding.spec.team === team);
}

/** Triggers whose target names a binding. O(triggers of its role). */
export function triggersOf(binding: Stored<AgentBinding>, view: Lookup): readonly Stored<AgentTrigger>[] {
  const { namespace, name } = binding.metadata;
  return [
    ...view.listBy<AgentTrigger>(kinds.AgentTrigger, "binding", `${namespace}/${name}`),
    ...view
      .listBy<AgentTrigger>(kinds.AgentTrigger, "role", `${namespace}/${binding.spec.roleRef.name}`)
      .filter(({ spec }) => spec.target.team === undefined || spec.target.team === binding.spec.team),
  ];
}

/** True while the agent works: hired, active, not stopped and not on its way out. */
export function isWorking({ metadata, spec, status }: Stored<AgentBinding>): boolean {
  return (
    metadata.deletionTimestamp === undefined &&
    (spec.state ?? "Active") === "Active" &&
    status?.accountID !== undefined &&
    status.effective?.state === "Active"
  );
}
