import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BindingRecord } from "../../ledger/ledger.ts";
import type { JsonObject } from "../../lib/json.ts";
import { callTool, mcpFor, openaiFor, refusalOf, textOf } from "./kit/worker.ts";
import { type Claimed, notesTools, openWorld, type World } from "./kit/world.ts";

const hi = { model: "own", messages: [{ role: "user" as const, content: "hi" }] };
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail("was not refused"),
    (thrown: unknown) => thrown,
  );
const key = { namespace: "acme", name: "model-key", key: "token" };

/** A provider that answers everything with a redirect, and a place where the redirect leads; both keep what they saw. */
async function startTrap() {
  const seen: { readonly url: string; readonly authorization: string }[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    seen.push({ url: request.url ?? "", authorization: request.headers.authorization ?? "" });
    if (request.url?.startsWith("/v1")) response.writeHead(307, { location: "/stolen" });
    else response.writeHead(200, { "content-type": "application/json" });
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { seen, origin, [Symbol.dispose]: () => void server.close() };
}

async function thought(world: World, binding: BindingRecord): Promise<Claimed> {
  const owned = await world.claim(binding);
  await openaiFor(world.gateway.url, owned.claim, 0).chat.completions.create({ ...hi, model: "workhorse" });
  return owned;
}

describe("with private networks allowed by the operator", () => {
  let world: World;
  let ana: BindingRecord;
  beforeAll(async () => {
    world = await openWorld({ allowPrivateNetworks: true });
    await world.putRole({ modelTiers: { draft: "workhorse", own: "own" } });
    ana = await world.hire("ana@acme.example");
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  const askOwn = async () => {
    using owned = await world.claim(ana);
    return await openaiFor(world.gateway.url, owned.claim, 0).chat.completions.create(hi);
  };

  it("a tier's key goes to the endpoint that its Secret names", async () => {
    await world.putTier({ name: "own", baseURL: world.modelUrl, apiKeySecretRef: key });
    await world.putSecret("model-key", { token: "model-key-CANARY", origins: new URL(world.modelUrl).origin });
    expect((await askOwn()).choices[0]!.message.content).toBe("Hello from the rehearsal.");
  });

  it("a tier that somebody points elsewhere does not take the key along", async () => {
    using trap = await startTrap();
    await world.putTier({ name: "own", baseURL: `${trap.origin}/v1`, apiKeySecretRef: key });
    expect(await refusal(askOwn())).toMatchObject({ status: 403, code: "OriginRefused" });
    expect(trap.seen).toEqual([]);
  });

  it("a provider that redirects gets no second request", async () => {
    using trap = await startTrap();
    await world.putTier({ name: "own", baseURL: `${trap.origin}/v1`, apiKeySecretRef: key });
    await world.putSecret("model-key", { token: "model-key-CANARY", origins: trap.origin });
    expect(await refusal(askOwn())).toMatchObject({
      code: "OriginRefused",
      message: expect.stringContaining("redirect"),
    });
    expect(trap.seen).toEqual([{ url: "/v1/chat/completions", authorization: "Bearer model-key-CANARY" }]);
  });

  it("a key whose Secret is gone, or is for something else, is not used", async () => {
    using trap = await startTrap();
    await world.putTier({ name: "own", baseURL: `${trap.origin}/v1`, apiKeySecretRef: { ...key, name: "nowhere" } });
    expect(await refusal(askOwn())).toMatchObject({ code: "SecretNotFound" });
    await world.putTier({ name: "own", baseURL: `${trap.origin}/v1`, apiKeySecretRef: key });
    await world.putSecret("model-key", { token: "x", origins: trap.origin, type: "Opaque" });
    expect(await refusal(askOwn())).toMatchObject({ code: "SecretNotConsenting" });
    expect(trap.seen).toEqual([]);
  });

  const httpNotes = (): JsonObject => ({
    type: "HTTP",
    http: { url: world.notes.url },
    credential: { header: "Authorization", prefix: "Bearer " },
    tools: notesTools as unknown as JsonObject[],
  });

  it("a tool server over HTTP gets the credential of a Secret that names its origin, and no other", async () => {
    await world.putServer("web-notes", httpNotes());
    const bound = { credentials: [{ server: "web-notes", secretName: "ana-notes", key: "token" }] };
    const web = await world.hire("ana@acme.example", { uid: ana.uid, ...bound });
    using owned = await thought(world, web);
    const client = await mcpFor(world.gateway.url, owned.claim);
    const before = world.notes.log.authorizations.length;
    expect(refusalOf(await callTool(client, "web-notes.read", {}, "0.0"))).toMatchObject({ reason: "OriginRefused" });
    expect(world.notes.log.authorizations).toHaveLength(before);
    const token = "ana-notes-token-CANARY-0a1b";
    await world.putSecret("ana-notes", {
      token,
      origins: `https://x.example, ${world.notes.origin}`,
      subject: "ana@acme.example",
    });
    expect(textOf(await callTool(client, "web-notes.read", {}, "0.1"))).toContain("notes of ana@acme.example");
  });
});

describe("without", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
    await world.putRole({
      modelTiers: { draft: "workhorse", own: "own" },
      permissions: { writeAutonomous: [{ name: "send", action: "notes.send" }] },
    });
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  it("a tenant's tier and tool server cannot reach what is private", async () => {
    const ana = await world.hire("ana@acme.example");
    await world.putTier({ name: "own", baseURL: world.modelUrl });
    await world.putServer("web-notes", {
      type: "HTTP",
      http: { url: world.notes.url },
      tools: [{ name: "read", effect: "Read" }],
    });
    using owned = await thought(world, ana);
    expect(await refusal(openaiFor(world.gateway.url, owned.claim, 1).chat.completions.create(hi))).toMatchObject({
      code: "OriginRefused",
    });
    const client = await mcpFor(world.gateway.url, owned.claim);
    const result = await callTool(client, "web-notes.read", {}, "0.0");
    expect(refusalOf(result)).toMatchObject({ reason: "OriginRefused" });
    expect(world.notes.log.authorizations).not.toContain("");
  });

  it("a write whose answer is lost parks the run, and is not sent again by anybody", async () => {
    const ana = await world.hire("bob@acme.example");
    const owned = await thought(world, ana);
    const client = await mcpFor(world.gateway.url, owned.claim);
    world.notes.loseAnswers();
    const result = await callTool(client, "notes.send", { to: "x" }, "0.0");
    expect(refusalOf(result)).toMatchObject({ reason: "OutcomeUnknown" });
    expect(result._meta).toHaveProperty(["roster.dev/parked"]);
    const runId = owned.claim.runId;
    const waitingFor = { type: "Outcome", name: "notes.send" };
    expect(await world.ledger.runs.find(runId)).toMatchObject({ phase: "Waiting", waitingFor });
    owned[Symbol.dispose]();
    await world.ledger.runs.wake(runId);
    using next = await world.reclaim();
    expect(next.claim).toMatchObject({ runId, epoch: 2 });
    const again = await callTool(await mcpFor(world.gateway.url, next.claim), "notes.send", { to: "x" }, "0.0");
    expect(refusalOf(again)).toMatchObject({ reason: "OutcomeUnknown" });
    expect(world.notes.log.calls.filter(({ tool }) => tool === "send")).toHaveLength(1);
  });
});

describe("floods end early", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
  });
  it("a body without end, deep JSON, and prototype keys are refused", async () => {
    const ana = await world.hire("ana@acme.example");
    using owned = await world.claim(ana);
    const post = async (body: string) => {
      const response = await fetch(`${world.gateway.url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${owned.claim.token}`, "x-roster-step": "0" },
        body,
      });
      return { status: response.status, body: await response.json() };
    };
    expect(await post("x".repeat(9_000_000))).toMatchObject({ status: 413, body: { error: { code: "TooLarge" } } });
    expect(await post("[".repeat(5_000))).toMatchObject({ status: 400, body: { error: { code: "InvalidJson" } } });
    expect(await post('{"__proto__":{"model":"x"}}')).toMatchObject({
      status: 400,
      body: { error: { code: "InvalidJson" } },
    });
    expect(await post("{")).toMatchObject({ status: 400, body: { error: { code: "InvalidJson" } } });
  });
});
