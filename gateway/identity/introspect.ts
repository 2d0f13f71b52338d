import type { TokenState } from "../../ledger/ledger.ts";
import { sha256 } from "../../lib/ids.ts";
import type { JsonObject } from "../../lib/json.ts";
import { withinLedgerTime } from "../ledger-time.ts";
import { tierNamesOf } from "../models/tiers.ts";
import type { Ports } from "../ports.ts";

/**
 * RFC 7662 §2.2. Whatever is not in force, for whatever cause, answers exactly `{"active":false}`: the caller learns
 * nothing about why. Throws LedgerUnavailable rather than guess.
 */
export async function introspect(token: string, ports: Ports): Promise<JsonObject> {
  ports.lease.assertHeld();
  const state = await withinLedgerTime(ports, ports.ledger.guard.introspect(sha256(token)));
  return state && inForce(state) ? active(state) : { active: false };
}

/** A stopped or suspended agent's token may come back into force, and until then it opens nothing anywhere. */
function inForce({ stopped, binding }: TokenState): boolean {
  return stopped === undefined && binding.state === "active";
}

function active(state: TokenState): JsonObject {
  const { binding, run } = state;
  const actor = { sub: binding.accountId };
  return {
    active: true,
    token_type: "Bearer",
    sub: binding.accountId,
    scope: ["tools", ...tierNamesOf(state.pinnedRole).map((tier) => `model:${tier}`)].join(" "),
    exp: Math.floor(state.expiresAt / 1000),
    iat: Math.floor((run.startedAt ?? run.createdAt) / 1000),
    // RFC 8693 §4.1: who acts, for whom. Deeper chains nest here when one agent hands work to another.
    act: actor,
    on_behalf_of: `${binding.subject.kind}:${binding.subject.name}`,
    requested_by: run.requestedBy,
    binding: binding.name,
    namespace: binding.namespace,
    run: run.id,
  };
}
