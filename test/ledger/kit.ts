import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll } from "vitest";
import { resetPostgres, startPostgres } from "../../ledger/embedded/supervisor.ts";
import { type Clock, systemClock } from "../../lib/clock.ts";
import { newId } from "../../lib/ids.ts";
import { type Log, silentLog } from "../../lib/log.ts";

/** The variable by which test/ledger/global-setup.ts shares one server between all workers. */
export const sharedPostgres = "ROSTER_TEST_POSTGRES";

export interface ThrowAwayPostgres extends AsyncDisposable {
  readonly url: string;
  /** Its data, where it is started from again when it ends. */
  readonly data: string;
  pid(): number;
}

/** A server of its own in a temporary folder, gone with its data when disposed. */
export async function startThrowAwayPostgres(
  log: Log = silentLog,
  settings: readonly string[] = [],
): Promise<ThrowAwayPostgres> {
  const folder = mkdtempSync(join(tmpdir(), "roster-pg-"));
  // As root Postgres runs as nobody, who cannot enter what mkdtemp makes.
  chmodSync(folder, 0o755);
  const home = join(folder, "h");
  const server = await startPostgres({ home, log, clock: systemClock, settings });
  return {
    url: server.url,
    data: join((JSON.parse(readFileSync(join(home, "postgres.json"), "utf8")) as { state: string }).state, "data"),
    pid: () => server.pid(),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await resetPostgres(home, { log, clock: systemClock });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

let own: Promise<ThrowAwayPostgres> | undefined;

/** The URL of the server that this worker's test files share. */
export async function sharedUrl(): Promise<string> {
  const given = process.env[sharedPostgres];
  if (given) return given;
  own ??= startThrowAwayPostgres();
  return (await own).url;
}

/** Makes an empty database and answers its URL. It is dropped after the test file. Call it at the top of a file, where hooks can be added. */
export async function freshDatabase(): Promise<string> {
  const server = await sharedUrl();
  const name = `t_${newId(Date.now()).replaceAll("-", "")}`;
  await run(server, `create database ${name}`);
  afterAll(async () => {
    await run(server, `drop database if exists ${name} with (force)`).catch(() => {});
    if (own) {
      await (await own)[Symbol.asyncDispose]();
      own = undefined;
    }
  });
  return server.replace(/\/roster\b(?=[?]|$)/, `/${name}`);
}

async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** A clock that a test moves. Timers fire when the time passes them. */
export function movableClock(
  start = Date.UTC(2026, 10, 20, 9),
): Clock & { set(at: number): void; advance(ms: number): void } {
  let now = start;
  const timers = new Set<{ readonly at: number; readonly act: () => void }>();
  const set = (at: number) => {
    now = at;
    for (const timer of [...timers].sort((a, b) => a.at - b.at))
      if (timer.at <= now && timers.delete(timer)) timer.act();
  };
  const after = (ms: number, act: () => void): Disposable => {
    const timer = { at: now + ms, act };
    timers.add(timer);
    return { [Symbol.dispose]: () => void timers.delete(timer) };
  };
  return {
    now: () => now,
    set,
    advance: (ms) => set(now + ms),
    after,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const timer = after(ms, resolve);
        signal?.addEventListener("abort", () => {
          timer[Symbol.dispose]();
          reject(signal.reason);
        });
      }),
  };
}
