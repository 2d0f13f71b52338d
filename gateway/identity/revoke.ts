import { sha256 } from "../../lib/ids.ts";
import { withinLedgerTime } from "../ledger-time.ts";
import type { Ports } from "../ports.ts";

/**
 * RFC 7009: resolves once the revocation is committed, for unknown tokens too (§2.2: nothing is left to be done then).
 * May run twice. Throws LedgerUnavailable, which is answered 503: the client must assume that the token still works.
 */
export async function revoke(token: string, by: string, ports: Ports): Promise<void> {
  await withinLedgerTime(ports, ports.ledger.guard.revokeToken(sha256(token), by));
}
