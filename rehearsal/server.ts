import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { problem } from "../api/reasons.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { digest, isObject, type Json, type JsonObject, parseJson } from "../lib/json.ts";
import { messageOf, Problem } from "../lib/problem.ts";
import { type Answer, fill, toBody, toEvents } from "./answer.ts";
import { type Conversation, readConversation } from "./conversation.ts";
import { type Cue, countAttempts, cue } from "./play.ts";
import { openRecord, type Recorder, type RequestLine } from "./record.ts";
import type { Reply, Scene } from "./script.ts";
import { openScripts, type Program } from "./scripts.ts";

export interface RehearsalOptions {
  /** 0 is any. */
  readonly port: number;
  readonly host?: string;
  /** Paths or globs of rehearsal.yaml files. */
  readonly scripts: readonly string[];
  /** Where request lines go: a file, or a function in tests. */
  readonly log?: string | ((line: RequestLine) => void);
  readonly clock?: Clock;
}

/** A running rehearsal. Disposing cuts open connections. */
export interface Rehearsal extends AsyncDisposable {
  /** Base URL for an OpenAI client, `/v1` included. */
  readonly url: string;
  readonly port: number;
}

const maxBodyBytes = 16_000_000;

/**
 * Starts the offline model: an OpenAI-compatible server that plays written scripts instead of thinking. Everything it
 * says is labelled (model ids `rehearsal/…`, header `x-roster-rehearsal`, system_fingerprint). Throws InvalidManifest for a bad script.
 */
export async function startRehearsal(options: RehearsalOptions): Promise<Rehearsal> {
  const clock = options.clock ?? systemClock;
  const stage: Stage = {
    program: openScripts(options.scripts),
    attempts: countAttempts(),
    record: openRecord(options.log, clock),
    clock,
    closing: new AbortController(),
  };
  const server = createServer((request, response) => void answer(request, response, stage));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host ?? "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host ?? "127.0.0.1"}:${port}/v1`,
    port,
    async [Symbol.asyncDispose]() {
      stage.closing.abort();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Stage {
  readonly program: () => Program;
  readonly attempts: ReturnType<typeof countAttempts>;
  readonly record: Recorder;
  readonly clock: Clock;
  readonly closing: AbortController;
}

async function answer(request: IncomingMessage, response: ServerResponse, stage: Stage): Promise<void> {
  response.setHeader("x-roster-rehearsal", "true");
  const path = new URL(request.url ?? "/", "http://rehearsal").pathname;
  try {
    if (request.method === "GET" && path === "/v1/models")
      return sendJson(response, 200, listModels(stage.program().scenes));
    if (request.method === "GET" && path === "/healthz") return sendJson(response, 200, { ok: true });
    if (path !== "/v1/chat/completions") throw problem("NotFound", `the rehearsal has no ${request.method} ${path}`);
    if (request.method !== "POST") throw problem("InvalidRequest", `use POST for ${path}`);
    await complete(request, response, stage);
  } catch (thrown) {
    if (response.headersSent || response.destroyed) return void response.destroy();
    const status = thrown instanceof Problem ? (thrown.reason === "NotFound" ? 404 : 400) : 500;
    sendJson(
      response,
      status,
      openAiError(messageOf(thrown), status === 500 ? "server_error" : "invalid_request_error"),
    );
  }
}

/** One request, as far as it could be read. */
interface Ask {
  readonly body: JsonObject;
  readonly bytes: number;
  readonly conversation: Conversation;
  readonly stream: boolean;
  readonly maxOutputTokens: number | undefined;
}

async function complete(request: IncomingMessage, response: ServerResponse, stage: Stage): Promise<void> {
  const ask = readAsk(await readBody(request));
  const line = {
    model: ask.conversation.model,
    turn: ask.conversation.turn,
    stream: ask.stream,
    bytes: ask.bytes,
    messagesSha256: digest(ask.conversation.messages),
    messages: ask.conversation.messages.length,
    ...(ask.maxOutputTokens === undefined ? {} : { maxOutputTokens: ask.maxOutputTokens }),
  };
  let played: Cue;
  let filled: Answer;
  try {
    played = cue(stage.program(), ask.conversation, stage.attempts);
    const input = { messages: ask.conversation.messages, tools: ask.body.tools ?? [] };
    filled = fill(played, ask.conversation, { input, maxOutputTokens: ask.maxOutputTokens });
  } catch (thrown) {
    const nothing = { input: 0, output: 0 };
    stage.record({ ...line, scene: "", status: 400, outcome: "refused", honest: nothing, error: messageOf(thrown) });
    throw thrown;
  }
  const { reply, scene } = played;
  await wait(reply.latencyMs, response, stage);
  const known = {
    ...line,
    scene: scene.name,
    honest: filled.honest,
    ...(filled.usageText === undefined ? {} : { reported: filled.usageText }),
  };
  if (reply.error && reply.error.afterBytes === undefined) {
    stage.record({ ...known, honest: { input: 0, output: 0 }, status: reply.error.status ?? 0, outcome: "failed" });
    return fail(reply.error, response);
  }
  const whole = await send(filled, ask, reply, response, stage);
  stage.record({ ...known, status: 200, outcome: whole ? "answered" : "cut" });
}

function readAsk({ text, bytes }: { readonly text: string; readonly bytes: number }): Ask {
  const body = parseJson(text, { maxBytes: maxBodyBytes });
  if (!isObject(body)) throw problem("InvalidRequest", "the body must be a JSON object");
  if (typeof body.model !== "string" || body.model === "") throw problem("InvalidRequest", '"model" must be text');
  const { messages } = body;
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isObject)) {
    throw problem("InvalidRequest", '"messages" must be a list of objects with at least one');
  }
  const limit = body.max_completion_tokens ?? body.max_tokens ?? undefined;
  if (limit !== undefined && (!Number.isSafeInteger(limit) || (limit as number) < 1)) {
    throw problem("InvalidRequest", "the output limit must be a whole number of at least 1");
  }
  return {
    body: body as JsonObject,
    bytes,
    conversation: readConversation(body.model, messages as readonly JsonObject[]),
    stream: body.stream === true,
    maxOutputTokens: limit as number | undefined,
  };
}

