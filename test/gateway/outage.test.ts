import { expect, it } from "vitest";
import { freshDatabase } from "../ledger/kit.ts";
import { startProxy } from "./kit/proxy.ts";
import { mcpFor, openaiFor } from "./kit/worker.ts";
import { openWorld } from "./kit/world.ts";

const say = { model: "workhorse", messages: [{ role: "user" as const, content: "slow" }] };
const script = `scenes:
- { name: slow, when: { user: ".*" }, replies: [{ text: "${"word ".repeat(400)}", stream: { chunkCharacters: 5, chunkDelayMs: 100 } }] }
`;

it("denies everything within three seconds while the ledger hangs, cuts what is open, and serves again when it is back", async () => {
  await using proxy = await startProxy(await freshDatabase());
  await using world = await openWorld({ script, databaseUrl: proxy.url, authorityLeaseMs: 2_000 });
  const ana = await world.hire("ana@acme.example");
  using owned = await world.claim(ana);
  const stream = await openaiFor(world.gateway.url, owned.claim, 0).chat.completions.create({ ...say, stream: true });
  let chunks = 0;
  const read = (async () => {
    for await (const _chunk of stream) {
      chunks += 1;
      if (chunks === 2) proxy.pause();
    }
  })();
  try {
    await expect(read).rejects.toThrow();
    expect(chunks).toBeLessThan(100);
    const ask = async (work: Promise<unknown>) => {
      const from = performance.now();
      const thrown = await work.then(
        () => expect.fail("was served"),
        (error: unknown) => error,
      );
      return { thrown, ms: performance.now() - from };
    };
    const model = await ask(openaiFor(world.gateway.url, owned.claim, 1).chat.completions.create(say));
    expect(model.thrown).toMatchObject({ status: 503, code: "LedgerUnavailable" });
    const tools = await ask(mcpFor(world.gateway.url, owned.claim));
    expect(String(tools.thrown)).toContain("LedgerUnavailable");
    const revoke = await fetch(`${world.gateway.url}/revoke`, {
      method: "POST",
      headers: { authorization: `Bearer ${world.operatorToken}` },
      body: new URLSearchParams({ token: owned.claim.token }),
    });
    expect(revoke.status).toBe(503);
    expect((await fetch(`${world.gateway.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${world.gateway.url}/healthz`)).status).toBe(200);
    for (const { ms } of [model, tools]) expect(ms).toBeLessThan(3_000);
  } finally {
    proxy.resume();
  }
  await expect.poll(async () => (await fetch(`${world.gateway.url}/readyz`)).status, { timeout: 20_000 }).toBe(200);
});
