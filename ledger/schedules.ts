import type { Schedules } from "./ledger.ts";
import { authority, fenced, type Ports } from "./ports.ts";
import { literals } from "./sql.ts";

/** Where each schedule stands. Armed anew when its fingerprint changes; then the next fire is after that moment. */
export function makeSchedules({ db, time }: Ports): Schedules {
  return {
    arm: (fence, triggerUid, bindingUid, fingerprint) =>
      db.tx(
        async (tx) => {
          const [row] = await tx.query(
            `insert into schedules (trigger_uid, binding_uid, fingerprint, armed_at)
             select $1, $2, $3, $4 where not exists (select from bindings where uid = $2 and state = 'revoked')
             on conflict (trigger_uid, binding_uid) do update set
               armed_at = case when schedules.fingerprint = $3 then schedules.armed_at else $4 end, fingerprint = $3
             returning armed_at, last_fired`,
            [triggerUid, bindingUid, fingerprint, time.now()],
          );
          return {
            armedAt: Number(row?.armed_at ?? time.now()),
            ...(row && row.last_fired !== null ? { lastFired: Number(row.last_fired) } : {}),
          };
        },
        // A firing in flight disarms after us or is seen by us.
        { first: `${fenced(fence)}, hold_authority(${literals([authority.binding(bindingUid)])})` },
      ),
    async fired(fence, triggerUid, bindingUid, at) {
      await db.tx(
        (tx) =>
          tx.query(
            `update schedules set last_fired = greatest(coalesce(last_fired, 0), $3) where trigger_uid = $1 and binding_uid = $2`,
            [triggerUid, bindingUid, at],
          ),
        { first: fenced(fence) },
      );
    },
    async disarm(triggerUid, bindingUid) {
      await db.query("delete from schedules where trigger_uid = $1 and ($2::text is null or binding_uid = $2)", [
        triggerUid,
        bindingUid ?? null,
      ]);
    },
  };
}
