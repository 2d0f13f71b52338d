import type { Instant } from "../lib/clock.ts";
import { handOnAfterMs } from "./downstream.ts";
import type { Ports } from "./ports.ts";

/** One credential of a fired agent that its issuer has not been told of for certain. */
export interface OpenOffboarding {
  readonly namespace: string;
  readonly binding: string;
  readonly bindingUid: string;
  readonly role: string;
  readonly subject: string;
  readonly server: string;
  /** HandedOn: it took too long and is for a person to do; it is still tried, hourly. */
  readonly state: "Pending" | "HandedOn";
  readonly attempts: number;
  readonly firedAt: Instant;
  readonly nextAttempt: Instant;
  readonly lastError?: string;
}

/** What remains to be revoked elsewhere. A row stays until its issuer has answered, whatever becomes of the binding. */
export interface Offboardings {
  /** Oldest first; of one namespace, or of all. */
  open(namespace: string | undefined, limit: number): Promise<readonly OpenOffboarding[]>;
  /** How many are open, by namespace, role and state. */
  counts(): Promise<
    readonly {
      readonly tenant: string;
      readonly namespace: string;
      readonly role: string;
      readonly state: OpenOffboarding["state"];
      readonly count: number;
    }[]
  >;
}

// By the clock, as `offboarding` says it: the next attempt, which writes it down, may be an hour away.
const state = `case when d.state = 'handedOn' or ($1::bigint - d.created_at > ${handOnAfterMs} and d.attempts > 0) then 'HandedOn' else 'Pending' end`;

export function makeOffboardings({ db, time }: Ports): Offboardings {
  return {
    async open(namespace, limit) {
      const rows = await db.query(
        `select d.*, b.name, b.role_name, b.subject_kind, b.subject_name, b.fired_at, ${state} as shown
           from downstream d join bindings b on b.uid = d.binding_uid
          where d.state <> 'done' and ($2::text is null or d.namespace = $2)
          order by d.created_at, d.id limit $3`,
        [time.now(), namespace ?? null, limit],
      );
      return rows.map((row) => ({
        namespace: row.namespace as string,
        binding: row.name as string,
        bindingUid: row.binding_uid as string,
        role: row.role_name as string,
        subject: `${row.subject_kind}/${row.subject_name}`,
        server: row.server as string,
        state: row.shown as OpenOffboarding["state"],
        attempts: row.attempts as number,
        firedAt: Number(row.fired_at ?? row.created_at),
        nextAttempt: Number(row.next_at),
        ...(row.last_error === null ? {} : { lastError: row.last_error as string }),
      }));
    },
    async counts() {
      const rows = await db.query(
        `select b.tenant, d.namespace, b.role_name, ${state} as shown, count(*) as n
           from downstream d join bindings b on b.uid = d.binding_uid
          where d.state <> 'done' group by 1, 2, 3, 4 order by 2, 3, 4`,
        [time.now()],
      );
      return rows.map((row) => ({
        tenant: row.tenant as string,
        namespace: row.namespace as string,
        role: row.role_name as string,
        state: row.shown as OpenOffboarding["state"],
        count: Number(row.n),
      }));
    },
  };
}
