import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import OpenAI, { APIError } from "openai";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readUsage } from "../../policy/prices.ts";
import type { RequestLine } from "../../rehearsal/record.ts";
import { type Rehearsal, startRehearsal } from "../../rehearsal/server.ts";

const script = `scenes:
- name: mail
  when: { intent: daily-snapshot }
  replies:
  - toolCalls: [{ name: mail.search, arguments: { query: "{{ task.payload.query }}" } }]
  - text: "You have {{ results['mail.search'].messages.size() }}: {{ results['mail.search'].messages.map(m, m.subject).join(', ') }}"
- { name: long, when: { user: "^long" }, replies: [{ text: "${"word ".repeat(200)}" }] }
- { name: greedy, when: { user: "^greedy" }, replies: [{ text: "${"word ".repeat(200)}", ignoreLimit: true }] }
- { name: missing, when: { user: "^missing" }, replies: [{ text: x, usage: missing }] }
- { name: negative, when: { user: "^negative" }, replies: [{ text: x, usage: negative }] }
- { name: tooMuch, when: { user: "^tooMuch" }, replies: [{ text: x, usage: tooMuch }] }
- { name: words, when: { user: "^words" }, replies: [{ text: x, usage: text }] }
- { name: nan, when: { user: "^nan" }, replies: [{ text: x, usage: NaN }] }
- { name: own, when: { user: "^own" }, replies: [{ text: x, usage: { inputTokens: 7, outputTokens: 9 } }] }
- name: flaky
  when: { user: "^flaky" }
  replies:
  - attempts: [{ error: { status: 503 } }, { error: { status: 429, retryAfterSeconds: 1 } }, { text: recovered }]
- { name: reset, when: { user: "^reset" }, replies: [{ error: { reset: true } }] }
- { name: cut, when: { user: "^cut" }, replies: [{ text: "${"word ".repeat(50)}", error: { afterBytes: 700 } }] }
- { name: hang, when: { user: "^hang" }, replies: [{ error: { hang: true } }] }
- { name: badjson, when: { user: "^badjson" }, replies: [{ toolCalls: [{ name: a.b }], rawArguments: "{oops" }] }
- { name: strong, when: { user: "^who", model: frontier }, replies: [{ text: frontier }] }
- { name: weak, when: { user: "^who" }, replies: [{ text: weaker }] }
- { name: broken, when: { user: "^broken" }, replies: [{ text: "{{ results['none'].x }}" }] }
`;

