import fc from "fast-check";
import pg from "pg";
import { expect, it } from "vitest";
import type { Micros } from "../../lib/money.ts";
import { aFleet, type Claimed, claimed, type Fleet, modelCall, permitted, withLedger } from "./fleet.ts";

const t = await withLedger();
const { ledger, clock } = t;
const usd = 1_000_000n;

/** A running run of a new binding in a new tenant. */
async function running(
  prepare: (fleet: Fleet) => Promise<void>,
  name = "tess-ana",
): Promise<{ fleet: Fleet; claim: Claimed }> {
  const fleet = await aFleet(ledger);
  await prepare(fleet);
  await fleet.admit(await fleet.hire(name));
  return { fleet, claim: await claimed(ledger, 10 * 86_400_000) };
}

const settle = (callId: string, charge: Micros) =>
  ledger.guard.happened({ callId, response: { ok: true }, isError: false, charge });

const state = async (fleet: Fleet, key: string) => (await ledger.money.budget(fleet.tenant, key))[0]!;

it('refuses every hold where the limit is "0" or no budget covers the binding', async () => {
  const zero = await running(async () => {});
  await zero.fleet.budget("b", { Run: "0" });
  expect(await ledger.guard.permit(modelCall(zero.claim, 0))).toMatchObject({
    outcome: "refused",
    reason: "BudgetExhausted",
    level: "budget b",
  });
  const none = await running(async () => {});
  expect(await ledger.guard.permit(modelCall(none.claim, 0))).toMatchObject({
    outcome: "refused",
    reason: "BudgetExhausted",
    message: expect.stringContaining("no budget covers"),
  });
  expect((await ledger.runs.trace(none.claim.run.id))!.steps).toMatchObject([{ state: "refused" }]);
});

it("refuses a run where a limit is used up, and says which", async () => {
  const fleet = await aFleet(ledger);
  await fleet.budget("b", { Day: "0" });
  expect(await fleet.admit(await fleet.hire("tess-ana"))).toMatchObject({
    outcome: "refused",
    run: { phase: "Refused", reason: "BudgetExhausted", message: expect.stringContaining("budget b") },
  });
});

it("lowers the answer to what the tightest level buys, never the hold, and refuses below the minimum", async () => {
  const { claim, fleet } = await running(async (fleet) => {
    await fleet.budget("wide", { Day: "100.00" });
    await fleet.budget("tight", { Day: "0.0005" });
  });
  const first = permitted(await ledger.guard.permit(modelCall(claim, 0)));
  expect(first).toMatchObject({ maxOutputTokens: 500, held: 500n });
  await settle(first.callId, 450n);
  expect(await ledger.guard.permit(modelCall(claim, 1))).toMatchObject({ outcome: "refused", level: "budget tight" });
  expect(await state(fleet, "wide")).toMatchObject({ spent: 450n, held: 0n });
});

it("waits for a hold that is open before it refuses", async () => {
  const { claim, fleet } = await running((fleet) => fleet.budget("b", { Day: "1.00" }));
  await fleet.admit(await fleet.hire("tess-bob"));
  const first = permitted(await ledger.guard.permit(modelCall(claim, 0)));
  const second = ledger.guard.permit(modelCall(await claimed(ledger), 0));
  await settle(first.callId, 200_000n);
  expect(permitted(await second)).toMatchObject({ held: 800_000n });
});

it("settles once, however often it is told, and corrects an estimate", async () => {
  const { claim, fleet } = await running((fleet) => fleet.budget("b", { Day: "5.00" }));
  const call = permitted(await ledger.guard.permit(modelCall(claim, 0)));
  await Promise.all([settle(call.callId, 400_000n), settle(call.callId, 400_000n)]);
  await settle(call.callId, 400_000n);
  await ledger.guard.abandon(call.callId, "release", "too late");
  expect(await state(fleet, "b")).toMatchObject({ spent: 400_000n, held: 0n });

  const lost = permitted(await ledger.guard.permit(modelCall(claim, 1)));
  await ledger.runs.fail(claim.run.id, undefined, "ModelUnavailable", "gone");
  await ledger.money.sweep();
  clock.advance(3_600_001);
  expect(await ledger.money.sweep()).toBeGreaterThan(0);
  expect(await state(fleet, "b")).toMatchObject({ spent: 1_400_000n, held: 0n });
  await settle(lost.callId, 100_000n);
  expect(await state(fleet, "b")).toMatchObject({ spent: 500_000n, held: 0n });
  expect((await ledger.runs.find(claim.run.id))!.cost).toBe(500_000n);
  expect(await ledger.money.drift()).toBe(0n);
});

