import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { systemClock } from "../../lib/clock.ts";
import { widgets } from "../apiserver/kit.ts";
import { freePorts } from "../kit/free-ports.ts";
import { type ApiProcess, startApiProcess } from "./kit/api-process.ts";
import type { Fact } from "./watch/history.ts";
import { Journal, readJournal } from "./watch/journal.ts";
import { shapes } from "./watch/objects.ts";
import { violations } from "./watch/properties.ts";
import { randomOf } from "./watch/random.ts";
import { runWatcher, type Watched, type WatcherOptions } from "./watch/watcher.ts";
import { runWriter } from "./watch/writer.ts";

// ROSTER_WATCH_WRITES makes it longer, ROSTER_SEED another history; a failure names its seed and keeps its history.
const writes = Number(process.env.ROSTER_WATCH_WRITES ?? 42_000);
const seed = Number(process.env.ROSTER_SEED ?? 1);
const kills = 5;
const writers = 24;
const namespaces = ["alpha", "beta"];

let folder: string;
let server: ApiProcess;
let up: Promise<ApiProcess>;
let keep = false;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "roster-watch-"));
  const [port = 0] = await freePorts(1);
  // A short history, so that who sleeps for seconds finds it compacted.
  const history = { maxAgeMs: 0, maxBytes: 64 << 20, minCount: 4_000 };
  start = () => startApiProcess({ dataDir: path.join(folder, "data"), port, history, hurry: 60, crds: [widgets] });
  server = await start();
  up = Promise.resolve(server);
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  if (!keep) await rm(folder, { recursive: true, force: true });
});
let start: () => Promise<ApiProcess>;

async function killAndRestart(journal: Journal): Promise<void> {
  const next = Promise.withResolvers<ApiProcess>();
  up = next.promise;
  await server.kill();
  journal.add({ t: "killed" });
  server = await start();
  next.resolve(server);
}

const of = (name: string, scope: WatcherOptions["scope"], more: Partial<WatcherOptions> = {}) => ({
  name,
  scope,
  ...more,
});
const both = (name: string, more: Partial<WatcherOptions> = {}) =>
  Object.keys(shapes).map((kind) => of(name, { kind }, more));
const watchers: readonly Partial<WatcherOptions>[] = [
  ...both("recorder"),
  ...both("plain"),
  ...both("plain too"),
  ...both("with bookmarks", { bookmarks: true }),
  ...both("streaming", { streaming: true, reopenAfter: 4_000 }),
  of("of one namespace", { kind: "configmaps", namespace: "alpha" }),
  of("of a team", { kind: "widgets", team: "red" }, { bookmarks: true }),
  of("of a team in a namespace", { kind: "configmaps", namespace: "beta", team: "red" }),
  of("of a colour", { kind: "widgets", colour: "blue" }),
  of(
    "of a colour, streaming",
    { kind: "widgets", colour: "blue", namespace: "beta" },
    { streaming: true, reopenAfter: 1_000 },
  ),
  of("resuming anywhere", { kind: "widgets", team: "red" }, { reopenAfter: 300, back: 200 }),
  of("resuming anywhere", { kind: "configmaps" }, { reopenAfter: 500, back: 300, bookmarks: true }),
  of("slow", { kind: "configmaps" }, { pause: { everyEvents: 2_000, ms: 1_500 } }),
  of(
    "slow, of a team",
    { kind: "widgets", team: "red" },
    { pause: { everyEvents: 1_000, ms: 1_000 }, bookmarks: true },
  ),
  of("asleep", { kind: "widgets" }, { pause: { everyEvents: 1_500, writes: 9_000 } }),
  of("asleep, streaming", { kind: "configmaps" }, { pause: { everyEvents: 1_500, writes: 9_000 }, streaming: true }),
];

