import type { Instant } from "../lib/clock.ts";
import type { Micros } from "../lib/money.ts";
import type { PermitOp, SettleOp } from "./combiner.ts";
import type { Balance, Known } from "./permit.ts";
import type { Row, Tx } from "./sql.ts";

const hourMs = 3_600_000;

/** What the decision about each request needs, read under the locks of `enter_guard`. */
export async function readRequests(tx: Tx, permits: readonly PermitOp[], now: Instant): Promise<readonly Known[]> {
  const rows = await tx.query(
    `select t.run_id as token_run, t.epoch as token_epoch, t.expires_at, t.revoked_at,
            r.phase, r.reason as run_reason, r.epoch, r.lease_until, r.deadline,
            b.name as binding_name, b.state as binding_state, b.stopped_by, b.role_name,
            greatest(b.authority_seq, coalesce(ro.authority_seq, 0)) as authority_seq, coalesce(ro.dropped, true) as role_gone,
            s.state as step_state, s.digest, s.epoch as step_epoch, s.call_id, coalesce(s.held, 0) as held, s.response,
            case when q.action < 0
              then exists (select from steps p where p.run_id = r.id and p.step < q.step and not p.complete)
                or (q.step > 0 and not exists (select from steps p where p.run_id = r.id and p.step = q.step - 1 and p.complete))
              else exists (select from steps p where p.run_id = r.id and not p.complete
                             and (p.step < q.step or (p.step = q.step and p.action < 0)))
            end as blocked,
            (select count(*) from cap_uses c where c.payer_id = q.payer and c.cap_key = q.cap and c.at > $7)::int as cap_used,
            (select message from pairing where since is not null) as recovering
       from unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::bigint[], $6::text[])
            with ordinality as q (hash, run, step, action, payer, cap, ord)
       left join tokens t on t.hash = q.hash
       left join runs r on r.id = q.run
       left join bindings b on b.uid = r.binding_uid
       left join roles ro on ro.uid = r.role_uid
       left join steps s on s.run_id = q.run and s.step = q.step and s.action = q.action
      order by q.ord`,
    [
      permits.map((op) => op.request.tokenHash),
      permits.map((op) => op.request.id.runId),
      permits.map((op) => op.request.id.step),
      permits.map((op) => op.request.id.action),
      permits.map((op) => op.scope.payerId),
      permits.map((op) => op.request.cap?.key ?? null),
      now - hourMs,
    ],
    "guard_requests",
  );
  return rows.map((row) => toKnown(row, now));
}

function toKnown(row: Row, now: Instant): Known {
  return {
    now,
    ...(row.recovering === null ? {} : { recovering: row.recovering as string }),
    ...(row.token_run === null
      ? {}
      : {
          token: {
            runId: row.token_run as string,
            epoch: Number(row.token_epoch),
            expiresAt: Number(row.expires_at),
            revoked: row.revoked_at !== null,
          },
        }),
    ...(row.phase === null
      ? {}
      : {
          run: {
            phase: row.phase as string,
            reason: row.run_reason as string,
            epoch: Number(row.epoch),
            leaseUntil: Number(row.lease_until ?? 0n),
            deadline: Number(row.deadline),
          },
        }),
    ...(row.binding_name === null
      ? {}
      : {
          binding: {
            name: row.binding_name as string,
            state: row.binding_state as "active" | "suspended" | "revoked",
            ...(row.stopped_by === null ? {} : { stoppedBy: row.stopped_by as string }),
            authoritySeq: Number(row.authority_seq),
            roleName: row.role_name as string,
            roleGone: row.role_gone as boolean,
          },
        }),
    ...(row.step_state === null
      ? {}
      : {
          step: {
            state: row.step_state as NonNullable<Known["step"]>["state"],
            digest: row.digest as string,
            epoch: Number(row.step_epoch),
            callId: (row.call_id as string | null) ?? "",
            held: row.held as bigint,
            ...(row.response === null ? {} : { response: row.response as Buffer }),
          },
        }),
    blocked: row.blocked as boolean,
    capUsed: row.cap_used as number,
  };
}

/** A call to settle, with the step it belongs to. */
export interface Call {
  readonly runId: string;
  readonly step: number;
  readonly action: number;
  readonly amount: Micros;
  readonly state: "open" | "settled" | "released" | "disputed" | "charged";
  readonly charged: Micros;
  readonly pathId: bigint | null;
  readonly accounts: readonly bigint[];
  readonly stepState: string;
  readonly stepCallId: string;
  readonly kind: string;
  readonly name: string;
}

export async function readCalls(tx: Tx, settles: readonly SettleOp[]): Promise<ReadonlyMap<string, Call>> {
  const rows = await tx.query(
    `select c.call_id, c.run_id, c.step, c.action, c.amount, c.state, coalesce(c.charged, 0) as charged, c.path_id, p.accounts,
            s.state as step_state, s.call_id as step_call, s.kind, s.name
       from calls c left join paths p on p.id = c.path_id
       join steps s on s.run_id = c.run_id and s.step = c.step and s.action = c.action
      where c.call_id = any ($1)`,
    [settles.map((op) => op.callId)],
    "guard_calls",
  );
  return new Map(
    rows.map((row) => [
      row.call_id as string,
      {
        runId: row.run_id as string,
        step: row.step as number,
        action: row.action as number,
        amount: row.amount as bigint,
        state: row.state as Call["state"],
        charged: row.charged as bigint,
        pathId: row.path_id as bigint | null,
        accounts: (row.accounts as bigint[] | null) ?? [],
        stepState: row.step_state as string,
        stepCallId: row.step_call as string,
        kind: row.kind as string,
        name: row.name as string,
      },
    ]),
  );
}

export interface Account extends Balance {
  readonly id: bigint;
  readonly selectKind: string;
}

export interface Accounts {
  readonly byId: ReadonlyMap<bigint, Account>;
  /** Per permit, in the order of the permits. */
  readonly covering: readonly (readonly bigint[])[];
}

/** Locks, in id order, every account that a permit may hold from and a settlement goes to. */
export async function readAccounts(
  tx: Tx,
  tenant: string,
  now: Instant,
  permits: readonly PermitOp[],
  calls: ReadonlyMap<string, Call>,
): Promise<Accounts> {
  const paying = permits.filter((op) => op.request.money);
  const also = [...new Set([...calls.values()].flatMap((call) => call.accounts))];
  if (paying.length === 0 && also.length === 0) return { byId: new Map(), covering: permits.map(() => []) };
  const rows = await tx.query(
    "select * from accounts_for($1, $2, $3, $4, $5, $6, $7)",
    [
      tenant,
      now,
      paying.map((op) => op.scope.bindingUid),
      paying.map((op) => op.scope.roleName),
      paying.map((op) => op.scope.team),
      paying.map((op) => op.scope.runId),
      also,
    ],
    "guard_accounts",
  );
  const byId = new Map<bigint, Account>();
  const covering = new Map<number, bigint[]>();
  for (const row of rows) {
    const id = row.id as bigint;
    byId.set(id, {
      id,
      label: row.label as string,
      win: row.win as string,
      selectKind: row.select_kind as string,
      ceiling: row.ceiling as bigint,
      spent: row.spent as bigint,
      held: row.held as bigint,
      frozen: row.frozen as boolean,
    });
    const ord = row.ord as number;
    covering.set(ord, [...(covering.get(ord) ?? []), id]);
  }
  return {
    byId,
    covering: permits.map((op) => (op.request.money ? (covering.get(paying.indexOf(op) + 1) ?? []) : [])),
  };
}
