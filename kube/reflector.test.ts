import { expect, it } from "vitest";
import { kinds } from "../api/kinds.ts";
import { problem } from "../api/reasons.ts";
import type { Stored } from "../api/resource.ts";
import { silentLog } from "../lib/log.ts";
import { fakeClock } from "../test/kit/fake-clock.ts";
import { Cache } from "./cache.ts";
import type { KubeClient, WatchEvent } from "./client.ts";
import { Reflector } from "./reflector.ts";

const object = (name: string, resourceVersion: string): Stored => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace: "ns", uid: name, resourceVersion },
});
const lost = () => problem("KubeUnavailable", "connection reset");
const expired = () => problem("KubeUnavailable", "too old", { details: { status: 410 } });

type Step =
  | { readonly list: readonly Stored[]; readonly at: string }
  | { readonly listFails: Error }
  /** Events, ends: end of stream, an error, or silence until aborted. */
  | { readonly watch: readonly WatchEvent[]; readonly ends?: Error | "end" };

/** A server that plays a written script and notes what it was asked. */
function scripted(steps: readonly Step[]) {
  const asked: string[] = [];
  const queue = [...steps];
  const next = () => queue.shift();
  const client = {
    async list() {
      asked.push("list");
      const step = next();
      if (step === undefined || !("list" in step)) throw step && "listFails" in step ? step.listFails : lost();
      return { items: step.list, resourceVersion: step.at };
    },
    async *watch(_: unknown, options: { resourceVersion: string; signal: AbortSignal }) {
      asked.push(`watch ${options.resourceVersion}`);
      const step = next();
      if (step === undefined || !("watch" in step)) {
        if (options.signal.aborted) return;
        await new Promise<void>((resolve) => options.signal.addEventListener("abort", () => resolve(), { once: true }));
        return;
      }
      yield* step.watch;
      if (step.ends instanceof Error) throw step.ends;
    },
  } as unknown as KubeClient;
  return { client, asked };
}

async function reflected(steps: readonly Step[], ms: number) {
  const { client, asked } = scripted(steps);
  const clock = fakeClock(0);
  const cache = new Cache();
  const reflector = new Reflector({ client, kind: kinds.Secret, cache, clock, log: silentLog, random: () => 1 });
  await clock.advance(ms);
  await reflector[Symbol.asyncDispose]();
  return { asked, names: [...cache.keys()].sort() };
}

const added = (name: string, version: string): WatchEvent => ({ type: "ADDED", object: object(name, version) });

const table: Record<
  string,
  { why: string; steps: readonly Step[]; ms: number; want: { asked: string[]; names: string[] } }
> = {
  "follows a list and its watch": {
    why: "the ordinary case",
    steps: [
      { list: [object("a", "1")], at: "1" },
      { watch: [added("b", "2")], ends: "end" },
    ],
    ms: 10,
    want: { asked: ["list", "watch 1", "watch 2"], names: ["ns/a", "ns/b"] },
  },
  "goes on from the last version when the connection breaks": {
    why: "a list of everything for each broken connection would be a storm",
    steps: [
      { list: [], at: "1" },
      { watch: [added("a", "5")], ends: lost() },
      { watch: [added("b", "6")], ends: "end" },
    ],
    ms: 200,
    want: { asked: ["list", "watch 1", "watch 5", "watch 6"], names: ["ns/a", "ns/b"] },
  },
  "remembers bookmarks": {
    why: "a quiet kind must not fall out of the server's history",
    steps: [
      { list: [], at: "1" },
      { watch: [{ type: "BOOKMARK", resourceVersion: "90" }], ends: lost() },
    ],
    ms: 200,
    want: { asked: ["list", "watch 1", "watch 90"], names: [] },
  },
  "lists again at once when its version is gone": {
    why: "410 means that events were missed",
    steps: [
      { list: [object("a", "1")], at: "1" },
      { watch: [], ends: expired() },
      { list: [object("b", "7")], at: "7" },
    ],
    ms: 10,
    want: { asked: ["list", "watch 1", "list", "watch 7"], names: ["ns/b"] },
  },
  "waits between lists that fail": {
    why: "a server that is starting, or a kind that is not served yet",
    steps: [{ listFails: lost() }, { listFails: lost() }, { list: [object("a", "1")], at: "1" }],
    ms: 300,
    want: { asked: ["list", "list", "list", "watch 1"], names: ["ns/a"] },
  },
  "does not ask in a tight loop when watches are closed at once": {
    why: "a proxy in between may do that for hours",
    steps: [{ list: [], at: "1" }, ...Array.from({ length: 50 }, () => ({ watch: [], ends: "end" as const }))],
    ms: 1_000,
    want: { asked: ["list", "watch 1", "watch 1", "watch 1", "watch 1"], names: [] },
  },
  "lists again after five failures in a row": {
    why: "a server restored from an older copy never serves a version that it never had",
    steps: [
      { list: [], at: "9" },
      ...Array.from({ length: 5 }, () => ({ watch: [], ends: lost() })),
      { list: [object("a", "2")], at: "2" },
    ],
    ms: 10_000,
    want: { asked: ["list", ...Array.from({ length: 5 }, () => "watch 9"), "list", "watch 2"], names: ["ns/a"] },
  },
};
for (const [name, { why, steps, ms, want }] of Object.entries(table)) {
  it(name, async () => expect(await reflected(steps, ms), why).toEqual(want));
}

it("lists anew when it is asked to, and answers who asked once that list is in, or nothing is served", async () => {
  const gone = problem("NotFound", "no such kind", { details: { status: 404 } });
  // What a watch finds in the script in its place is silence until it is interrupted.
  const silence: Step = { listFails: gone };
  const { client, asked } = scripted([
    { list: [object("a", "1")], at: "1" },
    silence,
    { list: [object("b", "7")], at: "7" },
    silence,
    silence,
  ]);
  const clock = fakeClock(0);
  const cache = new Cache();
  const reflector = new Reflector({ client, kind: kinds.Secret, cache, clock, log: silentLog, random: () => 1 });
  await clock.advance(1_500);
  expect([...cache.keys()]).toEqual(["ns/a"]);
  await reflector.refresh();
  expect([...cache.keys()]).toEqual(["ns/b"]);
  const refused = reflector.refresh();
  await clock.advance(1);
  await refused;
  expect(asked.filter((call) => call === "list")).toHaveLength(3);
  await reflector[Symbol.asyncDispose]();
});

it("ends at once while a list is not answered, and takes nothing in that comes later", async () => {
  const answer = Promise.withResolvers<{ items: readonly Stored[]; resourceVersion: string }>();
  const { client } = scripted([]);
  const cache = new Cache();
  const silent = { ...client, list: () => answer.promise } as KubeClient;
  const clock = fakeClock(0);
  const reflector = new Reflector({ client: silent, kind: kinds.Secret, cache, clock, log: silentLog });
  await reflector[Symbol.asyncDispose]();
  answer.resolve({ items: [object("late", "1")], resourceVersion: "1" });
  await answer.promise;
  await clock.advance(0);
  expect(cache.synced).toBe(false);
});