let folder: string;
let rehearsal: Rehearsal;
let lines: RequestLine[];
let client: OpenAI;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "rehearsal-"));
  writeFileSync(path.join(folder, "rehearsal.yaml"), script);
  lines = [];
  rehearsal = await startRehearsal({
    port: 0,
    scripts: [path.join(folder, "*.yaml")],
    log: (line) => lines.push(line),
  });
  client = new OpenAI({ baseURL: rehearsal.url, apiKey: "none", maxRetries: 0 });
});
afterEach(async () => {
  await rehearsal[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const ask = (content: string, more: object = {}) =>
  client.chat.completions.create({ model: "rehearsal/workhorse", messages: [{ role: "user", content }], ...more });

describe("the rehearsal, through OpenAI's own client", () => {
  it("calls a tool with arguments from the task and answers from the tool's result", async () => {
    const user = 'Intent: daily-snapshot\n\nGo.\n\n<payload from="outside">\n{"query":"is:unread"}\n</payload>';
    const first = await ask(user);
    const call = first.choices[0]?.message.tool_calls?.[0];
    expect(first.choices[0]?.finish_reason).toBe("tool_calls");
    expect(call).toMatchObject({ function: { name: "mail__search", arguments: '{"query":"is:unread"}' } });
    const result = { messages: [{ subject: "Grüße" }, { subject: "Invoice" }] };
    const second = await client.chat.completions.create({
      model: "rehearsal/workhorse",
      messages: [
        { role: "user", content: user },
        first.choices[0]!.message,
        { role: "tool", tool_call_id: call!.id, content: JSON.stringify(result) },
      ],
    });
    expect(second.choices[0]?.message.content).toBe("You have 2: Grüße, Invoice");
    expect(lines.map(({ scene, turn, outcome }) => ({ scene, turn, outcome }))).toEqual([
      { scene: "mail", turn: 0, outcome: "answered" },
      { scene: "mail", turn: 1, outcome: "answered" },
    ]);
  });

  it("gives the same answer to the same request, byte for byte", async () => {
    const [one, two] = [await ask("long"), await ask("long")];
    expect({ ...two, created: one.created }).toEqual(one);
    expect(new Set(lines.map((line) => line.messagesSha256)).size).toBe(1);
  });

  it("streams the same answer, with usage where it is asked for", async () => {
    const whole = await ask("long");
    const stream = await ask("long", { stream: true, stream_options: { include_usage: true } });
    let text = "";
    let usage: unknown;
    for await (const chunk of stream as unknown as AsyncIterable<OpenAI.ChatCompletionChunk>) {
      text += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(usage).toEqual(whole.usage);
  });

  it("streams tool calls that the client puts together", async () => {
    const runner = client.chat.completions.stream({
      model: "rehearsal/workhorse",
      messages: [
        {
          role: "user",
          content: 'Intent: daily-snapshot\n<payload>\n{"query":"a longer query than a chunk"}\n</payload>',
        },
      ],
    });
    const final = await runner.finalChatCompletion();
    expect(final.choices[0]?.message.tool_calls?.[0]?.function.arguments).toBe(
      '{"query":"a longer query than a chunk"}',
    );
  });

  it("labels itself everywhere", async () => {
    const { data, response } = await ask("long", { model: "gpt-real" } as object).withResponse();
    expect(response.headers.get("x-roster-rehearsal")).toBe("true");
    expect(data).toMatchObject({ model: "rehearsal/gpt-real", system_fingerprint: "rehearsal" });
    const models = await client.models.list();
    expect(models.data.every((model) => model.id.startsWith("rehearsal/"))).toBe(true);
  });

  it("keeps the output limit, unless the script says that it does not", async () => {
    const honest = await ask("long", { max_completion_tokens: 10 });
    expect(honest.choices[0]?.finish_reason).toBe("length");
    expect(honest.usage?.completion_tokens).toBe(10);
    expect(honest.choices[0]?.message.content).toHaveLength(40);
    const greedy = await ask("greedy", { max_completion_tokens: 10 });
    expect(greedy.usage?.completion_tokens).toBe(250);
  });

  it("reports usage honestly by default, and its log agrees", async () => {
    const { usage } = await ask("long");
    expect(lines[0]?.honest).toEqual({ input: usage?.prompt_tokens, output: usage?.completion_tokens });
  });

  const lies: Record<string, unknown> = {
    missing: { absurd: "usage is missing" },
    negative: { absurd: expect.stringContaining("is negative") },
    words: { absurd: expect.stringContaining("is a string") },
    tooMuch: { usage: expect.objectContaining({ outputTokens: 1_001_000 }) },
    own: { usage: expect.objectContaining({ inputTokens: 7, outputTokens: 9 }) },
  };
  it.each(Object.entries(lies))("lies about usage by script: %s", async (name, want) => {
    const answer = await ask(name);
    expect(readUsage(answer.usage)).toEqual(want);
    expect(lines[0]?.honest.output).toBe(1);
  });

  it("writes a NaN as broken servers do, which is no JSON", async () => {
    const response = await fetch(`${rehearsal.url}/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "nan" }] }),
    });
    expect(await response.text()).toContain('"completion_tokens":NaN');
  });

  it("fails first and recovers, by attempt", async () => {
    await expect(ask("flaky")).rejects.toMatchObject({ status: 503 });
    const limited = await ask("flaky").catch((thrown: APIError) => thrown);
    expect(limited).toBeInstanceOf(APIError);
    expect((limited as APIError).headers?.get("retry-after")).toBe("1");
    expect((await ask("flaky")).choices[0]?.message.content).toBe("recovered");
    expect(lines.map((line) => line.outcome)).toEqual(["failed", "failed", "answered"]);
  });

  it("resets before a byte, and cuts in the middle", async () => {
    await expect(ask("reset")).rejects.toThrow(/[Cc]onnection/);
    const stream = (await ask("cut", { stream: true })) as unknown as AsyncIterable<OpenAI.ChatCompletionChunk>;
    let chunks = 0;
    const read = async () => {
      for await (const _ of stream) chunks++;
    };
    await expect(read()).rejects.toThrow();
    expect(chunks).toBeGreaterThan(0);
    expect(lines.at(-1)?.outcome).toBe("cut");
  });

  it("hangs until the caller gives up", async () => {
    const aborting = new AbortController();
    const hanging = client.chat.completions.create(
      { model: "m", messages: [{ role: "user", content: "hang" }] },
      { signal: aborting.signal },
    );
    await expect.poll(() => lines.length).toBe(1);
    aborting.abort();
    await expect(hanging).rejects.toThrow(/abort/i);
  });

  it("sends arguments that are no JSON when the script says so", async () => {
    const answer = await ask("badjson");
    expect(answer.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { arguments: "{oops" } });
  });

  it("chooses scenes by model", async () => {
    expect((await ask("who", { model: "rehearsal/frontier" })).choices[0]?.message.content).toBe("frontier");
    expect((await ask("who")).choices[0]?.message.content).toBe("weaker");
  });

  it("names the file and line of a reply that cannot be filled", async () => {
    await expect(ask("broken")).rejects.toThrow(/rehearsal.yaml:\d+: .*no such key/);
  });

  it("says what is missing where no scene fits", async () => {
    await expect(ask("unheard of")).rejects.toThrow(/no scene of the rehearsal fits "unheard of", turn 0/);
    expect(lines[0]?.outcome).toBe("refused");
  });

  it("plays an edited script from the next request on; a bad edit silences that file only, and says so", async () => {
    const file = path.join(folder, "rehearsal.yaml");
    writeFileSync(file, `${script}- { name: fresh, when: { user: "^fresh" }, replies: [{ text: new }] }\n`);
    expect((await ask("fresh")).choices[0]?.message.content).toBe("new");
    writeFileSync(
      path.join(folder, "other.yaml"),
      `scenes:\n- { name: other, when: { user: "^other" }, replies: [{ text: fine }] }\n`,
    );
    writeFileSync(file, `${readFileSync(file, "utf8")}- { nme: x }\n`);
    await expect(ask("fresh")).rejects.toThrow(/no scene .* fits "fresh".*rehearsal.yaml:\d+: unknown field "nme"/);
    expect((await ask("other")).choices[0]?.message.content).toBe("fine");
  });

  const requests: Record<string, [string, number]> = {
    "no JSON": ["{", 400],
    "no model": ['{"messages":[{"role":"user","content":"x"}]}', 400],
    "no messages": ['{"model":"m","messages":[]}', 400],
    "messages that are text": ['{"model":"m","messages":["x"]}', 400],
    "a limit that is no number": ['{"model":"m","max_tokens":"9","messages":[{"role":"user"}]}', 400],
    "a key that pollutes": ['{"model":"m","__proto__":{},"messages":[]}', 400],
  };
  it.each(Object.entries(requests))("refuses %s with an OpenAI error", async (_, [body, status]) => {
    const response = await fetch(`${rehearsal.url}/chat/completions`, { method: "POST", body });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({
      error: { message: expect.any(String), type: "invalid_request_error" },
    });
  });

  it("refuses other paths", async () => {
    expect((await fetch(`${rehearsal.url}/embeddings`)).status).toBe(404);
  });
});

describe("startRehearsal", () => {
  it("does not start with a bad script", async () => {
    const file = path.join(folder, "bad.yaml");
    writeFileSync(file, "scenes:\n- nam: x\n");
    await expect(startRehearsal({ port: 0, scripts: [file] })).rejects.toThrow(/bad.yaml:2: unknown field "nam"/);
  });

  it("does not start without the script that was named", async () => {
    await expect(startRehearsal({ port: 0, scripts: [path.join(folder, "none.yaml")] })).rejects.toThrow(
      /cannot be read/,
    );
  });

  it("writes its log as JSON lines", async () => {
    const log = path.join(folder, "log", "requests.jsonl");
    await using own = await startRehearsal({ port: 0, scripts: [path.join(folder, "rehearsal.yaml")], log });
    await new OpenAI({ baseURL: own.url, apiKey: "x" }).chat.completions.create({
      model: "m",
      messages: [{ role: "user", content: "long" }],
    });
    const [line] = readFileSync(log, "utf8").trim().split("\n");
    expect(JSON.parse(line as string)).toMatchObject({ seq: 0, model: "m", scene: "long", status: 200 });
  });
});
