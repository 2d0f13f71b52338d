import type { APIError } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BindingRecord } from "../../ledger/ledger.ts";
import { sha256 } from "../../lib/ids.ts";
import { mcpFor, openaiFor } from "./kit/worker.ts";
import { type Claimed, openWorld, type World } from "./kit/world.ts";

const script = `scenes:
- { name: negative, when: { user: "^negative" }, replies: [{ text: x, usage: negative }] }
- { name: missing, when: { user: "^missing" }, replies: [{ text: x, usage: missing }] }
- { name: nan, when: { user: "^nan" }, replies: [{ text: x, usage: NaN }] }
- { name: words, when: { user: "^words" }, replies: [{ text: x, usage: text }] }
- { name: tooMuch, when: { user: "^tooMuch" }, replies: [{ text: x, usage: tooMuch }] }
- { name: greedy, when: { user: "^greedy" }, replies: [{ text: "${"word ".repeat(2_000)}", ignoreLimit: true, stream: { chunkCharacters: 5 } }] }
- { name: flaky, when: { user: "^flaky" }, replies: [{ attempts: [{ error: { status: 503 } }, { error: { status: 503 } }, { text: recovered }] }] }
- { name: down, when: { user: "^down" }, replies: [{ error: { status: 500 } }] }
- { name: reset, when: { user: "^reset" }, replies: [{ attempts: [{ error: { reset: true } }, { text: recovered }] }] }
- { name: refused, when: { user: "^refused" }, replies: [{ error: { status: 400 } }] }
- { name: slow, when: { user: "^slow" }, replies: [{ text: "${"word ".repeat(200)}", stream: { chunkDelayMs: 50 } }] }
- { name: tools, when: { user: "^tools" }, replies: [{ toolCalls: [{ name: notes__read, arguments: { topic: "'x'" } }] }] }
- { name: hello, when: { user: ".*" }, replies: [{ text: "Hello from the rehearsal." }] }
`;

