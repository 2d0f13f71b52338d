import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, expect, it } from "vitest";
import { isAlive, readPidFile } from "../../ledger/embedded/process.ts";
import { type EmbeddedPostgres, resetPostgres, startPostgres } from "../../ledger/embedded/supervisor.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";

const folders: string[] = [];
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

function folder(mode: number): string {
  const made = mkdtempSync(join(tmpdir(), "roster-sup-"));
  chmodSync(made, mode);
  folders.push(made);
  return made;
}

const options = (home: string) => ({ home, log: silentLog, clock: systemClock });

async function ask(server: { url: string }, text: string): Promise<Record<string, unknown>> {
  const client = new pg.Client({ connectionString: server.url });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(text)).rows[0];
  } finally {
    await client.end();
  }
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await systemClock.sleep(10);
}

it("keeps the data from one start to the next and forgets it on reset", async () => {
  const home = join(folder(0o755), ".roster");
  {
    await using first = await startPostgres(options(home));
    await ask(first, "create table kept as select 42 as n");
  }
  {
    await using second = await startPostgres(options(home));
    expect(await ask(second, "select n from kept")).toEqual({ n: 42 });
    expect(
      await ask(second, "select current_setting('fsync') as fsync, current_setting('listen_addresses') as tcp"),
    ).toEqual({
      fsync: "on",
      tcp: "",
    });
    await expect(resetPostgres(home, options(home))).rejects.toMatchObject({ reason: "AlreadyRunning" });
  }
  await resetPostgres(home, options(home));
  expect(existsSync(join(home, "postgres.json"))).toBe(false);
  await using third = await startPostgres(options(home));
  await expect(ask(third, "select n from kept")).rejects.toThrow('relation "kept" does not exist');
});

it("runs from a folder that only its owner can enter, and from one too long for a socket", async () => {
  const home = join(folder(0o700), "x".repeat(110), ".roster");
  const server: EmbeddedPostgres = await startPostgres(options(home));
  expect(await ask(server, "select 1 as one")).toEqual({ one: 1 });
  await server[Symbol.asyncDispose]();
  const state = new URL(server.url.replace("@/", "@h/")).searchParams.get("host")!;
  expect(existsSync(state)).toBe(true);
  await resetPostgres(home, options(home));
  expect(existsSync(state)).toBe(false);
});

it("is back with the same URL after it was killed", async () => {
  const home = join(folder(0o755), ".roster");
  await using server = await startPostgres(options(home));
  const before = server.pid();
  process.kill(before, "SIGKILL");
  await until(
    async () => server.pid() !== before && (await ask(server, "select 1 as one").catch(() => undefined)) !== undefined,
  );
  expect(server.pid()).not.toBe(before);
});

it("stops when its parent is killed, and starts over a pid file that names somebody else", async () => {
  const home = join(folder(0o755), ".roster");
  const script = join(folder(0o755), "parent.mjs");
  const from = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  writeFileSync(
    script,
    `import { startPostgres } from ${from("../../ledger/embedded/supervisor.ts")};
     import { systemClock } from ${from("../../lib/clock.ts")};
     import { silentLog } from ${from("../../lib/log.ts")};
     await startPostgres({ home: ${JSON.stringify(home)}, log: silentLog, clock: systemClock });
     console.log("up"); setInterval(() => {}, 1000);`,
  );
  const parent = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(parent.stdout, "data");
  await expect(startPostgres(options(home))).rejects.toMatchObject({ reason: "AlreadyRunning" });
  const data = join(home, "postgres", "data");
  const { pid } = readPidFile(data)!;
  parent.kill("SIGKILL");
  await once(parent, "exit");
  await until(() => !isAlive(pid));
  // As after a reboot: the number in the file belongs to a process that is not a Postgres.
  writeFileSync(join(data, "postmaster.pid"), `${process.ppid}\n${data}\n`);
  await using server = await startPostgres(options(home));
  expect(await ask(server, "select 1 as one")).toEqual({ one: 1 });
});

it("says what is wrong when the cluster cannot be used", async () => {
  const home = join(folder(0o755), ".roster");
  await (await startPostgres(options(home)))[Symbol.asyncDispose]();
  const data = join(home, "postgres", "data");
  writeFileSync(join(data, "PG_VERSION"), "12\n");
  await expect(startPostgres(options(home))).rejects.toMatchObject({
    reason: "PostgresFailed",
    message: expect.stringContaining("made by Postgres 12"),
  });
  writeFileSync(join(data, "PG_VERSION"), "18\n");
  rmSync(join(data, "global", "pg_control"));
  await expect(startPostgres(options(home))).rejects.toMatchObject({
    reason: "PostgresFailed",
    message: expect.stringContaining("postgres.log"),
  });
});

it("deletes data that nobody asked to delete only with the folder it belonged to", async () => {
  const inside = join(folder(0o755), ".roster");
  await (await startPostgres(options(inside)))[Symbol.asyncDispose]();
  rmSync(join(inside, "postgres.json"));
  await expect(startPostgres(options(inside))).rejects.toMatchObject({
    reason: "PostgresFailed",
    message: expect.stringContaining("postgres.json"),
  });
  expect(existsSync(join(inside, "postgres", "data", "PG_VERSION"))).toBe(true);
  await resetPostgres(inside, options(inside));
  expect(existsSync(join(inside, "postgres"))).toBe(false);

  const closed = folder(0o700);
  const home = join(closed, ".roster");
  await (await startPostgres(options(home)))[Symbol.asyncDispose]();
  rmSync(home, { recursive: true });
  await using server = await startPostgres(options(home));
  expect(await ask(server, "select 1 as one")).toEqual({ one: 1 });
  await server[Symbol.asyncDispose]();
  await resetPostgres(home, options(home));
});
