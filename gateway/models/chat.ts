import type { IncomingMessage, ServerResponse } from "node:http";
import { dispositionOf } from "../../api/reasons.ts";
import { stepHeader } from "../../api/wire.ts";
import type { Clock } from "../../lib/clock.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import { redact } from "../../lib/log.ts";
import { Problem } from "../../lib/problem.ts";
import { guard } from "../guard.ts";
import { parseBody, readBody } from "../http/body.ts";
import { statusOf, toProblem } from "../http/status.ts";
import { runTokenHash } from "../identity/bearer.ts";
import type { Ports } from "../ports.ts";
import type { Outcome } from "../stages.ts";
import { type Stopwatch, startStopwatch } from "../stopwatch.ts";
import { toChunks } from "./completion.ts";
import { modelDoor } from "./door.ts";

/**
 * POST /v1/chat/completions, stream and not: OpenAI's request, answer and error envelope, with our reason as `code`.
 * A stream's end is sent only after its record is durable. Never throws; a response that has begun ends with an error
 * event instead of a status.
 */
export async function serveChat(request: IncomingMessage, response: ServerResponse, ports: Ports): Promise<void> {
  const watch = startStopwatch();
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const stream = toStream(response, watch, ports.clock);
  let wantsUsage = false;
  let streams = false;
  try {
    // Strangers are refused before their body is read.
    runTokenHash(request.headers.authorization);
    ports.lease.assertHeld();
    const body = parseBody(await readBody(request));
    streams = isObject(body) && body.stream === true;
    wantsUsage = isObject(body) && isObject(body.stream_options) && body.stream_options.include_usage === true;
    const step = request.headers[stepHeader];
    // Who lost their authority is told at once; the record of it may take the ledger a while.
    const sink = { send: stream.send, cut: (why: Problem) => refuse(response, why, ports, streams) };
    const door = modelDoor({ step: Array.isArray(step) ? step[0] : step, body, sink }, ports);
    const outcome = await guard(
      { authorization: request.headers.authorization, gone: gone.signal, watch },
      door,
      ports,
    );
    if (outcome.stage !== "recorded") throw asThrown(outcome);
    const completion = outcome.response as JsonObject;
    ports.metrics.call("model", outcome.fresh ? "ok" : "recorded");
    ports.metrics.overhead("model", watch.overheadMs());
    if (streams) await stream.end(completion, { fresh: outcome.fresh, wantsUsage });
    else sendJson(response, 200, completion, { "x-roster-overhead-ms": watch.overheadMs().toFixed(2) });
  } catch (thrown) {
    refuse(response, thrown, ports, streams);
  }
}

function asThrown(outcome: Exclude<Outcome, { readonly stage: "recorded" }>): unknown {
  const retryAfterMs = outcome.stage === "failed" ? outcome.retryAfterMs : undefined;
  return retryAfterMs === undefined
    ? outcome.why
    : new Problem(outcome.why.reason, outcome.why.message, { details: { retryAfterMs } });
}

interface Stream {
  send(chunk: JsonObject): Promise<void>;
  end(completion: JsonObject, how: { readonly fresh: boolean; readonly wantsUsage: boolean }): Promise<void>;
}

function toStream(response: ServerResponse, watch: Stopwatch, clock: Clock): Stream {
  let sent = 0;
  const write = async (data: string) => {
    if (!response.headersSent) {
      response.writeHead(200, {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-roster-overhead-ms": watch.overheadMs().toFixed(2),
      });
    }
    if (response.destroyed) return;
    if (!response.write(`data: ${data}\n\n`)) await drained(response, clock);
  };
  return {
    async send(chunk) {
      sent += 1;
      // Usage goes out once, at the end, and only to who asked for it.
      const { usage: _usage, ...rest } = chunk;
      await write(JSON.stringify(rest));
    },
    async end(completion, { fresh, wantsUsage }) {
      const chunks = toChunks(completion);
      // What was forwarded live is not sent twice; only the finish was held back.
      for (const chunk of fresh && sent > 0 ? chunks.slice(-1) : chunks) await write(JSON.stringify(chunk));
      if (wantsUsage) {
        const { id, created, model, usage } = completion;
        await write(
          JSON.stringify({ id, object: "chat.completion.chunk", created, model, choices: [], usage: usage ?? null }),
        );
      }
      await write("[DONE]");
      response.end();
    },
  };
}

const slowReaderMs = 30_000;

/** Waits until the client has read on; one that does not within half a minute is let go. */
async function drained(response: ServerResponse, clock: Clock): Promise<void> {
  using _timer = clock.after(slowReaderMs, () => response.destroy());
  const ready = Promise.withResolvers<void>();
  const done = () => {
    response.off("drain", done);
    response.off("close", done);
    ready.resolve();
  };
  response.once("drain", done);
  response.once("close", done);
  await ready.promise;
}

function refuse(response: ServerResponse, thrown: unknown, ports: Ports, streams: boolean): void {
  // It was cut already, or its client is gone.
  if (response.writableEnded || response.destroyed) return;
  const why = toProblem(thrown);
  if (why.reason === "InternalError") ports.log.error("a model call failed", { error: String(why.cause) });
  ports.metrics.call("model", why.reason);
  const envelope = toOpenAiError(why);
  if (response.headersSent) {
    if (streams) response.end(`data: ${JSON.stringify(envelope)}\n\n`);
    else response.destroy();
    return;
  }
  const { retryAfterMs } = why.details;
  sendJson(response, statusOf(why.reason), envelope, {
    // OpenAI's clients repeat 409, 429 and 5xx by themselves; a final answer must say that it is one.
    "x-should-retry": String(dispositionOf(why) === "transient" && why.reason !== "InternalError"),
    ...(typeof retryAfterMs === "number" ? { "retry-after": String(Math.ceil(retryAfterMs / 1000)) } : {}),
  });
}

const types: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "insufficient_quota",
  403: "permission_error",
  404: "invalid_request_error",
  413: "invalid_request_error",
  422: "invalid_request_error",
  429: "rate_limit_error",
};

function toOpenAiError(why: Problem): JsonObject {
  const field = why.details.field;
  return {
    error: {
      message: redact(why.message),
      type: types[statusOf(why.reason)] ?? "server_error",
      param: typeof field === "string" ? field : null,
      code: why.reason,
    },
  };
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: JsonObject,
  headers: Readonly<Record<string, string>>,
): void {
  if (response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "cache-control": "no-store",
    "content-length": Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}