let world: World;
let ana: BindingRecord;
beforeAll(async () => {
  world = await openWorld({ script });
  ana = await world.hire("ana@acme.example");
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

const say = (content: string) => ({
  model: "workhorse",
  messages: [{ role: "user" as const, content }],
  max_tokens: 100,
});
const ask = (owned: Claimed, step: number, content: string, more: object = {}) =>
  openaiFor(world.gateway.url, owned.claim, step).chat.completions.create({ ...say(content), ...more });
const refusal = (work: Promise<unknown>) =>
  work.then(
    (value) => expect.fail(`was not refused: ${JSON.stringify(value)}`),
    (thrown: APIError) => thrown,
  );
const traceOf = async (owned: Claimed) => (await world.ledger.runs.trace(owned.claim.runId))!;
const spent = async () =>
  (await world.ledger.money.budget(world.tenant, "binding/assistant/User/ana@acme.example"))[0]!;

describe("a model call", () => {
  it("is held, performed, charged what honest usage says, and journaled", async () => {
    using owned = await world.claim(ana);
    const before = await spent();
    const answer = await ask(owned, 0, "hello");
    expect(answer.choices[0]!.message.content).toBe("Hello from the rehearsal.");
    const { prompt_tokens, completion_tokens } = answer.usage!;
    const { steps } = await traceOf(owned);
    expect(steps).toMatchObject([{ kind: "model", name: "workhorse", state: "happened", verdict: "allow" }]);
    expect(steps[0]!.charged).toBe(BigInt(prompt_tokens + 2 * completion_tokens));
    expect(await spent()).toMatchObject({ spent: before.spent + steps[0]!.charged!, held: 0n });
  });

  it("streams to OpenAI's own client with the usage at the end, and answers a repetition from the journal", async () => {
    using owned = await world.claim(ana);
    const calls = world.asked.length;
    const read = async () => {
      const stream = await ask(owned, 0, "hello", { stream: true, stream_options: { include_usage: true } });
      let text = "";
      let usage: unknown;
      for await (const chunk of stream as unknown as AsyncIterable<{
        choices: { delta: { content?: string } }[];
        usage?: unknown;
      }>) {
        text += chunk.choices[0]?.delta.content ?? "";
        usage = chunk.usage ?? usage;
      }
      return { text, usage };
    };
    const first = await read();
    expect(first.text).toBe("Hello from the rehearsal.");
    expect(first.usage).toMatchObject({ completion_tokens: expect.any(Number) });
    expect(await read()).toEqual(first);
    expect((await ask(owned, 0, "hello")).choices[0]!.message.content).toBe(first.text);
    expect(world.asked.length - calls).toBe(1);
  });

  it("reports the gateway's own overhead", async () => {
    using owned = await world.claim(ana);
    const { response } = await openaiFor(world.gateway.url, owned.claim, 0)
      .chat.completions.create(say("hello"))
      .withResponse();
    expect(Number(response.headers.get("x-roster-overhead-ms"))).toBeGreaterThan(0);
  });

  it("never carries the run token to the provider", async () => {
    using owned = await world.claim(ana);
    await ask(owned, 0, "hello");
    expect(JSON.stringify(world.asked)).not.toContain(owned.claim.token);
  });

  it("brings tool calls through", async () => {
    using owned = await world.claim(ana);
    const answer = await ask(owned, 0, "tools", {
      tools: [{ type: "function", function: { name: "notes__read", parameters: {} } }],
    });
    expect(answer.choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: { tool_calls: [{ function: { name: "notes__read" } }] },
    });
  });
});

describe("usage that cannot be true costs the hold, and says that it is estimated", () => {
  for (const lie of ["negative", "missing", "nan", "words"]) {
    it(lie, async () => {
      using owned = await world.claim(ana);
      await ask(owned, 0, lie);
      const [step] = (await traceOf(owned)).steps;
      expect(step!.charged).toBe(step!.held);
      expect(step!.charged).toBeGreaterThan(0n);
    });
  }
});

describe("a provider that goes past its limit", () => {
  it("is cut, and what came until then is an answer that ended by length", async () => {
    const bob = await world.hire("bob@acme.example");
    using owned = await world.claim(bob);
    const stream = await openaiFor(world.gateway.url, owned.claim, 0).chat.completions.create({
      ...say("greedy"),
      stream: true,
    });
    let finish: string | null = null;
    let text = "";
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      finish = chunk.choices[0]?.finish_reason ?? finish;
    }
    expect(finish).toBe("length");
    expect(text.length).toBeLessThan("word ".length * 120);
  });
});

describe("failures of the provider", () => {
  it("that pass are retried, each with a hold of its own, and only the last one is charged", async () => {
    using owned = await world.claim(ana);
    const before = await spent();
    const answer = await ask(owned, 0, "flaky");
    expect(answer.choices[0]!.message.content).toBe("recovered");
    const cost = BigInt(answer.usage!.prompt_tokens + 2 * answer.usage!.completion_tokens);
    expect(await spent()).toMatchObject({ spent: before.spent + cost, held: 0n });
  });

  it("such as a connection reset before the first byte are retried", async () => {
    using owned = await world.claim(ana);
    expect((await ask(owned, 0, "reset")).choices[0]!.message.content).toBe("recovered");
  });

  it("that last are told as ModelUnavailable, cost nothing, and the step may be asked for again", async () => {
    using owned = await world.claim(ana);
    const before = await spent();
    const thrown = await refusal(ask(owned, 0, "down"));
    expect(thrown).toMatchObject({ status: 502, code: "ModelUnavailable" });
    expect(await spent()).toMatchObject({ spent: before.spent, held: 0n });
  });

  it("that are refusals are told as ModelRejected and not retried", async () => {
    using owned = await world.claim(ana);
    const calls = world.asked.length;
    expect(await refusal(ask(owned, 0, "refused"))).toMatchObject({ status: 422, code: "ModelRejected" });
    expect(world.asked.length - calls).toBe(1);
  });
});

