import { sealAll } from "./audit.ts";
import type { Tx } from "./sql.ts";

/**
 * After a copy into another database server, which counts transactions anew: what is ordered by their numbers is ordered for
 * good, and numbers begin again below the new ones. Takes as long as rewriting the audit does.
 */
export async function forgetNumbers(tx: Tx): Promise<void> {
  await tx.query("set local statement_timeout = 0");
  await sealAll(tx);
  await tx.query("update audit set xid = 0 where xid <> 0");
  await tx.query("update meta set sealed_xid = 0, sealed_id = coalesce((select max(id) from audit), 0)");
  // Everything is projected once more: cursors of before mean nothing here.
  await tx.query("update runs set change_seq = 1");
  await tx.query("delete from cursors");
}
