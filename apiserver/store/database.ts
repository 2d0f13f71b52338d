import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { problem } from "../../api/reasons.ts";
import { messageOf } from "../../lib/problem.ts";

export interface Row {
  readonly revision: number;
  readonly bucket: string;
  readonly key: string;
  readonly deleted: number;
  readonly at: number;
  readonly body: Uint8Array;
}

/** What one commit adds to the log, and what it forgets of it. */
export interface Batch {
  readonly rows: readonly Row[];
  /** Revisions of rows that nobody can ask for any more. */
  readonly forget: readonly number[];
  /** The newest revision that the history has forgotten. */
  readonly compacted: number;
}

/** The durable half of the store: an append-only log in SQLite, and the newest revision that was compacted away. */
export interface Database extends Disposable {
  readonly compacted: number;
  /** True when a refused batch turned out to be there: nothing is written until the log is opened anew. */
  readonly lost: boolean;
  /** Every row that is left, oldest first. */
  rows(): IterableIterator<Row>;
  /**
   * Writes all changes, or none; returns once they are on the disk. Throws `KubeUnavailable`. After a failure nothing is
   * written until the disk has taken what was acknowledged before: it is tried anew with each call.
   */
  append(batch: Batch): void;
}

const schema = `
CREATE TABLE IF NOT EXISTS log (
  revision INTEGER PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL,
  deleted INTEGER NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO meta VALUES ('format', 1), ('compacted', 0);
`;

/** Opens (or makes) `objects.db` in a folder that only its owner can enter. Throws `KubeUnavailable`. */
export function openDatabase(folder: string): Database {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const db = prepare(join(folder, "objects.db"));
  const insert = db.prepare("INSERT INTO log (revision, bucket, key, deleted, at, body) VALUES (?, ?, ?, ?, ?, ?)");
  const forget = db.prepare("DELETE FROM log WHERE revision = ?");
  const setCompacted = db.prepare("UPDATE meta SET value = ? WHERE name = 'compacted'");
  const newest = db.prepare("SELECT max(revision) AS revision FROM log");
  let doubtful = false;
  let lost = false;

  /**
   * After a failed write or sync nobody knows what of the log's tail is on the disk; a later sync that succeeds proves
   * nothing about earlier pages. So all that was acknowledged is moved into the main file and synced there, and the tail
   * is cut off, before anything new is written.
   */
  function settle(before: number): void {
    const { busy } = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() as { busy: number };
    if (busy !== 0) throw new Error("the log could not be moved into the main file");
    const { revision } = newest.get() as { revision: number | null };
    lost = (revision ?? 0) >= before;
    if (lost) throw new Error(`revision ${revision} is there although it was refused: restart`);
    doubtful = false;
  }

  const compacted = db.prepare("SELECT value FROM meta WHERE name = 'compacted'").get() as { value: number };
  return {
    compacted: compacted.value,
    get lost() {
      return lost;
    },
    rows: () =>
      db
        .prepare("SELECT revision, bucket, key, deleted, at, body FROM log ORDER BY revision")
        .iterate() as unknown as IterableIterator<Row>,
    append(batch) {
      try {
        if (doubtful) settle(batch.rows[0]!.revision);
        db.exec("BEGIN IMMEDIATE");
        for (const { revision, bucket, key, deleted, at, body } of batch.rows) {
          insert.run(revision, bucket, key, deleted, at, body);
        }
        for (const revision of batch.forget) forget.run(revision);
        if (batch.forget.length > 0) setCompacted.run(batch.compacted);
        db.exec("COMMIT");
      } catch (cause) {
        doubtful = true;
        rollback(db);
        const advice = `free space on the disk of "${folder}" or repair it; reads go on, and writes as soon as it takes them`;
        throw problem("KubeUnavailable", `cannot write to the API server's store: ${messageOf(cause)}; ${advice}`, {
          cause,
        });
      }
    },
    [Symbol.dispose]: () => db.close(),
  };
}

function rollback(db: DatabaseSync): void {
  try {
    if (db.isTransaction) db.exec("ROLLBACK");
  } catch {
    // The disk fails here too; the next write begins with `settle`.
  }
}

function prepare(path: string): DatabaseSync {
  try {
    // Secrets are in it: SQLite gives its other files the mode of the first, so make that one ourselves.
    closeSync(openSync(path, "a", 0o600));
    const db = new DatabaseSync(path);
    // FULL: an acknowledged write survives a power cut. EXCLUSIVE: a second server on the same folder is refused.
    db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    db.exec(schema);
    const format = db.prepare("SELECT value FROM meta WHERE name = 'format'").get() as { value: number };
    if (format.value !== 1) throw new Error(`the file has format ${format.value}; this version reads format 1`);
    return db;
  } catch (cause) {
    throw problem("KubeUnavailable", `cannot open the API server's store "${path}": ${messageOf(cause)}`, { cause });
  }
}