describe("a model call is denied", () => {
  const denied = async (content: string, more: object, want: object) => {
    using owned = await world.claim(ana);
    const calls = world.asked.length;
    expect(await refusal(ask(owned, 0, content, more))).toMatchObject(want);
    expect(world.asked.length).toBe(calls);
  };
  it("for a tier that the role does not name", async () => {
    await world.putTier({ name: "frontier" });
    await denied("hello", { model: "frontier" }, { status: 403, code: "PolicyDenied" });
  });
  it("for a tier that is not there", () =>
    denied("hello", { model: "nowhere" }, { status: 404, code: "TierNotFound" }));
  it("for a field that the tier does not allow", () =>
    denied("hello", { store: true }, { status: 400, code: "InvalidRequest" }));
  it("for media by reference", () =>
    denied(
      "x",
      { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "https://x" } }] }] },
      { status: 400, code: "InvalidRequest" },
    ));
  it("without the number of its step", async () => {
    using owned = await world.claim(ana);
    const response = await fetch(`${world.gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${owned.claim.token}` },
      body: JSON.stringify(say("hello")),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: "InvalidRequest", message: expect.stringContaining("x-roster-step") },
    });
  });
  it("for a tier whose price is unknown", async () => {
    await world.putTier({ name: "workhorse", prices: { input: 1n } });
    await denied("hello", {}, { status: 403, code: "PriceUnknown" });
    await world.putTier({ name: "workhorse" });
  });
  it("for a tier that is not Ready, or not open to the namespace", async () => {
    await world.putTier({ name: "workhorse", ready: false });
    await denied("hello", {}, { status: 403, code: "TierNotReady" });
    await world.putTier({ name: "workhorse", namespaces: ["other"] });
    await denied("hello", {}, { status: 403, code: "Forbidden" });
    await world.putTier({ name: "workhorse" });
  });
  it("where the limit is zero, naming the level", async () => {
    using owned = await world.claim(ana);
    await world.limit(ana, 0n);
    const thrown = await refusal(ask(owned, 0, "hello"));
    await world.limit(ana, 1_000_000n);
    const message = expect.stringContaining("assistant-ana");
    expect(thrown).toMatchObject({ status: 402, code: "BudgetExhausted", message });
  });
  it("above the run's steps", async () => {
    await world.putRole({ limits: { maxSteps: 1, maxAgeSeconds: 600 } });
    using owned = await world.claim(ana);
    await world.putRole({});
    await ask(owned, 0, "hello");
    expect(await refusal(ask(owned, 1, "hello"))).toMatchObject({ code: "StepLimit" });
  });
});

describe("authority ends", () => {
  it("in the middle of a stream: the stream is cut, and the next call is refused", async () => {
    using owned = await world.claim(ana);
    const stream = await openaiFor(world.gateway.url, owned.claim, 0).chat.completions.create({
      ...say("slow"),
      stream: true,
    });
    let chunks = 0;
    const read = (async () => {
      for await (const _chunk of stream) {
        chunks += 1;
        if (chunks === 2) await world.ledger.guard.revokeToken(sha256(owned.claim.token), "test");
      }
    })();
    await expect(read).rejects.toThrow();
    expect(chunks).toBeLessThan(60);
    expect(await refusal(ask(owned, 1, "hello"))).toMatchObject({ status: 401, code: "TokenRevoked" });
  });

  it("for tokens that never were", async () => {
    const claim = { token: `rst_${"x".repeat(43)}` } as Claimed["claim"];
    const client = openaiFor(world.gateway.url, claim, 0);
    expect(await refusal(client.models.list())).toMatchObject({ status: 401 });
    expect(await refusal(client.chat.completions.create(say("hello")))).toMatchObject({
      status: 401,
      code: "TokenRevoked",
    });
    await expect(mcpFor(world.gateway.url, claim)).rejects.toThrow();
  });

  it("for a worker's token used as a run's", async () => {
    const claim = { token: world.workerToken } as Claimed["claim"];
    expect(await refusal(openaiFor(world.gateway.url, claim, 0).chat.completions.create(say("hello")))).toMatchObject({
      status: 401,
      code: "Unauthenticated",
    });
  });
});

it("lists the tiers that the run may use", async () => {
  using owned = await world.claim(ana);
  const list = await openaiFor(world.gateway.url, owned.claim, 0).models.list();
  expect(list.data.map(({ id }) => id)).toEqual(["workhorse"]);
});
