import { expect, it } from "vitest";
import type { GuardAnswer } from "../../ledger/ledger.ts";
import { sha256 } from "../../lib/ids.ts";
import { aFleet, type Claimed, claimed, type Fleet, modelCall, permitted, toolCall, withLedger } from "./fleet.ts";

const t = await withLedger();
const { ledger, clock } = t;
const other = await t.another();

async function running(fleet: Fleet, name: string): Promise<Claimed> {
  await fleet.admit(await fleet.hire(name));
  return claimed(ledger);
}

const fire = (fleet: Fleet, uid: string, name: string) =>
  other.bindings.fire(uid, { tenant: fleet.tenant, namespace: "acme", name, by: "ana@acme.example" });

it("commits no intended row after the revocation, however many calls are on their way", async () => {
  const fleet = await aFleet(ledger);
  await fleet.budget("b", { Day: "1000.00" });
  const claim = await running(fleet, "tess-ana");
  const answers: GuardAnswer[] = [];
  let fired = false;
  let after = 0;
  const flood = async (by: typeof ledger, from: number) => {
    for (let action = from; !fired || action < from + 20; action++) {
      const late = fired;
      const answer = await by.guard.permit(toolCall(claim, 0, action)).catch(() => undefined);
      if (answer) answers.push(answer);
      if (late && answer?.outcome === "permitted") after++;
    }
  };
  const floods = Promise.all([flood(ledger, 0), flood(ledger, 1_000), flood(other, 2_000), flood(other, 3_000)]);
  const outcome = await fire(fleet, claim.binding.uid, "tess-ana");
  fired = true;
  await floods;
  expect(outcome).toMatchObject({ alreadyRevoked: false, tokens: 1, runningCut: 1 });
  expect(after).toBe(0);
  const rows = await ledger.audit.list({ tenant: fleet.tenant, limit: 10_000 });
  const revoked = rows.findIndex((row) => row.action === "fire");
  expect(rows.slice(revoked).filter((row) => row.action === "tool-call" && row.decision === "allow")).toEqual([]);
  expect(answers.some((answer) => answer.outcome === "refused" && answer.reason === "TokenRevoked")).toBe(true);
});

it("fires in one step: runs over, schedules gone, tokens dead, downstream queued, and never hired again", async () => {
  const fleet = await aFleet(ledger);
  await fleet.budget("b", { Day: "1000.00" });
  const credentials = [
    { server: "mail", secretName: "ana-mail", key: "token", revocation: { type: "RFC7009", url: "https://x/revoke" } },
  ];
  const ana = await fleet.hire("tess-ana", { credentials });
  await fleet.admit(ana);
  const claim = await claimed(ledger);
  await fleet.admit(ana);
  await ledger.schedules.arm(fleet.fence, "trigger", ana.uid, "30 7 * * *");
  const before = (await ledger.guard.revocationsSince(0)).at(-1)?.seq ?? 0;
  await ledger.guard.gatewayBeat("gateway-1", before, 10_000);

  expect(await fire(fleet, ana.uid, "tess-ana")).toEqual({
    alreadyRevoked: false,
    tokens: 1,
    queuedCancelled: 1,
    runningCut: 1,
  });
  expect(await fire(fleet, ana.uid, "tess-ana")).toMatchObject({ alreadyRevoked: true });
  expect((await ledger.runs.list({ bindingUid: ana.uid, limit: 10 })).map((run) => [run.phase, run.reason])).toEqual([
    ["Cancelled", "Fired"],
    ["Cancelled", "Fired"],
  ]);
  expect(await ledger.guard.introspect(sha256(claim.token))).toBeUndefined();
  await expect(ledger.runs.beat(claim.run.id, claim.run.epoch, 1000)).rejects.toMatchObject({ reason: "EpochLost" });
  await expect(
    ledger.runs.succeed(claim.run.id, claim.run.epoch, {
      rung: "r",
      reason: "Succeeded",
      message: "",
      verified: "Unknown",
      outputDigest: "d",
      output: 1,
    }),
  ).rejects.toMatchObject({ reason: "EpochLost" });
  await expect(ledger.bindings.hire(fleet.fence, ana)).rejects.toMatchObject({ reason: "Revoked" });
  expect(await fleet.admit(ana)).toMatchObject({ outcome: "refused", run: { reason: "BindingNotReady" } });
  expect(await ledger.bindings.findByName(fleet.tenant, "tess-ana")).toBeUndefined();

  const [revocation] = (await ledger.guard.revocationsSince(before)).filter((one) => one.bindingUid === ana.uid);
  expect(revocation).toMatchObject({ reason: "Fired" });
  expect(await ledger.bindings.offboarding(ana.uid)).toMatchObject({
    gatewaysPending: ["gateway-1"],
    downstream: [{ server: "mail", state: "pending", attempts: 0 }],
  });
  await ledger.guard.gatewayBeat("gateway-1", revocation!.seq, 10_000);
  expect((await ledger.bindings.offboarding(ana.uid))!.gatewaysPending).toEqual([]);

  expect(await ledger.bindings.claimDownstream("controller", 10, [ana.namespace])).toEqual([]);
  const [job] = await ledger.bindings.claimDownstream("controller", 10);
  expect(job).toMatchObject({ bindingUid: ana.uid, server: "mail", material: credentials[0] });
  expect(await ledger.bindings.claimDownstream("controller", 10)).toEqual([]);
  await ledger.bindings.reportDownstream(job!.id, { error: "503" });
  clock.advance(601_000);
  expect(await ledger.bindings.offboarding(ana.uid)).toMatchObject({
    downstream: [{ state: "handedOn", lastError: "503", attempts: 1 }],
  });
  const [again] = await ledger.bindings.claimDownstream("controller", 10);
  await ledger.bindings.reportDownstream(again!.id, { outcome: "IssuerAcknowledged" });
  expect(await ledger.bindings.offboarding(ana.uid)).toMatchObject({
    downstream: [{ state: "done", outcome: "IssuerAcknowledged", attempts: 2 }],
  });
  expect((await fleet.hire("tess-ana")).uid).not.toBe(ana.uid);
});