/** Sends the answer whole or as events; false when it was cut, by the script or by the caller. */
async function send(filled: Answer, ask: Ask, reply: Reply, response: ServerResponse, stage: Stage): Promise<boolean> {
  const created = Math.floor(stage.clock.now() / 1000);
  const options = isObject(ask.body.stream_options) ? ask.body.stream_options : {};
  const parts = ask.stream
    ? toEvents(filled, created, reply.stream.chunkCharacters, options.include_usage === true)
    : [toBody(filled, created)];
  const type = ask.stream ? "text/event-stream" : "application/json";
  response.writeHead(200, { "content-type": type, "cache-control": "no-store" });
  response.flushHeaders();
  let left = reply.error?.afterBytes ?? Number.POSITIVE_INFINITY;
  for (const part of parts) {
    if (response.destroyed) return false;
    const bytes = Buffer.from(part);
    if (bytes.length > left) {
      // The write must leave before the cut, or the caller would see a reset before the first byte.
      await new Promise<void>((resolve) => response.write(bytes.subarray(0, left), () => resolve()));
      response.destroy();
      return false;
    }
    left -= bytes.length;
    if (!response.write(bytes)) await drained(response);
    await wait(reply.stream.chunkDelayMs, response, stage);
  }
  response.end();
  return true;
}

function fail(error: NonNullable<Reply["error"]>, response: ServerResponse): void {
  // A hanging answer ends when the caller gives up, which closes the socket.
  if (error.hang) return;
  if (error.reset) return void response.destroy();
  const status = error.status ?? 500;
  if (error.retryAfterSeconds !== undefined) response.setHeader("retry-after", String(error.retryAfterSeconds));
  if (typeof error.body === "string") {
    response.writeHead(status, { "content-type": "text/plain" });
    return void response.end(error.body);
  }
  sendJson(
    response,
    status,
    error.body ?? openAiError("the script says so", status >= 500 ? "server_error" : "rehearsed_error"),
  );
}

/** Waits as the script says, but no longer than the caller does. */
async function wait(ms: number, response: ServerResponse, stage: Stage): Promise<void> {
  if (ms === 0 || response.destroyed) return;
  const gone = new AbortController();
  const stop = () => gone.abort();
  response.once("close", stop);
  await stage.clock.sleep(ms, AbortSignal.any([gone.signal, stage.closing.signal])).catch(() => undefined);
  response.off("close", stop);
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once("drain", resolve);
    response.once("close", resolve);
  });
}

async function readBody(request: IncomingMessage): Promise<{ readonly text: string; readonly bytes: number }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw problem("TooLarge", `the request is larger than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return { text: Buffer.concat(chunks).toString("utf8"), bytes };
}

function listModels(scenes: readonly Scene[]): Json {
  const named = scenes.flatMap(({ when }) =>
    when.model === undefined ? [] : [when.model.replace(/^rehearsal\//, "")],
  );
  const names = [...new Set(["cheap", "workhorse", "frontier", ...named])];
  return {
    object: "list",
    data: names.map((name) => ({ id: `rehearsal/${name}`, object: "model", created: 0, owned_by: "roster-rehearsal" })),
  };
}

function openAiError(message: string, type: string): Json {
  return { error: { message: `rehearsal: ${message}`, type, param: null, code: "rehearsal" } };
}

function sendJson(response: ServerResponse, status: number, body: Json): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
