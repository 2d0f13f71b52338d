import { problem } from "../../api/reasons.ts";
import type { TokenState } from "../../ledger/ledger.ts";
import { withinLedgerTime } from "../ledger-time.ts";
import type { Ports } from "../ports.ts";
import { runTokenHash } from "./bearer.ts";

/** Who sent a call, as the ledger knew it a moment ago. The guard transaction asserts the same again. */
export interface Caller {
  readonly stage: "authenticated";
  readonly tokenHash: string;
  readonly token: TokenState;
}

/**
 * Resolves a run token. Throws Unauthenticated (not a run token), TokenRevoked (unknown, expired, fired), Stopped,
 * LedgerUnavailable (fenced, or no answer in time: fails closed). Changes nothing.
 */
export async function authenticate(authorization: string | undefined | null, ports: Ports): Promise<Caller> {
  const tokenHash = runTokenHash(authorization);
  ports.lease.assertHeld();
  const token = await withinLedgerTime(ports, ports.ledger.guard.introspect(tokenHash));
  if (!token) throw problem("TokenRevoked", "the run token is unknown, expired or revoked");
  return { stage: "authenticated", tokenHash, token };
}
