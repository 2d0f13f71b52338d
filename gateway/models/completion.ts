import { isObject, type Json, type JsonObject } from "../../lib/json.ts";

interface PartialToolCall {
  id: string;
  name: string;
  arguments: string;
}

/** Folds the chunks of a streamed completion into the completion that a call without streaming would have given. */
export class CompletionBuilder {
  #id = "";
  #model = "";
  #created = 0;
  #fingerprint: string | undefined;
  #content: string | null = null;
  #refusal: string | null = null;
  #reasoning = "";
  #finish: string | null = null;
  #usage: unknown;
  readonly #calls: PartialToolCall[] = [];

  /** Adds one chunk; answers whether it carried output that a token was spent on. */
  add(chunk: Readonly<Record<string, unknown>>): boolean {
    if (typeof chunk.id === "string") this.#id ||= chunk.id;
    if (typeof chunk.model === "string") this.#model ||= chunk.model;
    if (typeof chunk.created === "number") this.#created ||= chunk.created;
    if (typeof chunk.system_fingerprint === "string") this.#fingerprint ??= chunk.system_fingerprint;
    if (chunk.usage !== undefined && chunk.usage !== null) this.#usage = chunk.usage;
    const choice = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined;
    if (!isObject(choice)) return false;
    if (typeof choice.finish_reason === "string") this.#finish = choice.finish_reason;
    return isObject(choice.delta) && this.#addDelta(choice.delta);
  }

  get usage(): unknown {
    return this.#usage;
  }

  get finished(): boolean {
    return this.#finish !== null;
  }

  /** The whole completion so far. */
  build(): JsonObject {
    const tool_calls = this.#calls.map((call) => ({
      id: call.id,
      type: "function",
      function: { name: call.name, arguments: call.arguments },
    }));
    const message = {
      role: "assistant",
      content: this.#content,
      refusal: this.#refusal,
      ...(this.#reasoning === "" ? {} : { reasoning_content: this.#reasoning }),
      ...(tool_calls.length === 0 ? {} : { tool_calls }),
    };
    return {
      id: this.#id,
      object: "chat.completion",
      created: this.#created,
      model: this.#model,
      ...(this.#fingerprint === undefined ? {} : { system_fingerprint: this.#fingerprint }),
      choices: [{ index: 0, message, logprobs: null, finish_reason: this.#finish }],
      ...(this.#usage === undefined ? {} : { usage: this.#usage as Json }),
    };
  }

  #addDelta(delta: Readonly<Record<string, unknown>>): boolean {
    let spent = false;
    if (typeof delta.content === "string") {
      this.#content = (this.#content ?? "") + delta.content;
      spent ||= delta.content !== "";
    }
    if (typeof delta.refusal === "string") {
      this.#refusal = (this.#refusal ?? "") + delta.refusal;
      spent ||= delta.refusal !== "";
    }
    const reasoning = delta.reasoning_content ?? delta.reasoning;
    if (typeof reasoning === "string") {
      this.#reasoning += reasoning;
      spent ||= reasoning !== "";
    }
    for (const part of Array.isArray(delta.tool_calls) ? delta.tool_calls : []) {
      if (isObject(part)) spent = this.#addToolCall(part) || spent;
    }
    return spent;
  }

  #addToolCall(part: Readonly<Record<string, unknown>>): boolean {
    const index = Number.isSafeInteger(part.index) ? (part.index as number) : this.#calls.length;
    if (index < 0 || index > 127) return true;
    while (this.#calls.length <= index) this.#calls.push({ id: "", name: "", arguments: "" });
    const call = this.#calls[index]!;
    if (typeof part.id === "string") call.id ||= part.id;
    const fn = isObject(part.function) ? part.function : {};
    if (typeof fn.name === "string") call.name += fn.name;
    if (typeof fn.arguments === "string") call.arguments += fn.arguments;
    return true;
  }
}

/** The chunks that a stream of a recorded completion would have had: role, text, tool calls, finish. */
export function toChunks(completion: JsonObject): readonly JsonObject[] {
  const head = {
    id: completion.id ?? "",
    object: "chat.completion.chunk",
    created: completion.created ?? 0,
    model: completion.model ?? "",
  };
  const first = Array.isArray(completion.choices) ? completion.choices[0] : undefined;
  const choice = isObject(first) ? first : {};
  const message = isObject(choice.message) ? choice.message : {};
  const chunk = (delta: unknown, finish_reason: unknown = null): JsonObject => ({
    ...head,
    choices: [{ index: 0, delta: delta as Json, logprobs: null, finish_reason: finish_reason as Json }],
  });
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls : [];
  return [
    chunk({ role: "assistant", content: "" }),
    ...(typeof message.reasoning_content === "string" ? [chunk({ reasoning_content: message.reasoning_content })] : []),
    ...(typeof message.content === "string" && message.content !== "" ? [chunk({ content: message.content })] : []),
    ...(typeof message.refusal === "string" ? [chunk({ refusal: message.refusal })] : []),
    ...(calls.length > 0
      ? [chunk({ tool_calls: calls.map((call, index) => ({ index, ...(isObject(call) ? call : {}) })) })]
      : []),
    chunk({}, choice.finish_reason ?? "stop"),
  ];
}
