import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { expect, it } from "vitest";
import { widgets } from "../apiserver/kit.ts";
import { freePorts } from "../kit/free-ports.ts";
import { Supervised } from "./kit/supervised.ts";
import { count, summary } from "./watch/count.ts";
import { Journal, readJournal } from "./watch/journal.ts";
import { shapes } from "./watch/objects.ts";
import { violations } from "./watch/properties.ts";
import { randomOf } from "./watch/random.ts";
import { recorders, runWorkload, type WatcherPlan } from "./watch/workload.ts";

// ROSTER_WATCH_WRITES makes it longer, ROSTER_SEED another history; a failure names its seed and keeps its history.
const writes = Number(process.env.ROSTER_WATCH_WRITES ?? 42_000);
const seed = Number(process.env.ROSTER_SEED ?? 1);
const kills = 5;
const writers = 24;

const both = (name: string, more: Partial<WatcherPlan> = {}): readonly WatcherPlan[] =>
  Object.keys(shapes).map((kind) => ({ name, scope: { kind }, ...more }));
const asleep = { everyEvents: 1_500, writes: 9_000 };
const watchers: readonly WatcherPlan[] = [
  ...recorders,
  ...both("plain"),
  ...both("plain too"),
  ...both("with bookmarks", { bookmarks: true }),
  ...both("streaming", { streaming: true, reopenAfter: 4_000 }),
  { name: "of one namespace", scope: { kind: "configmaps", namespace: "alpha" } },
  { name: "of a team", scope: { kind: "widgets", team: "red" }, bookmarks: true },
  { name: "of a team in a namespace", scope: { kind: "configmaps", namespace: "beta", team: "red" } },
  { name: "of a colour", scope: { kind: "widgets", colour: "blue" } },
  {
    name: "of a colour, streaming",
    scope: { kind: "widgets", colour: "blue", namespace: "beta" },
    streaming: true,
    reopenAfter: 1_000,
  },
  { name: "resuming anywhere", scope: { kind: "widgets", team: "red" }, reopenAfter: 300, back: 200 },
  { name: "resuming anywhere", scope: { kind: "configmaps" }, reopenAfter: 500, back: 300, bookmarks: true },
  { name: "slow", scope: { kind: "configmaps" }, pause: { everyEvents: 2_000, ms: 1_500 } },
  {
    name: "slow, of a team",
    scope: { kind: "widgets", team: "red" },
    pause: { everyEvents: 1_000, ms: 1_000 },
    bookmarks: true,
  },
  { name: "asleep", scope: { kind: "widgets" }, pause: asleep },
  { name: "asleep, streaming", scope: { kind: "configmaps" }, pause: asleep, streaming: true },
];

it("watches keep etcd's nine guarantees through kills, compaction and slow readers", { timeout: 500_000 }, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "roster-watch-"));
  const file = path.join(folder, "history.jsonl");
  const [port = 0] = await freePorts(1);
  const journal = new Journal(file);
  await using server = new Supervised({
    dataDir: path.join(folder, "data"),
    port,
    // A short history, so that who sleeps finds it compacted.
    history: { maxAgeMs: 0, maxBytes: 64 << 20, minCount: 4_000 },
    // Bookmarks each second instead of each minute.
    hurry: 60,
    crds: [widgets],
    ended: () => journal.add({ t: "killed" }),
  });
  const random = randomOf(seed);
  const killAt = Array.from({ length: kills }, (_, i) =>
    Math.floor((writes * (i + 0.5 + random() / 2)) / (kills + 0.5)),
  );
  let killing: Promise<void> = Promise.resolve();
  const watched = await runWorkload({
    server,
    journal,
    seed,
    writers,
    watchers,
    more: (made) => made < writes,
    writing(made) {
      if (made === killAt[0]) {
        killAt.shift();
        killing = killing.then(() => server.kill());
      }
    },
  });
  await killing;
  journal[Symbol.dispose]();

  const facts = readJournal(file);
  process.stdout.write(`watch: ${summary(facts)} (seed ${seed})\n`);
  expect(shown(violations(facts)), `seed ${seed}, history kept in ${file}`).toEqual({});
  const counts = count(facts);
  expect(counts.acknowledged).toBeGreaterThan(writes * 0.9);
  expect(counts.kills).toBe(kills);
  // The account that all are held against has no gap of its own, and who slept was told so.
  expect(watched.filter(({ name, expired }) => name === "recorder" && expired > 0)).toEqual([]);
  expect(counts.bookmarks).toBeGreaterThan(20);
  // A short history of one's own choice has not time enough for these.
  if (writes < 42_000) return;
  expect(watched.filter(({ name, expired }) => name.startsWith("asleep") && expired > 0).length).toBeGreaterThan(0);
  expect(counts.deliveries).toBeGreaterThanOrEqual(200_000);
  await rm(folder, { recursive: true, force: true });
});

/** The first sentences of each property that does not hold. */
function shown(found: ReturnType<typeof violations>): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(found).map(([name, list]) => [name, [`${list.length} times`, ...list.slice(0, 5)]]),
  );
}
