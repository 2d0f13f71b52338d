import type { Entry } from "./entry.ts";

/** The latest entries of one kind in key order: found by key in O(1), read by range without copying bytes. */
export interface Bucket {
  readonly byKey: Map<string, Entry>;
  readonly sorted: Entry[];
}

export function newBucket(): Bucket {
  return { byKey: new Map(), sorted: [] };
}

/** The index of the first entry whose key is not less than `key`. */
export function lowerBound(sorted: readonly Entry[], key: string): number {
  let low = 0;
  let high = sorted.length;
  // Keys mostly arrive in order, so look at the end first.
  if (high > 0 && sorted[high - 1]!.key < key) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Inserts or replaces. */
export function putEntry(bucket: Bucket, entry: Entry): void {
  const at = lowerBound(bucket.sorted, entry.key);
  if (bucket.byKey.has(entry.key)) bucket.sorted[at] = entry;
  else bucket.sorted.splice(at, 0, entry);
  bucket.byKey.set(entry.key, entry);
}

/** Removes; does nothing when the key is not there. */
export function removeEntry(bucket: Bucket, key: string): void {
  if (!bucket.byKey.delete(key)) return;
  bucket.sorted.splice(lowerBound(bucket.sorted, key), 1);
}

/** The entries of one namespace (or all), after `after` in key order where given: references only. */
export function range(bucket: Bucket, namespace: string | undefined, after?: string): Entry[] {
  const from = namespace ? lowerBound(bucket.sorted, `${namespace}/`) : 0;
  // "0" is the character after "/", so this bound ends the namespace.
  const to = namespace ? lowerBound(bucket.sorted, `${namespace}0`) : bucket.sorted.length;
  if (after === undefined) return bucket.sorted.slice(from, to);
  let start = lowerBound(bucket.sorted, after);
  if (bucket.sorted[start]?.key === after) start++;
  return bucket.sorted.slice(Math.max(from, start), to);
}
