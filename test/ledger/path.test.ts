import { expect, it } from "vitest";
import { sha256 } from "../../lib/ids.ts";
import { aFleet, claimed, modelCall, permitted, toolCall, withLedger } from "./fleet.ts";

const t = await withLedger();

it("hires, admits, claims, holds, settles, finishes and tells the whole story", async () => {
  const { ledger } = t;
  const fleet = await aFleet(ledger);
  await fleet.budget("role/assistant", { Day: "10.00", Run: "2.00" });
  const ana = await fleet.hire("tess-ana");
  const admission = await fleet.admit(ana);
  expect(admission).toMatchObject({
    outcome: "queued",
    run: { phase: "Queued", task: { text: "prepare the snapshot" } },
  });
  const claim = await claimed(ledger);
  expect(claim.run.id).toBe(admission.run.id);
  expect(await ledger.guard.introspect(sha256(claim.token))).toMatchObject({
    kind: "run",
    binding: { name: "tess-ana", state: "active" },
    pinnedRole: { name: "assistant" },
    currentRole: { name: "assistant", compiled: true },
  });

  const call = permitted(await ledger.guard.permit(modelCall(claim, 0)));
  expect(call).toMatchObject({ held: 1_000_000n, maxOutputTokens: 1_000_000, repeated: false });
  expect(await ledger.money.budget(fleet.tenant, "role/assistant")).toMatchObject([
    { window: "Run", limit: 2_000_000n },
    { window: "Day", limit: 10_000_000n, held: 1_000_000n, spent: 0n },
  ]);
  await ledger.guard.happened({
    callId: call.callId,
    response: { choices: [{ message: { role: "assistant", content: "reading" } }] },
    isError: false,
    usage: { inputTokens: 10, outputTokens: 20 },
    charge: 300_000n,
  });
  const tool = permitted(await ledger.guard.permit(toolCall(claim, 0, 0)));
  await ledger.guard.happened({
    callId: tool.callId,
    response: { content: [{ type: "text", text: "mail" }] },
    isError: false,
  });

  await ledger.runs.succeed(claim.run.id, claim.run.epoch, {
    rung: "work",
    tier: "workhorse",
    reason: "Succeeded",
    message: "done",
    verified: "Unknown",
    outputDigest: sha256("x"),
    output: { items: [] },
  });
  const trace = await ledger.runs.trace(claim.run.id);
  expect(trace!.run).toMatchObject({
    phase: "Succeeded",
    cost: 300_000n,
    steps: 2,
    tokens: { input: 10, output: 20 },
    tier: "workhorse",
  });
  expect(trace!.steps.map((step) => [step.kind, step.state])).toEqual([
    ["model", "happened"],
    ["tool", "happened"],
    ["final", "happened"],
  ]);
  expect(await ledger.money.budget(fleet.tenant, "role/assistant")).toMatchObject([{}, { held: 0n, spent: 300_000n }]);
  expect(await ledger.money.drift()).toBe(0n);
  expect(await ledger.guard.introspect(sha256(claim.token))).toBeUndefined();
  expect((await ledger.bindings.summaries([ana.uid])).get(ana.uid)).toMatchObject({
    runs: 1,
    succeeded: 1,
    active: 0,
    spentToday: 300_000n,
  });
  const actions = (await ledger.audit.list({ tenant: fleet.tenant, limit: 100 })).map((row) => row.action);
  expect(actions).toEqual(["hire", "admit", "claim", "model-call", "charge", "tool-call", "charge", "succeed"]);
  await ledger.audit.seal();
  expect(await ledger.audit.verify()).toMatchObject({ ok: true });
});
