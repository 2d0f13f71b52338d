import { createHash } from "node:crypto";
import { canonicalJson, type JsonObject } from "../lib/json.ts";
import type { Audit, AuditRow } from "./ledger.ts";
import type { Ports } from "./ports.ts";
import type { Row, Tx } from "./sql.ts";

const batch = 2_000;
const columns =
  "id, at, tenant, writer, writer_seq, principal, action, decision, reason, binding_uid, run_id, facts, call_id, payer_id, path_id, held_delta, spent_delta, salt";

/**
 * What a row says, bound to a salt. The chain holds commitments: erasing a row's facts and salt leaves the chain whole,
 * and the commitment then betrays nothing of what was erased.
 */
function commitmentOf(row: Row): string {
  const { salt, ...said } = row;
  const plain = Object.fromEntries(
    Object.entries(said).map(([name, value]) => [name, typeof value === "bigint" ? value.toString() : value]),
  );
  return createHash("sha256")
    .update(salt as Buffer)
    .update(canonicalJson(plain))
    .digest("hex");
}

function link(previous: string, seq: bigint, commitment: string): string {
  return createHash("sha256").update(`${previous}\n${seq}\n${commitment}`).digest("hex");
}

/** The audit: rows are written with their effects; a sealer chains them in commit order afterwards. */
export function makeAudit({ db, time, audit }: Ports): Audit {
  return {
    async record(row) {
      await db.tx((tx) => audit.write(tx, { ...row, at: time.now() }));
    },

    async list(filter) {
      const rows = await db.query(
        `select ${columns} from audit
          where id > $1 and ($2::text is null or tenant = $2) and ($3::text is null or binding_uid = $3)
            and ($4::text is null or run_id = $4)
          order by id limit $5`,
        [filter.after ?? 0, filter.tenant ?? null, filter.bindingUid ?? null, filter.runId ?? null, filter.limit],
      );
      return rows.map(toAuditRow);
    },

    async seal() {
      // Twice a second there is mostly nothing to do, and locks for nothing are written down too.
      const [waiting] = await db.query(
        "select 1 from audit where (xid, id) > (select sealed_xid, sealed_id from meta) limit 1",
      );
      if (!waiting) return 0;
      let sealed = 0;
      for (;;) {
        const count = await db.tx(async (tx) => {
          const [mine] = await tx.query<{ mine: boolean }>(
            "select pg_try_advisory_xact_lock(hashtextextended('seal', 0)) as mine",
          );
          return mine?.mine ? sealBatch(tx) : 0;
        });
        sealed += count;
        if (count < batch) return sealed;
      }
    },

    async verify() {
      // The end first: rows sealed while this reads are beyond it and left for the next time.
      const [meta] = await db.query<{ sealed: bigint; head: string }>("select sealed, head from meta");
      let head = "";
      let seq = 0n;
      const bad = (at: bigint, why: string) => ({ ok: false, rows: Number(seq), firstBad: Number(at), why });
      while (seq < meta!.sealed) {
        const rows = await db.query(
          `select c.seq as chain_seq, c.audit_id, c.commitment, c.hash, ${columns
            .split(", ")
            .map((column) => `a.${column}`)
            .join(", ")}
             from audit_chain c left join audit a on a.id = c.audit_id
            where c.seq > $1 and c.seq <= $2 order by c.seq limit $3`,
          [seq, meta!.sealed, batch],
        );
        if (rows.length === 0) return bad(seq + 1n, "the chain was cut short");
        for (const { chain_seq, audit_id, commitment, hash, ...row } of rows) {
          if (chain_seq !== seq + 1n) return bad(seq + 1n, "a link of the chain is missing");
          if (row.id === null) return bad(chain_seq as bigint, `audit row ${audit_id} was deleted`);
          if (commitmentOf(row) !== commitment) return bad(chain_seq as bigint, `audit row ${audit_id} was changed`);
          head = link(head, chain_seq as bigint, commitment as string);
          if (head !== hash) return bad(chain_seq as bigint, "the chain was changed");
          seq = chain_seq as bigint;
        }
      }
      if (head !== meta!.head) return bad(seq, "the chain does not end as it was sealed");
      const [beyond] = await db.query<{ seq: bigint }>(
        "select seq from audit_chain where seq > $1 and seq > (select sealed from meta) order by seq limit 1",
        [seq],
      );
      if (beyond) return bad(beyond.seq, "the chain was made longer");
      return { ok: true, rows: Number(seq) };
    },
  };
}

/** Transactions below the horizon are over, so (transaction, row) below it is an order that nothing joins later. */
async function sealBatch(tx: Tx): Promise<number> {
  const [now] = await tx.query<{ horizon: bigint }>("select commit_horizon() as horizon");
  return sealBelow(tx, now!.horizon);
}

/** Chains every row that is there. Only for a ledger that nobody else writes to at the moment. */
export async function sealAll(tx: Tx): Promise<void> {
  const end = 9_223_372_036_854_775_807n;
  while ((await sealBelow(tx, end)) === batch);
}

async function sealBelow(tx: Tx, horizon: bigint): Promise<number> {
  const [meta] = await tx.query<{ sealed: bigint; head: string; sealed_xid: bigint; sealed_id: bigint }>(
    "select sealed, head, sealed_xid, sealed_id from meta for update",
  );
  const rows = await tx.query(
    `select ${columns}, xid from audit where xid < $4 and (xid, id) > ($2, $3) order by xid, id limit $1`,
    [batch, meta!.sealed_xid, meta!.sealed_id, horizon],
  );
  if (rows.length === 0) return 0;
  let { head, sealed } = meta!;
  const last = rows.at(-1)!;
  const links = rows.map(({ xid: _, ...row }) => {
    sealed += 1n;
    const commitment = commitmentOf(row);
    head = link(head, sealed, commitment);
    return { seq: sealed.toString(), audit_id: String(row.id), commitment, hash: head };
  });
  await tx.query(
    `insert into audit_chain (seq, audit_id, commitment, hash)
     select * from jsonb_to_recordset($1::jsonb) as x (seq bigint, audit_id bigint, commitment text, hash text)`,
    [JSON.stringify(links)],
  );
  await tx.query("update meta set sealed = $1, head = $2, sealed_xid = $3, sealed_id = $4", [
    sealed,
    head,
    last.xid,
    last.id,
  ]);
  return rows.length;
}

function toAuditRow(row: Row): AuditRow {
  return {
    seq: Number(row.id),
    at: Number(row.at),
    ...(row.tenant === null ? {} : { tenant: row.tenant as string }),
    writer: row.writer as string,
    writerSeq: Number(row.writer_seq),
    principal: row.principal as string,
    action: row.action as string,
    decision: row.decision as string,
    reason: row.reason as string,
    ...(row.binding_uid === null ? {} : { bindingUid: row.binding_uid as string }),
    ...(row.run_id === null ? {} : { runId: row.run_id as string }),
    facts: row.facts as JsonObject,
  };
}
