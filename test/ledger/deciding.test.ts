import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Ledger } from "../../ledger/ledger.ts";
import { openLedger } from "../../ledger/open.ts";
import { aCluster } from "./a-cluster.ts";
import { aFleet, claimed, type Fleet, withLedger } from "./fleet.ts";
import { freshDatabase } from "./kit.ts";

const home = aCluster("cluster-uid");
const { ledger, url, clock, options } = await withLedger();
const nothing = freshDatabase();
const client = new pg.Client({ connectionString: url, options: "-c search_path=roster" });
let fleet: Fleet;

beforeAll(async () => {
  await client.connect();
  fleet = await aFleet(ledger);
  await fleet.budget("all", { Day: "100.00" });
  await fleet.admit(await fleet.hire("ben"));
  await home.pair(ledger);
  await home.tell(ledger);
});
afterAll(() => client.end());

/** What a cluster says that knows more than the ledger. */
const ahead = async () => ({ ...home.says, mark: { ...home.says.mark!, seq: home.says.mark!.seq + 1_000 } });
const shown = async (of: Ledger) => {
  const { ledger: id, epoch } = await of.pairing.facts();
  return { ledger: id, epoch };
};
const accept = async () => ledger.pairing.accept(home.says, await shown(ledger), "admin");
const tokens = async () => {
  const { rows } = await client.query("select count(*)::int as all, count(revoked_at)::int as revoked from tokens");
  return rows[0] as { all: number; revoked: number };
};

describe("a healthy pair", () => {
  it("is not stopped by accepting or adopting it", async () => {
    expect(await ledger.pairing.check(home.ask)).toEqual({ kind: "paired" });
    const before = await ledger.pairing.facts();
    const refused = { reason: "Conflict", message: expect.stringContaining("nothing is to be decided") };
    await expect(accept()).rejects.toMatchObject(refused);
    await expect(ledger.pairing.adopt(home.says, await shown(ledger), "admin")).rejects.toMatchObject(refused);
    expect(await ledger.pairing.facts()).toEqual(before);
  });

  it("is not stopped by an answer of the cluster that is out of date", async () => {
    let asked = 0;
    expect(await ledger.pairing.check(() => (asked++ === 0 ? ahead() : home.ask()))).toEqual({ kind: "paired" });
    expect(asked).toBe(2);
    expect((await ledger.pairing.facts()).recovering).toBeUndefined();
    expect(ledger.pairing.closed).toBeUndefined();
  });

  it("is not stopped again by what was found before a person decided", async () => {
    const { epoch } = await ledger.pairing.facts();
    // Whoever begins recovery waits here.
    await client.query("begin; select pg_advisory_xact_lock(hashtextextended('leader/controller', 0))");
    const checked = ledger.pairing.check(ahead);
    await expect.poll(waiting).toBe(1);
    await client.query("update pairing set epoch = epoch + 1; commit");
    await checked;
    expect(await ledger.pairing.facts()).toMatchObject({ epoch: epoch + 1 });
    expect((await ledger.pairing.facts()).recovering).toBeUndefined();
    // Until it is compared with what was decided, nothing runs here.
    expect(ledger.pairing.closed).toMatchObject({ reason: "Recovering" });
    home.says.mark = { ...home.says.mark!, epoch: epoch + 1 };
    expect(await ledger.pairing.check(home.ask)).toEqual({ kind: "paired" });
    expect(ledger.pairing.closed).toBeUndefined();
  });
});

