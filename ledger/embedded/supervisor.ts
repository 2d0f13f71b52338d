import type { ChildProcess } from "node:child_process";
import { existsSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import pg from "pg";
import { problem } from "../../api/reasons.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { locateBinaries } from "./binaries.ts";
import { ensureCluster, settingsFor, user } from "./cluster.ts";
import { type Place, preparePlace, readRecord, recordPath, removePlace, writeRecord } from "./place.ts";
import {
  clearStaleLocks,
  isAlive,
  isPostgresOn,
  readPidFile,
  spawnPostgres,
  startOf,
  stopProcess,
  tailOf,
} from "./process.ts";

/** A Postgres of our own. Disposing it stops it and waits until it is gone. */
export interface EmbeddedPostgres extends AsyncDisposable {
  /** For `pg` and psql alike; carries the password, so it is never logged. */
  readonly url: string;
  /** The server's process id now; another one after a crash. */
  pid(): number;
}

export interface PostgresOptions {
  /** The folder of all state, `.roster`. */
  readonly home: string;
  readonly log: Log;
  readonly clock: Clock;
  /** More settings of the server, such as `wal_level=replica`; of two of a name the later one counts. */
  readonly settings?: readonly string[];
}

const database = "roster";

/**
 * Starts the Postgres of this home folder, making its cluster the first time, and keeps it running: after a crash it is
 * started again. A Postgres that a killed predecessor left behind is stopped first. It ends when this process ends.
 * Throws PostgresFailed, DiskFull, or AlreadyRunning where a living process owns it.
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const native = await locateBinaries();
  refuseSecondOwner(options.home);
  const forgotten = !existsSync(recordPath(resolve(options.home)));
  const place = preparePlace(options.home, native);
  const port = place.sockets ? undefined : await freePort();
  const url = (name: string) =>
    place.sockets
      ? `postgresql://${user}:${place.password}@/${name}?host=${encodeURIComponent(place.sockets)}`
      : `postgresql://${user}:${place.password}@127.0.0.1:${port}/${name}`;
  writeRecord(place.home, {
    state: place.state,
    ...(place.sockets ? { sockets: place.sockets } : { port }),
    password: place.password,
    url: url(database),
    owner: { pid: process.pid, start: startOf(process.pid) },
  });
  const supervisor = new Supervisor(place, port, url, options);
  try {
    await stopOrphan(place, options);
    if (forgotten) forgetData(place);
    await ensureCluster(place, options.log);
    await supervisor.start();
    return supervisor;
  } catch (thrown) {
    await supervisor[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** Stops the Postgres of this home folder and removes its data, wherever it was put. Safe to repeat. */
export async function resetPostgres(
  home: string,
  options: { readonly log: Log; readonly clock: Clock },
): Promise<void> {
  refuseSecondOwner(home);
  const state = readRecord(resolve(home))?.state;
  if (typeof state === "string") await stopOrphan({ data: join(state, "data") }, options);
  removePlace(home);
}

class Supervisor implements EmbeddedPostgres {
  readonly url: string;
  readonly #place: Place;
  readonly #settings: readonly string[];
  readonly #urlOf: (name: string) => string;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #logFile: string;
  #child: ChildProcess | undefined;
  #stopping = false;
  #ready = false;
  #restart: Promise<void> | undefined;

  constructor(place: Place, port: number | undefined, urlOf: (name: string) => string, options: PostgresOptions) {
    this.#place = place;
    this.#settings = [...settingsFor(place, port), ...(options.settings ?? [])];
    this.#urlOf = urlOf;
    this.url = urlOf(database);
    this.#log = options.log;
    this.#clock = options.clock;
    this.#logFile = join(place.home, "postgres.log");
  }

  pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Runs the server until it accepts connections and our database exists. */
  async start(): Promise<void> {
    await this.#launch();
    if (this.#stopping) return;
    const client = new pg.Client({ connectionString: this.#urlOf("postgres"), connectionTimeoutMillis: 10_000 });
    try {
      await client.connect();
      const found = await client.query("select 1 from pg_database where datname = $1", [database]);
      if (found.rowCount === 0) await client.query(`create database ${database}`);
    } catch (cause) {
      throw this.#failure("Postgres started and does not answer", cause);
    } finally {
      await client.end().catch(() => {});
    }
  }

  async #launch(): Promise<void> {
    clearStaleLocks(this.#place);
    const since = existsSync(this.#logFile) ? statSync(this.#logFile).size : 0;
    const child = spawnPostgres(this.#place, this.#settings, this.#logFile);
    this.#child = child;
    let exit: string | undefined;
    child.on("error", (thrown) => {
      exit = thrown.message;
    });
    // Writing to a pipe whose reader is gone must not end this process.
    child.stdin?.on("error", () => {});
    child.on("exit", (code, signal) => {
      exit = signal ?? `code ${code}`;
      // A line tells the watching subshell that there is nothing left to stop.
      child.stdin?.end("\n");
      if (this.#child === child && !this.#stopping && this.#ready) this.#recover(exit);
    });
    child.unref();
    (child.stdin as { unref?: () => void } | null)?.unref?.();
    this.#ready = false;
    for (let waited = 0; ; waited += 10) {
      if (exit !== undefined) throw this.#failure(`Postgres ended with ${exit} while starting`, undefined, since);
      const found = readPidFile(this.#place.data);
      if (found?.pid === child.pid && found?.ready) break;
      // Recovery after a crash replays the log: seconds, not minutes, at our sizes.
      if (waited === 3000) this.#log.info("Postgres recovers from an unclean stop");
      if (waited > 120_000) throw this.#failure("Postgres was not ready within two minutes", undefined, since);
      await this.#clock.sleep(10);
    }
    this.#ready = true;
  }

  /** One restart at a time, with growing pauses: a full disk does not become a busy loop. */
  #recover(exit: string): void {
    this.#log.warn("Postgres stopped unexpectedly and is started again", { exit });
    this.#restart ??= (async () => {
      for (let pauseMs = 50; !this.#stopping; pauseMs = Math.min(pauseMs * 2, 5000)) {
        try {
          await this.#launch();
          this.#log.info("Postgres is back");
          return;
        } catch (thrown) {
          this.#log.error("Postgres cannot be started again", { message: (thrown as Error).message });
          await this.#clock.sleep(pauseMs);
        }
      }
    })().finally(() => {
      this.#restart = undefined;
    });
  }

  #failure(what: string, cause: unknown, since = 0): Error {
    const words = tailOf(
      this.#logFile,
      Math.min(8192, Math.max(0, (existsSync(this.#logFile) ? statSync(this.#logFile).size : 0) - since)),
    );
    const full = /No space left on device|Disk quota exceeded/.test(words);
    const said = words
      .split("\n")
      .findLast((line) => /FATAL|PANIC|ERROR/.test(line))
      ?.replace(/^.*?(FATAL|PANIC|ERROR):\s*/, "");
    return problem(
      full ? "DiskFull" : "PostgresFailed",
      `${what}${said ? `: ${said}` : ""}; see "${this.#logFile}"`,
      cause === undefined ? {} : { cause },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    await this.#restart;
    const pid = this.#child?.pid;
    if (pid && this.#child?.exitCode === null && this.#child.signalCode === null) await stopProcess(pid, this.#clock);
    this.#child?.stdin?.destroy();
    const record = readRecord(this.#place.home);
    if (record) writeRecord(this.#place.home, { ...record, owner: undefined });
  }
}

/**
 * Data without a record: its password is gone. Where it lies outside the home folder somebody deleted the home to begin
 * afresh, and it goes too. Inside, only the record was lost, and nobody asked for the data to be deleted.
 */
function forgetData(place: Place): void {
  if (!existsSync(place.data)) return;
  if (place.state.startsWith(`${place.home}/`)) {
    rmSync(recordPath(place.home), { force: true });
    throw problem(
      "PostgresFailed",
      `"${recordPath(place.home)}" is missing, so the data in "${place.data}" cannot be opened; bring it back, or start with --reset`,
    );
  }
  rmSync(place.data, { recursive: true, force: true });
}

function refuseSecondOwner(home: string): void {
  const owner = readRecord(resolve(home))?.owner as { pid?: number; start?: string } | undefined;
  if (!owner?.pid || !isAlive(owner.pid) || startOf(owner.pid) !== owner.start) return;
  throw problem(
    "AlreadyRunning",
    `the Postgres of "${resolve(home)}" belongs to process ${owner.pid}, which is running`,
  );
}

async function stopOrphan(
  place: Pick<Place, "data">,
  options: { readonly log: Log; readonly clock: Clock },
): Promise<void> {
  const found = readPidFile(place.data);
  if (!found || !isPostgresOn(found.pid, place.data)) return;
  options.log.info("stops a Postgres that an earlier process left behind", { pid: found.pid });
  await stopProcess(found.pid, options.clock);
}

function freePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolvePort(port));
    });
  });
}
