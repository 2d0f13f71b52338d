import { describe, expect, it } from "vitest";
import type { BindingRecord } from "../../ledger/ledger.ts";
import { newId } from "../../lib/ids.ts";
import { parseUsd } from "../../lib/money.ts";
import { aFleet, bindingOf, type Fleet, withLedger } from "./fleet.ts";

// What is asked in one turn of the loop is one batch: each test asks so.
const { ledger } = await withLedger();

const budgetOf = ({ tenant }: Fleet, key: string, bindingUid: string, amount: string) => ({
  key,
  tenant,
  label: `budget ${key}`,
  timeZone: "Europe/Lisbon",
  limits: [{ window: "Day" as const, amount: parseUsd(amount) }],
  select: { kind: "binding" as const, bindingUid },
});

/** A fleet whose leader was followed by another: the fence of the former, and the fleet under the present one. */
async function succeeded(): Promise<{ fleet: Fleet; stale: Fleet["fence"] }> {
  const fleet = await aFleet(ledger);
  await ledger.leadership.resign(fleet.fence, "test");
  const fence = (await ledger.leadership.campaign(fleet.fence.name, "other", 3_600_000_000))!;
  return { fleet: { ...fleet, fence }, stale: fleet.fence };
}

describe("hiring many at once", () => {
  it("writes the second request for a UID too, and answers it with its own success", async () => {
    const fleet = await aFleet(ledger);
    const ana = bindingOf(fleet, "tess-ana");
    const bob = bindingOf(fleet, "tess-bob");
    const hire = (binding: BindingRecord) => ledger.bindings.hire(fleet.fence, binding);
    const suspended: BindingRecord = { ...ana, effective: { ...ana.effective, state: "Suspended" } };
    const [first, , second] = await Promise.all([hire(ana), hire(bob), hire(suspended)]);
    expect(first).toMatchObject({ changed: true });
    expect(second).toMatchObject({ changed: true, accountId: first.accountId });
    expect((await ledger.bindings.find(ana.uid))!.effective.state).toBe("Suspended");
  });

  it("updates, hires and refuses together: each is answered for itself", async () => {
    const fleet = await aFleet(ledger);
    const [ana, bob, cai, dia] = await Promise.all(
      ["ana", "bob", "cai", "dia"].map((name) => fleet.hire(`tess-${name}`)),
    );
    await ledger.bindings.fire(cai!.uid, { tenant: fleet.tenant, namespace: "acme", name: "tess-cai", by: "test" });
    const before = (await ledger.bindings.find(dia!.uid))!;
    const newcomer = bindingOf(fleet, "tess-eve");
    const suspended = { ...ana!, effective: { ...ana!.effective, state: "Suspended" as const } };
    const rival = { ...bindingOf(fleet, "tess-rival"), subject: bob!.subject };
    const moved = { ...dia!, timeZone: "Asia/Tokyo" };
    const told = await Promise.allSettled(
      [suspended, bob!, cai!, moved, newcomer, rival].map((one) => ledger.bindings.hire(fleet.fence, one)),
    );
    expect(told).toMatchObject([
      { value: { changed: true } },
      { value: { changed: false } },
      { reason: { reason: "Revoked" } },
      { value: { changed: true, accountId: before.accountId } },
      { value: { changed: true } },
      { reason: { reason: "DuplicateBinding", message: expect.stringContaining('"tess-bob" already binds') } },
    ]);
    const after = (await ledger.bindings.find(dia!.uid))!;
    expect(after).toMatchObject({ timeZone: "Asia/Tokyo", hiredAt: before.hiredAt });
    expect(after.authoritySeq).toBeGreaterThan(before.authoritySeq);
    expect((await ledger.bindings.find(ana!.uid))!.state).toBe("suspended");
    expect((await ledger.bindings.find(newcomer.uid))!.state).toBe("active");
    expect(await ledger.bindings.find(rival.uid)).toBeUndefined();
  });

  it("fails a former leader's requests and no others, whichever came first", async () => {
    const { fleet, stale } = await succeeded();
    const asked = [
      [stale, "tess-ana"],
      [fleet.fence, "tess-bob"],
      [stale, "tess-cai"],
      [fleet.fence, "tess-dia"],
    ] as const;
    const told = await Promise.allSettled(
      asked.map(([fence, name]) => ledger.bindings.hire(fence, bindingOf(fleet, name))),
    );
    expect(told).toMatchObject([
      { status: "rejected", reason: { reason: "LeadershipLost" } },
      { status: "fulfilled", value: { changed: true } },
      { status: "rejected", reason: { reason: "LeadershipLost" } },
      { status: "fulfilled", value: { changed: true } },
    ]);
  });
});

it("putting many budgets fails a former leader's and no others, and the second of a key is put after the first", async () => {
  const { fleet, stale } = await succeeded();
  const bindings = ["tess-ana", "tess-bob"].map((name) => bindingOf(fleet, name));
  for (const binding of bindings) await ledger.bindings.hire(fleet.fence, binding);
  const [ana, bob] = bindings.map(({ uid }) => uid) as [string, string];
  const told = await Promise.allSettled([
    ledger.money.putBudget(stale, budgetOf(fleet, "old", ana, "9.00")),
    ledger.money.putBudget(fleet.fence, budgetOf(fleet, "ana", ana, "1.00")),
    ledger.money.putBudget(fleet.fence, budgetOf(fleet, "bob", bob, "1.00")),
    ledger.money.putBudget(fleet.fence, budgetOf(fleet, "ana", ana, "2.00")),
  ]);
  expect(told.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled", "fulfilled"]);
  expect(await ledger.money.budget(fleet.tenant, "ana")).toMatchObject([{ limit: parseUsd("2.00") }]);
  expect(await ledger.money.budget(fleet.tenant, "old")).toEqual([]);
});

it("hiring many hires all but whom the ledger cannot store", async () => {
  const fleet = await aFleet(ledger);
  const request = (name: string, person: string) => ({
    ...bindingOf(fleet, name),
    subject: { kind: "User" as const, name: person },
  });
  const told = await Promise.allSettled([
    ledger.bindings.hire(fleet.fence, request("tess-nul", "a\u0000b")),
    ledger.bindings.hire(fleet.fence, request("tess-dan", "dan@acme.example")),
    ledger.bindings.hire(fleet.fence, request("tess-eve", "eve@acme.example")),
  ]);
  expect(told.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
  expect(told[0]).toMatchObject({ reason: { reason: "InvalidRequest" } });
});

it("seeding many writes all but what the ledger cannot store", async () => {
  const fleet = await aFleet(ledger);
  const ana = await fleet.hire("tess-ana");
  const bob = await fleet.hire("tess-bob");
  const told = await Promise.allSettled([
    ledger.bindings.seed(ana.uid, [{ path: "bad\u0000.md", content: "x" }]),
    ledger.bindings.seed(bob.uid, [{ path: "good.md", content: "x" }]),
    ledger.bindings.seed(newId(Date.now()), [{ path: "nobody.md", content: "x" }]),
  ]);
  expect(told).toMatchObject([
    { status: "rejected", reason: { reason: "InvalidRequest" } },
    { status: "fulfilled" },
    { status: "rejected", reason: { reason: "Revoked" } },
  ]);
  expect(await ledger.documents.read(bob.uid, "good.md")).toMatchObject({ content: "x" });
});
