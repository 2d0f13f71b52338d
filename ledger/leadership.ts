import type { Leadership } from "./ledger.ts";
import type { Ports } from "./ports.ts";

/** Leadership as a row with an epoch. Taking over waits for effects in flight; renewing does not. */
export function makeLeadership({ db, time }: Ports): Leadership {
  return {
    async campaign(name, holder, ttlMs) {
      const until = time.now() + ttlMs;
      const [renewed] = await db.query<{ epoch: bigint }>(
        `update leaders set until = $3 where name = $1 and holder = $2
           and not exists (select from pairing where since is not null) returning epoch`,
        [name, holder, until],
      );
      if (renewed) return { name, epoch: Number(renewed.epoch) };
      const [standing] = await db.query<{ until: bigint }>("select until from leaders where name = $1", [name]);
      if (standing && Number(standing.until) > time.now()) return undefined;
      return db.tx(
        async (tx) => {
          await tx.query("select pg_advisory_xact_lock(hashtextextended('leader/' || $1, 0))", [name]);
          const [taken] = await tx.query<{ epoch: bigint }>(
            `insert into leaders (name, holder, epoch, until) values ($1, $2, 1, $3)
           on conflict (name) do update set holder = $2, until = $3, epoch = leaders.epoch + 1
             where leaders.until <= $4
           returning epoch`,
            [name, holder, until, time.now()],
          );
          return taken ? { name, epoch: Number(taken.epoch) } : undefined;
        },
        { first: "hold_pairing(), assert_paired()" },
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
