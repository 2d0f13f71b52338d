import { systemClock } from "../lib/clock.ts";
import type { Runs } from "./ledger.ts";
import { runColumns } from "./run-rows.ts";
import type { Db, Row } from "./sql.ts";

/** Newest first. */
export async function listRuns(db: Db, filter: Parameters<Runs["list"]>[0]): Promise<readonly Row[]> {
  const values: unknown[] = [];
  const is = (column: string, operator: string, value: unknown) => {
    values.push(value);
    return `${column} ${operator.replace("?", `$${values.length}`)}`;
  };
  const where = [
    ...(filter.tenant === undefined ? [] : [is("r.tenant", "= ?", filter.tenant)]),
    ...(filter.bindingUid === undefined ? [] : [is("r.binding_uid", "= ?", filter.bindingUid)]),
    ...(filter.bindingName === undefined ? [] : [is("r.binding_name", "= ?", filter.bindingName)]),
    ...(filter.triggerUid === undefined ? [] : [is("r.trigger_uid", "= ?", filter.triggerUid)]),
    ...(filter.phases === undefined ? [] : [is("r.phase", "= any (?)", filter.phases)]),
  ];
  values.push(filter.limit);
  return db.query(
    `select ${runColumns} from runs r ${where.length > 0 ? `where ${where.join(" and ")}` : ""}
      order by r.created_at desc, r.id desc limit $${values.length}`,
    values,
  );
}

const lookAgainMs = 20;

/**
 * Changes after a cursor in commit order. A change is numbered by its transaction and shown once every transaction with
 * a lower number is over, so none is skipped. Where one was held back for that, `again` is called soon. May answer more
 * than `limit`, because rows of one transaction share a number.
 */
export async function readChanged(db: Db, cursor: number, limit: number, again: () => void): Promise<readonly Row[]> {
  // A statement of its own: the next one's snapshot must be younger than the horizon.
  const [now] = await db.query<{ horizon: bigint }>("select commit_horizon() as horizon");
  const rows = await db.query(
    `select ${runColumns} from runs r where r.change_seq > $1 and r.change_seq < $3
      order by r.change_seq fetch first $2 rows with ties`,
    [cursor, limit, now!.horizon],
  );
  const [held] = await db.query("select 1 from runs where change_seq > $1 and change_seq >= $2 limit 1", [
    cursor,
    now!.horizon,
  ]);
  // Real time: this waits for other connections, which no test clock moves.
  if (held) systemClock.after(lookAgainMs, again);
  return rows;
}
