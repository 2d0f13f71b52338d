import type { Claim, FailRequest, FinishRequest, ToolResult } from "../api/wire.ts";
import { canonicalJson, isObject, type Json, type JsonObject } from "../lib/json.ts";

/** One OpenAI message, as plain JSON: what is sent is what was rebuilt, byte for byte. */
export type Message = JsonObject;

/** A tier of the ladder that may still be asked. */
export interface TierChoice {
  readonly rung: string;
  readonly tier: string;
  readonly escalateOn: readonly string[];
}

/** The state of a run that a model works on. Rebuilt from claim and transcript, never stored. */
export interface Turn {
  readonly stage: "turn";
  readonly claim: Claim;
  /** Number of the next model step. */
  readonly step: number;
  readonly messages: readonly Message[];
  readonly tools: readonly JsonObject[];
  /** The tier in use, and those above it. Never empty. */
  readonly tiers: readonly [TierChoice, ...TierChoice[]];
  /** Answers that were not accepted, since the last change of tier. */
  readonly repairs: number;
}

/** A call that the model proposes. `arguments` is undefined where its text is no JSON object. */
export interface Proposal {
  readonly callId: string;
  readonly action: string;
  readonly arguments: JsonObject | undefined;
  /** Index within the model step. */
  readonly index: number;
}

/** What a model said. */
export type Reply = { readonly turn: Turn; readonly message: Message } & (
  | { readonly stage: "proposed"; readonly proposals: readonly Proposal[] }
  /** No call any more: the answer, or why it cannot be one. */
  | { readonly stage: "answered"; readonly text: string; readonly unusable?: string }
);

/** Proposals with what came of each; a denial is a result like any other. */
export interface Acted {
  readonly stage: "acted";
  readonly reply: Reply & { readonly stage: "proposed" };
  readonly results: readonly { readonly proposal: Proposal; readonly result: ToolResult }[];
}

/** How an owner's work on a run ended. */
export type Ending =
  | { readonly stage: "finished"; readonly phase: string }
  | { readonly stage: "failed"; readonly reason: string; readonly message: string }
  /** The run is not ours any more or waits for somebody: nothing is said, the claim is let go. */
  | { readonly stage: "dropped"; readonly reason: string };

/** An answer that the contract did not accept. */
export interface Rejected {
  readonly stage: "rejected";
  readonly reason: string;
  readonly message: string;
}

/** What finishing needs to know. */
export type Final = FinishRequest;

/** A failure that ends the run, in one plain sentence. */
export type Failure = FailRequest;

/** The result as a model reads it. */
export function toText(result: ToolResult): string {
  const text = result.content.map((part) => (typeof part.text === "string" ? part.text : `[${part.type}]`)).join("\n");
  // Structure is the whole result for programs; text beside it is the same for people and would cost twice. Canonical,
  // because a journal may give the members back in another order than the tool did.
  if (result.isError !== true && result.structuredContent !== undefined) return canonicalJson(result.structuredContent);
  return result.isError === true ? `Error: ${text}` : text;
}

/** The result as a value, for a rule's answer. */
export function toValue(result: ToolResult): Json {
  return result.structuredContent ?? toText(result);
}

/**
 * A message with what the protocol needs and nothing else, its members in one order: the same message gives the same
 * bytes, whether a provider just said it or a journal gives it back.
 */
export function toMessage(raw: Readonly<Record<string, unknown>>): Message {
  const content = typeof raw.content === "string" ? raw.content : null;
  if (raw.role === "tool") return { role: "tool", tool_call_id: String(raw.tool_call_id ?? ""), content };
  if (raw.role !== "assistant") return { role: String(raw.role), content };
  const calls = Array.isArray(raw.tool_calls) ? raw.tool_calls.filter(isObject).map(toToolCall) : [];
  return { role: "assistant", content, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
}

function toToolCall(call: Record<string, unknown>): JsonObject {
  const fn = isObject(call.function) ? call.function : {};
  const { name, arguments: text } = fn;
  return {
    id: String(call.id ?? ""),
    type: "function",
    function: { name: String(name ?? ""), arguments: String(text ?? "") },
  };
}

/** A tool as an OpenAI function, its members in one order, for the same reason. */
export function toFunction(raw: Readonly<Record<string, unknown>>): JsonObject {
  const { name, description, parameters } = raw;
  return {
    type: "function",
    function: {
      name: String(name),
      description: String(description ?? ""),
      parameters: JSON.parse(canonicalJson(isObject(parameters) ? parameters : {})) as JsonObject,
    },
  };
}
