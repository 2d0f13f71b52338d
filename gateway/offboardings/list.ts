import type { OffboardingList } from "../../api/wire.ts";
import { authenticatePerson, requireAccess } from "../identity/person.ts";
import { withinLedgerTime } from "../ledger-time.ts";
import type { Ports } from "../ports.ts";

const most = 1_000;

/**
 * What remains to be revoked elsewhere, for a person who may list AgentBindings there. The bindings themselves may be long gone.
 */
export async function listOffboardings(
  where: { readonly namespace: string | undefined; readonly authorization: string | null | undefined },
  ports: Ports,
): Promise<OffboardingList> {
  const { namespace } = where;
  const person = await authenticatePerson(where.authorization, ports.kube);
  const what = { verb: "list", resource: "agentbindings", namespace: namespace ?? "", name: "" };
  await requireAccess(person, what, ports.kube);
  const open = await withinLedgerTime(ports, ports.ledger.offboardings.open(namespace, most + 1));
  return {
    items: open.slice(0, most).map(({ firedAt, nextAttempt, ...one }) => ({
      ...one,
      firedAt: new Date(firedAt).toISOString(),
      nextAttempt: new Date(nextAttempt).toISOString(),
    })),
    more: open.length > most,
  };
}
