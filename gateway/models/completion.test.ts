import { expect, it } from "vitest";
import { CompletionBuilder, toChunks } from "./completion.ts";
import { readEvents } from "./sse.ts";

const call = { id: "c1", type: "function", function: { name: "mail__send", arguments: '{"to":"x"}' } };
const completion = {
  id: "r1",
  object: "chat.completion",
  created: 7,
  model: "m",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "Hello", refusal: null, tool_calls: [call] },
      logprobs: null,
      finish_reason: "tool_calls",
    },
  ],
};

it("folds the chunks of a completion back into the same completion", () => {
  const builder = new CompletionBuilder();
  for (const chunk of toChunks(completion)) builder.add(chunk);
  expect(builder.build()).toEqual(completion);
});

it("joins tool calls whose arguments come in pieces and in any order", () => {
  const builder = new CompletionBuilder();
  const part = (index: number, more: object) => ({ choices: [{ delta: { tool_calls: [{ index, ...more }] } }] });
  builder.add(part(1, { id: "b", function: { name: "two", arguments: "{" } }));
  builder.add(part(0, { id: "a", function: { name: "one", arguments: "{}" } }));
  builder.add(part(1, { function: { arguments: "}" } }));
  expect(builder.build()).toMatchObject({
    choices: [
      {
        message: {
          tool_calls: [
            { id: "a", function: { name: "one", arguments: "{}" } },
            { id: "b", function: { name: "two", arguments: "{}" } },
          ],
        },
      },
    ],
  });
});

it("counts as output only what a token was spent on", () => {
  const builder = new CompletionBuilder();
  const delta = (value: object) => builder.add({ choices: [{ delta: value }] });
  expect([
    delta({ role: "assistant", content: "" }),
    delta({ content: "x" }),
    delta({ reasoning_content: "y" }),
    builder.add({ choices: [] }),
  ]).toEqual([false, true, true, false]);
});

it("is not led out of its list by an index that a provider made up", () => {
  const builder = new CompletionBuilder();
  builder.add({
    choices: [
      {
        delta: {
          tool_calls: [
            { index: 1e9, id: "x" },
            { index: -1, id: "y" },
          ],
        },
      },
    ],
  });
  expect(builder.build()).toMatchObject({ choices: [{ message: { content: null } }] });
});

async function* bytes(...parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

it("reads events that are cut anywhere, with either line end, and without a last blank line", async () => {
  const read = [];
  for await (const data of readEvents(
    bytes('data: {"a"', ":1}\r", "\n\r\n: note\n\ndata:two\ndata: lines\n\n", "data: [DO", "NE]"),
  )) {
    read.push(data);
  }
  expect(read).toEqual(['{"a":1}', "two\nlines", "[DONE]"]);
});
