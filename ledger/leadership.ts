import type { Leadership } from "./ledger.ts";
import type { Ports } from "./ports.ts";
import { literal } from "./sql.ts";

/** Leadership as a row with an epoch. Taking over waits for effects in flight; renewing does not. */
export function makeLeadership({ db, time, audit }: Ports): Leadership {
  return {
    async campaign(name, holder, ttlMs, held) {
      const until = time.now() + ttlMs;
      if (held !== undefined) {
        const renewed = await db.query(
          `update leaders set until = $4 where name = $1 and holder = $2 and epoch = $3
             and not exists (select from pairing where since is not null) returning epoch`,
          [name, holder, held.epoch, until],
        );
        if (renewed.length > 0) return held;
      }
      // A former process of this name that still counts as the leader is dead, for one name is one process.
      const heir = held === undefined;
      const [standing] = await db.query<{ until: bigint; holder: string }>(
        "select until, holder from leaders where name = $1",
        [name],
      );
      if (standing && Number(standing.until) > time.now() && !(heir && standing.holder === holder)) return undefined;
      return db.tx(
        async (tx) => {
          const [taken] = await tx.query<{ epoch: bigint }>(
            `insert into leaders (name, holder, epoch, until) values ($1, $2, 1, $3)
             on conflict (name) do update set holder = $2, until = $3, epoch = leaders.epoch + 1
               where leaders.until <= $4 or (leaders.holder = $2 and $5)
             returning epoch`,
            [name, holder, until, time.now(), heir],
          );
          if (!taken) return undefined;
          const epoch = Number(taken.epoch);
          // The last row before those of the new epoch: whatever a former leader wrote comes before it.
          await audit.write(tx, {
            at: time.now(),
            principal: holder,
            action: "lead",
            decision: "allow",
            reason: "Elected",
            facts: { leadership: name, epoch },
          });
          return { name, epoch };
        },
        // In the order of fenced effects and of recovery.
        {
          first: `pg_advisory_xact_lock(hashtextextended(${literal(`leader/${name}`)}, 0)), hold_pairing(), assert_paired()`,
        },
      );
    },
    async resign(fence, holder) {
      await db.query("update leaders set until = 0, holder = '' where name = $1 and epoch = $2 and holder = $3", [
        fence.name,
        fence.epoch,
        holder,
      ]);
    },
  };
}
