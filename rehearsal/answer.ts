import { problem } from "../api/reasons.ts";
import { sha256 } from "../lib/ids.ts";
import { isObject, type Json, type JsonObject } from "../lib/json.ts";
import { messageOf } from "../lib/problem.ts";
import { type Conversation, toFunctionName } from "./conversation.ts";
import { type Cue, toTemplateVariables } from "./play.ts";
import type { UsageReport } from "./script.ts";

/** Four bytes a token: near enough to real tokenizers to be plausible, and exact enough to be checked. */
const bytesPerToken = 4;

/** Honest token count of a text or value. */
export function countTokens(value: Json): number {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken);
}

/** An answer before it takes the form of one JSON object or a stream. */
export interface Answer {
  readonly id: string;
  readonly model: string;
  readonly text: string | null;
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly finish: string;
  /** What was really used. */
  readonly honest: { readonly input: number; readonly output: number };
  /** The `usage` member as JSON text, because a lie may be no JSON; undefined where none is sent. */
  readonly usageText: string | undefined;
}

/** Limits of the request that an honest server keeps. */
export interface AnswerLimits {
  readonly maxOutputTokens?: number | undefined;
  /** Everything the model reads: messages and tools. */
  readonly input: Json;
}

/** Fills a reply for a conversation. Deterministic: the same request gives the same answer. Throws InvalidRequest with file:line. */
export function fill({ reply }: Cue, conversation: Conversation, limits: AnswerLimits): Answer {
  const variables = toTemplateVariables(conversation);
  const id = sha256(JSON.stringify([conversation.model, conversation.messages]));
  let text: string | null;
  let calls: Answer["toolCalls"];
  try {
    const filled = reply.text?.(variables);
    text = filled === undefined ? null : typeof filled === "string" ? filled : JSON.stringify(filled);
    calls = reply.toolCalls.map((call, i) => ({
      id: `call_${id.slice(0, 16)}_${i}`,
      name: toFunctionName(call.name),
      arguments: reply.rawArguments ?? toArguments(call.arguments(variables)),
    }));
  } catch (cause) {
    throw problem("InvalidRequest", `${reply.source}: ${messageOf(cause)}`, { cause });
  }
  let output =
    countTokens(text ?? "") + calls.reduce((sum, call) => sum + countTokens(`${call.name}${call.arguments}`), 0);
  let finish = reply.finish ?? (calls.length > 0 ? "tool_calls" : "stop");
  const limit = limits.maxOutputTokens;
  if (limit !== undefined && output > limit && !reply.ignoreLimit) {
    // What does not fit is not said: text is cut, and calls that would be cut are left out.
    text =
      text === null
        ? ""
        : Buffer.from(text)
            .subarray(0, limit * bytesPerToken)
            .toString()
            .replace(/\uFFFD$/, "");
    calls = [];
    output = limit;
    finish = reply.finish ?? "length";
  }
  const honest = { input: countTokens(limits.input), output };
  const model = conversation.model.startsWith("rehearsal/") ? conversation.model : `rehearsal/${conversation.model}`;
  return {
    id: `chatcmpl-rehearsal-${id.slice(0, 24)}`,
    model,
    text,
    toolCalls: calls,
    finish,
    honest,
    usageText: usageText(reply.usage, honest),
  };
}

function toArguments(value: Json): string {
  if (!isObject(value)) throw new Error("the arguments of a tool call must come out as an object");
  return JSON.stringify(value);
}

function usageText(report: UsageReport, { input, output }: Answer["honest"]): string | undefined {
  const usage = (prompt: unknown, completion: unknown) =>
    `{"prompt_tokens":${prompt},"completion_tokens":${completion},"total_tokens":${Number(prompt) + Number(completion)}}`;
  if (report === "honest") return usage(input, output);
  if (report === "missing") return undefined;
  if (report === "negative") return usage(-input, -output);
  // Not JSON, as a server with a broken counter writes it.
  if (report === "NaN") return '{"prompt_tokens":NaN,"completion_tokens":NaN,"total_tokens":NaN}';
  if (report === "text") return `{"prompt_tokens":"${input}","completion_tokens":"${output}","total_tokens":"many"}`;
  if (report === "tooMuch") return usage(input * 1000 + 1_000_000, output * 1000 + 1_000_000);
  return usage(report.inputTokens, report.outputTokens);
}

const fingerprint = "rehearsal";

/** The whole answer as the text of one JSON object. */
export function toBody(answer: Answer, created: number): string {
  const message = {
    role: "assistant",
    content: answer.text,
    refusal: null,
    ...(answer.toolCalls.length > 0 ? { tool_calls: answer.toolCalls.map(toToolCall) } : {}),
  };
  const head = JSON.stringify({
    id: answer.id,
    object: "chat.completion",
    created,
    model: answer.model,
    system_fingerprint: fingerprint,
    choices: [{ index: 0, message, logprobs: null, finish_reason: answer.finish }],
  });
  return answer.usageText === undefined ? head : `${head.slice(0, -1)},"usage":${answer.usageText}}`;
}

function toToolCall(call: Answer["toolCalls"][number]): JsonObject {
  return { id: call.id, type: "function", function: { name: call.name, arguments: call.arguments } };
}

/** The answer as server-sent events: deltas of text and calls, the reason, usage where it was asked for, the end. */
export function toEvents(
  answer: Answer,
  created: number,
  chunkCharacters: number,
  includeUsage: boolean,
): readonly string[] {
  const event = (choices: Json) =>
    JSON.stringify({
      id: answer.id,
      object: "chat.completion.chunk",
      created,
      model: answer.model,
      system_fingerprint: fingerprint,
      choices,
    });
  const delta = (content: Json, finish: string | null = null) =>
    event([{ index: 0, delta: content, logprobs: null, finish_reason: finish }]);
  const events = [delta({ role: "assistant", content: answer.toolCalls.length > 0 ? null : "" })];
  for (const part of pieces(answer.text ?? "", chunkCharacters)) events.push(delta({ content: part }));
  for (const [index, call] of answer.toolCalls.entries()) {
    const start = { index, id: call.id, type: "function", function: { name: call.name, arguments: "" } };
    events.push(delta({ tool_calls: [start] }));
    for (const part of pieces(call.arguments, chunkCharacters)) {
      events.push(delta({ tool_calls: [{ index, function: { arguments: part } }] }));
    }
  }
  events.push(delta({}, answer.finish));
  if (includeUsage && answer.usageText !== undefined) {
    events.push(`${event([]).slice(0, -1)},"usage":${answer.usageText}}`);
  }
  return [...events, "[DONE]"].map((data) => `data: ${data}\n\n`);
}

function* pieces(text: string, characters: number): Generator<string> {
  const points = [...text];
  for (let i = 0; i < points.length; i += characters) yield points.slice(i, i + characters).join("");
}
