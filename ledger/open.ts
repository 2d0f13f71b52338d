import { join } from "node:path";
import pg from "pg";
import Postgrator from "postgrator";
import { problem } from "../api/reasons.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { newId } from "../lib/ids.ts";
import type { Log } from "../lib/log.ts";
import { messageOf } from "../lib/problem.ts";
import { makeAudit } from "./audit.ts";
import { AuditWriter } from "./audit-writer.ts";
import { makeBindings } from "./bindings.ts";
import { makeCatalog } from "./catalog.ts";
import { Combiner } from "./combiner.ts";
import { makeDocuments } from "./documents.ts";
import { FeedHub } from "./feed.ts";
import { makeGuard } from "./guard.ts";
import { Keys, openMasterKey } from "./keys.ts";
import { makeLeadership } from "./leadership.ts";
import type { Ledger } from "./ledger.ts";
import { LedgerMemory } from "./memory.ts";
import { makeMoney } from "./money.ts";
import { makeOffboardings } from "./offboardings.ts";
import { makePairing } from "./pairing.ts";
import type { Ports } from "./ports.ts";
import { makeRuns } from "./runs.ts";
import { makeSchedules } from "./schedules.ts";
import { asProblem, connectTimeoutMs, Db, type Row } from "./sql.ts";
import { LedgerTime } from "./time.ts";

export interface LedgerOptions {
  /** Any Postgres ≥ 15. Everything lives in its schema `roster`. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Who writes: `controller`, `gateway` … with the name of the replica. Shown in the audit. */
  readonly writer: string;
  /** 32 bytes that wrap the keys of all content; made with mode 0600 when missing. */
  readonly keyFile: string;
  readonly maxConnections?: number;
  /** Where this process is, if that is known: the schema of a ledger that belongs to another cluster stays as it is. */
  readonly cluster?: string;
  /** Not for whoever only looks: the schema stays as it is in any case. */
  readonly migrate?: false;
}

