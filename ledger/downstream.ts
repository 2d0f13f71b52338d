import { problem } from "../api/reasons.ts";
import type { JsonObject } from "../lib/json.ts";
import type { Bindings, OffboardingStatus } from "./ledger.ts";
import type { Ports } from "./ports.ts";
import type { Row } from "./sql.ts";

type Claimed = Awaited<ReturnType<Bindings["claimDownstream"]>>;
type Downstream = OffboardingStatus["downstream"][number];

/** Handed on after this long, so that no deletion hangs on somebody else's server; still tried and listed. */
export const handOnAfterMs = 600_000;
const attemptMs = 60_000;
const handedOnPauseMs = 3_600_000;

/** Where an offboarding stands; undefined for a binding that is not fired. */
export async function offboarding({ db, time }: Ports, bindingUid: string): Promise<OffboardingStatus | undefined> {
  const [binding] = await db.query(
    "select fired_at, revocation_seq from bindings where uid = $1 and state = 'revoked'",
    [bindingUid],
  );
  if (!binding) return undefined;
  const now = time.now();
  const gateways = await db.query<{ name: string }>(
    "select name from gateways where lease_until > $1 and ack_seq < $2 order by name",
    [now, binding.revocation_seq ?? 0n],
  );
  const rows = await db.query("select * from downstream where binding_uid = $1 order by server, id", [bindingUid]);
  // A late one that nobody tried yet was held back: its issuer is told first.
  const isTried = (row: Row) => (row.attempts as number) > 0 && (row.claimed_by === null || Number(row.next_at) <= now);
  return {
    gatewaysPending: gateways.map((gateway) => gateway.name),
    downstream: rows.map((row) => ({
      server: row.server as string,
      // By the clock and not by the next attempt: that may be a minute away.
      state:
        row.state === "pending" && now - Number(row.created_at) > handOnAfterMs && isTried(row)
          ? "handedOn"
          : (row.state as Downstream["state"]),
      ...(row.outcome === null ? {} : { outcome: row.outcome as NonNullable<Downstream["outcome"]> }),
      attempts: row.attempts as number,
      ...(row.last_error === null ? {} : { lastError: row.last_error as string }),
    })),
    firedAt: Number(binding.fired_at ?? 0n),
  };
}

/** Takes what is due, for one attempt of at most a minute each; a worker that dies leaves it to the next. */
export async function claimDownstream(
  { db, time, keys }: Ports,
  worker: string,
  limit: number,
  held: readonly string[],
): Promise<Claimed> {
  const rows = await db.query(
    `update downstream set claimed_by = $1, attempts = attempts + 1, next_at = $2::bigint + $4
      where id in (select id from downstream where state <> 'done' and next_at <= $2 and not (namespace = any($5))
                   order by next_at limit $3 for update skip locked)
      returning *`,
    [worker, time.now(), limit, attemptMs, held],
  );
  return rows.map((row) => ({
    id: row.id as string,
    bindingUid: row.binding_uid as string,
    namespace: row.namespace as string,
    server: row.server as string,
    material: JSON.parse(keys.unsealMaster(row.material as Buffer, row.id as string)) as JsonObject,
  }));
}

/** Records how an attempt went. A failure is tried again: 2, 4, 8 … seconds later, hourly once it was handed on. */
export async function reportDownstream(
  { db, time, audit }: Ports,
  id: string,
  result: { readonly outcome: string } | { readonly error: string },
): Promise<void> {
  await db.tx(async (tx) => {
    const now = time.now();
    const [row] = await tx.query(
      "select d.*, b.tenant from downstream d left join bindings b on b.uid = d.binding_uid where d.id = $1 for update of d",
      [id],
    );
    if (!row) throw problem("NotFound", "no such downstream revocation");
    if (row.state === "done") return;
    const done = "outcome" in result;
    const late = now - Number(row.created_at) > handOnAfterMs;
    const pauseMs = late ? handedOnPauseMs : Math.min(attemptMs, 1_000 * 2 ** Math.min(row.attempts as number, 6));
    await tx.query(
      `update downstream set state = $2, outcome = $3, last_error = $4, next_at = $5, claimed_by = null where id = $1`,
      [
        id,
        done ? "done" : late ? "handedOn" : "pending",
        done ? result.outcome : null,
        done ? null : result.error.slice(0, 500),
        now + pauseMs,
      ],
    );
    await audit.write(tx, {
      at: now,
      tenant: (row.tenant as string | null) ?? undefined,
      principal: "controller",
      action: "revoke-downstream",
      decision: done ? "revoke" : "retry",
      reason: done ? result.outcome : late ? "DownstreamHandedOn" : "DownstreamPending",
      bindingUid: row.binding_uid as string,
      facts: { server: row.server as string, attempts: row.attempts as number },
    });
    tx.wake("bindings");
  });
}