it("frees a call that failed before a byte and charges one that was cut", async () => {
  const { claim, fleet } = await running((fleet) => fleet.budget("b", { Day: "5.00" }));
  const first = permitted(await ledger.guard.permit(modelCall(claim, 0)));
  await ledger.guard.abandon(first.callId, "release", "connection refused");
  expect(await state(fleet, "b")).toMatchObject({ spent: 0n, held: 0n });
  const again = permitted(await ledger.guard.permit(modelCall(claim, 0)));
  await ledger.guard.abandon(again.callId, "charge", "cut");
  expect(await state(fleet, "b")).toMatchObject({ spent: usd, held: 0n });
});

it("records what a provider charges beyond the hold and freezes the account until a person changes the limit", async () => {
  const { claim, fleet } = await running((fleet) => fleet.budget("b", { Day: "1.50" }));
  const call = permitted(await ledger.guard.permit(modelCall(claim, 0)));
  await settle(call.callId, 2n * usd);
  expect(await state(fleet, "b")).toMatchObject({ spent: 2n * usd, held: 0n, frozen: true });
  expect(await ledger.guard.permit(modelCall(claim, 1))).toMatchObject({
    outcome: "refused",
    message: expect.stringContaining("frozen"),
  });
  await fleet.budget("b", { Day: "9.00" });
  permitted(await ledger.guard.permit(modelCall(claim, 1)));
});

it("refuses numbers that are none", async () => {
  const { claim } = await running((fleet) => fleet.budget("b", { Day: "5.00" }));
  const { money } = modelCall(claim, 0);
  for (const bad of [
    { maxOutputTokens: Number.NaN },
    { maxOutputTokens: Number.POSITIVE_INFINITY },
    { maxOutputTokens: -1 },
    { fixed: -1n },
  ])
    await expect(ledger.guard.permit(modelCall(claim, 0, { money: { ...money!, ...bad } }))).rejects.toMatchObject({
      reason: "InvalidRequest",
    });
  const call = permitted(await ledger.guard.permit(modelCall(claim, 0)));
  const result = { callId: call.callId, response: null, isError: false };
  await expect(ledger.guard.happened({ ...result, charge: -5n })).rejects.toMatchObject({ reason: "InvalidRequest" });
  await expect(
    ledger.guard.happened({ ...result, usage: { inputTokens: Number.NaN, outputTokens: 0 } }),
  ).rejects.toMatchObject({ reason: "InvalidRequest" });
});

it("counts what was spent and held before a budget was put, and a new binding for the same person buys nothing", async () => {
  const fleet = await aFleet(ledger);
  await fleet.budget("first", { Day: "10.00" });
  const ana = await fleet.hire("tess-ana");
  await fleet.admit(ana);
  const claim = await claimed(ledger);
  await settle(permitted(await ledger.guard.permit(modelCall(claim, 0))).callId, 700_000n);
  const open = permitted(await ledger.guard.permit(modelCall(claim, 1)));
  const select = { kind: "binding", bindingUid: ana.uid } as const;
  await fleet.budget("binding/assistant/User/ana", { Day: "5.00", Month: "50.00" }, { select });
  await fleet.budget("late", { Day: "3.00" }, { select: { kind: "role", roleName: "assistant" } });
  expect(await state(fleet, "late")).toMatchObject({ spent: 700_000n, held: usd });
  await settle(open.callId, 100_000n);
  expect(await state(fleet, "late")).toMatchObject({ spent: 800_000n, held: 0n });

  await ledger.bindings.fire(ana.uid, { ...fleet, namespace: "acme", name: ana.name, by: "test" });
  const again = await fleet.hire("tess-ana");
  await fleet.budget(
    "binding/assistant/User/ana",
    { Day: "5.00", Month: "50.00" },
    { select: { kind: "binding", bindingUid: again.uid } },
  );
  expect(await ledger.money.budget(fleet.tenant, "binding/assistant/User/ana")).toMatchObject([
    { spent: 800_000n },
    { spent: 800_000n },
  ]);
  expect(await ledger.money.headroom(again.uid)).toEqual({ remaining: 2_200_000n, level: "budget late" });
  expect(await ledger.money.drift()).toBe(0n);
});

