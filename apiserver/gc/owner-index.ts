import { type Change, type Entry, type Owner, parse } from "../store/entry.ts";

/** Names one stored object. */
export interface Place {
  readonly bucket: string;
  readonly key: string;
}

export function idOf({ bucket, key }: Place): string {
  return `${bucket}\0${key}`;
}

export function placeOf(id: string): Place {
  const [bucket = "", key = ""] = id.split("\0");
  return { bucket, key };
}

/** Who refers to whom as owner, kept from the changes of the store. Objects without owners cost nothing here. */
export class OwnerIndex {
  readonly #owners = new Map<string, readonly Owner[]>();
  readonly #dependents = new Map<string, Set<string>>();
  /** How many of them keep a foreground deletion of their owner waiting. */
  readonly #blockers = new Map<string, number>();

  /** Takes the current state of one object; undefined when it is gone. Returns true when its owners changed. */
  put(place: Place, entry: Entry | undefined): boolean {
    const id = idOf(place);
    const before = this.#owners.get(id) ?? [];
    const now = entry ? ownersOf(entry) : [];
    if (before.length === 0 && now.length === 0) return false;
    for (const { uid, blockOwnerDeletion } of before) {
      if (blockOwnerDeletion) this.#block(uid, -1);
      const set = this.#dependents.get(uid);
      set?.delete(id);
      if (set?.size === 0) this.#dependents.delete(uid);
    }
    for (const { uid, blockOwnerDeletion } of now) {
      if (blockOwnerDeletion) this.#block(uid, 1);
      const set = this.#dependents.get(uid) ?? new Set();
      this.#dependents.set(uid, set.add(id));
    }
    if (now.length > 0) this.#owners.set(id, now);
    else this.#owners.delete(id);
    return JSON.stringify(before) !== JSON.stringify(now);
  }

  dependentsOf(uid: string): readonly Place[] {
    return [...(this.#dependents.get(uid) ?? [])].map(placeOf);
  }

  hasDependents(uid: string): boolean {
    return this.#dependents.has(uid);
  }

  /** True while a dependent keeps a foreground deletion of its owner waiting. */
  isBlocked(uid: string): boolean {
    return this.#blockers.has(uid);
  }

  #block(uid: string, by: 1 | -1): void {
    const count = (this.#blockers.get(uid) ?? 0) + by;
    if (count > 0) this.#blockers.set(uid, count);
    else this.#blockers.delete(uid);
  }

  get empty(): boolean {
    return this.#owners.size === 0;
  }
}

// Parsing every object at start would take seconds at 100,000, and most have no owner.
export function ownersOf(entry: Entry): readonly Owner[] {
  return entry.bytes.includes('"ownerReferences"') ? (parse(entry).metadata.ownerReferences ?? []) : [];
}

/** True when a change may concern the garbage collector: owners, or a deletion that waits. */
export function isTerminating(change: Change): boolean {
  return change.type !== "DELETED" && change.entry.bytes.includes('"deletionTimestamp"');
}
