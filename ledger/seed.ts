import { problem } from "../api/reasons.ts";
import { each, type Outcome, reachOf } from "./batch.ts";
import { sealDocument } from "./documents.ts";
import type { Ports } from "./ports.ts";

export interface SeedRequest {
  readonly bindingUid: string;
  readonly documents: readonly { readonly path: string; readonly content: string }[];
}

/**
 * Writes the first version of each document that has none: for all bindings in one transaction, and each binding in its own
 * when that one fails for a reason of one of them.
 */
export async function seedAll(ports: Ports, requests: readonly SeedRequest[]): Promise<readonly Outcome<void>[]> {
  const uids = [...new Set(requests.map(({ bindingUid }) => bindingUid))];
  const known = await ports.keys.findAll(uids);
  const erased = ({ bindingUid }: SeedRequest) => problem("Revoked", `the content of binding ${bindingUid} was erased`);
  const living = requests.filter(({ bindingUid }) => known.has(bindingUid));
  let done = false;
  try {
    await seed(ports, known, living);
    done = true;
  } catch (thrown) {
    if (requests.length === 1 || reachOf(thrown) === "all") throw thrown;
  }
  return each(requests, async (request) => {
    if (!known.has(request.bindingUid)) throw erased(request);
    if (!done) await seed(ports, known, [request]);
  });
}

async function seed(
  { db, time }: Ports,
  known: Awaited<ReturnType<Ports["keys"]["findAll"]>>,
  requests: readonly SeedRequest[],
): Promise<void> {
  const rows = requests.flatMap(({ bindingUid, documents }) =>
    documents.map(({ path, content }) => ({
      bindingUid,
      path,
      bytes: Buffer.byteLength(content),
      sealed: sealDocument(known.get(bindingUid)!, bindingUid, path, 1, content),
    })),
  );
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
    { content: [...new Set(requests.map(({ bindingUid }) => bindingUid))], patient: true },
  );
}
