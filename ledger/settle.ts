import { problem } from "../api/reasons.ts";
import { type ClusterSays, judgePairing, type LedgerSays } from "../policy/pairing.ts";
import { forgetNumbers, renumber } from "./copied.ts";
import { ledgerSays } from "./ledger-says.ts";
import type { LedgerMemory } from "./memory.ts";
import type { LedgerFacts, Quieted } from "./pairing-desk.ts";
import type { Ports } from "./ports.ts";
import { alone, quiet } from "./recover.ts";

interface Settlement {
  readonly seen: ClusterSays;
  readonly expected: Pick<LedgerFacts, "ledger" | "epoch">;
  readonly by: string;
  readonly adopting: boolean;
}

/**
 * Ends recovery by a person's word. Whatever was in force before is not: everything begins anew from here. Throws Conflict where
 * nothing is to be decided, or something else than the person was shown. What takes long is done before the decision, so
 * that asking again goes on from there.
 */
export async function settle(
  ports: Ports,
  memory: LedgerMemory,
  upgrade: () => Promise<void>,
  what: Settlement,
): Promise<Quieted> {
  const { db, time, audit } = ports;
  const { seen, by, adopting } = what;
  const free = { evenClosed: true } as const;
  // Whether the cluster is older shows in what was marked before it was asked, which `check` knows: it began recovery then.
  const said = await ledgerSays((text, values) => db.query(text, values, free), seen.mark, 0);
  assertDecidable(said, what, memory);
  // Another cluster's ledger was left as it was so far.
  await upgrade();
  if (isCopied(said)) await renumber(db);
  return db.tx(
    async (tx) => {
      await tx.query("select from pairing for update");
      const now = await ledgerSays(tx.query, seen.mark, 0);
      assertDecidable(now, what, memory);
      const quieted = await quiet(ports, tx);
      if (isCopied(now)) await forgetNumbers(tx);
      const at = time.now();
      await tx.query(
        `update pairing set cluster = $1, server = $2, epoch = greatest(epoch + 1, $3), since = null, cause = null,
           message = null, marked = 0, accepted = $4, not_before = $3`,
        [seen.cluster, now.server, at, seen.mark === undefined ? null : JSON.stringify(seen.mark)],
      );
      await audit.write(tx, {
        at,
        principal: by,
        action: adopting ? "ledger-adopt" : "ledger-accept",
        decision: "allow",
        reason: "Recovering",
        facts: {
          cluster: seen.cluster,
          formerCluster: now.cluster ?? null,
          cause: now.recovering?.cause ?? null,
          ...quieted,
        },
      });
      return quieted;
    },
    { first: alone, ...free },
  );
}

function isCopied(said: LedgerSays): boolean {
  return said.pairedServer !== undefined && said.pairedServer !== said.server;
}

function assertDecidable(said: LedgerSays, { seen, expected, adopting }: Settlement, memory: LedgerMemory): void {
  if (said.ledger !== expected.ledger || said.epoch !== expected.epoch)
    throw problem("Conflict", "the ledger changed since it was shown; look again");
  if (judgePairing(said, seen).kind !== "recovering" && memory.alarm === undefined)
    throw problem("Conflict", "nothing is to be decided: ledger and cluster belong together, and nothing was changed");
  const foreign = said.cluster !== undefined && said.cluster !== seen.cluster;
  if (foreign && !adopting)
    throw problem("Conflict", "the ledger belongs to another cluster: `roster ledger adopt` takes it over");
  if (!foreign && adopting)
    throw problem("Conflict", "the ledger is not another cluster's: `roster ledger accept` is for this one");
}
