import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, expect, it } from "vitest";
import { openLedger } from "../../ledger/open.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";
import type { Problem } from "../../lib/problem.ts";
import { aCluster } from "./a-cluster.ts";
import { aFleet, claimed, modelCall, permitted } from "./fleet.ts";
import { freshDatabase, startThrowAwayPostgres } from "./kit.ts";

const folder = mkdtempSync(join(tmpdir(), "roster-key-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const keyFile = join(folder, "ledger.key");
const options = { clock: systemClock, log: silentLog, writer: "test", keyFile };
const shared = await freshDatabase();

it("denies with a reason while Postgres is gone, hangs nowhere, and works again by itself when it is back", async () => {
  await using server = await startThrowAwayPostgres();
  await using ledger = await openLedger({ ...options, url: server.url });
  const fleet = await aFleet(ledger);
  await fleet.budget("b", { Day: "5.00" });
  await fleet.admit(await fleet.hire("tess-ana"));
  const claim = await claimed(ledger);
  const call = permitted(await ledger.guard.permit(modelCall(claim, 0)));
  // Stopped and not killed: the connections stay open and answer nothing.
  process.kill(server.pid(), "SIGKILL");
  const during = await Promise.allSettled([
    ledger.guard.permit(modelCall(claim, 1)),
    ledger.ping(500),
    ledger.runs.find(claim.run.id),
  ]);
  for (const outcome of during)
    if (outcome.status === "rejected")
      expect(outcome.reason).toMatchObject({ reason: expect.stringMatching(/LedgerUnavailable|JournalDiverged/) });
  const woken = Promise.withResolvers<void>();
  using _ = ledger.feed.subscribe("money", () => woken.resolve());
  while (
    !(await ledger.ping().then(
      () => true,
      () => false,
    ))
  )
    await systemClock.sleep(50);
  await woken.promise;
  await ledger.guard.happened({ callId: call.callId, response: {}, isError: false, charge: 7n });
  expect(await ledger.money.budget(fleet.tenant, "b")).toMatchObject([{ spent: 7n, held: 0n }]);
  expect(await ledger.money.drift()).toBe(0n);
});

it("waits for a standby to be promoted, and then goes on: a failover without a loss is no restore", async () => {
  await using server = await startThrowAwayPostgres(silentLog, ["wal_level=replica"]);
  await using ledger = await openLedger({ ...options, url: server.url });
  const cluster = aCluster("cluster-uid");
  const fleet = await aFleet(ledger);
  await cluster.pair(ledger);
  const ana = await fleet.hire("tess-ana");
  await cluster.tell(ledger);

  // Ended in good order and started again as what follows a primary that is gone.
  writeFileSync(join(server.data, "standby.signal"), "");
  process.kill(server.pid(), "SIGINT");
  const states = new Set<unknown>();
  const look = async () => {
    states.add(
      await ledger.pairing.check(cluster.ask).then(
        ({ kind }) => kind,
        (thrown: Problem) => thrown.reason,
      ),
    );
    return await ledger.bindings.find(ana.uid).then(String, (thrown: Problem) => thrown.message);
  };
  while (!/leads to a standby of Postgres/.test(await look())) await systemClock.sleep(50);
  for (let more = 0; more < 10; more++) await look();
  // The first look may come before the end of the primary.
  states.delete("paired");
  expect([...states]).toEqual(["LedgerUnavailable"]);
  await expect(openLedger({ ...options, url: server.url })).rejects.toMatchObject({ reason: "LedgerUnavailable" });

  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  await admin.query("select pg_promote()");
  await admin.end();
  while (!(await ledger.bindings.find(ana.uid).catch(() => undefined))) await systemClock.sleep(50);
  expect(await ledger.pairing.check(cluster.ask)).toEqual({ kind: "paired" });
  expect((await fleet.hire("tess-bob")).name).toBe("tess-bob");
});

it("says that the ledger is unavailable where nothing listens", async () => {
  await expect(openLedger({ ...options, url: "postgresql://x@127.0.0.1:1/x" })).rejects.toMatchObject({
    reason: "LedgerUnavailable",
  });
});

it("wakes other processes after a commit", async () => {
  await using one = await openLedger({ ...options, url: shared });
  const fleet = await aFleet(one);
  const ana = await fleet.hire("tess-ana");
  await using two = await openLedger({ ...options, url: shared });
  expect(two.id).toBe(one.id);
  const wakes = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  using _ = two.feed.subscribe("queue", () => wakes.shift()?.resolve());
  const [connected, woken] = wakes.map((wake) => wake.promise);
  // The first one is what every connection gives to all channels.
  await connected;
  await fleet.admit(ana);
  await woken;
});

it("opens only with the key it was made with, kept where only its owner reads it", async () => {
  await (await openLedger({ ...options, url: shared }))[Symbol.asyncDispose]();
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  const other = join(folder, "other.key");
  await expect(openLedger({ ...options, url: shared, keyFile: other })).rejects.toMatchObject({ reason: "InvalidKey" });
  writeFileSync(other, "short");
  await expect(openLedger({ ...options, url: shared, keyFile: other })).rejects.toMatchObject({
    reason: "InvalidKey",
    message: expect.stringContaining("5 bytes"),
  });
});

it("is opened by many processes at once while it is empty", async () => {
  const url = await freshDatabase();
  const all = await Promise.all(Array.from({ length: 4 }, () => openLedger({ ...options, url })));
  expect(new Set(all.map((ledger) => ledger.id)).size).toBe(1);
  for (const ledger of all) await ledger[Symbol.asyncDispose]();
});
