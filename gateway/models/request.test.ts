import { describe, expect, it } from "vitest";
import type { Json } from "../../lib/json.ts";
import { findForbiddenField, parseChatRequest, toJournaled } from "./request.ts";

const messages = [{ role: "user", content: "hello" }];
const body = (more: object) => ({ model: "workhorse", messages, ...more }) as Json;

describe("parseChatRequest refuses what the bound cannot see", () => {
  const refused: Record<string, { readonly body: Json; readonly says: string }> = {
    "a body that is no object": { body: [], says: "body must be a JSON object" },
    "no messages": { body: { model: "workhorse" }, says: "messages must be a list" },
    "an empty list of messages": { body: body({ messages: [] }), says: "messages must be a list" },
    "a role that nobody knows": {
      body: body({ messages: [{ role: "root", content: "x" }] }),
      says: "messages[0].role",
    },
    "an image by reference": {
      body: body({ messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "http://x" } }] }] }),
      says: "messages[0].content[0]",
    },
    "audio of an earlier answer": {
      body: body({ messages: [{ role: "assistant", audio: { id: "a" } }] }),
      says: "messages[0].audio",
    },
    "a tool that runs at the provider": { body: body({ tools: [{ type: "web_search" }] }), says: "tools[0].type" },
    "more than one answer": { body: body({ n: 2 }), says: "n must be 1" },
    "an output limit of zero": { body: body({ max_tokens: 0 }), says: "max_tokens must be a whole number" },
    "an output limit as text": { body: body({ max_completion_tokens: "9" }), says: "max_completion_tokens must be" },
    "a model that is a URL": { body: body({ model: "http://x" }), says: "model must be the name of a ModelTier" },
    "an unknown stream option": { body: body({ stream_options: { x: 1 } }), says: "stream_options.x" },
  };
  for (const [name, { body: given, says }] of Object.entries(refused)) {
    it(name, () => {
      expect(() => parseChatRequest(given)).toThrow(says);
    });
  }
});

it("takes the smaller of two output limits and remembers which name the caller knows", () => {
  const read = parseChatRequest(body({ max_tokens: 50, max_completion_tokens: 70 }));
  expect(read).toMatchObject({ maxOutputTokens: 50, limitField: "max_completion_tokens" });
});

it("journals a stream and a plain request alike, so that a resumed run may ask either way", () => {
  const plain = toJournaled(parseChatRequest(body({ max_tokens: 50 })));
  const stream = toJournaled(
    parseChatRequest(body({ max_completion_tokens: 50, stream: true, stream_options: { include_usage: true } })),
  );
  expect(stream).toEqual(plain);
});

it("names a field that neither the base list nor the tier allows", () => {
  const read = parseChatRequest(body({ store: true }));
  expect(findForbiddenField(read, [])).toBe("store");
  expect(findForbiddenField(read, ["store"])).toBeUndefined();
  expect(findForbiddenField(parseChatRequest(body({ temperature: 0, tools: null })), [])).toBeUndefined();
});
