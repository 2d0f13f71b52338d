import { expect, it } from "vitest";
import { systemClock } from "../../lib/clock.ts";
import { openaiFor, openWorker } from "./kit/worker.ts";
import { type Claimed, openWorld, type World } from "./kit/world.ts";

const slow = `scenes:
- { name: slow, when: { user: ".*" }, replies: [{ text: "Hello at last.", latencyMs: 1500 }] }
`;

const ask = (world: World, owned: Claimed, step: number) =>
  openaiFor(world.gateway.url, owned.claim, step).chat.completions.create({
    model: "workhorse",
    messages: [{ role: "user", content: "hi" }],
  });

async function untilIntended(world: World, { claim }: Claimed): Promise<void> {
  while (((await world.ledger.runs.trace(claim.runId))?.steps.length ?? 0) === 0) await systemClock.sleep(10);
}

it("is stopped without loss: a call in flight is finished and its run goes on elsewhere, nobody gets a new one", async () => {
  await using world = await openWorld({ script: slow, drainMs: 30_000 });
  const ana = await world.hire("ana@acme.example");
  using owned = await world.claim(ana);
  using idle = await openWorker(world.gateway.url, world.workerToken, "idle");
  const call = ask(world, owned, 0);
  await untilIntended(world, owned);
  const { url } = world.gateway;
  const stopped = world.gateway[Symbol.asyncDispose]();

  await expect(idle.claimed()).rejects.toThrow("no claim but undefined");
  const ready = await fetch(`${url}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining("is stopping")]);
  await expect(openWorker(url, world.workerToken)).rejects.toThrow("claims answered 503");

  expect((await call).choices[0]!.message.content).toBe("Hello at last.");
  await stopped;
  await expect(fetch(`${url}/readyz`)).rejects.toThrow("fetch failed");
  expect(await world.ledger.runs.find(owned.claim.runId)).toMatchObject({ phase: "Queued" });
  const { steps } = (await world.ledger.runs.trace(owned.claim.runId))!;
  expect(steps).toMatchObject([{ state: "happened" }]);
});

it("cuts what is still in flight when its time is over", async () => {
  await using world = await openWorld({ script: slow, drainMs: 200 });
  using owned = await world.claim(await world.hire("ana@acme.example"));
  const call = ask(world, owned, 0);
  await untilIntended(world, owned);
  const [outcome] = await Promise.allSettled([call, world.gateway[Symbol.asyncDispose]()]);
  expect(outcome).toMatchObject({ status: "rejected" });
  expect(await world.ledger.runs.find(owned.claim.runId)).toMatchObject({ phase: "Queued" });
});
