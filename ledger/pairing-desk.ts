import type { Cause, ClusterSays, Mark, Pairing } from "../policy/pairing.ts";
import type { Fence } from "./ledger.ts";

/** What a person is shown before they accept, and is compared when they do. */
export interface LedgerFacts {
  readonly ledger: string;
  /** The cluster that the ledger belongs to. */
  readonly cluster?: string;
  readonly epoch: number;
  /** How far the audit is sealed. */
  readonly sealed: number;
  readonly recovering?: { readonly cause: Cause; readonly message: string; readonly since: number };
  /** Living agents and unfinished runs. */
  readonly bindings: number;
  readonly openRuns: number;
}

/** What recovery did away with. */
export interface Quieted {
  readonly tokens: number;
  /** Runs that were being worked on: what they did last is not known. */
  readonly uncertain: number;
  /** Runs that had not begun, or waited for an approval. */
  readonly cancelled: number;
}

/**
 * Whether ledger and cluster belong together (invariant I11). While they do not, nothing runs: where this process is connected
 * to the wrong one, the whole ledger throws Recovering here; where one of the two went back in time, the ledger itself refuses
 * every claim, admission, permit, hire and leadership, for everybody, until a person accepts or adopts it.
 */
export interface PairingDesk {
  /**
   * Compares and acts: closes the ledger to this process, begins recovery, or opens it again. Asks the cluster between two
   * looks at the ledger, twice before it stops everybody. Throws what `ask` throws and LedgerUnavailable; then nothing
   * changed, but that the ledger is closed here where something had been found by then.
   */
  check(ask: () => Promise<ClusterSays>): Promise<Pairing>;
  /** Refuses everything here until `check` has said that the two belong together. */
  close(message: string): void;
  /** What `check` said last; undefined before it said anything. */
  readonly last: Pairing | undefined;
  /** Why the ledger is closed to this process; undefined where it is not. */
  readonly closed: Error | undefined;
  /** A new ledger belongs to this cluster from now on. Throws LeadershipLost. */
  pair(fence: Fence, cluster: string): Promise<void>;
  /** What the cluster is to be told. */
  head(): Promise<Mark>;
  /** The cluster was told. Never moves back. */
  marked(fence: Fence, seq: number): Promise<void>;
  facts(): Promise<LedgerFacts>;
  /**
   * The ledger is right as it is, for this cluster. Does first what recovery does where that has not happened. Throws Conflict
   * where nothing is wrong, where the ledger is another cluster's (adopt it), or changed since `expected` was shown. May run
   * again after a failure: a long renumbering goes on.
   */
  accept(seen: ClusterSays, expected: Pick<LedgerFacts, "ledger" | "epoch">, by: string): Promise<Quieted>;
  /** This cluster takes over a ledger that belongs to another one. Throws Conflict where nothing is wrong. */
  adopt(seen: ClusterSays, expected: Pick<LedgerFacts, "ledger" | "epoch">, by: string): Promise<Quieted>;
}
