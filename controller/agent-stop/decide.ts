import type { AgentStop, AgentStopScope } from "../../api/generated/agent-stop.ts";
import type { Stored } from "../../api/resource.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { LedgerWrite } from "../kit/effects.ts";
import { met, type Plan, settled, unmet } from "../kit/reconciler.ts";

export interface Snapshot {
  readonly stop: Stored<AgentStop>;
}

/** Stopping only takes away, so any replica does it (`narrow`); what is left here is to say so. */
export function decide({ stop }: Snapshot): Plan<AgentStop> {
  const what = describe(stop.spec.scope);
  return {
    writes: [],
    conditions: [met("Ready", "Ready", `no call is made by ${what}`)],
    status: { summary: { stops: what } },
    next: settled,
  };
}

/** Deleting a stop resumes what it covered. */
export function release({ stop }: Snapshot): Plan<AgentStop> {
  return {
    writes: lift(stop),
    conditions: [unmet("Ready", "Settled", "resumed")],
    status: {},
    next: settled,
  };
}

/** Ends what the stop brought about. */
export function lift(stop: Stored<AgentStop>): readonly LedgerWrite[] {
  return [{ kind: "ledger", effect: "dropStop", args: { uid: stop.metadata.uid } }];
}

/** The stop as the ledger holds it. */
export function putStop(stop: Stored<AgentStop>, tenant: string): LedgerWrite {
  const { uid, name } = stop.metadata;
  const scope = stop.spec.scope as unknown as JsonObject;
  return { kind: "ledger", effect: "putStop", args: { uid, tenant, name, scope, reason: stop.spec.reason } };
}

function describe(scope: AgentStopScope): string {
  if (scope.roleRef !== undefined) return `agents of role ${scope.roleRef.name}`;
  if (scope.bindingRef !== undefined) return `agent ${scope.bindingRef.name}`;
  if (scope.team !== undefined) return `agents of team ${scope.team}`;
  return "any agent of the namespace";
}
