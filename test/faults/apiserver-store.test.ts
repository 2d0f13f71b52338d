import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configMap, configMapsPath as maps, widgets } from "../apiserver/kit.ts";
import { freePorts } from "../kit/free-ports.ts";
import { startApiProcess } from "./kit/api-process.ts";
import { missingStrace, tampering } from "./kit/strace.ts";
import { Supervised } from "./kit/supervised.ts";
import { count, summary } from "./watch/count.ts";
import { Journal, readJournal } from "./watch/journal.ts";
import { violations } from "./watch/properties.ts";
import { randomOf } from "./watch/random.ts";
import { recorders, runWorkload, type WatcherPlan } from "./watch/workload.ts";

// ROSTER_KILLS makes it longer, ROSTER_SEED chooses other points; a failure keeps its history.
const kills = Number(process.env.ROSTER_KILLS ?? 9);
const seed = Number(process.env.ROSTER_SEED ?? 1);
const why = missingStrace();
if (why) process.stdout.write(`skipped: kills and errors at system calls of the store: ${why}\n`);

let folder: string;
let options: { dataDir: string; port: number; crds: readonly object[] };
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "roster-store-"));
  const [port = 0] = await freePorts(1);
  options = { dataDir: path.join(folder, "data"), port, crds: [widgets] };
});
afterEach(async ({ task }) => {
  if (task.result?.state !== "fail") await rm(folder, { recursive: true, force: true });
});

const watchers: readonly WatcherPlan[] = [
  ...recorders,
  { name: "of a team", scope: { kind: "widgets", team: "red" }, bookmarks: true },
  { name: "streaming", scope: { kind: "configmaps" }, streaming: true, reopenAfter: 500 },
];
const lethal = "signal=SIGKILL";
const refusal =
  /^Internal error occurred: cannot write to the API server's store: .*(I\/O error|disk is full).*; free space/;

describe.skipIf(why)("the store, killed at a sync", () => {
  it("has every acknowledged write and none twice, wherever it was killed", { timeout: 300_000 }, async () => {
    const random = randomOf(seed);
    // Some in the first start, where the folder is made, some while many write.
    const points = Array.from(
      { length: kills },
      (_, i) => (i % 3 === 0 ? 1 : 20) + Math.floor(random() * (i % 3 === 0 ? 30 : 200)),
    );
    const journal = new Journal(path.join(folder, "history.jsonl"));
    await using server = new Supervised({
      ...options,
      prefixes: points.map((n) => tampering(`fsync:${lethal}:when=${n}`, `fdatasync:${lethal}:when=${n}`)),
      ended: () => journal.add({ t: "killed" }),
    });
    let enough = Number.POSITIVE_INFINITY;
    const more = (made: number) => {
      // A little longer after the last kill.
      if (enough === Number.POSITIVE_INFINITY && server.endings >= kills) enough = made + 300;
      return made < Math.min(enough, kills * 3_000);
    };
    await runWorkload({ server, journal, seed, writers: 8, watchers, more });
    journal[Symbol.dispose]();
    const facts = readJournal(journal.file);
    process.stdout.write(`killed at syncs ${points.join(", ")}: ${summary(facts)} (seed ${seed})\n`);
    expect(violations(facts), `seed ${seed}, history kept in ${journal.file}`).toEqual({});
    expect(server.endings).toBe(kills);
    expect(count(facts).acknowledged).toBeGreaterThan(kills * 20);
  });
});

// Counted in the thread that writes; the first forty or so are those of the start.
const windows: Readonly<Record<string, readonly string[]>> = {
  "one sync fails": ["fsync:error=EIO:when=80", "fdatasync:error=EIO:when=80"],
  "syncs fail for a while": ["fsync:error=EIO:when=80..120", "fdatasync:error=EIO:when=80..120"],
  "syncs find no space for a while": ["fsync:error=ENOSPC:when=80..100", "fdatasync:error=ENOSPC:when=80..100"],
  "writes find no space for a while": ["pwrite64:error=ENOSPC:when=400..440"],
  "writes fail for a while": ["pwrite64:error=EIO:when=400..440"],
  "a sync fails, and then the log cannot be cut": ["fsync:error=EIO:when=80", "ftruncate:error=EIO:when=1..5"],
};

