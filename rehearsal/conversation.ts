import { isObject, type Json, type JsonObject } from "../lib/json.ts";

/** What a script sees of a request: plain JSON, so that templates and conditions read it alike. */
export interface Conversation {
  readonly model: string;
  readonly messages: readonly JsonObject[];
  readonly system: string;
  /** The last message of the user. */
  readonly user: string;
  /** Answers that the model gave already. */
  readonly turn: number;
  /** Last result of each tool, by action (`mail.search`). */
  readonly results: Readonly<Record<string, Json>>;
  /** Every call with its result, in order. */
  readonly calls: readonly { readonly name: string; readonly arguments: Json; readonly result: Json }[];
  /** Read back from the first message of the user, as Roster's runtime writes it. */
  readonly task: { readonly intent: string; readonly text: string; readonly payload: Json };
  /** Action of the last message where that is a tool's result. */
  readonly after: string | undefined;
}

/** Reads a chat request. Tolerates everything that OpenAI's schema does; unknown parts are left out. */
export function readConversation(model: string, messages: readonly JsonObject[]): Conversation {
  const said = messages.filter((message) => message.role === "user").map((message) => textOf(message.content));
  const system = messages.filter(({ role }) => role === "system" || role === "developer");
  const calls = readCalls(messages);
  const last = messages.at(-1);
  return {
    model,
    messages,
    system: system.map((message) => textOf(message.content)).join("\n"),
    user: said.at(-1) ?? "",
    turn: messages.filter(({ role }) => role === "assistant").length,
    results: Object.fromEntries(calls.map(({ name, result }) => [name, result])),
    calls,
    task: readTask(said[0] ?? ""),
    after: last?.role === "tool" ? calls.at(-1)?.name : undefined,
  };
}

/** OpenAI's function names have no dot: `mail__search` is the action `mail.search`. */
export function toAction(functionName: string): string {
  return functionName.replace("__", ".");
}

/** The function name of an action. */
export function toFunctionName(action: string): string {
  return action.replace(".", "__");
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => (isObject(part) && typeof part.text === "string" ? part.text : "")).join("");
}

function readCalls(messages: readonly JsonObject[]): Conversation["calls"] {
  const asked = new Map<string, { readonly name: string; readonly arguments: Json }>();
  const calls: Conversation["calls"][number][] = [];
  for (const message of messages) {
    if (message.role === "assistant" && Array.isArray(message.tool_calls)) {
      for (const call of message.tool_calls) {
        if (!isObject(call) || !isObject(call.function)) continue;
        const { name, arguments: text } = call.function;
        asked.set(String(call.id), { name: toAction(String(name)), arguments: parsed(String(text)) });
      }
    } else if (message.role === "tool") {
      const call = asked.get(String(message.tool_call_id));
      if (call) calls.push({ ...call, result: parsed(textOf(message.content)) });
    }
  }
  return calls;
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

const intentLine = /^Intent: (.*)$/m;
const payloadBlock = /<payload[^>]*>\n([\s\S]*?)\n<\/payload/;

function readTask(user: string): Conversation["task"] {
  const payload = payloadBlock.exec(user)?.[1];
  return {
    intent: intentLine.exec(user)?.[1] ?? "",
    text: user,
    payload: payload === undefined ? {} : parsed(payload),
  };
}