it("begins windows at local midnight where days have 23, 24 and 25 hours, or no midnight, or two", async () => {
  const client = new pg.Client({ connectionString: t.url });
  await client.connect();
  const bounds = async (win: string, at: string, zone: string) => {
    const { rows } = await client.query("select * from roster.window_bounds($1, $2, $3)", [win, Date.parse(at), zone]);
    return [rows[0].starts_at, rows[0].resets_at].map((ms) => new Date(Number(ms)).toISOString());
  };
  const table: Record<string, readonly [string, string, string, string, string]> = {
    "spring in Lisbon": [
      "Day",
      "2026-03-29T12:00:00Z",
      "Europe/Lisbon",
      "2026-03-29T00:00:00.000Z",
      "2026-03-29T23:00:00.000Z",
    ],
    "autumn in Lisbon": [
      "Day",
      "2026-10-25T12:00:00Z",
      "Europe/Lisbon",
      "2026-10-24T23:00:00.000Z",
      "2026-10-26T00:00:00.000Z",
    ],
    "no midnight in Beirut": [
      "Day",
      "2026-03-29T10:00:00Z",
      "Asia/Beirut",
      "2026-03-28T22:00:00.000Z",
      "2026-03-29T21:00:00.000Z",
    ],
    "two midnights in Havana, in the first": [
      "Day",
      "2026-11-01T04:30:00Z",
      "America/Havana",
      "2026-11-01T04:00:00.000Z",
      "2026-11-02T05:00:00.000Z",
    ],
    "two midnights in Havana, in the second": [
      "Day",
      "2026-11-01T05:30:00Z",
      "America/Havana",
      "2026-11-01T04:00:00.000Z",
      "2026-11-02T05:00:00.000Z",
    ],
    "half an hour on Lord Howe": [
      "Day",
      "2026-04-05T10:00:00Z",
      "Australia/Lord_Howe",
      "2026-04-04T13:00:00.000Z",
      "2026-04-05T13:30:00.000Z",
    ],
    "a week begins on Monday": [
      "Week",
      "2026-11-22T12:00:00Z",
      "UTC",
      "2026-11-16T00:00:00.000Z",
      "2026-11-23T00:00:00.000Z",
    ],
    "a month over the change": [
      "Month",
      "2026-03-15T12:00:00Z",
      "Europe/Lisbon",
      "2026-03-01T00:00:00.000Z",
      "2026-03-31T23:00:00.000Z",
    ],
  };
  for (const [what, [win, at, zone, start, end]] of Object.entries(table))
    expect([what, ...(await bounds(win, at, zone))]).toEqual([what, start, end]);
  await client.end();
});

it("opens a new account for a new window, settles into the window of the hold, and never goes back in time", async () => {
  const { claim, fleet } = await running((fleet) => fleet.budget("b", { Day: "1.50" }));
  const before = await state(fleet, "b");
  const call = permitted(await ledger.guard.permit(modelCall(claim, 0)));
  clock.set(before.resetsAt + 1);
  expect(await state(fleet, "b")).toMatchObject({ start: before.resetsAt, spent: 0n, held: 0n });
  await settle(call.callId, usd);
  expect(await state(fleet, "b")).toMatchObject({ spent: 0n, held: 0n });
  clock.advance(-3_600_000);
  expect(await state(fleet, "b")).toMatchObject({ start: before.resetsAt });
  clock.advance(3_600_000);
  await fleet.budget("b", { Day: "1.50" }, { timeZone: "America/Los_Angeles" });
  expect(await state(fleet, "b")).toMatchObject({ spent: usd });
  expect(await ledger.money.drift()).toBe(0n);
});

