import pg from "pg";
import { expect, it } from "vitest";
import { newId } from "../../lib/ids.ts";
import { parseUsd } from "../../lib/money.ts";
import { aFleet, type Fleet, withLedger } from "../ledger/fleet.ts";

const { ledger, url } = await withLedger();

/** Somebody who keeps a tenant for as long as it is held, as a stop in a transaction that hangs would. */
async function locked(tenant: string): Promise<AsyncDisposable> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("set search_path = roster; begin");
  await client.query("select change_authority($1)", [[`1/${tenant}`]]);
  return { [Symbol.asyncDispose]: () => client.end() };
}

const budgetOf = ({ tenant }: Fleet, bindingUid: string) => ({
  key: bindingUid,
  tenant,
  label: "own",
  timeZone: "Europe/Lisbon",
  limits: [{ window: "Day" as const, amount: parseUsd("1.00") }],
  select: { kind: "binding" as const, bindingUid },
});

it("a tenant that somebody keeps locked holds up its own hires and budgets and nobody else's", async () => {
  const kept = await aFleet(ledger);
  const free = await aFleet(ledger);
  const both = [kept, free, kept, free];
  const hired = await Promise.all(both.map((fleet, index) => fleet.hire(`early-${index}`)));
  const locker = await locked(kept.tenant);
  // Under one fence, so that they are one batch.
  const hires = await Promise.allSettled(
    both.map(({ tenant, role }, index) =>
      ledger.bindings.hire(free.fence, {
        ...hired[index]!,
        uid: newId(Date.now()),
        tenant,
        name: `late-${index}`,
        roleUid: role.uid,
        subject: { kind: "User", name: `late-${index}@acme.example` },
      }),
    ),
  );
  expect(hires.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected", "fulfilled"]);
  const [refused] = hires;
  expect(refused).toMatchObject({ reason: { reason: "LedgerUnavailable" } });
  const puts = await Promise.allSettled(
    both.map((fleet, index) => ledger.money.putBudget(free.fence, budgetOf(fleet, hired[index]!.uid))),
  );
  expect(puts.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected", "fulfilled"]);
  await locker[Symbol.asyncDispose]();
  await kept.hire("late-0");
});
