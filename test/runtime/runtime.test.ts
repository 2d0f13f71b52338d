import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BindingRecord, RunRecord } from "../../ledger/ledger.ts";
import type { JsonObject } from "../../lib/json.ts";
import { openWorld, type World } from "../gateway/kit/world.ts";
import { startRuntime } from "./process.ts";

// The model hangs where a worker is to be killed, and answers the next one that asks.
const script = `scenes:
- name: note
  when: { intent: note }
  replies:
  - toolCalls: [{ name: notes.read }, { name: notes.write, arguments: { text: "{{ task.payload.text }}" } }]
  - text: "{{ results['notes.read'] }} / {{ results['notes.write'] }}"
- name: hang
  when: { intent: hang }
  replies:
  - toolCalls: [{ name: notes.write, arguments: { text: "once" } }]
  - attempts: [{ error: { hang: true } }, { text: finished by another }]
- name: slow
  when: { intent: slow }
  replies: [{ error: { hang: true } }]
- name: send
  when: { intent: send }
  replies: [{ toolCalls: [{ name: notes.send, arguments: { to: bob } }] }, { text: not sent }]
- name: unlisted
  when: { intent: unlisted }
  replies: [{ toolCalls: [{ name: notes.hang }] }, { text: "{{ results['notes.hang'] }}" }]
- name: loop
  when: { intent: loop }
  replies: [{ toolCalls: [{ name: notes.read }] }]
- { name: hello, when: { intent: hello }, replies: [{ text: Hello }] }
- { name: refuses, when: { intent: refuses }, replies: [{ error: { status: 400, body: { error: { message: "no", code: "x" } } } }] }
- name: invalid
  when: { intent: json }
  replies: [{ text: "not JSON" }, { text: '{"items":["a"]}' }]
`;

let world: World;
let ana: BindingRecord;
beforeAll(async () => {
  world = await openWorld({ script });
  ana = await world.hire("ana@acme.example");
});
afterAll(() => world?.[Symbol.asyncDispose]());

const runtime = (id = "w1", more: Record<string, string> = {}) =>
  startRuntime({
    ROSTER_GATEWAY_URL: world.gateway.url,
    ROSTER_WORKER_TOKEN: world.workerToken,
    ROSTER_WORKER_ID: id,
    ROSTER_WORKER_CONCURRENCY: "1",
    ...more,
  });

const patience = { timeout: 20_000, interval: 25 };
const phaseOf = async (run: RunRecord) => (await world.ledger.runs.find(run.id))?.phase;
async function ended(run: RunRecord): Promise<RunRecord> {
  await expect.poll(() => phaseOf(run), patience).toMatch(/Succeeded|Failed|Cancelled/);
  return (await world.ledger.runs.find(run.id)) as RunRecord;
}
const askedFor = (scene: string, from = 0) => world.asked.slice(from).filter((line) => line.scene === scene);
const task = (intent: string, payload: JsonObject = {}) => ({ intent, payload });