it("refuses in the table itself what the guard would never ask for", async () => {
  const { claim } = await running((fleet) => fleet.budget("b", { Day: "1.50" }));
  permitted(await ledger.guard.permit(modelCall(claim, 0)));
  const client = new pg.Client({ connectionString: t.url });
  await client.connect();
  await expect(
    client.query(
      "update roster.accounts set held = held + 600000, entry_kind = 'hold' where held = 1000000 and ceiling = 1500000",
    ),
  ).rejects.toMatchObject({ code: "RO002" });
  await client.end();
});

it("never holds above a limit, and ends every hold, whatever happens in whichever order", async () => {
  const other = await t.another();
  const ledgers = [ledger, other];
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          who: fc.nat(3),
          ledger: fc.nat(1),
          fixed: fc.integer({ min: 0, max: 400_000 }),
          tokens: fc.integer({ min: 1, max: 900_000 }),
          end: fc.constantFrom("settle", "less", "release", "charge", "lost"),
        }),
        { minLength: 8, maxLength: 30 },
      ),
      fc.integer({ min: 0, max: 3_000_000 }),
      async (calls, limit) => {
        const fleet = await aFleet(ledger, { limits: { maxConcurrentRuns: 5 } });
        const amount = `${Math.floor(limit / 1e6)}.${String(limit % 1e6).padStart(6, "0")}`;
        await fleet.budget("all", { Day: amount, Month: "50.00" });
        await fleet.budget("team", { Day: "2.00", Run: "1.00" }, { select: { kind: "team", team: "sales" } });
        const claims: Claimed[] = [];
        for (const name of ["a", "b", "c", "d"]) {
          const binding = await fleet.hire(name, name < "c" ? { team: "sales" } : {});
          if ((await fleet.admit(binding)).outcome === "queued") claims.push(await claimed(ledger));
        }
        if (claims.length === 0) return;
        await Promise.all(
          calls.map(async (call, index) => {
            const by = ledgers[call.ledger]!;
            const claim = claims[call.who % claims.length]!;
            const request = modelCall(claim, 0, {
              // Actions of one step may run side by side; each is a step of its own.
              id: { runId: claim.run.id, step: 0, action: index },
              money: {
                fixed: BigInt(call.fixed),
                outputMicrosPerMillion: 1_000_000n,
                maxOutputTokens: call.tokens,
                minOutputTokens: 10,
                priceVersion: "p",
              },
            });
            const answer = await by.guard.permit(request);
            if (answer.outcome !== "permitted") return;
            const result = { callId: answer.callId, response: { n: index }, isError: false };
            if (call.end === "settle") await by.guard.happened({ ...result, charge: answer.held });
            if (call.end === "less") await by.guard.happened({ ...result, charge: answer.held / 3n });
            if (call.end === "release" || call.end === "charge") await by.guard.abandon(answer.callId, call.end, "x");
          }),
        );
        const levels = [
          ...(await ledger.money.budget(fleet.tenant, "all")),
          ...(await ledger.money.budget(fleet.tenant, "team")),
        ];
        for (const level of levels) expect(level.spent + level.held).toBeLessThanOrEqual(level.limit);
        for (const claim of claims) await ledger.runs.fail(claim.run.id, undefined, "Cancelled", "over");
        await ledger.money.sweep();
        clock.advance(3_600_001);
        await ledger.money.sweep();
        for (const level of levels) expect(level.frozen).toBe(false);
        const client = new pg.Client({ connectionString: t.url });
        await client.connect();
        const { rows } = await client.query(
          `select (select count(*)::int from roster.calls where tenant = $1 and state in ('open', 'disputed')) as open,
                  (select coalesce(sum(held), 0)::int from roster.accounts a join roster.limits l on l.id = a.limit_id
                     join roster.budgets b on b.id = l.budget_id where b.tenant = $1) as held,
                  (select count(*)::int from roster.accounts where spent > ceiling and not frozen) as above`,
          [fleet.tenant],
        );
        await client.end();
        expect(rows[0]).toEqual({ open: 0, held: 0, above: 0 });
        expect(await ledger.money.drift()).toBe(0n);
      },
    ),
    { numRuns: 8, endOnFailure: true },
  );
});