it("watches keep etcd's nine guarantees through kills, compaction and slow readers", async () => {
  const file = path.join(folder, "history.jsonl");
  const journal = new Journal(file);
  const call = async (method: string, at: string, body?: unknown, type?: string) =>
    (await up).client.call(method, at, body, type);
  for (const name of namespaces) {
    await call("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  let made = 0;
  const sleepers = new Set<{ readonly until: number; wake(): void }>();
  const wake = () => {
    for (const sleeper of sleepers) if (made >= Math.min(sleeper.until, writes)) sleeper.wake();
  };
  const written = (amount: number) =>
    new Promise<void>((resolve) => {
      const sleeper = { until: made + amount, wake: () => sleepers.delete(sleeper) && resolve() };
      sleepers.add(sleeper);
      wake();
    });
  // The account begins before the first write, or it has no beginning.
  const open = watchers.map(() => Promise.withResolvers<void>());
  const watching = watchers.map((options, index) =>
    runWatcher({
      name: "",
      scope: { kind: "configmaps" },
      ...options,
      seed: seed * 100 + index,
      journal,
      server: async () => (await up).client,
      sleep: systemClock.sleep,
      written,
      opened: () => open[index]!.resolve(),
      last: `${options.scope?.namespace ?? "alpha"}/zz-last`,
    }),
  );

  await Promise.all(open.map(({ promise }) => promise));

  const random = randomOf(seed);
  const killAt = Array.from({ length: kills }, (_, i) =>
    Math.floor((writes * (i + 0.5 + random() / 2)) / (kills + 0.5)),
  );
  let killing: Promise<void> = Promise.resolve();
  const next = () => {
    made++;
    wake();
    if (made === killAt[0]) {
      killAt.shift();
      killing = killing.then(() => killAndRestart(journal));
    }
    return made;
  };
  await Promise.all(
    Array.from({ length: writers }, (_, id) =>
      runWriter({
        id,
        seed,
        journal,
        namespaces,
        call,
        next,
        available: async () => void (await up),
        more: () => made < writes,
      }),
    ),
  );
  await killing;
  for (const shape of Object.values(shapes)) {
    // The recorder ends with the one in alpha, so that comes last.
    for (const namespace of namespaces.toReversed()) {
      const content = { n: ++made, team: "red", colour: "blue" };
      const { code } = await call("POST", shape.path(namespace), shape.make("zz-last", content));
      expect(code).toBe(201);
    }
  }
  const watched = await Promise.all(watching);
  journal[Symbol.dispose]();

  const facts = readJournal(file);
  const found = violations(facts);
  keep = Object.keys(found).length > 0;
  process.stdout.write(`${summary(facts, watched)}\n`);
  const shown = Object.fromEntries(
    Object.entries(found).map(([name, list]) => [name, [list.length, ...list.slice(0, 5)]]),
  );
  expect(shown, `seed ${seed}, history kept in ${file}`).toEqual({});
  const counts = count(facts);
  expect(counts.acknowledged).toBeGreaterThan(writes * 0.9);
  expect(counts.kills).toBe(kills);
  // The account that all are held against has no gap of its own.
  expect(watched.filter(({ name, expired }) => name === "recorder" && expired > 0)).toEqual([]);
  expect(watched.filter(({ name, expired }) => name.startsWith("asleep") && expired > 0).length).toBeGreaterThan(0);
  expect(counts.bookmarks).toBeGreaterThan(20);
  if (writes >= 42_000) expect(counts.deliveries).toBeGreaterThanOrEqual(200_000);
}, 400_000);

/** What was checked. A delivery is one event to one watcher: what a watcher saw again after going back counts once. */
function count(facts: readonly Fact[]) {
  const deliveries = new Set<string>();
  const names = new Map<number, string>();
  const counts = { acknowledged: 0, refused: 0, unknown: 0, kills: 0, bookmarks: 0, expired: 0, lists: 0, streams: 0 };
  for (const fact of facts) {
    if (fact.t === "write") counts[fact.outcome]++;
    if (fact.t === "opened") names.set(fact.stream, `${fact.watcher} ${fact.scope.kind}`);
    if (fact.t === "event") deliveries.add(`${names.get(fact.stream)} ${fact.rv}`);
    if (fact.t === "killed") counts.kills++;
    if (fact.t === "bookmark") counts.bookmarks++;
    if (fact.t === "expired") counts.expired++;
    if (fact.t === "listed") counts.lists++;
    if (fact.t === "opened") counts.streams++;
  }
  return { ...counts, deliveries: deliveries.size };
}

function summary(facts: readonly Fact[], watched: readonly Watched[]): string {
  const c = count(facts);
  return (
    `watch: ${c.deliveries} distinct deliveries of ${c.acknowledged} acknowledged writes to ${watched.length} watchers in ` +
    `${c.streams} streams; ${c.refused} writes refused, ${c.unknown} cut off; ${c.kills} kills, ${c.expired} streams expired, ` +
    `${c.lists} lists, ${c.bookmarks} bookmarks (seed ${seed})`
  );
}