describe("a run, through a real gateway and ledger", () => {
  it("executes: thinks, reads, writes, answers, and its cost is what the provider used", async () => {
    await using _ = runtime();
    const from = world.asked.length;
    const run = await ended(await world.admit(ana, task("note", { text: "buy milk" })));
    expect(run).toMatchObject({ phase: "Succeeded", rung: "work", tier: "workhorse" });
    const honest = world.asked.slice(from).reduce((sum, { honest: h }) => sum + h.input + 2 * h.output, 0);
    expect(Number(run.cost)).toBe(honest);
    expect(world.notes.log.calls.slice(-2)).toMatchObject([
      { user: "ana@acme.example", tool: "read" },
      { tool: "write", arguments: { text: "buy milk" } },
    ]);
    const trace = await world.ledger.runs.trace(run.id);
    expect(trace?.steps.map(({ id, kind, state }) => [`${id.step}.${id.action}`, kind, state])).toEqual([
      ["0.-1", "model", "happened"],
      ["0.0", "tool", "happened"],
      ["0.1", "tool", "happened"],
      ["1.-1", "model", "happened"],
      [expect.any(String), "final", "happened"],
    ]);
  });

  it("killed in the middle, goes on at another worker; what is recorded is not repeated", async () => {
    const [from, calls] = [world.asked.length, world.notes.log.calls.length];
    await using first = runtime("w1");
    const admitted = await world.admit(ana, task("hang"));
    await expect
      .poll(() => askedFor("hang", from).filter(({ outcome }) => outcome === "failed").length, patience)
      .toBe(1);
    first.child.kill("SIGKILL");
    await first.exited;
    await using _ = runtime("w2");
    const run = await ended(admitted);
    expect(run).toMatchObject({ phase: "Succeeded", epoch: 2 });
    // The provider's own log: turn 0 once; turn 1 twice with the same bytes, because its answer never came.
    const lines = askedFor("hang", from);
    expect(lines.map(({ turn, outcome }) => [turn, outcome])).toEqual([
      [0, "answered"],
      [1, "failed"],
      [1, "answered"],
    ]);
    expect(lines[2]?.messagesSha256).toBe(lines[1]?.messagesSha256);
    expect(lines[2]?.bytes).toBe(lines[1]?.bytes);
    // The tool's own log.
    expect(world.notes.log.calls.slice(calls)).toHaveLength(1);
  });

  it("told to stop, a worker gives its run back and ends cleanly", async () => {
    const from = world.asked.length;
    await using worker = runtime("w1");
    const run = await world.admit(ana, task("slow"));
    await expect.poll(() => askedFor("slow", from).length, patience).toBe(1);
    worker.child.kill("SIGTERM");
    expect(await worker.exited).toBe(0);
    expect(await phaseOf(run)).toBe("Queued");
    await world.ledger.runs.cancel(run.id, "test");
  });

  it("two workers, one run: one of them does it", async () => {
    const from = world.asked.length;
    await using _a = runtime("w1");
    await using _b = runtime("w2");
    const runs = await Promise.all([1, 2, 3].map(() => world.admit(ana, task("hello"))));
    for (const run of runs) expect(await ended(run)).toMatchObject({ phase: "Succeeded", epoch: 1 });
    expect(askedFor("hello", from)).toHaveLength(3);
  });

  it("a run that must ask is parked, and its worker takes other work", async () => {
    await using _ = runtime();
    const parked = await world.admit(ana, task("send"));
    await expect.poll(() => phaseOf(parked), patience).toBe("Waiting");
    expect(await world.ledger.runs.find(parked.id)).toMatchObject({
      waitingFor: { type: "Approval", name: "notes.send" },
    });
    expect(await ended(await world.admit(ana, task("hello")))).toMatchObject({ phase: "Succeeded" });
    expect(world.notes.log.calls.filter(({ tool }) => tool === "send")).toEqual([]);
    await world.ledger.runs.cancel(parked.id, "test");
  });

  it("a denial is data: the model reads the rule and finishes", async () => {
    await using _ = runtime();
    const run = await ended(await world.admit(ana, task("unlisted")));
    expect(run.phase).toBe("Succeeded");
    const denied = (await world.ledger.runs.trace(run.id))?.steps.find(({ kind }) => kind === "tool");
    expect(denied).toMatchObject({ name: "notes.hang", state: "refused", verdict: "deny", rule: "(default)" });
    expect(world.notes.log.calls.filter(({ tool }) => tool === "hang")).toEqual([]);
  });

  it("a run that repeats itself is stopped", async () => {
    await using _ = runtime();
    expect(await ended(await world.admit(ana, task("loop")))).toMatchObject({ phase: "Failed", reason: "NoProgress" });
  });

  it("a provider's refusal fails the run in one sentence", async () => {
    await using _ = runtime();
    expect(await ended(await world.admit(ana, task("refuses")))).toMatchObject({
      phase: "Failed",
      reason: "ModelRejected",
    });
  });

  it("an answer that does not fit goes back once and is then accepted", async () => {
    await world.putRole({ contract: { output: { type: "object", required: ["items"] } } });
    await using _ = runtime();
    const from = world.asked.length;
    expect(await ended(await world.admit(ana, task("json")))).toMatchObject({ phase: "Succeeded" });
    expect(askedFor("invalid", from)).toHaveLength(2);
    await world.putRole({});
  });

  it("a rule answers without a model and without money", async () => {
    const rungs = [
      { name: "hi", type: "Rule", when: "task.intent == 'hi'", rule: { answer: { output: "'hello'" } } },
    ] as const;
    await world.putRole({ router: { rungs } });
    await using _ = runtime();
    const from = world.asked.length;
    const run = await ended(await world.admit(ana, task("hi")));
    expect(run).toMatchObject({ phase: "Succeeded", rung: "hi", cost: 0n });
    expect(world.asked.slice(from)).toEqual([]);
    await world.putRole({});
  });

  it("no money: the run fails before the provider is asked", async () => {
    const bob = await world.hire("bob@acme.example");
    const admitted = await world.admit(bob, task("hello"));
    // With nothing left at admission it would be refused there already; here the money goes while the run is queued.
    await world.limit(bob, 0n);
    await using _ = runtime();
    const from = world.asked.length;
    const run = await ended(admitted);
    expect(run).toMatchObject({ phase: "Failed", reason: "BudgetExhausted" });
    expect(world.asked.slice(from)).toEqual([]);
  });

  it("fired in the middle, the run is cut, nothing more is said, and the worker takes other work", async () => {
    const carl = await world.hire("carl@acme.example");
    await using worker = runtime();
    const from = world.asked.length;
    const run = await world.admit(carl, task("slow"));
    await expect.poll(() => askedFor("slow", from).length, patience).toBe(1);
    const context = { tenant: world.tenant, namespace: "acme", name: carl.name, by: "test" };
    await world.ledger.bindings.fire(carl.uid, context);
    await expect.poll(() => worker.lines.some(({ msg }) => msg === "run let go"), patience).toBe(true);
    expect(await phaseOf(run)).toBe("Cancelled");
    expect(await ended(await world.admit(ana, task("hello")))).toMatchObject({ phase: "Succeeded" });
  });
});