/**
 * Opens the ledger: brings the schema up to date (one process at a time), checks that commits are durable and that the key
 * file belongs to it. Throws LedgerUnavailable, LedgerUnsafe, InvalidKey, and NotFound where it must not migrate and nothing
 * is there. Opening it many times is fine.
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const master = openMasterKey(options.keyFile);
  await prepare(options);
  const feed = new FeedHub(options.url, options.log);
  const memory = new LedgerMemory();
  const db: Db = new Db({
    url: options.url,
    maxConnections: options.maxConnections ?? 10,
    onCommit: (channels) => feed.poke(channels),
    onConnectionError: (message) => options.log.debug("the ledger lost a connection", { message }),
    async onConnection(client) {
      await memory.look(async (text, values) => (await client.query<Row>(text, values as unknown[])).rows);
      const { alarm } = memory;
      if (alarm === undefined) return;
      if (db.closed === undefined) options.log.error(`the ledger is closed: ${alarm.message}`, { cause: alarm.cause });
      db.closed ??= problem("Recovering", alarm.message, { details: { cause: alarm.cause } });
    },
  });
  const time = new LedgerTime(options.clock, db, memory);
  const keys = new Keys(master, db);
  try {
    const id = await adopt(db, keys);
    const [role] = await db.query<{ usable: boolean }>(
      "select coalesce(bool_or(pg_has_role(oid, 'member')), false) as usable from pg_roles where rolname = 'roster_content'",
    );
    db.contentRole = role?.usable ?? false;
    if (!db.contentRole)
      options.log.warn(
        "the database user may not use the role roster_content: it could rewrite the audit, and row-level security spares a superuser. As an administrator: create role roster_content nologin; grant roster_content to that user",
      );
    await memory.look(db.query.bind(db));
    await time.tick();
    time.run();
    feed.open();
    const audit = new AuditWriter(options.writer, time.now());
    const ports: Ports = { db, time, keys, audit, log: options.log, poke: (channels) => feed.poke(channels) };
    const combiner = new Combiner(ports);
    return {
      id,
      leadership: makeLeadership(ports),
      catalog: makeCatalog(ports),
      bindings: makeBindings(ports),
      runs: makeRuns(ports),
      guard: makeGuard(ports, combiner),
      money: makeMoney(ports, combiner),
      documents: makeDocuments(ports),
      audit: makeAudit(ports),
      feed,
      schedules: makeSchedules(ports),
      pairing: makePairing(ports, memory, () => prepare({ url: options.url })),
      offboardings: makeOffboardings(ports),
      ping: (timeoutMs = connectTimeoutMs) => ping(db, timeoutMs),
      now: () => time.tick(),
      async [Symbol.asyncDispose]() {
        time[Symbol.dispose]();
        await feed[Symbol.asyncDispose]();
        await db[Symbol.asyncDispose]();
      },
    };
  } catch (thrown) {
    time[Symbol.dispose]();
    await db[Symbol.asyncDispose]();
    throw thrown;
  }
}

async function prepare({ url, cluster, migrate }: Pick<LedgerOptions, "url" | "cluster" | "migrate">): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    // Longer than for a call: a machine that starts everything at once is slow, and nobody waits for an answer yet.
    connectionTimeoutMillis: 5 * connectTimeoutMs,
    // Of a migration too, or the wait for that of another replica.
    query_timeout: 3_600_000,
    keepAlive: true,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number; fsync: string; commit: string }>(
      `select current_setting('server_version_num')::int as version, current_setting('fsync') as fsync,
              current_setting('synchronous_commit') as commit`,
    );
    const { version, fsync, commit } = rows[0]!;
    if (version < 150_000)
      throw problem("LedgerUnsafe", `the ledger needs Postgres 15 or newer, this is ${Math.floor(version / 10_000)}`);
    if (fsync !== "on")
      throw problem("LedgerUnsafe", "fsync is off in Postgres: a power cut would lose money that was spent");
    if (commit === "off")
      throw problem("LedgerUnsafe", "synchronous_commit is off in Postgres: a crash would lose what was promised");
    const owner = await ownerOf(client);
    if (migrate === false) {
      if (owner !== undefined) return;
      throw problem("NotFound", "this database holds no ledger that knows of clusters; nothing was changed in it");
    }
    if (cluster !== undefined && typeof owner === "string" && owner !== cluster) return;
    // The lock ends with the connection, so a process that dies while migrating blocks nobody.
    await client.query("select pg_advisory_lock(hashtextextended('roster/migrate', 0))");
    await client.query("create schema if not exists roster");
    await client.query("set search_path = roster");
    // All or nothing: postgrator itself would leave half a migration behind when the process is killed.
    await client.query("begin");
    const migrations = new Postgrator({
      migrationPattern: join(import.meta.dirname, "migrations", "*.sql"),
      driver: "pg",
      schemaTable: "roster.schema_version",
      execQuery: (query) => client.query(query),
    });
    await migrations.migrate();
    await client.query("commit");
  } catch (thrown) {
    if ((thrown as { code?: string }).code === "42501")
      throw problem(
        "LedgerUnavailable",
        `the database user may not make the ledger's tables (${messageOf(thrown)}): let it own the database, or grant it CREATE there`,
        { cause: thrown },
      );
    throw asProblem(thrown);
  } finally {
    await client.end().catch(() => {});
  }
}

/** The cluster that the ledger in a database belongs to; null for none yet, undefined where there is no ledger that would know. */
async function ownerOf(client: pg.ClientBase): Promise<string | null | undefined> {
  const { rows } = await client.query<{ there: boolean }>("select to_regclass('roster.pairing') is not null as there");
  if (!rows[0]!.there) return undefined;
  return (await client.query<{ cluster: string | null }>("select cluster from roster.pairing")).rows[0]?.cluster;
}

/** The ledger's own name, made at its first opening, and proof that the key file is the one it was made with. */
async function adopt(db: Db, keys: Keys): Promise<string> {
  await db.query("insert into meta (ledger_id, key_check) values ($1, $2) on conflict do nothing", [
    newId(0),
    keys.check(),
  ]);
  const [meta] = await db.query<{ ledger_id: string; key_check: string }>("select ledger_id, key_check from meta");
  if (meta!.key_check !== keys.check())
    throw problem("InvalidKey", "the key file is not the one that this ledger was made with");
  return meta!.ledger_id;
}

async function ping(db: Db, timeoutMs: number): Promise<void> {
  const expired = Promise.withResolvers<never>();
  // Real time: this waits for a network, which no test clock moves.
  using _ = systemClock.after(timeoutMs, () =>
    expired.reject(problem("LedgerUnavailable", `the ledger did not answer within ${timeoutMs} ms`)),
  );
  await Promise.race([db.query("select 1"), expired.promise]);
}
