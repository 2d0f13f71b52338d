import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FinishAnswer, Trace } from "../../api/wire.ts";
import type { BindingRecord } from "../../ledger/ledger.ts";
import { callTool, mcpFor, openaiFor, openWorker, refusalOf, textOf } from "./kit/worker.ts";
import { type Claimed, openWorld, type World } from "./kit/world.ts";

let world: World;
let ana: BindingRecord;
let bob: BindingRecord;
beforeAll(async () => {
  world = await openWorld();
  ana = await world.hire("ana@acme.example");
  bob = await world.hire("bob@acme.example");
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

const post = (path: string, token: string, body: unknown = {}) =>
  fetch(`${world.gateway.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const form = (path: string, token: string, fields: Record<string, string>) =>
  fetch(`${world.gateway.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: new URLSearchParams(fields),
  });
const control = (owned: Claimed, verb: string, body?: unknown, token = owned.claim.token) =>
  post(`/runtime/v1/runs/${owned.claim.runId}/${verb}`, token, body);
const runOf = (owned: Claimed) => world.ledger.runs.find(owned.claim.runId);
const think = (owned: Claimed, step: number) =>
  openaiFor(world.gateway.url, owned.claim, step).chat.completions.create({
    model: "workhorse",
    messages: [{ role: "user", content: "hi" }],
  });

describe("a claim stream", () => {
  it("hands a run to one worker, with everything but a credential", async () => {
    using owned = await world.claim(ana, { intent: "daily", text: "Do it." });
    const { claim } = owned;
    expect(claim).toMatchObject({
      epoch: 1,
      task: { intent: "daily", text: "Do it." },
      binding: { name: "assistant-ana", namespace: "acme", subject: { name: "ana@acme.example" } },
      transcript: [],
    });
    expect(claim.token).toMatch(/^rst_/);
    expect(claim.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(JSON.stringify(claim)).not.toContain("CANARY");
  });

  it("wakes a waiting worker when a run is admitted", async () => {
    await world.clear();
    using worker = await openWorker(world.gateway.url, world.workerToken);
    const waiting = worker.claimed();
    const run = await world.admit(ana);
    expect((await waiting).claim.runId).toBe(run.id);
  });

  it("gives the run back at once when its socket closes, and the next owner has the transcript and is not charged again", async () => {
    const first = await world.claim(ana);
    const said = await think(first, 0);
    const asked = world.asked.length;
    using worker = await openWorker(world.gateway.url, world.workerToken, "w2");
    const waiting = worker.claimed();
    first[Symbol.dispose]();
    const second = await waiting;
    expect(second.claim).toMatchObject({
      runId: first.claim.runId,
      epoch: 2,
      transcript: [{ kind: "model", step: 0 }],
    });
    expect((await think(second, 0)).id).toBe(said.id);
    expect(world.asked).toHaveLength(asked);
    expect((await control(first, "beat")).status).toBeGreaterThanOrEqual(401);
    expect((await control(second, "beat")).status).toBe(204);
  });

  it("is cut when the binding is fired, and the token is dead", async () => {
    using owned = await world.claim(bob);
    const introspect = () =>
      form("/introspect", world.operatorToken, { token: owned.claim.token }).then((r) => r.json());
    expect(await introspect()).toMatchObject({ active: true, binding: "assistant-bob", run: owned.claim.runId });
    await world.ledger.bindings.fire(bob.uid, { tenant: world.tenant, namespace: "acme", name: bob.name, by: "test" });
    expect(await owned.next()).toMatchObject({ type: "cut" });
    expect(await introspect()).toEqual({ active: false });
    expect((await control(owned, "beat")).status).toBe(401);
    const pending = async (): Promise<readonly string[]> =>
      (await world.ledger.bindings.offboarding(bob.uid))!.gatewaysPending;
    await expect.poll(pending).toEqual([]);
    bob = await world.hire("bob@acme.example", { uid: "bob-again" });
  });

  it("is refused to strangers, and for a name that is none", async () => {
    expect((await post("/runtime/v1/claims", "rsw_unknownunknown")).status).toBe(401);
    const named = await post("/runtime/v1/claims", world.workerToken, { worker: "a b" });
    expect(named.status).toBe(400);
    expect(await named.json()).toMatchObject({ reason: "InvalidRequest", hint: expect.any(String) });
  });
});

describe("the end of a run", () => {
  it("is its answer, checked against the role's contract and evidence", async () => {
    const output = { type: "object", required: ["items"], properties: { items: { type: "array", maxItems: 2 } } };
    await world.putRole({ contract: { output, evidence: [{ kind: "Artifact", name: "snapshot.md" }] } });
    using owned = await world.claim(ana);
    const finish = async (value: unknown) =>
      (await (
        await control(owned, "finish", { output: value, rung: "work", tier: "workhorse" })
      ).json()) as FinishAnswer;
    expect(await finish({ items: [1, 2, 3] })).toMatchObject({ outcome: "invalid", reason: "OutputInvalid" });
    expect(await finish({ items: [] })).toMatchObject({
      outcome: "invalid",
      reason: "EvidenceMissing",
      message: expect.stringContaining("snapshot.md"),
    });
    await think(owned, 0);
    const client = await mcpFor(world.gateway.url, owned.claim);
    const left = await callTool(client, "artifact.write", { name: "snapshot.md", content: "# Today" }, "0.0");
    expect(left.structuredContent).toMatchObject({ name: "snapshot.md", bytes: 7 });
    expect(await finish({ items: [] })).toEqual({ outcome: "finished", phase: "Succeeded" });
    expect(await runOf(owned)).toMatchObject({
      phase: "Succeeded",
      rung: "work",
      verified: "True",
      artifacts: [{ name: "snapshot.md" }],
    });
    expect(await owned.next()).toBeUndefined();
    await world.putRole({});
  });

  it("may be a failure, with a reason from the table only", async () => {
    using owned = await world.claim(ana);
    expect((await control(owned, "fail", { reason: "Because", message: "x" })).status).toBe(400);
    // Others read the message, so it is not the runtime's to word.
    expect((await control(owned, "fail", { reason: "NoProgress", message: "the mail says 46.500" })).status).toBe(204);
    const message = "the run repeated a call with the same arguments and result";
    expect(await runOf(owned)).toMatchObject({ phase: "Failed", reason: "NoProgress", message });
  });

  it("is answered by a rung and a tier of the role, because both are shown", async () => {
    using owned = await world.claim(ana);
    for (const names of [{ rung: "made up" }, { rung: "work", tier: "frontier" }]) {
      const refused = await control(owned, "finish", { output: "x", ...names });
      expect(refused.status).toBe(400);
      expect(await refused.json()).toMatchObject({
        reason: "InvalidRequest",
        detail: expect.not.stringContaining("made"),
      });
    }
    await control(owned, "fail", { reason: "Cancelled", message: "" });
  });

  it("may be put off", async () => {
    using owned = await world.claim(ana);
    expect((await control(owned, "release")).status).toBe(204);
    expect(await runOf(owned)).toMatchObject({ phase: "Queued" });
    await world.ledger.runs.cancel(owned.claim.runId, "test");
  });

  it("is not another run's to tell", async () => {
    using one = await world.claim(ana);
    using other = await world.claim(bob);
    expect((await control(one, "fail", { reason: "NoProgress", message: "" }, other.claim.token)).status).toBe(403);
    expect(await runOf(one)).toMatchObject({ phase: "Running" });
  });
});

describe("memory", () => {
  it("is read and written by compare-and-set, and is the binding's own", async () => {
    using one = await world.claim(ana);
    using other = await world.claim(bob);
    await think(one, 0);
    await think(other, 0);
    const [mine, theirs] = [await mcpFor(world.gateway.url, one.claim), await mcpFor(world.gateway.url, other.claim)];
    const write = (version: number, step: string) =>
      callTool(mine, "memory.write", { path: "prefs.md", content: "CANARY-ana", version }, step);
    expect((await write(0, "0.0")).structuredContent).toEqual({ path: "prefs.md", version: 1 });
    expect(refusalOf(await write(0, "0.1"))).toMatchObject({ reason: "Conflict" });
    expect(textOf(await callTool(mine, "memory.read", { path: "prefs.md" }, "0.2"))).toContain("CANARY-ana");
    expect(textOf(await callTool(theirs, "memory.list", {}, "0.0"))).not.toContain("prefs.md");
    expect(refusalOf(await callTool(theirs, "memory.read", { path: "prefs.md" }, "0.1"))).toMatchObject({
      reason: "NotFound",
    });
    expect(refusalOf(await callTool(theirs, "memory.read", { path: "../ana/prefs.md" }, "0.2"))).toMatchObject({
      reason: "ArgumentsInvalid",
    });
  });

  it("may be denied by a rule, and skills are read by name", async () => {
    await world.putRole({
      skills: [{ name: "daily", description: "The daily.", body: "Do this." }],
      permissions: { deny: [{ name: "no-memory", action: "memory.write", reason: "this role forgets" }] },
    });
    using owned = await world.claim(ana);
    await think(owned, 0);
    const client = await mcpFor(world.gateway.url, owned.claim);
    expect(owned.claim.tools.map(({ action }) => action)).not.toContain("memory.write");
    const denied = await callTool(client, "memory.write", { path: "a", content: "b", version: 0 }, "0.0");
    expect(refusalOf(denied)).toMatchObject({
      reason: "PolicyDenied",
      rule: "no-memory",
      message: "this role forgets",
    });
    expect(textOf(await callTool(client, "skill.read", { name: "daily" }, "0.1"))).toContain("Do this.");
    expect(refusalOf(await callTool(client, "skill.read", { name: "x" }, "0.2"))).toMatchObject({ reason: "NotFound" });
    await world.putRole({});
  });
});

describe("the trace", () => {
  it("is for a person who may get the run: names, numbers and digests, never bodies", async () => {
    using owned = await world.claim(ana, { text: "CANARY-task" });
    await think(owned, 0);
    const run = (await runOf(owned))!;
    const read = (token: string) =>
      fetch(`${world.gateway.url}/v1/namespaces/acme/runs/${run.objectName}/trace`, {
        headers: { authorization: `Bearer ${token}` },
      });
    expect((await read(world.anaToken)).status).toBe(403);
    expect((await read("nobody-knows-this")).status).toBe(401);
    expect((await read(owned.claim.token)).status).toBe(401);
    const response = await read(world.adminToken);
    expect(response.status).toBe(200);
    const trace = (await response.json()) as Trace;
    expect(trace.steps).toMatchObject([
      { step: "0", kind: "model", name: "workhorse", state: "happened", verdict: "allow" },
    ]);
    expect(trace.run).toMatchObject({ name: run.objectName, binding: "assistant-ana" });
    expect(JSON.stringify(trace)).not.toContain("CANARY");
  });
});

describe("operators", () => {
  it("revoke a token; unknown tokens are inactive; strangers learn nothing", async () => {
    using owned = await world.claim(ana);
    expect((await form("/revoke", world.workerToken, { token: owned.claim.token })).status).toBe(401);
    expect((await form("/introspect", owned.claim.token, { token: owned.claim.token })).status).toBe(401);
    expect((await form("/introspect", world.operatorToken, {})).status).toBe(400);
    expect(await (await form("/introspect", world.operatorToken, { token: "rst_nothing" })).json()).toEqual({
      active: false,
    });
    expect((await form("/revoke", world.operatorToken, { token: owned.claim.token })).status).toBe(200);
    expect((await form("/revoke", world.operatorToken, { token: "rst_nothing" })).status).toBe(200);
    expect(await (await form("/introspect", world.operatorToken, { token: owned.claim.token })).json()).toEqual({
      active: false,
    });
  });

  it("see health and metrics", async () => {
    const get = (path: string) => fetch(`${world.gateway.url}${path}`);
    expect((await get("/healthz")).status).toBe(200);
    expect((await get("/readyz")).status).toBe(200);
    const text = await (await get("/metrics")).text();
    expect(text).toContain('roster_gateway_calls_total{kind="model",outcome="ok"}');
    expect(text).not.toContain("ana");
    expect((await get("/nowhere")).status).toBe(404);
  });
});
