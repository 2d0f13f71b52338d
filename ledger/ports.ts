import type { Log } from "../lib/log.ts";
import type { AuditWriter } from "./audit-writer.ts";
import type { Keys } from "./keys.ts";
import type { Channel, Fence } from "./ledger.ts";
import { type Db, literal } from "./sql.ts";
import type { LedgerTime } from "./time.ts";

/** What the parts of the ledger share. */
export interface Ports {
  readonly db: Db;
  readonly time: LedgerTime;
  readonly keys: Keys;
  readonly audit: AuditWriter;
  readonly log: Log;
  /** Wakes subscribers for a change that was committed outside a transaction of `db.tx`. */
  poke(channels: readonly Channel[]): void;
}

/** Asserts leadership in the first statement of a transaction. */
export function fenced(fence: Fence): string {
  return `fence(${literal(fence.name)}, ${Math.trunc(fence.epoch)})`;
}

/** The keys under which authority over a binding is held or changed, in the order in which everyone takes them. */
export const authority = {
  tenant: (tenant: string) => `1/${tenant}`,
  role: (uid: string) => `2/${uid}`,
  binding: (uid: string) => `3/${uid}`,
} as const;
