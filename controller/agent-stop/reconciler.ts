import type { AgentStop } from "../../api/generated/agent-stop.ts";
import { kinds } from "../../api/kinds.ts";
import { driven, reads } from "../kit/access.ts";
import type { Reconciler } from "../kit/reconciler.ts";
import { decide, lift, putStop, release, type Snapshot } from "./decide.ts";

/** The kill switch: in force from the moment any replica sees it, until it is deleted. */
export const agentStop: Reconciler<AgentStop, Snapshot> = {
  kind: kinds.AgentStop,
  owns: [],
  finalizer: "roster.dev/ledger",
  watches: [],
  access: [...driven(kinds.AgentStop), ...reads(kinds.Namespace)],
  narrow: (stop, gone, view) => (gone ? [] : [putStop(stop, view.tenantOf(stop.metadata.namespace!))]),
  // Any replica may have put it in force before the leader came to set the finalizer.
  ended: lift,
  gather: async (stop) => ({ stop }),
  decide,
  release,
};
