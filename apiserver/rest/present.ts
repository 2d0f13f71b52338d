import { apiVersion, type ServedKind } from "../kinds/kind.ts";
import { type Entry, encode, type KubeObject, parse } from "../store/entry.ts";

/** A fresh copy of an entry as the kind serves it: its version, its field names, its defaults. */
export function toServed(kind: ServedKind, entry: Entry): KubeObject {
  return fromStored(kind, parse(entry), entry.revision);
}

/** The same for an object that was parsed already; may change it. */
export function fromStored(kind: ServedKind, stored: KubeObject, revision: number): KubeObject {
  const object = kind.conversion ? kind.conversion.fromStored(stored) : stored;
  object.apiVersion = apiVersion(kind);
  object.kind = kind.kind;
  if (isOutdated(kind, revision) && !kind.conversion) {
    kind.schema.prune(object);
    kind.schema.applyDefaults(object);
  }
  return object;
}

/** What a reader would see of an object that passed its checks, were it stored. */
export function asRead(kind: ServedKind, object: KubeObject): KubeObject {
  complete(kind, object);
  if (!kind.custom || !kind.conversion) return object;
  const { apiVersion: version } = object;
  return { ...kind.conversion.fromStored(kind.conversion.toStored(object)), apiVersion: version };
}

/**
 * Completes a custom object that passed its checks, in place: the default of a status that was left out or dropped,
 * metadata of embedded resources typed, and unknown fields dropped, which an apply leaves as they were sent until here.
 */
function complete(kind: ServedKind, object: KubeObject): KubeObject {
  if (!kind.custom) return object;
  if (!kind.conversion) kind.schema.prune(object);
  kind.schema.coerce(object);
  if (object.status === undefined && kind.schema.schema.properties?.status?.default !== undefined)
    kind.schema.applyDefaults(object);
  return object;
}

/** The stored form of a served object; completes it first. */
export function toStored(kind: ServedKind, object: KubeObject): KubeObject {
  complete(kind, object);
  const stored = kind.conversion ? kind.conversion.toStored(object) : object;
  return { ...stored, apiVersion: kind.storedAs };
}

/** The JSON of an entry as the kind serves it; usually the stored bytes themselves. */
export function servedBytes(kind: ServedKind, entry: Entry): Buffer {
  if (kind.conversion || isOutdated(kind, entry.revision)) return encode(toServed(kind, entry));
  const wanted = apiVersion(kind);
  if (kind.storedAs === wanted) return entry.bytes;
  const prefix = `{"apiVersion":${JSON.stringify(kind.storedAs)}`;
  return Buffer.concat([Buffer.from(`{"apiVersion":${JSON.stringify(wanted)}`), entry.bytes.subarray(prefix.length)]);
}

/** The same as an item of a list: built-in kinds leave apiVersion and kind out there. */
export function itemBytes(kind: ServedKind, entry: Entry): Buffer {
  const bytes = servedBytes(kind, entry);
  if (kind.custom) return bytes;
  const prefix = `{"apiVersion":${JSON.stringify(apiVersion(kind))},"kind":${JSON.stringify(kind.kind)},`;
  return Buffer.concat([Buffer.from("{"), bytes.subarray(prefix.length)]);
}

function isOutdated(kind: ServedKind, revision: number): boolean {
  return kind.schemaRevision !== undefined && revision < kind.schemaRevision;
}
