/** One version of one object: where it lives, its revision, and its JSON, serialised once and shared by all readers. */
export interface Entry {
  readonly bucket: string;
  /** `namespace/name`, or `name` for cluster-scoped kinds: the order of lists. */
  readonly key: string;
  readonly revision: number;
  readonly bytes: Buffer;
}

/** What one committed write did. For a deletion `entry` is the last state under the revision of the deletion. */
export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly entry: Entry;
  /** The state before; absent for a creation. Watches with selectors need it to tell ADDED and DELETED apart. */
  readonly previous: Entry | undefined;
  /** When it was committed, for the age of the history. */
  readonly at: number;
  /** Encoded watch lines by representation, so that a thousand watchers share one buffer. */
  readonly lines: Map<string, Buffer>;
  /** Taken away when most watchers have seen it: then lines are made anew rather than kept as long as the history. */
  fresh: boolean;
}

/** Any object as stored and served: mutable, because a write builds it in place before it is serialised. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  [field: string]: unknown;
}

export interface Metadata {
  name: string;
  namespace?: string;
  generateName?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string | null;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: Owner[];
  managedFields?: unknown[];
  [field: string]: unknown;
}

export interface Owner {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** The key of an object inside its bucket. */
export function keyOf(namespace: string | undefined, name: string): string {
  return namespace ? `${namespace}/${name}` : name;
}

/**
 * Serialises an object with apiVersion and kind first: readers rely on that prefix to serve the same bytes under
 * another version, or as a list item without it.
 */
export function encode(object: KubeObject): Buffer {
  const { apiVersion, kind, ...rest } = object;
  const text = JSON.stringify({ apiVersion, kind, ...rest });
  // Not from Node's pool: one object that stays would keep all that was written around it.
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

/** A fresh, mutable copy of the object. */
export function parse(entry: Entry): KubeObject {
  return JSON.parse(entry.bytes.toString()) as KubeObject;
}
