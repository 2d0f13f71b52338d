import type { Instant } from "../lib/clock.ts";
import { newId, shortId } from "../lib/ids.ts";
import type { JsonObject } from "../lib/json.ts";
import type { Micros } from "../lib/money.ts";
import type { Tx } from "./sql.ts";

/** One decision, to be committed with its effect. */
export interface AuditEntry {
  readonly at: Instant;
  readonly tenant?: string | undefined;
  readonly principal: string;
  readonly action: string;
  readonly decision: string;
  readonly reason: string;
  readonly bindingUid?: string | undefined;
  readonly runId?: string | undefined;
  readonly facts?: JsonObject;
  /** Present where money moved: this row is the entry. */
  readonly money?: {
    readonly callId?: string;
    readonly payerId?: bigint;
    readonly pathId: bigint;
    readonly held: Micros;
    readonly spent: Micros;
  };
}

/** Inserts the rows given as JSON in parameter $n; for use alone or as one of several WITH parts. */
export const insertAudit = (parameter: string): string => `
  insert into audit (at, tenant, writer, writer_seq, principal, action, decision, reason, binding_uid, run_id, facts,
                     call_id, payer_id, path_id, held_delta, spent_delta)
  select at, tenant, writer, writer_seq, principal, action, decision, reason, binding_uid, run_id, facts,
         call_id, payer_id, path_id, held_delta, spent_delta
    from jsonb_to_recordset(${parameter}::jsonb) as x (
      at bigint, tenant text, writer text, writer_seq bigint, principal text, action text, decision text, reason text,
      binding_uid text, run_id text, facts jsonb, call_id text, payer_id bigint, path_id bigint,
      held_delta bigint, spent_delta bigint)`;

/** Numbers the rows of this process. The name carries the start, so a restart never repeats a number. */
export class AuditWriter {
  readonly name: string;
  #seq = 0;

  constructor(writer: string, startedAt: Instant) {
    this.name = `${writer}/${shortId(newId(startedAt))}`;
  }

  /** The rows as the JSON parameter of `insertAudit`. */
  toJson(entries: readonly AuditEntry[]): string {
    return JSON.stringify(
      entries.map((entry) => ({
        at: entry.at,
        tenant: entry.tenant ?? null,
        writer: this.name,
        writer_seq: ++this.#seq,
        principal: entry.principal,
        action: entry.action,
        decision: entry.decision,
        reason: entry.reason,
        binding_uid: entry.bindingUid ?? null,
        run_id: entry.runId ?? null,
        facts: entry.facts ?? {},
        call_id: entry.money?.callId ?? null,
        // As text: a bigint has no JSON form, and Postgres reads the text as exactly.
        payer_id: entry.money?.payerId?.toString() ?? null,
        path_id: entry.money?.pathId.toString() ?? null,
        held_delta: (entry.money?.held ?? 0n).toString(),
        spent_delta: (entry.money?.spent ?? 0n).toString(),
      })),
    );
  }

  async write(tx: Tx, ...entries: readonly AuditEntry[]): Promise<void> {
    if (entries.length > 0) await tx.query(insertAudit("$1"), [this.toJson(entries)]);
  }
}
