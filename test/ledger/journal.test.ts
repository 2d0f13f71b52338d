import { expect, it } from "vitest";
import { sha256 } from "../../lib/ids.ts";
import { digest } from "../../lib/json.ts";
import { aFleet, type Claimed, claimed, type Fleet, modelCall, permitted, toolCall, withLedger } from "./fleet.ts";

const t = await withLedger();
const { ledger, clock } = t;

async function running(): Promise<{ fleet: Fleet; claim: Claimed }> {
  const fleet = await aFleet(ledger);
  await fleet.budget("b", { Day: "100.00" });
  await fleet.admit(await fleet.hire("tess-ana"));
  return { fleet, claim: await claimed(ledger) };
}

/** The worker is lost and another one takes the run over. */
async function takenOver(claim: Claimed): Promise<Claimed> {
  await ledger.runs.release(claim.run.id, claim.run.epoch, "leaseLost");
  const next = await claimed(ledger);
  expect(next.run.id).toBe(claim.run.id);
  return next;
}

const happened = (callId: string, response: Parameters<typeof ledger.guard.happened>[0]["response"]) =>
  ledger.guard.happened({ callId, response, isError: false, charge: 5n, usage: { inputTokens: 1, outputTokens: 1 } });

it("answers a step that is recorded with what was recorded, and refuses another request under its id", async () => {
  const { claim } = await running();
  const call = permitted(await ledger.guard.permit(modelCall(claim, 0)));
  await happened(call.callId, { messages: [{ role: "assistant", content: "hello \u0000 \ud83d\ude00" }], id: "x" });
  expect(await ledger.guard.permit(modelCall(claim, 0))).toEqual({
    outcome: "recorded",
    response: { messages: [{ role: "assistant", content: "hello \u0000 \ud83d\ude00" }], id: "x" },
  });
  await expect(ledger.guard.permit(modelCall(claim, 0, { digest: digest("other") }))).rejects.toMatchObject({
    reason: "JournalDiverged",
  });
});

it("refuses step k+1 until step k has happened, and lets actions of one step run side by side", async () => {
  const { claim } = await running();
  await expect(ledger.guard.permit(modelCall(claim, 1))).rejects.toMatchObject({ reason: "JournalDiverged" });
  const model = permitted(await ledger.guard.permit(modelCall(claim, 0)));
  await expect(ledger.guard.permit(toolCall(claim, 0, 0))).rejects.toMatchObject({ reason: "JournalDiverged" });
  expect(await ledger.guard.permit(modelCall(claim, 0))).toMatchObject({ outcome: "refused", reason: "Conflict" });
  await happened(model.callId, {});
  const [first, second] = await Promise.all([
    ledger.guard.permit(toolCall(claim, 0, 0)),
    ledger.guard.permit(toolCall(claim, 0, 1)),
  ]);
  await happened(permitted(first).callId, {});
  await expect(ledger.guard.permit(modelCall(claim, 1))).rejects.toMatchObject({ reason: "JournalDiverged" });
  await happened(permitted(second).callId, {});
  permitted(await ledger.guard.permit(modelCall(claim, 1)));
});

it("gives the next owner the complete steps, and repeats by kind what was only intended", async () => {
  const { claim, fleet } = await running();
  await happened(permitted(await ledger.guard.permit(modelCall(claim, 0))).callId, { answer: 1 });
  await happened(permitted(await ledger.guard.permit(toolCall(claim, 0, 0))).callId, { content: [] });
  const denied = toolCall(claim, 0, 1, {
    name: "mail.send",
    verdict: {
      decision: "deny",
      rule: "no-send",
      source: "role.yaml:7",
      reason: "the recipient did not come from you",
    },
    denial: { isError: true, content: [{ type: "text", text: "denied" }] },
  });
  expect(await ledger.guard.permit(denied)).toMatchObject({ outcome: "refused", reason: "PolicyDenied" });
  await happened(permitted(await ledger.guard.permit(modelCall(claim, 1))).callId, { answer: 2 });
  for (const [action, repeat] of [
    [0, "safe"],
    [1, "keyed"],
    [2, "never"],
  ] as const)
    permitted(await ledger.guard.permit(toolCall(claim, 1, action, { repeat })));

  const next = await takenOver(claim);
  expect(next.run.epoch).toBe(claim.run.epoch + 1);
  expect(next.transcript).toMatchObject([
    { kind: "model", step: 0, response: { answer: 1 }, request: { messages: [{ content: "step 0" }] } },
    { kind: "tool", step: 0, action: 0, name: "mail.read", arguments: { thread: "t1" } },
    { kind: "tool", step: 0, action: 1, name: "mail.send", result: { isError: true, content: [{ text: "denied" }] } },
    { kind: "model", step: 1, response: { answer: 2 } },
  ]);
  expect(await ledger.guard.permit(toolCall(claim, 1, 0))).toMatchObject({ outcome: "refused", reason: "EpochLost" });
  expect(permitted(await ledger.guard.permit(toolCall(next, 1, 0, { repeat: "safe" }))).repeated).toBe(true);
  expect(permitted(await ledger.guard.permit(toolCall(next, 1, 1, { repeat: "keyed" }))).repeated).toBe(true);
  for (let times = 0; times < 2; times++)
    expect(await ledger.guard.permit(toolCall(next, 1, 2, { repeat: "never" }))).toMatchObject({
      outcome: "uncertain",
    });
  expect((await ledger.runs.trace(claim.run.id))!.steps.at(-1)).toMatchObject({
    state: "uncertain",
    id: { step: 1, action: 2 },
  });
  expect(
    (await ledger.audit.list({ tenant: fleet.tenant, limit: 100 })).find((row) => row.decision === "deny"),
  ).toMatchObject({
    reason: "PolicyDenied",
    facts: { rule: "no-send", source: "role.yaml:7" },
  });
});

