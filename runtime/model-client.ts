import OpenAI, { APIConnectionError, APIError, APIUserAbortError } from "openai";
import { stepHeader } from "../api/wire.ts";
import { isObject, type JsonObject } from "../lib/json.ts";
import { unreachable } from "./patience.ts";
import { toProblem } from "./refusal.ts";

/** Asks a tier through the gateway, as any OpenAI client would. */
export type AskModel = (
  step: number,
  request: JsonObject,
  signal: AbortSignal,
  timeoutMs: number,
) => Promise<JsonObject>;

/**
 * Opens OpenAI's own client on the gateway. Its retries are off: the gateway retries the provider under the role's
 * numbers, each attempt with a hold of its own. Throws Problems by the gateway's reason.
 */
export function openModelClient(gatewayUrl: string, token: string): AskModel {
  const client = new OpenAI({
    baseURL: `${gatewayUrl}/v1`,
    apiKey: token,
    // Given, so that nothing is looked for in the environment.
    organization: null,
    project: null,
    maxRetries: 0,
    logLevel: "off",
  });
  return async (step, request, signal, timeout) => {
    try {
      const answer = await client.chat.completions.create(
        request as unknown as OpenAI.ChatCompletionCreateParamsNonStreaming,
        { signal, timeout, headers: { [stepHeader]: String(step) } },
      );
      return answer as unknown as JsonObject;
    } catch (thrown) {
      signal.throwIfAborted();
      if (thrown instanceof APIUserAbortError || thrown instanceof APIConnectionError) throw unreachable(thrown);
      if (thrown instanceof APIError) {
        const said = isObject(thrown.error) ? thrown.error : {};
        throw toProblem(Number(thrown.status ?? 500), said.code, said.message);
      }
      throw thrown;
    }
  };
}
