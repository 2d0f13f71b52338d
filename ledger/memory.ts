import { type Cause, judgeMemory, type Memory } from "../policy/pairing.ts";
import type { Row } from "./sql.ts";

const columns = `m.ledger_id, m.sealed, m.head, p.epoch, (select coalesce(max(id), 0) from audit) as last_row`;
const query = `
  select ${columns}, s.server, s.timeline, coalesce((select hash from audit_chain where seq = $1), '') as hash_then
    from meta m, pairing p, server_identity() s`;

/** What speaks against a connection. */
export interface Alarm {
  readonly cause: Cause;
  readonly message: string;
  /** That of the ledger that the connection led to. Another one since means that recovery began or ended there. */
  readonly epoch: number;
}

/**
 * What this process knows of its ledger. Each new connection is compared with it before a statement runs there, because
 * whoever restores a database breaks all connections to it.
 */
export class LedgerMemory {
  #known: Memory | undefined;
  #alarm: Alarm | undefined;

  /** Set while connections lead to another ledger, or to an older copy. */
  get alarm(): Alarm | undefined {
    return this.#alarm;
  }

  /** Looks through a connection, and remembers what it shows unless that is a step back. */
  async look(ask: (text: string, values: readonly unknown[]) => Promise<readonly Row[]>): Promise<void> {
    // As it was before the question: what is remembered goes on while the answer is on its way.
    const known = this.#known;
    const [row] = await ask(query, [known?.sealed ?? 0]);
    // A ledger that is being made.
    if (!row) return;
    const now = toMemory(row, row.server as string, row.timeline as number);
    const found = known && judgeMemory(known, now, row.hash_then as string);
    this.#alarm = found && { ...found, epoch: now.epoch };
    if (!this.#alarm) this.#remember(now);
  }

  /** Takes over how far the ledger is now, from a connection that was looked at. `row` has the columns of `tickColumns`. */
  advance(row: Row): void {
    if (!this.#known || this.#alarm || row.ledger_id !== this.#known.ledger) return;
    this.#remember(toMemory(row, this.#known.server, this.#known.timeline));
  }

  /** The latest of what two connections said at once. */
  #remember(now: Memory): void {
    const known = this.#known;
    const later = known === undefined || now.epoch > known.epoch || now.sealed > known.sealed;
    if (later || (now.sealed === known.sealed && now.lastRow >= known.lastRow)) this.#known = now;
  }

  /** Begins anew with the next look: what was remembered has been judged. */
  forget(): void {
    this.#known = undefined;
    this.#alarm = undefined;
  }
}

/** What a tick of `meta` answers beside the time, for `advance`. */
export const tickColumns = `ledger_id, sealed, head, (select epoch from pairing) as epoch,
  (select coalesce(max(id), 0) from audit) as last_row`;

function toMemory(row: Row, server: string, timeline: number): Memory {
  return {
    ledger: row.ledger_id as string,
    server,
    timeline,
    epoch: Number(row.epoch),
    sealed: Number(row.sealed),
    hash: row.head as string,
    lastRow: Number(row.last_row),
  };
}
