import type { Problem } from "../lib/problem.ts";
import { messageOf } from "../lib/problem.ts";
import { withinLedgerTime } from "./ledger-time.ts";
import type { Ports } from "./ports.ts";
import { shownWords } from "./shown.ts";
import type { Call } from "./stages.ts";

/**
 * Takes the run from its worker until a person has decided; its claim stream ends. May run twice. A former epoch changes nothing; any other
 * failure is logged only, because the same step meets the same verdict when the run comes back.
 */
export async function park(
  call: Call,
  waitingFor: { readonly type: "Approval" | "Outcome" | "Journal"; readonly name: string },
  why: Problem,
  ports: Ports,
): Promise<void> {
  const { run } = call.caller.token;
  try {
    await withinLedgerTime(ports, ports.ledger.runs.park(run.id, run.epoch, waitingFor, shownWords(why)));
    ports.owned.finish(run.id, run.epoch);
  } catch (thrown) {
    ports.log.warn("could not park the run", { run: run.id, error: messageOf(thrown) });
  }
}