describe("the process", () => {
  it("keeps its log free of tokens and content", async () => {
    await using worker = runtime();
    await ended(await world.admit(ana, task("note", { text: "CANARY-note" })));
    await expect.poll(() => worker.lines.some(({ msg }) => msg === "run ended"), patience).toBe(true);
    const log = JSON.stringify(worker.lines);
    for (const secret of [world.workerToken, "rst_", "CANARY", "Bearer"]) expect(log).not.toContain(secret);
  });

  const settings: Record<string, [Record<string, string>, RegExp]> = {
    "without a gateway": [{ ROSTER_GATEWAY_URL: "" }, /ROSTER_GATEWAY_URL is not set/],
    "with a gateway that is no URL": [{ ROSTER_GATEWAY_URL: "gateway" }, /is not a URL/],
    "with a silly concurrency": [{ ROSTER_WORKER_CONCURRENCY: "many" }, /whole number from 1 to 256/],
  };
  it.each(Object.entries(settings))("does not start %s, and says so", async (_, [env, message]) => {
    await using worker = runtime("w1", env);
    expect(await worker.exited).toBe(2);
    expect(JSON.stringify(worker.lines)).toMatch(message);
  });

  it("with a token that the gateway refuses says so once, and goes on asking", async () => {
    await using worker = runtime("w1", { ROSTER_WORKER_TOKEN: "rsw_wrong" });
    await expect.poll(() => worker.lines.some(({ reason }) => reason === "Unauthenticated"), patience).toBe(true);
    expect(worker.child.exitCode).toBe(null);
    expect(worker.lines.filter(({ msg }) => msg === "cannot ask for work")).toHaveLength(1);
  });
});
