import type { Cause, LedgerSays, Mark } from "../policy/pairing.ts";
import type { Row } from "./sql.ts";

/** What the ledger says of itself. `marked` is what it said before the cluster was asked for `mark`. */
export async function ledgerSays(
  ask: (text: string, values: readonly unknown[]) => Promise<readonly Row[]>,
  mark: Mark | undefined,
  marked: number,
): Promise<LedgerSays> {
  const [row] = await ask(
    `select m.ledger_id, m.sealed, p.*, (server_identity()).server as server_now,
            (select hash from audit_chain where seq = $1) as hash_at_mark
       from meta m, pairing p`,
    [mark?.seq ?? 0],
  );
  const { cluster, server, hash_at_mark: hash, accepted } = row!;
  return {
    ledger: row!.ledger_id as string,
    ...(cluster === null ? {} : { cluster: cluster as string }),
    epoch: Number(row!.epoch),
    sealed: Number(row!.sealed),
    ...(hash === null ? {} : { hashAtMark: hash as string }),
    marked,
    ...(accepted === null ? {} : { accepted: accepted as Mark }),
    server: row!.server_now as string,
    ...(server === null ? {} : { pairedServer: server as string }),
    ...(row!.since === null ? {} : { recovering: { cause: row!.cause as Cause, message: row!.message as string } }),
  };
}