describe("recovery", () => {
  it("that cannot begin leaves the process closed, not open", async () => {
    await client.query("alter table gateways rename to elsewhere");
    await expect(ledger.pairing.check(ahead)).rejects.toThrow();
    const refused = { reason: "Recovering", message: expect.stringContaining("older than the cluster") };
    expect(ledger.pairing.closed).toMatchObject(refused);
    await expect(ledger.runs.claim({ id: "w", gateway: "g", leaseMs: 1000 })).rejects.toMatchObject(refused);
    await client.query("alter table elsewhere rename to gateways");
    expect(await ledger.pairing.check(home.ask)).toEqual({ kind: "paired" });
  });

  it("revokes what is worth something, and leaves what has expired", async () => {
    const ana = await fleet.hire("ana");
    await fleet.admit(ana);
    // Ben's, who asked first.
    await claimed(ledger);
    await client.query(
      `insert into tokens (hash, kind, binding_uid, epoch, issued_at, expires_at)
       select 'old' || i, 'run', $1, 0, 0, $2 from generate_series(1, 10) i`,
      [ana.uid, clock.now()],
    );
    await ledger.pairing.check(ahead);
    expect(await tokens()).toEqual({ all: 11, revoked: 1 });
    await accept();
    expect(await ledger.pairing.check(home.ask)).toEqual({ kind: "paired" });
  });

  it("numbers revocations above all that a gateway of the younger copy has seen", async () => {
    await ledger.guard.gatewayBeat("g", 500, 1_000);
    await ledger.pairing.check(ahead);
    await accept();
    await ledger.pairing.check(home.ask);
    const ana = (await ledger.bindings.findByName(fleet.tenant, "ana"))!;
    await ledger.bindings.fire(ana.uid, { tenant: fleet.tenant, namespace: "acme", name: "ana", by: "test" });
    expect(await ledger.guard.revocationsSince(500)).toMatchObject([{ bindingUid: ana.uid }]);
    expect(await ledger.bindings.offboarding(ana.uid)).toMatchObject({ gatewaysPending: ["g"] });
  });
});

describe("a copy on another server, which counts transactions anew", () => {
  it("is accepted with its history in order, and goes on in order", async () => {
    const ben = (await ledger.bindings.findByName(fleet.tenant, "ben"))!;
    await ledger.audit.seal();
    // As the new server sees it: numbers of the former one lie far above its own.
    const far = 1_000_000_000;
    await client.query(`update audit set xid = xid + ${far}`);
    await client.query(`update meta set sealed_xid = sealed_xid + ${far}`);
    await client.query(`update runs set change_seq = change_seq + ${far}`);
    await client.query("update pairing set server = 'the former one'");
    expect(await ledger.pairing.check(home.ask)).toMatchObject({ cause: "LedgerCopied", shared: true });
    await accept();
    expect(await ledger.pairing.check(home.ask)).toEqual({ kind: "paired" });
    await ledger.audit.seal();
    expect(await ledger.audit.verify()).toMatchObject({ ok: true });
    const { rows } = await client.query(
      "select action from audit a where not exists (select from audit_chain c where c.audit_id = a.id)",
    );
    expect(rows, "what was written before the decision is sealed too").toEqual([]);
    const changed = await ledger.runs.changedSince(0, 100);
    expect(changed.map((one) => one.bindingUid)).toContain(ben.uid);
  });
});

describe("a database of another version", () => {
  const hasTable = async () =>
    (await client.query("select to_regclass('roster.ended_stops') is not null as there")).rows[0].there as boolean;

  it("stays as it is for whoever only looks, or is of another cluster, until they take it over", async () => {
    // The version before.
    await client.query("drop table ended_stops; delete from schema_version where version >= 11");
    await using visitor = await openLedger({ ...options, writer: "visitor", migrate: false });
    expect(await visitor.pairing.check(home.ask)).toEqual({ kind: "paired" });
    const elsewhere = aCluster("another-cluster");
    await using stranger = await openLedger({ ...options, writer: "stranger", cluster: "another-cluster" });
    expect(await stranger.pairing.check(elsewhere.ask)).toMatchObject({ cause: "OtherCluster" });
    expect(await hasTable()).toBe(false);
    await stranger.pairing.adopt(elsewhere.says, await shown(stranger), "admin");
    expect(await hasTable()).toBe(true);
  });

  it("with no ledger in it is left empty by whoever only looks", async () => {
    const looked = openLedger({ ...options, url: await nothing, writer: "visitor", migrate: false });
    await expect(looked).rejects.toMatchObject({ reason: "NotFound" });
    await using other = await asEmpty();
    expect((await other.query("select from pg_namespace where nspname = 'roster'")).rows).toEqual([]);
  });
});

async function asEmpty() {
  const other = new pg.Client({ connectionString: await nothing });
  await other.connect();
  return Object.assign(other, { [Symbol.asyncDispose]: () => other.end() });
}

async function waiting(): Promise<number> {
  const { rows } = await client.query(
    "select count(*)::int as n from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())",
  );
  return (rows[0] as { n: number }).n;
}
