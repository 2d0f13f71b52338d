import type { Change } from "./entry.ts";

export interface HistoryLimits {
  /** Changes younger than this are kept unless the history outgrows `maxBytes`. */
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  /** At least this many changes are kept whatever their age, so that a quiet server lets watches resume. */
  readonly minCount: number;
}

export const defaultHistory: HistoryLimits = { maxAgeMs: 300_000, maxBytes: 64 << 20, minCount: 5_000 };

// How many of the newest changes keep their encoded lines.
const freshCount = 1_000;

/**
 * The recent changes in revision order, bounded by age and bytes. `compacted` is the newest revision whose
 * predecessors are forgotten: a list or watch at an older one is answered 410.
 */
export class History {
  compacted: number;
  readonly #limits: HistoryLimits;
  #changes: Change[] = [];
  // Evicted changes stay in front of the array until enough have gathered: shifting one at a time is quadratic.
  #start = 0;
  #bytes = 0;

  constructor(compacted: number, limits: HistoryLimits) {
    this.compacted = compacted;
    this.#limits = limits;
  }

  get length(): number {
    return this.#changes.length - this.#start;
  }

  push(change: Change): void {
    this.#changes.push(change);
    const stale = this.#changes[this.#changes.length - freshCount];
    if (stale) {
      stale.fresh = false;
      stale.lines.clear();
    }
    this.#bytes += change.entry.bytes.length;
  }

  /** Changes after `revision`, oldest first. The caller has checked that `revision >= compacted`. */
  since(revision: number): readonly Change[] {
    return this.#changes.slice(this.#indexAfter(revision));
  }

  /** The first change after `revision`, for those who go on slowly and must not keep what is forgotten meanwhile. */
  after(revision: number): Change | undefined {
    return this.#changes[this.#indexAfter(revision)];
  }

  /** Forgets what is over the limits (or all up to `through`) and returns it, so that its rows can be deleted too. */
  evict(now: number, through = 0): readonly Change[] {
    const evicted: Change[] = [];
    while (this.#start < this.#changes.length) {
      const oldest = this.#changes[this.#start]!;
      const over =
        oldest.entry.revision <= through ||
        this.#bytes > this.#limits.maxBytes ||
        (this.length > this.#limits.minCount && now - oldest.at > this.#limits.maxAgeMs);
      if (!over) break;
      this.#start++;
      this.#bytes -= oldest.entry.bytes.length;
      this.compacted = oldest.entry.revision;
      evicted.push(oldest);
    }
    if (this.#start > 1_024 && this.#start * 2 > this.#changes.length) {
      this.#changes = this.#changes.slice(this.#start);
      this.#start = 0;
    }
    return evicted;
  }

  #indexAfter(revision: number): number {
    let low = this.#start;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#changes[middle]!.entry.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
