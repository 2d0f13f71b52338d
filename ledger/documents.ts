import { problem } from "../api/reasons.ts";
import { sha256 } from "../lib/ids.ts";
import { seal, unseal } from "./keys.ts";
import type { Documents, StepId } from "./ledger.ts";
import type { Ports } from "./ports.ts";
import type { Row } from "./sql.ts";

/** Binds a document's bytes to their place, so that a row copied to another binding or path does not open. */
const contextOf = (bindingUid: string, path: string, version: number) => `document/${bindingUid}/${version}/${path}`;
const artifactContext = (runId: string, name: string) => `artifact/${runId}/${name}`;
const stepKey = (by: StepId) => `${by.step}.${by.action}`;

export function sealDocument(key: Buffer, bindingUid: string, path: string, version: number, content: string): Buffer {
  return seal(key, Buffer.from(content), contextOf(bindingUid, path, version));
}

/** Working memory of bindings and artifacts of runs, sealed under the binding's key. Every version is kept. */
export function makeDocuments({ db, keys, time }: Ports): Documents {
  const bindingOf = async (runId: string): Promise<string> => {
    const [run] = await db.query<{ binding_uid: string }>("select binding_uid from runs where id = $1", [runId]);
    if (!run) throw problem("NotFound", "no such run");
    return run.binding_uid;
  };
  const within = <R extends Row = Row>(bindingUid: string, text: string, values: readonly unknown[]): Promise<R[]> =>
    db.tx((tx) => tx.query<R>(text, values), { content: [bindingUid] });
  return {
    async list(bindingUid) {
      const rows = await within(
        bindingUid,
        `select distinct on (path) path, version, bytes from documents where binding_uid = $1 order by path, version desc`,
        [bindingUid],
      );
      return rows.map((row) => ({
        path: row.path as string,
        version: row.version as number,
        bytes: row.bytes as number,
      }));
    },

    async read(bindingUid, path) {
      const [row] = await within<{ version: number; sealed: Buffer }>(
        bindingUid,
        "select version, sealed from documents where binding_uid = $1 and path = $2 order by version desc limit 1",
        [bindingUid, path],
      );
      if (!row) return undefined;
      const key = await keys.find(bindingUid);
      if (!key) return undefined;
      const content = unseal(key, row.sealed, contextOf(bindingUid, path, row.version)).toString("utf8");
      return { content, version: row.version };
    },

    async write(bindingUid, path, content, expected, by) {
      const key = await keys.get(bindingUid);
      return db.tx(
        async (tx) => {
          // One writer per document at a time: both would read the same version and one would break on the key.
          await tx.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`document/${bindingUid}/${path}`]);
          const [run] = await tx.query("select binding_uid from runs where id = $1", [by.runId]);
          if (run?.binding_uid !== bindingUid) throw problem("Forbidden", "a run writes only its own binding's memory");
          const [done] = await tx.query<{ version: number; path: string }>(
            "select version, path from documents where run_id = $1 and step = $2",
            [by.runId, stepKey(by)],
          );
          if (done) return { version: done.version };
          const [last] = await tx.query<{ version: number }>(
            "select version from documents where binding_uid = $1 and path = $2 order by version desc limit 1",
            [bindingUid, path],
          );
          const current = last?.version ?? 0;
          if (current !== expected)
            throw problem("Conflict", `document "${path}" is at version ${current}, not ${expected}; read it again`);
          const version = current + 1;
          await tx.query(
            `insert into documents (binding_uid, path, version, bytes, sealed, run_id, step, at)
           values ($1, $2, $3, $4, $5, $6, $7, $8)`,
            [
              bindingUid,
              path,
              version,
              Buffer.byteLength(content),
              sealDocument(key, bindingUid, path, version, content),
              by.runId,
              stepKey(by),
              time.now(),
            ],
          );
          return { version };
        },
        { content: [bindingUid] },
      );
    },

    async putArtifact(runId, name, content) {
      const bindingUid = await bindingOf(runId);
      const key = await keys.get(bindingUid);
      const hash = sha256(content);
      await db.tx(
        async (tx) => {
          await tx.query(
            `insert into artifacts (run_id, binding_uid, name, sha256, bytes, at) values ($1, $2, $3, $4, $5, $6)
           on conflict (run_id, name, sha256) do update set at = $6`,
            [runId, bindingUid, name, hash, content.byteLength, time.now()],
          );
          await tx.query(
            `insert into artifact_bodies (binding_uid, run_id, name, sha256, sealed) values ($1, $2, $3, $4, $5)
           on conflict do nothing`,
            [bindingUid, runId, name, hash, seal(key, content, artifactContext(runId, name))],
          );
          await tx.query("update runs set change_seq = pg_current_xact_id()::text::bigint where id = $1", [runId]);
          tx.wake("runs");
        },
        { content: [bindingUid] },
      );
      return { sha256: hash, bytes: content.byteLength };
    },

    async readArtifact(runId, name) {
      const bindingUid = await bindingOf(runId);
      const [row] = await within<{ sealed: Buffer }>(
        bindingUid,
        `select b.sealed from artifacts a join artifact_bodies b using (run_id, name, sha256)
          where a.run_id = $1 and a.name = $2 order by a.at desc, a.sha256 limit 1`,
        [runId, name],
      );
      const key = row && (await keys.find(bindingUid));
      return row && key ? unseal(key, row.sealed, artifactContext(runId, name)) : undefined;
    },
  };
}
