import { sealAll } from "./audit.ts";
import type { Db, Tx } from "./sql.ts";

type Ask = Tx["query"];

/** Rows per statement: far below what the time limit of one allows, however long the audit is. */
const chunk = 5_000;

/**
 * The long part of a move to another database server, which counts transactions anew: what is sealed is in order for good,
 * and needs no number of the former server. In small statements of their own, which change nothing for a reader; one that
 * was broken off is taken up by the next.
 */
export async function renumber(db: Db): Promise<void> {
  const ask: Ask = (text, values) => db.query(text, values, { evenClosed: true });
  await renumberAudit(ask);
  await renumberRuns(ask);
}

/**
 * The short rest, together with the decision that ends recovery. Seals what the former server left unsealed. What was
 * written here since then keeps its numbers, and is sealed in their order.
 */
export async function forgetNumbers(tx: Tx): Promise<void> {
  await sealAll(tx);
  await renumberAudit(tx.query);
  await tx.query("update meta set sealed_xid = 0, sealed_id = coalesce((select max(id) from audit where xid = 0), 0)");
  // Everything is projected once more: cursors of before mean nothing here.
  await tx.query("delete from cursors");
}

async function renumberAudit(ask: Ask): Promise<void> {
  let after: readonly [xid: bigint, id: bigint] = [0n, 9_223_372_036_854_775_807n];
  for (;;) {
    const [last] = await ask<{ xid: bigint; id: bigint }>(
      `with part as (select xid, id from audit where (xid, id) > ($1, $2) order by xid, id limit ${chunk}),
            done as (update audit a set xid = 0 from part p join audit_chain c on c.audit_id = p.id where a.id = p.id)
       select xid, id from part order by xid desc, id desc limit 1`,
      after,
    );
    if (!last) return;
    after = [last.xid, last.id];
  }
}

/** Numbers that are over on any server, and few runs to each: whoever projects them reads one number at a time. */
async function renumberRuns(ask: Ask): Promise<void> {
  let after = "";
  for (let number = 1; ; number++) {
    const [last] = await ask<{ id: string }>(
      `with part as (select id from runs where id > $1 order by id limit ${chunk}),
            done as (update runs r set change_seq = least($2, (select commit_horizon() - 1)) from part p where r.id = p.id)
       select id from part order by id desc limit 1`,
      [after, number],
    );
    if (!last) return;
    after = last.id;
  }
}