describe.skipIf(why)("the store on a disk that fails", () => {
  for (const [name, injections] of Object.entries(windows)) {
    it(`refuses writes, goes on reading, and writes again afterwards: ${name}`, { timeout: 120_000 }, async () => {
      const journal = new Journal(path.join(folder, "history.jsonl"));
      await using server = new Supervised({ ...options, prefixes: [tampering(...injections)] });
      const refusals: string[] = [];
      let since = 0;
      await runWorkload({
        server,
        journal,
        seed,
        writers: 8,
        watchers,
        writing: () => since++,
        // Until long after the last refusal.
        more: (made) => (refusals.length === 0 ? made < 5_000 : since < 600),
        failed({ code, body }) {
          expect(code).toBe(500);
          expect(body).toMatchObject({ kind: "Status", reason: "InternalError", code: 500 });
          refusals.push(String(body.message));
          since = 0;
          // It is known that it did not happen: the history must not show it.
          return true;
        },
      });
      expect(server.endings).toBe(0);
      expect(refusals.length).toBeGreaterThan(0);
      for (const message of refusals) expect(message).toMatch(refusal);
      // And what the next server finds is what this one said.
      const before = (await (await server.client).call("GET", "/api/v1/configmaps")).body;
      expect((await server.server).said()).toMatch(/a commit failed; its writes are refused/);
      await server.kill();
      const after = (await (await server.client).call("GET", "/api/v1/configmaps")).body;
      expect(after.items).toEqual(before.items);
      journal[Symbol.dispose]();
      const facts = readJournal(journal.file);
      process.stdout.write(`${name}: ${summary(facts)}\n`);
      expect(violations(facts), `history kept in ${journal.file}`).toEqual({});
    });
  }

  it("loses nothing and halves nothing when it is killed while its disk fails", { timeout: 120_000 }, async () => {
    const journal = new Journal(path.join(folder, "history.jsonl"));
    const prefixes = [tampering("fsync:error=EIO:when=120+", "fdatasync:error=EIO:when=120+")];
    await using server = new Supervised({ ...options, prefixes, ended: () => journal.add({ t: "killed" }) });
    let failures = 0;
    let killing: Promise<void> | undefined;
    let enough = 5_000;
    await runWorkload({
      server,
      journal,
      seed,
      writers: 8,
      watchers,
      writing(made) {
        if (failures <= 200 || killing) return;
        enough = made + 500;
        killing = server.kill();
      },
      more: (made) => made < enough,
      failed() {
        failures++;
        // A whole write that was refused may come back with the restart, as after any cut connection.
        return false;
      },
    });
    await killing;
    journal[Symbol.dispose]();
    const facts = readJournal(journal.file);
    process.stdout.write(`killed while the disk fails: ${summary(facts)}\n`);
    expect(failures).toBeGreaterThan(200);
    expect(violations(facts), `history kept in ${journal.file}`).toEqual({});
  });
});

const small = spawnSync(
  "sh",
  ["-c", "d=$(mktemp -d) && mount -t tmpfs -o size=1m none $d && umount $d; s=$?; rmdir $d; exit $s"],
  {
    encoding: "utf8",
  },
);
const unmountable =
  small.status === 0 ? undefined : `a small filesystem cannot be mounted here: ${small.stderr.trim()}`;
if (unmountable) process.stdout.write(`skipped: a store on a full disk: ${unmountable}\n`);

describe.skipIf(unmountable)("the store on a full disk", () => {
  const mount = (...args: readonly string[]) => expect(spawnSync("mount", args, { encoding: "utf8" }).stderr).toBe("");

  it("refuses writes, serves reads, starts again, and goes on when there is space", { timeout: 120_000 }, async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), "roster-full-"));
    mount("-t", "tmpfs", "-o", "size=6m,mode=700", "none", dataDir);
    try {
      const kept: string[] = [];
      const write = async (client: { call: typeof first.client.call }, name: string) => {
        const answer = await client.call("POST", maps, configMap(name, { pad: "x".repeat(20_000) }));
        if (answer.code === 201) kept.push(name);
        return answer;
      };
      const names = async (client: typeof first.client) => {
        const { items } = (await client.call("GET", maps)).body;
        return [...items].map(({ metadata }) => String(metadata.name)).filter((name) => name.startsWith("kept-"));
      };
      await using first = await startApiProcess({ ...options, dataDir });
      let answer = await write(first.client, "kept-000");
      for (let i = 1; answer.code === 201; i++)
        answer = await write(first.client, `kept-${String(i).padStart(3, "0")}`);
      expect(answer.code).toBe(500);
      expect(answer.body.message).toMatch(refusal);
      expect(kept.length).toBeGreaterThan(20);
      expect(await names(first.client)).toEqual(kept);
      expect((await write(first.client, "kept-999")).code).toBe(500);
      await first.kill();
      // A start on the full disk has everything, and still says why it does not write.
      const second = await startApiProcess({ ...options, dataDir });
      await using _second = second;
      expect(await names(second.client)).toEqual(kept);
      const refused = await write(second.client, "kept-a");
      expect(refused.code).toBe(500);
      expect(refused.body.message).toMatch(refusal);
      mount("-o", "remount,size=64m", dataDir);
      expect((await write(second.client, "kept-b")).code).toBe(201);
      expect(await names(second.client)).toEqual(kept);
      await second.kill();
      await using third = await startApiProcess({ ...options, dataDir });
      expect(await names(third.client)).toEqual(kept);
    } finally {
      spawnSync("umount", ["-l", dataDir]);
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});