it("buries a UID that was never hired", async () => {
  const fleet = await aFleet(ledger);
  const uid = "00000000-0000-0000-0000-00000000dead";
  expect(await fire(fleet, uid, "ghost")).toEqual({
    alreadyRevoked: false,
    tokens: 0,
    queuedCancelled: 0,
    runningCut: 0,
  });
  await expect(fleet.hire("ghost", { uid })).rejects.toMatchObject({ reason: "Revoked" });
});

it("refuses calls while suspended, stopped or without a role, and allows them again", async () => {
  const fleet = await aFleet(ledger);
  await fleet.budget("b", { Day: "1000.00" });
  const claim = await running(fleet, "tess-ana");
  const call = () => ledger.guard.permit(modelCall(claim, 0));
  const ana = (await ledger.bindings.find(claim.binding.uid))!;

  await ledger.bindings.hire(fleet.fence, { ...ana, effective: { state: "Suspended", autonomyBand: "Moderate" } });
  expect(await call()).toMatchObject({ outcome: "refused", reason: "BindingSuspended" });
  expect(await fleet.admit(ana)).toMatchObject({ outcome: "refused", run: { reason: "BindingSuspended" } });
  await ledger.bindings.hire(fleet.fence, ana);

  const stop = {
    uid: `stop-${fleet.tenant}`,
    tenant: fleet.tenant,
    name: "panic",
    scope: { roleRef: { name: "assistant" } },
    reason: "test",
  };
  await ledger.catalog.putStop(stop);
  await ledger.catalog.putStop(stop);
  expect(await call()).toMatchObject({
    outcome: "refused",
    reason: "Stopped",
    message: expect.stringContaining("panic"),
  });
  const late = await fleet.hire("tess-bob");
  expect(await ledger.bindings.find(late.uid)).toMatchObject({ stoppedBy: "panic" });
  expect(await ledger.catalog.listStops(fleet.tenant)).toEqual([stop.uid]);
  await ledger.catalog.dropStop(fleet.fence, stop.uid);
  expect(await ledger.bindings.find(late.uid)).not.toHaveProperty("stoppedBy");
  // A replica that lags behind brings it once more, and one that never stood in the ledger at all.
  await ledger.catalog.putStop(stop);
  await ledger.catalog.dropStop(fleet.fence, `${stop.uid}-unseen`);
  await ledger.catalog.putStop({ ...stop, uid: `${stop.uid}-unseen` });
  expect(await ledger.catalog.listStops(fleet.tenant)).toEqual([]);
  expect(await ledger.bindings.find(late.uid)).not.toHaveProperty("stoppedBy");
  await expect(ledger.catalog.dropStop({ ...fleet.fence, epoch: fleet.fence.epoch - 1 }, "any")).rejects.toMatchObject({
    reason: "LeadershipLost",
  });

  await ledger.catalog.dropRole(fleet.fence, fleet.role.uid);
  expect(await call()).toMatchObject({ outcome: "refused", reason: "RoleNotFound" });
  expect(await ledger.guard.introspect(sha256(claim.token))).not.toHaveProperty("currentRole");
  await ledger.catalog.putRole(fleet.fence, fleet.role);
  permitted(await call());
});

