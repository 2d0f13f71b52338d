import { type Dispatcher, request as send } from "undici";
import { problem } from "../../api/reasons.ts";
import { isObject, type JsonObject, parseJson } from "../../lib/json.ts";
import { redact } from "../../lib/log.ts";
import { messageOf, Problem } from "../../lib/problem.ts";
import type { Endpoint } from "./endpoint.ts";
import { type ProviderWords, problemOfStatus, readRetryAfter } from "./settle.ts";

/** How far a request got before it failed; decides about money and repetition. */
export type Sent = "none" | "unknown" | "refused";

export interface ProviderFailure {
  readonly why: Problem;
  readonly sent: Sent;
  readonly retryAfterMs?: number;
}

/** Largest answer that is read. The output limit alone keeps an honest provider far below. */
export const maxAnswerBytes = 16_000_000;

/**
 * Sends one request. Answers the response once its headers say 2xx, or why not. Never follows a redirect: the key would
 * go along to wherever it points. Never throws.
 */
export async function ask(
  endpoint: Endpoint,
  body: JsonObject,
  options: { readonly signal: AbortSignal; readonly traceparent: string | undefined; readonly now: () => number },
): Promise<Dispatcher.ResponseData | ProviderFailure> {
  let response: Dispatcher.ResponseData;
  try {
    response = await send(endpoint.url, {
      method: "POST",
      dispatcher: endpoint.dispatcher,
      signal: options.signal,
      headers: {
        "content-type": "application/json",
        accept: body.stream === true ? "text/event-stream" : "application/json",
        "user-agent": "roster-gateway",
        ...(endpoint.apiKey === undefined ? {} : { authorization: `Bearer ${endpoint.apiKey}` }),
        ...(options.traceparent === undefined ? {} : { traceparent: options.traceparent }),
      },
      body: JSON.stringify(body),
    });
  } catch (thrown) {
    return failureOf(thrown, options.signal);
  }
  if (response.statusCode >= 200 && response.statusCode < 300) return response;
  return await refusalOf(response, options.now());
}

/** Reads a whole body, at most `maxAnswerBytes`. Throws ModelUnavailable above that. */
export async function readAnswer(body: AsyncIterable<Uint8Array>, maxBytes = maxAnswerBytes): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw problem("ModelUnavailable", `the provider's answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * Parses what a provider sent. `NaN` and `Infinity` outside of strings become null: some servers write them into usage,
 * and the answer beside it is good. Throws ModelUnavailable.
 */
export function parseAnswer(text: string): JsonObject {
  try {
    const strict = parseLeniently(text);
    if (isObject(strict)) return strict as JsonObject;
  } catch (cause) {
    throw problem("ModelUnavailable", "the provider's answer is not valid JSON", { cause });
  }
  throw problem("ModelUnavailable", "the provider's answer is not a JSON object");
}

function parseLeniently(text: string) {
  const limits = { maxBytes: maxAnswerBytes };
  try {
    return parseJson(text, limits);
  } catch (first) {
    const mended = text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (m) => (m.startsWith('"') ? m : "null"));
    if (mended === text) throw first;
    return parseJson(mended, limits);
  }
}

/** Sorts a failure of the connection. Exported for streams, which can break after their headers. */
export function failureOf(thrown: unknown, signal: AbortSignal): ProviderFailure {
  if (signal.aborted) return { why: aborted(signal), sent: "unknown" };
  const code = (thrown as { code?: string } | null)?.code ?? "";
  const cause = (thrown as { cause?: unknown } | null)?.cause;
  const refused = thrown instanceof Problem ? thrown : cause instanceof Problem ? cause : undefined;
  if (refused?.reason === "OriginRefused") return { why: refused, sent: "none" };
  if (refused) return { why: refused, sent: "unknown" };
  if (/^UND_ERR_(HEADERS|BODY)_TIMEOUT$/.test(code)) {
    return { why: problem("ModelUnavailable", "the provider fell silent", { cause: thrown }), sent: "unknown" };
  }
  // Not reached, or reset before the first byte of an answer: the provider bills for neither.
  const why = problem("ModelUnavailable", `cannot reach the provider: ${code || messageOf(thrown)}`, { cause: thrown });
  return { why, sent: "none" };
}

function aborted(signal: AbortSignal): Problem {
  return signal.reason instanceof Problem ? signal.reason : problem("Cancelled", "the caller went away");
}

async function refusalOf(response: Dispatcher.ResponseData, now: number): Promise<ProviderFailure> {
  const { statusCode } = response;
  if (statusCode >= 300 && statusCode < 400) {
    await response.body.dump().catch(() => undefined);
    return {
      why: problem("OriginRefused", `the provider redirects (${statusCode}); a call is never redirected`),
      sent: "refused",
    };
  }
  const said = await readAnswer(response.body, 64_000).then(saidIn, () => saidIn(""));
  const header = response.headers["retry-after"];
  const retryAfterMs = readRetryAfter(Array.isArray(header) ? header[0] : header, now);
  return {
    why: problemOfStatus(statusCode, said),
    sent: "refused",
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** What an OpenAI error envelope says. A code that is no plain word is left out: it is for programs, and shown to others. */
export function saidIn(text: string): ProviderWords {
  try {
    const parsed: unknown = JSON.parse(text);
    const error = isObject(parsed) ? parsed.error : undefined;
    const { message, code, type } = isObject(error) ? error : { message: error };
    const word = [code, type].find((one) => typeof one === "string" && /^[a-z]+(_[a-z]+){0,5}$/.test(one));
    return {
      message: typeof message === "string" ? redact(message.replace(/\s+/g, " ")) : "",
      code: typeof word === "string" ? word.slice(0, 40) : "",
    };
  } catch {
    return { message: "", code: "" };
  }
}