it("retries a model call of a former owner under a new hold and disputes the old one", async () => {
  const { claim, fleet } = await running();
  const lost = permitted(await ledger.guard.permit(modelCall(claim, 0)));
  const next = await takenOver(claim);
  const again = permitted(await ledger.guard.permit(modelCall(next, 0)));
  expect(again).toMatchObject({ repeated: true, held: 1_000_000n });
  expect((await ledger.money.budget(fleet.tenant, "b"))[0]).toMatchObject({ held: 2_000_000n });
  await happened(again.callId, { answer: "new" });
  // The former gateway was slow, not dead: its money counts, its answer does not.
  await happened(lost.callId, { answer: "old" });
  expect((await ledger.money.budget(fleet.tenant, "b"))[0]).toMatchObject({ held: 0n, spent: 10n });
  expect(await ledger.guard.permit(modelCall(next, 0))).toMatchObject({
    outcome: "recorded",
    response: { answer: "new" },
  });
});

it("parks on a question: the next model step waits, and the answer may be another verdict", async () => {
  const { claim } = await running();
  await happened(permitted(await ledger.guard.permit(modelCall(claim, 0))).callId, {});
  const ask = { decision: "ask", rule: "send", reason: "needs a person" } as const;
  expect(await ledger.guard.permit(toolCall(claim, 0, 0, { verdict: ask }))).toMatchObject({
    outcome: "refused",
    reason: "ApprovalRequired",
  });
  await ledger.runs.park(claim.run.id, claim.run.epoch, { type: "Approval", name: "mail.send" }, "waits for a person");
  expect(await ledger.runs.find(claim.run.id)).toMatchObject({
    phase: "Waiting",
    waitingFor: { type: "Approval", name: "mail.send" },
  });
  expect(await ledger.guard.introspect(sha256(claim.token))).toBeUndefined();
  await ledger.runs.wake(claim.run.id);
  const next = await claimed(ledger);
  expect(next.transcript).toHaveLength(1);
  await expect(ledger.guard.permit(modelCall(next, 1))).rejects.toMatchObject({ reason: "JournalDiverged" });
  permitted(await ledger.guard.permit(toolCall(next, 0, 0)));
});

it("counts a capped action and checks the cap in one, for the person and not the binding", async () => {
  const { claim, fleet } = await running();
  await happened(permitted(await ledger.guard.permit(modelCall(claim, 0))).callId, {});
  const cap = { key: "label", maxPerHour: 3 };
  const answers = await Promise.all(
    [0, 1, 2, 3, 4].map((action) => ledger.guard.permit(toolCall(claim, 0, action, { cap, name: "mail.label" }))),
  );
  expect(answers.filter((answer) => answer.outcome === "permitted")).toHaveLength(3);
  expect(answers.find((answer) => answer.outcome === "refused")).toMatchObject({
    reason: "PolicyDenied",
    message: expect.stringContaining("3 times an hour"),
  });
  await ledger.bindings.fire(claim.binding.uid, {
    tenant: fleet.tenant,
    namespace: "acme",
    name: "tess-ana",
    by: "test",
  });
  await fleet.admit(await fleet.hire("tess-ana"));
  const next = await claimed(ledger, 2 * 3_600_000);
  expect(await ledger.guard.permit(toolCall(next, 0, 0, { cap }))).toMatchObject({ outcome: "refused" });
  clock.advance(3_600_001);
  permitted(await ledger.guard.permit(toolCall(next, 0, 0, { cap })));
});

it("stores a growing conversation one message at a time", async () => {
  const { claim } = await running();
  const messages: { role: string; content: string }[] = [];
  for (let step = 0; step < 6; step++) {
    messages.push({ role: "user", content: `message ${step} ${"x".repeat(500)}` });
    const request = { messages: [...messages] };
    const call = permitted(await ledger.guard.permit(modelCall(claim, step, { request, digest: digest(request) })));
    await happened(call.callId, { choices: [step] });
  }
  const { Client } = (await import("pg")).default;
  const client = new Client({ connectionString: t.url });
  await client.connect();
  const { rows } = await client.query(
    "select count(*)::int as n, max(length(sealed))::int as largest, bool_or(position('message' in encode(sealed, 'escape')) > 0) as readable from roster.blobs where binding_uid = $1",
    [claim.binding.uid],
  );
  await client.end();
  expect(rows[0]).toMatchObject({ n: 6 * 3, readable: false });
  expect(rows[0].largest).toBeLessThan(1000);
  const next = await takenOver(claim);
  expect(next.transcript[5]).toMatchObject({ request: { messages } });
});
