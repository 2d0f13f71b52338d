import { digest } from "../../lib/json.ts";
import { type KubeObject, parse } from "../store/entry.ts";
import type { Store } from "../store/store.ts";
import { type CrdSpec, specOf } from "./custom.ts";

// Of the server itself: no kind serves it.
const bucket = "roster.internal/schemas";

interface SchemaRecord extends KubeObject {
  readonly digest: string;
  readonly since: number;
}

/**
 * Since which revision the schema of a definition is what it is: older objects are pruned and defaulted when they are
 * read. Remembered across restarts, or every object would count as old after a change of the definition's labels.
 */
export async function recordSchema(store: Store, crd: KubeObject, revision: number): Promise<void> {
  const since = schemaSince(store, crd, revision);
  if (since !== revision) return;
  const { name } = crd.metadata;
  await store.write<unknown>(bucket, name, (current) => {
    const known = current as SchemaRecord | undefined;
    const wanted = digestOf(specOf(crd));
    if (known?.digest === wanted) return { keep: known };
    const put = { apiVersion: "roster.internal/v1", kind: "Schema", metadata: { name }, digest: wanted, since };
    return { put };
  });
}

/** The revision for now, without waiting for the record to be written. */
export function schemaSince(store: Store, crd: KubeObject, revision: number): number {
  const entry = store.find(bucket, crd.metadata.name);
  const known = entry && (parse(entry) as SchemaRecord);
  return known?.digest === digestOf(specOf(crd)) ? known.since : revision;
}

/** Forgets a definition that is gone: one of the same name starts afresh. */
export async function forgetSchema(store: Store, name: string): Promise<void> {
  await store.write<unknown>(bucket, name, (current) => (current ? { remove: current } : { keep: undefined }));
}

function digestOf(spec: CrdSpec): string {
  return digest(spec.versions.map(({ name, schema, storage }) => ({ name, schema, storage })));
}
