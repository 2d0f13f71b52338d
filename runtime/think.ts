import { problem } from "../api/reasons.ts";
import { isObject, type JsonObject, parseJson } from "../lib/json.ts";
import { toAction } from "./names.ts";
import type { Ports } from "./ports.ts";
import { findCompletion } from "./recorded.ts";
import { type Proposal, type Reply, type Turn, toMessage } from "./stages.ts";

/**
 * Asks the tier in use what comes next, or takes the answer from the transcript where the step is recorded. Throws what
 * the gateway refuses with; what the model says, however odd, is a reply.
 */
export async function think(turn: Turn, ports: Ports): Promise<Reply> {
  const completion = findCompletion(turn.claim, turn.step) ?? (await ports.complete(turn.step, toRequest(turn)));
  return toReply(turn, completion);
}

/** The exact request of a turn. Nothing in it depends on who owns the run. */
export function toRequest(turn: Turn): JsonObject {
  return {
    model: turn.tiers[0].tier,
    messages: turn.messages,
    ...(turn.tools.length > 0 ? { tools: turn.tools } : {}),
  };
}

function toReply(turn: Turn, completion: JsonObject): Reply {
  const choice = Array.isArray(completion.choices) ? completion.choices[0] : undefined;
  const said = isObject(choice) && isObject(choice.message) ? choice.message : undefined;
  if (!said) throw problem("ModelRejected", "the provider answered without a message");
  const finish = isObject(choice) ? choice.finish_reason : undefined;
  const text = typeof said.content === "string" ? said.content : "";
  const calls = Array.isArray(said.tool_calls) ? said.tool_calls.filter(isObject) : [];
  const message = toMessage({ ...said, role: "assistant" });
  // Calls of an answer that was cut may lack arguments, and a guess at them is not what the model proposed.
  if (calls.length > 0 && finish !== "length") {
    return { stage: "proposed", turn, message, proposals: calls.map(toProposal) };
  }
  const unusable = unusableBecause(finish, text, said.refusal);
  return {
    stage: "answered",
    turn,
    message: { role: "assistant", content: text },
    text,
    ...(unusable === undefined ? {} : { unusable }),
  };
}

function unusableBecause(finish: unknown, text: string, refusal: unknown): string | undefined {
  if (finish === "length") return "the answer was cut at the output limit; answer more briefly";
  if (typeof refusal === "string" && refusal !== "") throw problem("ModelRejected", "the model refused the task");
  if (finish === "content_filter") throw problem("ModelRejected", "the provider's content filter stopped the answer");
  return text.trim() === "" ? "the answer was empty" : undefined;
}

function toProposal(call: Record<string, unknown>, index: number): Proposal {
  const fn = isObject(call.function) ? call.function : {};
  return {
    callId: String(call.id ?? ""),
    action: toAction(String(fn.name ?? "")),
    arguments: toArguments(fn.arguments),
    index,
  };
}

function toArguments(text: unknown): JsonObject | undefined {
  if (text === undefined || text === "") return {};
  try {
    const value = parseJson(String(text));
    return isObject(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
