import { describe, expect, it } from "vitest";
import type { ToolCatalogEntry } from "../../ledger/ledger.ts";
import type { Json, JsonObject } from "../../lib/json.ts";
import { ArgumentChecks, findNotIJson, idempotencyKey, withoutArgument } from "./arguments.ts";

describe("arguments must be I-JSON", () => {
  const given: Record<string, { readonly value: Json; readonly says: string | undefined }> = {
    "plain values pass": { value: { a: [1, -2.5, "ü", null, true] }, says: undefined },
    "an integer above 2^53": { value: { id: 2 ** 53 + 2 }, says: "arguments.id" },
    "half a surrogate pair": { value: { a: ["\ud800"] }, says: "arguments.a.0" },
    "a member that the tool does not have, without its name": {
      value: { "a mail's text": 2 ** 53 + 2 },
      says: "arguments.* is an integer",
    },
    "half a surrogate pair in a key": { value: { "\udc00": 1 }, says: "a key in arguments" },
  };
  for (const [name, { value, says }] of Object.entries(given)) {
    it(name, () => {
      const found = findNotIJson(value, { properties: { id: {}, a: {} } });
      if (says === undefined) expect(found).toBeUndefined();
      else expect(found).toContain(says);
    });
  }
});

it("makes the same key for the same step and arguments only", () => {
  const id = { runId: "r", step: 1, action: 0 };
  const key = idempotencyKey(id, { a: 1, b: 2 });
  expect(idempotencyKey(id, { b: 2, a: 1 })).toBe(key);
  expect(idempotencyKey({ ...id, action: 1 }, { a: 1, b: 2 })).not.toBe(key);
  expect(idempotencyKey({ ...id, runId: "s" }, { a: 1, b: 2 })).not.toBe(key);
  expect(idempotencyKey(id, { a: 1, b: 3 })).not.toBe(key);
});

it("hides the argument that the gateway fills in", () => {
  const schema: JsonObject = { type: "object", properties: { text: {}, key: {} }, required: ["text", "key"] };
  expect(withoutArgument(schema, "key")).toEqual({ type: "object", properties: { text: {} }, required: ["text"] });
  expect(withoutArgument(schema, undefined)).toBe(schema);
});

it("lets nothing through a schema that does not compile", () => {
  const entry: ToolCatalogEntry = {
    name: "x",
    description: "",
    inputSchema: { type: 7 } as never,
    schemaHash: "h",
    state: "Admitted",
  };
  expect(new ArgumentChecks().misfit(entry, {})).toContain("schema is unusable");
});
