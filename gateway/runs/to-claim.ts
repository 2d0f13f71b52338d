import type { Claim } from "../../api/wire.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import type { Ports } from "../ports.ts";
import { specOf } from "../standing.ts";
import { listOffered } from "../tools/offer.ts";
import { toTraceparent } from "../traceparent.ts";
import type { Claimed } from "./claim-desk.ts";

/** All that a worker learns of a run. No credential and no other binding's data is among it. */
export async function toClaim({ run, token, binding, role, transcript }: Claimed, ports: Ports): Promise<Claim> {
  const current = await ports.ledger.catalog.findRole(run.tenant, run.roleName);
  const tools = await listOffered({ binding, pinned: role, current }, ports);
  const account = isObject(binding.spec.account) ? binding.spec.account : {};
  return {
    runId: run.id,
    epoch: run.epoch,
    token,
    leaseMs: ports.config.runLeaseMs,
    deadline: run.deadline,
    now: await ports.ledger.now(),
    createdAt: run.createdAt,
    role: { name: role.name, revision: role.revision, spec: specOf(role) },
    binding: {
      name: binding.name,
      namespace: binding.namespace,
      subject: binding.subject,
      ...(binding.team === undefined ? {} : { team: binding.team }),
      account: {
        id: binding.accountId,
        ...(typeof account.email === "string" ? { email: account.email } : {}),
        ...(typeof account.displayName === "string" ? { displayName: account.displayName } : {}),
      },
      timeZone: binding.timeZone,
      parameters: isObject(binding.spec.parameters) ? (binding.spec.parameters as JsonObject) : {},
    },
    task: run.task,
    origin: { type: String(run.origin.type ?? "Person") },
    traceparent: toTraceparent(run.traceId, run.id) ?? "",
    tools,
    transcript,
  };
}