it("refuses a verdict that was made before the role was changed", async () => {
  const fleet = await aFleet(ledger);
  await fleet.budget("b", { Day: "1000.00" });
  const claim = await running(fleet, "tess-ana");
  const seen = (await ledger.guard.introspect(sha256(claim.token)))!;
  await ledger.catalog.putRole(fleet.fence, { ...fleet.role, revision: "r2", content: { soul: "stricter" } });
  expect(await ledger.guard.permit(modelCall(claim, 0, { authoritySeq: seen.binding.authoritySeq }))).toMatchObject({
    outcome: "refused",
    reason: "Conflict",
  });
  const now = (await ledger.guard.introspect(sha256(claim.token)))!;
  expect(now).toMatchObject({ pinnedRole: { revision: fleet.role.revision }, currentRole: { revision: "r2" } });
  permitted(await ledger.guard.permit(modelCall(claim, 0, { authoritySeq: now.binding.authoritySeq })));
});

it("hands no revocation on untried, however long its namespace was held", async () => {
  const fleet = await aFleet(ledger);
  const revocation = { type: "RFC7009", url: "https://x/revoke" };
  const ana = await fleet.hire("tess-held", {
    credentials: [{ server: "mail", secretName: "s", key: "k", revocation }],
  });
  await fire(fleet, ana.uid, "tess-held");
  expect(await ledger.bindings.claimDownstream("controller", 10, ["acme"])).toEqual([]);
  clock.advance(601_000);
  const stands = async () => (await ledger.bindings.offboarding(ana.uid))?.downstream[0];
  expect(await stands()).toMatchObject({ state: "pending", attempts: 0 });
  const [job] = await ledger.bindings.claimDownstream("controller", 10);
  expect(await stands()).toMatchObject({ state: "pending", attempts: 1 });
  await ledger.bindings.reportDownstream(job!.id, { error: "503" });
  expect(await stands()).toMatchObject({ state: "handedOn", lastError: "503" });
});

it("revokes one token, tells gateways, and knows strangers", async () => {
  const fleet = await aFleet(ledger);
  await fleet.budget("b", { Day: "1000.00" });
  const claim = await running(fleet, "tess-ana");
  expect(await ledger.guard.introspect(sha256("rst_guess"))).toBeUndefined();
  expect(await ledger.guard.permit(modelCall(claim, 0, { tokenHash: sha256("rst_guess") }))).toMatchObject({
    reason: "Unauthenticated",
  });
  const stranger = { ...claim, run: { ...claim.run, id: "00000000-0000-0000-0000-000000000000" } };
  expect(await ledger.guard.permit(modelCall(stranger, 0))).toMatchObject({ reason: "Unauthenticated" });
  await ledger.guard.revokeToken(sha256(claim.token), "gateway");
  await ledger.guard.revokeToken(sha256(claim.token), "gateway");
  expect(await ledger.guard.permit(modelCall(claim, 0))).toMatchObject({ reason: "TokenRevoked" });
  expect((await ledger.guard.revocationsSince(0)).filter((one) => one.runId === claim.run.id)).toHaveLength(1);
});

it("lets one leader act, and a former one never", async () => {
  const fence = (await ledger.leadership.campaign("leader", "a", 10_000))!;
  expect(await other.leadership.campaign("leader", "b", 10_000)).toBeUndefined();
  expect(await ledger.leadership.campaign("leader", "a", 10_000, fence)).toEqual(fence);
  clock.advance(10_001);
  const next = (await other.leadership.campaign("leader", "b", 10_000))!;
  expect(next.epoch).toBe(fence.epoch + 1);
  const fleet = await aFleet(ledger);
  await expect(ledger.catalog.putRole(fence, fleet.role)).rejects.toMatchObject({ reason: "LeadershipLost" });
  expect(await ledger.leadership.campaign("leader", "a", 10_000, fence)).toBeUndefined();
  await other.leadership.resign(next, "b");
  expect((await ledger.leadership.campaign("leader", "a", 10_000, fence))!.epoch).toBe(next.epoch + 1);
  // A process that was started anew under its old name succeeds its former self at once, which then leads no more.
  const heir = (await other.leadership.campaign("leader", "a", 10_000))!;
  expect(heir.epoch).toBe(next.epoch + 2);
  await expect(ledger.catalog.putRole({ ...heir, epoch: next.epoch + 1 }, fleet.role)).rejects.toMatchObject({
    reason: "LeadershipLost",
  });
});
