import { problem } from "../api/reasons.ts";
import type { Outcome } from "./batch.ts";
import { sealDocument } from "./documents.ts";
import type { Ports } from "./ports.ts";

export interface SeedRequest {
  readonly bindingUid: string;
  readonly documents: readonly { readonly path: string; readonly content: string }[];
}

/** Writes the first version of each document that has none, for all bindings in one transaction. */
export async function seedAll(
  { db, keys, time }: Ports,
  requests: readonly SeedRequest[],
): Promise<readonly Outcome<void>[]> {
  const uids = [...new Set(requests.map(({ bindingUid }) => bindingUid))];
  const known = await keys.findAll(uids);
  const rows = requests.flatMap(({ bindingUid, documents }) => {
    const key = known.get(bindingUid);
    if (key === undefined) return [];
    return documents.map(({ path, content }) => ({
      bindingUid,
      path,
      bytes: Buffer.byteLength(content),
      sealed: sealDocument(key, bindingUid, path, 1, content),
    }));
  });
  await db.tx(
    (tx) =>
      tx.query(
        `insert into documents (binding_uid, path, version, bytes, sealed, at)
         select q.binding_uid, q.path, 1, q.bytes, q.sealed, $5
           from unnest($1::text[], $2::text[], $3::int[], $4::bytea[]) as q (binding_uid, path, bytes, sealed)
          where not exists (select from documents d where d.binding_uid = q.binding_uid and d.path = q.path)
         on conflict do nothing`,
        [
          rows.map((row) => row.bindingUid),
          rows.map((row) => row.path),
          rows.map((row) => row.bytes),
          rows.map((row) => row.sealed),
          time.now(),
        ],
      ),
    { content: uids },
  );
  return requests.map(({ bindingUid }) =>
    known.has(bindingUid)
      ? { value: undefined }
      : { thrown: problem("Revoked", `the content of binding ${bindingUid} was erased`) },
  );
}
