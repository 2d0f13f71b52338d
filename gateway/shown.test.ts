import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import { describe, expect, it } from "vitest";
import { problem } from "../api/reasons.ts";
import type { Problem } from "../lib/problem.ts";
import { saidIn } from "./models/provider.ts";
import { problemOfStatus } from "./models/settle.ts";
import { shownWords } from "./shown.ts";
import { failureOfCall } from "./tools/failure.ts";

const envelope = (error: object) => saidIn(JSON.stringify({ error }));

describe("what journal, audit, trace and status show of a failure", () => {
  const table: Record<string, { readonly why: Problem; readonly says: string; readonly shows: string }> = {
    "is the whole, where it is ours": {
      why: problem("TierNotReady", 'ModelTier "x" is not Ready'),
      says: 'ModelTier "x" is not Ready',
      shows: 'ModelTier "x" is not Ready',
    },
    "is a provider's code without its sentence, which may quote the prompt": {
      why: problemOfStatus(400, envelope({ message: "cannot answer CANARY", code: "content_filter", type: "x" })),
      says: "the provider refused the request with status 400: cannot answer CANARY",
      shows: "the provider refused the request with status 400 (content_filter)",
    },
    "is the type where there is no code": {
      why: problemOfStatus(429, envelope({ message: "CANARY", code: null, type: "insufficient_quota" })),
      says: "the provider asked to wait (429): CANARY",
      shows: "the provider asked to wait (429) (insufficient_quota)",
    },
    "is the status alone where the code is no code": {
      why: problemOfStatus(503, envelope({ message: "CANARY", code: "CANARY 46.500" })),
      says: "the provider failed with status 503: CANARY",
      shows: "the provider failed with status 503",
    },
    "is the number of a tool server's error without its sentence": {
      why: failureOfCall(new McpError(ErrorCode.InvalidParams, "no message CANARY")).why,
      says: "MCP error -32602: no message CANARY",
      shows: "the tool server answered with error -32602",
    },
  };
  it.each(Object.entries(table))("%s", (_, { why, says, shows }) => {
    expect(why.message).toBe(says);
    expect(shownWords(why)).toBe(shows);
  });
});
