import process from "node:process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type KindRef, kinds } from "../../api/kinds.ts";
import { isReady, type Seen } from "../controller/kit.ts";
import { aBinding, aFleet } from "../controller/objects.ts";
import { freshDatabase } from "../ledger/kit.ts";
import type { Program } from "../product/program.ts";
import { Replicas } from "./replicas.ts";

// Counts, not times: what a machine that is busy with something else makes of them is in npm run bench.
const count = Number(process.env.ROSTER_FAULT_BINDINGS ?? 2_000);

let roster: Replicas;
beforeAll(async () => {
  roster = await Replicas.start(await freshDatabase());
  await aFleet(roster.kube);
});
afterAll(() => roster?.[Symbol.asyncDispose]());

const namesOf = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `agent-${from + index}`);

async function create(names: readonly string[]): Promise<void> {
  const todo = names.values();
  const one = async () => {
    for (const name of todo) await roster.kube.create(kinds.AgentBinding, aBinding(name));
  };
  await Promise.all(Array.from({ length: 16 }, one));
}

/** Follows all bindings from a version on until as many are Ready; answers how often any was written. */
async function untilReady(wanted: number, resourceVersion: string, known: Iterable<string> = []): Promise<number> {
  const stop = new AbortController();
  const ready = new Set(known);
  let writes = 0;
  const options = { namespace: "acme", resourceVersion, signal: stop.signal };
  for await (const event of roster.kube.watch<Seen>(kinds.AgentBinding, options)) {
    if (event.type === "BOOKMARK") continue;
    writes++;
    if (isReady(event.object)) ready.add(event.object.metadata.name);
    if (ready.size === wanted) break;
  }
  stop.abort();
  return writes;
}

const versionOf = async () => (await roster.kube.list(kinds.AgentBinding, { namespace: "acme" })).resourceVersion;

const quietKinds = [kinds.AgentBinding, kinds.AgentRole, kinds.AgentRun, kinds.Secret];

/** Name → version of each object that is there. */
async function versionsOf(of: readonly KindRef[]): Promise<ReadonlyMap<string, string>> {
  const versions = new Map<string, string>();
  for (const kind of of) {
    for (const { metadata } of (await roster.kube.list(kind, { namespace: "acme" })).items)
      versions.set(`${kind.kind} ${metadata.name}`, metadata.resourceVersion);
  }
  return versions;
}

/** The bindings that a controller has brought to rest so far, in order; it says so at its most talkative. */
function lookedAt({ lines }: Program): readonly string[] {
  const pattern = /"kind":"AgentBinding".*"key":"acme\/([^"]+)".*"msg":"reconciled"/;
  return lines.flatMap((line) => pattern.exec(line)?.[1] ?? []);
}

/** Transactions that Postgres has committed in this database. */
async function commits(): Promise<number> {
  // The statistics are flushed by each session when it is idle, at most each second.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const [row] = await roster.rows<{ count: string }>(
    "select xact_commit as count from pg_stat_database where datname = current_database()",
  );
  return Number(row?.count);
}

it(`brings ${count} bindings into force with two writes and few transactions for each`, async () => {
  await create(namesOf(0, count));
  const version = await versionOf();
  const before = await commits();
  await roster.startController("one");
  const writes = await untilReady(count, version);
  expect(writes / count, "a finalizer and a status").toBeLessThan(2.1);
  const made = ((await commits()) - before) / count;
  console.info(`${(writes / count).toFixed(2)} writes and ${made.toFixed(2)} transactions for each binding`);
  expect(made, "hires, seeds, budgets and what is read share round trips").toBeLessThan(4);
});

it("is quiet then: nothing is written, to the API or about a binding", async () => {
  // Sums of the young are due after two seconds; the Lease is shown each ten.
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const before = await versionsOf(quietKinds);
  const settled = await versionOf();
  await new Promise((resolve) => setTimeout(resolve, 12_000));
  const changed: string[] = [];
  const options = { resourceVersion: settled, signal: AbortSignal.timeout(1_000) };
  for (const kind of quietKinds) {
    const watch = roster.kube.watch<Seen>(kind, { ...options, signal: AbortSignal.timeout(1_000) });
    for await (const event of watch)
      if (event.type !== "BOOKMARK") changed.push(`${event.object.kind} ${event.object.metadata.name}`);
  }
  expect(changed).toEqual([]);
  // A watch that was slow to open would have told of nothing.
  expect(await versionsOf(quietKinds)).toEqual(before);
  expect(before.size).toBeGreaterThan(count);
});

it("looks at a fresh one before the whole fleet when a leader begins anew, and writes nothing to the others", async () => {
  await roster.controllers.get("one")?.kill("SIGTERM");
  const before = await versionsOf([kinds.AgentBinding]);
  const version = await versionOf();
  // Made while nobody leads: it is the last of the list.
  await create(["zz-fresh"]);
  const two = await roster.startController("two", {}, "debug");
  while (new Set(lookedAt(two)).size < count + 1) await new Promise((resolve) => setTimeout(resolve, 100));
  const order = lookedAt(two).indexOf("zz-fresh") + 1;
  console.info(`of ${count + 1} bindings the fresh one was the ${order}. that was brought to rest`);
  expect(order, "not the last, though it is the last of the list").toBeLessThan(count);
  // What was begun for the last of the fleet is written before this one, which came after it, is in force.
  await create(["zz-last"]);
  const written: string[] = [];
  const stop = new AbortController();
  const watch = roster.kube.watch<Seen>(kinds.AgentBinding, {
    namespace: "acme",
    resourceVersion: version,
    signal: stop.signal,
  });
  for await (const event of watch) {
    if (event.type === "BOOKMARK") continue;
    written.push(event.object.metadata.name);
    if (event.object.metadata.name === "zz-last" && isReady(event.object)) break;
  }
  stop.abort();
  expect(new Set(written)).toEqual(new Set(["zz-fresh", "zz-last"]));
  const after = new Map(await versionsOf([kinds.AgentBinding]));
  for (const name of ["zz-fresh", "zz-last"]) expect(after.delete(`AgentBinding ${name}`)).toBe(true);
  expect(after).toEqual(before);
  const hired = await roster.rows<{ name: string }>(
    `select b.name from audit a join bindings b on b.uid = a.binding_uid
      where a.action in ('hire', 'update') and a.id > (select max(id) from audit where action = 'lead')
      order by b.name`,
  );
  expect(
    hired.map(({ name }) => name),
    "of those in force nobody is hired again",
  ).toEqual(["zz-fresh", "zz-last"]);
});

it("hires who comes while the fleet is looked at anew", async () => {
  await roster.controllers.get("two")?.kill("SIGTERM");
  await roster.startController("three");
  const began = performance.now();
  const version = await versionOf();
  await create(["zz-meanwhile"]);
  const listed = (await roster.kube.list<Seen>(kinds.AgentBinding, { namespace: "acme" })).items;
  const known = listed.filter(isReady).map(({ metadata }) => metadata.name);
  await untilReady(
    count + 3,
    version,
    known.filter((name) => name !== "zz-meanwhile"),
  );
  console.info(`made during a resync of ${count} → Ready: ${Math.round(performance.now() - began)} ms`);
});
