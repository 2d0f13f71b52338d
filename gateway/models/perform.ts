import { problem } from "../../api/reasons.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import { Problem } from "../../lib/problem.ts";
import type { Ports } from "../ports.ts";
import type { Permit, Receipt } from "../stages.ts";
import { toTraceparent } from "../traceparent.ts";
import { CompletionBuilder } from "./completion.ts";
import { type Endpoint, limitFieldOf } from "./endpoint.ts";
import type { ModelFacts } from "./judge.ts";
import { ask, failureOf, maxAnswerBytes, type ProviderFailure, parseAnswer, readAnswer, saidIn } from "./provider.ts";
import { worded } from "./settle.ts";
import { readEvents } from "./sse.ts";

/** Where a stream's chunks go as they come. Waiting for it is the back pressure. */
export interface Sink {
  send(chunk: JsonObject): Promise<void>;
  /** The caller's authority or time ended: nothing more will come. */
  cut(why: Problem): void;
}

// A token can come as more than one delta when a character spans tokens; a stream this far past its limit ignores it.
const deltaSlack = 16;

/**
 * Makes the one call that a permit allows, within the tier's time. Forwards a stream as it comes but for its end, which
 * the caller sends once the answer is durable. Cuts the provider when it goes past the limit that the money was held
 * for. Never throws.
 */
export async function performModel(
  permit: Permit<ModelFacts>,
  sink: Sink | undefined,
  ports: Ports,
): Promise<Receipt<ModelFacts>> {
  const { facts, call } = permit.judged.known;
  const endpoint = facts.endpoint as Endpoint;
  const timeout = new AbortController();
  using _timer = ports.clock.after(facts.tier!.timeoutSeconds * 1000, () =>
    timeout.abort(problem("ModelUnavailable", `the provider took longer than ${facts.tier!.timeoutSeconds} s`)),
  );
  const signal = AbortSignal.any([permit.signal, timeout.signal]);
  const failed = (failure: ProviderFailure): Receipt<ModelFacts> => {
    if (permit.signal.reason instanceof Problem) sink?.cut(permit.signal.reason);
    return { stage: "performed", permit, outcome: "failed", ...failure };
  };
  const body = toProviderBody(facts, endpoint, permit.maxOutputTokens);
  const traceparent = toTraceparent(call.caller.token.run.traceId, permit.callId);
  const response = await ask(endpoint, body, { signal, traceparent, now: () => ports.clock.now() });
  if (!("body" in response)) return failed(response);
  const type = String(response.headers["content-type"] ?? "");
  try {
    const streamed = facts.request.stream && type.includes("text/event-stream");
    const answer = streamed
      ? await pump(response.body, permit.maxOutputTokens, sink, signal)
      : checked(parseAnswer(await readAnswer(response.body)));
    if ("why" in answer) return failed(answer as ProviderFailure);
    return { stage: "performed", permit, outcome: "answered", response: answer, isError: false, usage: answer.usage };
  } catch (thrown) {
    // After the headers came, work was done that may be billed, whatever broke.
    return failed({ ...failureOf(thrown, signal), sent: "unknown" });
  } finally {
    // Ends the provider's work where it goes on past what we read.
    if (!response.body.readableEnded) response.body.destroy();
  }
}

function toProviderBody(facts: ModelFacts, endpoint: Endpoint, maxOutputTokens: number): JsonObject {
  const { request } = facts;
  return {
    ...request.rest,
    model: endpoint.model,
    [request.limitField ?? limitFieldOf(endpoint)]: maxOutputTokens,
    // Usage is what settles; a stream without it would cost the whole hold.
    ...(request.stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
}

async function pump(
  body: AsyncIterable<Uint8Array>,
  maxOutputTokens: number,
  sink: Sink | undefined,
  signal: AbortSignal,
): Promise<JsonObject | ProviderFailure> {
  const builder = new CompletionBuilder();
  let deltas = 0;
  let bytes = 0;
  for await (const data of readEvents(body)) {
    if (data === "[DONE]") break;
    bytes += data.length;
    const chunk = parseAnswer(data);
    if (chunk.error !== undefined && chunk.error !== null) {
      const why = worded("ModelUnavailable", "the provider broke off", saidIn(data));
      return { why, sent: deltas === 0 ? "refused" : "unknown" };
    }
    if (builder.add(chunk)) deltas += 1;
    if (
      deltas > maxOutputTokens + deltaSlack ||
      reportedOutput(builder.usage) > maxOutputTokens + deltaSlack ||
      bytes > maxAnswerBytes
    ) {
      return cutAtLimit(builder);
    }
    if (!endsStream(chunk)) await orAborted(sink?.send(chunk), signal);
  }
  if (builder.finished) return builder.build();
  const why = problem("ModelUnavailable", "the provider's stream ended in the middle");
  return { why, sent: deltas === 0 ? "none" : "unknown" };
}

// A reader that does not read must not keep a cut from taking effect.
async function orAborted(work: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  if (!work) return;
  const cut = Promise.withResolvers<never>();
  const onAbort = () => cut.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    await Promise.race([work, cut.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** What came until the limit is an answer that the limit ended; its usage, if any, is the provider's own affair. */
function cutAtLimit(builder: CompletionBuilder): JsonObject {
  const built = builder.build();
  const [choice] = built.choices as readonly JsonObject[];
  return { ...built, choices: [{ ...choice, finish_reason: "length" }] };
}

// Held back until the record is durable: a client that sees the end goes on to its next step.
function endsStream(chunk: JsonObject): boolean {
  const choice = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined;
  return !isObject(choice) || typeof choice.finish_reason === "string";
}

function reportedOutput(usage: unknown): number {
  const tokens = isObject(usage) ? usage.completion_tokens : undefined;
  return typeof tokens === "number" ? tokens : 0;
}

function checked(completion: JsonObject): JsonObject {
  const choice = Array.isArray(completion.choices) ? completion.choices[0] : undefined;
  if (isObject(choice) && isObject(choice.message)) return completion;
  if (completion.error !== undefined)
    throw worded("ModelUnavailable", "the provider answered an error", saidIn(JSON.stringify(completion)));
  throw new Problem("ModelUnavailable", "the provider's answer has no choices[0].message");
}
