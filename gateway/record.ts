import { problem } from "../api/reasons.ts";
import { messageOf, Problem } from "../lib/problem.ts";
import { withinLedgerTime } from "./ledger-time.ts";
import type { Ports } from "./ports.ts";
import { shownWords } from "./shown.ts";
import type { Finding, Outcome } from "./stages.ts";

// The effect is out and only its record is missing: worth more patience than a question is.
const recordAttempts = 4;
const recordPauseMs = 250;

/**
 * Makes a finding durable: answer and charge in one transaction, or the hold's end. Idempotent by call id, so it is
 * repeated while the ledger is away; throws LedgerUnavailable when that lasts, and then the step stays *intended* and
 * the next owner decides by its repeat class.
 */
export async function record<F>(finding: Finding<F>, ports: Ports): Promise<Outcome> {
  const { permit } = finding.receipt;
  switch (finding.settle) {
    case "happened": {
      const { response, isError, usage, charge, estimated, error } = finding;
      await durably(ports, () =>
        ports.ledger.guard.happened({
          callId: permit.callId,
          response,
          isError,
          ...(usage ? { usage } : {}),
          ...(charge === undefined ? {} : { charge }),
          ...(estimated === undefined ? {} : { estimated }),
          ...(error === undefined ? {} : { error }),
        }),
      );
      return { stage: "recorded", response, fresh: true };
    }
    case "abandoned": {
      // Once is enough: the sweeper ends a hold that nobody ended.
      await durably(ports, () => ports.ledger.guard.abandon(permit.callId, finding.money, shownWords(finding.why)), 1);
      const { receipt, why } = finding;
      const retryAfterMs = receipt.outcome === "failed" ? receipt.retryAfterMs : undefined;
      return { stage: "failed", why, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    }
    case "uncertain":
      return { stage: "uncertain", why: finding.why };
  }
}

async function durably(ports: Ports, write: () => Promise<void>, attempts = recordAttempts): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await withinLedgerTime(ports, write());
    } catch (thrown) {
      const away = thrown instanceof Problem && thrown.reason === "LedgerUnavailable";
      if (!away || attempt >= attempts) {
        ports.log.error("a call happened but could not be recorded", { error: messageOf(thrown) });
        throw away
          ? thrown
          : problem("LedgerUnavailable", "the ledger refused the record of a call", { cause: thrown });
      }
      await ports.clock.sleep(recordPauseMs * attempt);
    }
  }
}
