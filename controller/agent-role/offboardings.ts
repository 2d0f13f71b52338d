import type { AgentRole } from "../../api/generated/agent-role.ts";
import type { Stored } from "../../api/resource.ts";
import { keyOf } from "../../kube/cache.ts";
import type { Offboardings } from "../../ledger/offboardings.ts";

type Counts = Awaited<ReturnType<Offboardings["counts"]>>;

/** What issuers were not told yet of agents of a role, as its status shows it; undefined where nothing is open. */
export function shownOffboardings(counts: Counts, tenant: string, role: string): string | undefined {
  const open = counts.filter((one) => one.tenant === tenant && one.role === role);
  const sum = (state: string) => open.filter((one) => one.state === state).reduce((n, one) => n + one.count, 0);
  const [pending, handedOn] = [sum("Pending"), sum("HandedOn")];
  const parts = [...(pending > 0 ? [`${pending} pending`] : []), ...(handedOn > 0 ? [`${handedOn} handed on`] : [])];
  return parts.length > 0 ? parts.join(", ") : undefined;
}

/** Keys of the roles whose status says something else: an issuer's answer moves no object that a role would hear of. */
export function outdatedRoles(
  roles: Iterable<Stored<AgentRole>>,
  tenantOf: (namespace: string) => string | undefined,
  counts: Counts,
): readonly string[] {
  return [...roles]
    .filter(({ metadata, status }) => {
      const tenant = tenantOf(metadata.namespace!);
      if (tenant === undefined || metadata.deletionTimestamp !== undefined) return false;
      return status?.summary?.offboarding !== shownOffboardings(counts, tenant, metadata.name);
    })
    .map(keyOf);
}
