import { problem } from "../../api/reasons.ts";
import { isObject, type Json, type JsonObject } from "../../lib/json.ts";

/** A chat completion request (OpenAI's), checked for its shape but not yet against a tier. */
export interface ChatRequest {
  /** Name of a ModelTier. */
  readonly model: string;
  readonly stream: boolean;
  /** The client wants the usage chunk of a stream. */
  readonly includeUsage: boolean;
  /** What the caller asked for; absent means the tier's limit. */
  readonly maxOutputTokens?: number;
  /** Which of the two names the caller used, to be used upstream too. */
  readonly limitField?: "max_tokens" | "max_completion_tokens";
  /** Everything else, as sent. */
  readonly rest: JsonObject;
}

/**
 * Fields that can cost nothing that the bound does not see: no stored prompts, previous responses, provider-side
 * tools, files or media by reference. A tier may allow more by name.
 */
const baseFields: ReadonlySet<string> = new Set([
  "messages",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "temperature",
  "top_p",
  "presence_penalty",
  "frequency_penalty",
  "stop",
  "seed",
  "response_format",
  "reasoning_effort",
  "n",
  "user",
]);
const roles: ReadonlySet<unknown> = new Set(["system", "developer", "user", "assistant", "tool"]);

/** Checks a parsed body. Throws InvalidRequest naming the field. */
export function parseChatRequest(body: Json): ChatRequest {
  if (!isObject(body)) throw refuse("body", "must be a JSON object");
  const { model, stream, stream_options, max_tokens, max_completion_tokens, ...rest } = body as JsonObject;
  if (typeof model !== "string" || !/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(model)) {
    throw refuse("model", "must be the name of a ModelTier; GET /v1/models lists those that this run may use");
  }
  if (stream !== undefined && stream !== null && typeof stream !== "boolean")
    throw refuse("stream", "must be a boolean");
  if (rest.n !== undefined && rest.n !== null && rest.n !== 1)
    throw refuse("n", "must be 1; ask again for another answer");
  checkMessages(rest.messages);
  checkTools(rest.tools);
  const limits = [limitOf(max_tokens, "max_tokens"), limitOf(max_completion_tokens, "max_completion_tokens")];
  const known = limits.filter((limit) => limit !== undefined);
  return {
    model,
    stream: stream === true,
    includeUsage: usageWanted(stream_options),
    ...(known.length === 0 ? {} : { maxOutputTokens: Math.min(...known) }),
    ...(limits[1] !== undefined
      ? { limitField: "max_completion_tokens" as const }
      : limits[0] !== undefined
        ? { limitField: "max_tokens" as const }
        : {}),
    rest,
  };
}

/** Names the first field that neither the base list nor the tier allows; undefined when all are. */
export function findForbiddenField(request: ChatRequest, allowedFields: readonly string[]): string | undefined {
  return Object.keys(request.rest).find((field) => !baseFields.has(field) && !allowedFields.includes(field));
}

/** What is journaled: the request without what only changes how the answer travels. */
export function toJournaled(request: ChatRequest): JsonObject {
  const { model, maxOutputTokens, rest } = request;
  return { ...rest, model, ...(maxOutputTokens === undefined ? {} : { max_tokens: maxOutputTokens }) };
}

function limitOf(value: Json | undefined, field: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1) {
    throw refuse(field, "must be a whole number of at least 1");
  }
  return value;
}

function usageWanted(options: Json | undefined): boolean {
  if (options === undefined || options === null) return false;
  if (!isObject(options)) throw refuse("stream_options", "must be an object");
  const other = Object.keys(options).find((key) => key !== "include_usage");
  if (other !== undefined) throw refuse(`stream_options.${other}`, "is not allowed");
  return options.include_usage === true;
}

function checkMessages(messages: Json | undefined): void {
  if (!Array.isArray(messages) || messages.length === 0)
    throw refuse("messages", "must be a list of at least one message");
  for (const [index, message] of messages.entries()) {
    const at = `messages[${index}]`;
    if (!isObject(message) || !roles.has(message.role))
      throw refuse(`${at}.role`, "must be system, developer, user, assistant or tool");
    if (message.audio !== undefined) throw refuse(`${at}.audio`, "is not allowed: media by reference has no bound");
    checkContent(message.content, at);
  }
}

// The bound counts bytes of text. A reference to an image of a hundred bytes can cost thousands of tokens.
function checkContent(content: unknown, at: string): void {
  if (content === undefined || content === null || typeof content === "string") return;
  if (!Array.isArray(content)) throw refuse(`${at}.content`, "must be text or a list of text parts");
  for (const [index, part] of content.entries()) {
    if (isObject(part) && (part.type === "text" || part.type === "refusal")) continue;
    throw refuse(`${at}.content[${index}]`, 'must have type "text"; other media has no bound of its cost');
  }
}

function checkTools(tools: Json | undefined): void {
  if (tools === undefined || tools === null) return;
  if (!Array.isArray(tools)) throw refuse("tools", "must be a list");
  for (const [index, tool] of tools.entries()) {
    if (isObject(tool) && tool.type === "function") continue;
    throw refuse(`tools[${index}].type`, 'must be "function"; tools that run at the provider escape policy');
  }
}

function refuse(field: string, message: string): Error {
  return problem("InvalidRequest", `${field} ${message}`, { details: { field } });
}
