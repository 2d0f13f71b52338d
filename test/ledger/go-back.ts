import pg from "pg";

/**
 * Makes a ledger what an older copy of it would be, and breaks all connections to it, as whoever restores one does: the audit
 * and its chain end at `to`.
 */
export async function goBack(url: string, to: number): Promise<void> {
  const client = new pg.Client({ connectionString: url, options: "-c search_path=roster" });
  await client.connect();
  await client.query(
    `with cut as (delete from audit_chain where seq > ${to} returning audit_id),
          gone as (delete from audit where id in (select audit_id from cut))
     update meta set sealed = ${to}, head = (select hash from audit_chain where seq = ${to})`,
  );
  await client.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
  );
  await client.end();
}
