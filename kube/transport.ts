import { Agent, type Dispatcher } from "undici";
import { problem, type Reason } from "../api/reasons.ts";
import { systemClock } from "../lib/clock.ts";
import { isObject } from "../lib/json.ts";
import { messageOf, type Problem } from "../lib/problem.ts";
import type { Target } from "./target.ts";

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  /** Who asks, instead of the target's own identity. */
  readonly bearer?: string;
}

const connectMs = 10_000;
const answerMs = 60_000;
const requestMs = 2 * answerMs;
// A server works on a request for some milliseconds: more connections would only cost it memory and us handshakes.
const mostConnections = 64;
// Servers send a bookmark each minute: two and a half minutes of silence is a half-open connection, not a quiet watch.
const silentWatchMs = 150_000;
// A Status longer than this is not worth reading to the end.
const errorBodyBytes = 65_536;

/** Sends requests to one API over kept-alive connections. Translates every failure into a `Problem`; retries nothing. */
export class Transport implements AsyncDisposable {
  readonly server: string;
  readonly #target: Target;
  readonly #userAgent: string;
  readonly #requests: Agent;
  /** Apart, since a watch keeps its connection for as long as it lives. */
  readonly #streams: Agent;
  readonly #base: string;

  constructor(target: Target, userAgent: string) {
    const url = new URL(target.server);
    this.server = target.server;
    this.#target = target;
    this.#userAgent = userAgent;
    this.#base = url.pathname.replace(/\/+$/, "");
    const options: Agent.Options = {
      connect: { ...target.tls, timeout: connectMs, keepAlive: true },
      headersTimeout: answerMs,
      bodyTimeout: answerMs,
      keepAliveTimeout: 30_000,
      pipelining: 1,
      allowH2: false,
    };
    this.#requests = new Agent({ ...options, connections: mostConnections });
    this.#streams = new Agent(options);
  }

  /** One request, one parsed answer; undefined for an empty body. */
  async json<T>(call: Call): Promise<T> {
    // From when it was asked: it may have to wait for a connection too. Real time, which no test clock moves; the timer ends
    // with the request, of which there are hundreds a second.
    const late = new AbortController();
    using _ = systemClock.after(requestMs, () =>
      late.abort(new DOMException("the request took too long", "TimeoutError")),
    );
    const { body } = await this.#send(this.#requests, call, { signal: late.signal });
    const text = await readAll(body, call);
    try {
      return (text === "" ? undefined : JSON.parse(text)) as T;
    } catch (cause) {
      throw problem("KubeUnavailable", `${describe(call)}: the answer is not JSON`, { cause });
    }
  }

  /** One request whose body is read as it comes. */
  async stream(call: Call, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
    const { body } = await this.#send(this.#streams, call, { signal, bodyTimeout: silentWatchMs });
    return body;
  }

  async #send(
    agent: Agent,
    call: Call,
    more: { signal?: AbortSignal; bodyTimeout?: number },
  ): Promise<Dispatcher.ResponseData> {
    const headers: Record<string, string | string[]> = {
      accept: call.accept ?? "application/json",
      "user-agent": this.#userAgent,
      ...(call.bearer === undefined ? await this.#target.identify() : { authorization: `Bearer ${call.bearer}` }),
    };
    if (call.body !== undefined) headers["content-type"] = call.contentType ?? "application/json";
    let answer: Dispatcher.ResponseData;
    try {
      answer = await agent.request({
        origin: new URL(this.server).origin,
        path: `${this.#base}${call.path}${queryString(call.query)}`,
        method: call.method as Dispatcher.HttpMethod,
        headers,
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        ...more,
      });
    } catch (cause) {
      throw unreachable(call, cause);
    }
    if (answer.statusCode < 300) return answer;
    const text = await readAll(answer.body, call);
    throw refused(call, answer.statusCode, text.slice(0, errorBodyBytes));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Destroy, not close: watches would keep close() waiting for ever.
    await Promise.all([this.#requests.destroy(), this.#streams.destroy()]);
  }
}

function queryString(query: Call["query"]): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(key, String(value));
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

async function readAll(body: Dispatcher.ResponseData["body"], call: Call): Promise<string> {
  try {
    return await body.text();
  } catch (cause) {
    throw unreachable(call, cause);
  }
}

/** What a request is called in messages: never its query, which may hold a continue token. */
export function describe(call: Call): string {
  return `${call.method} ${call.path}`;
}

/** A failure without an answer. */
export function unreachable(call: Call, cause: unknown): Problem {
  const code = (cause as { code?: unknown }).code;
  const why = typeof code === "string" ? code : messageOf(cause);
  return problem("KubeUnavailable", `${describe(call)}: no answer from the Kubernetes API (${why})`, { cause });
}

/** A failure that the server answered, from its Status where there is one. */
export function refused(call: Call, status: number, body: string): Problem {
  const parsed = parseStatus(body);
  const message = parsed.message ?? `the server answered ${status}`;
  return problem(reasonOf(status), `${describe(call)}: ${message}`, {
    details: { status, code: parsed.reason ?? "", message },
  });
}

/** A Status object that came inside a watch stream. */
export function refusedByStatus(call: Call, status: unknown): Problem {
  const code = isObject(status) && typeof status.code === "number" ? status.code : 500;
  return refused(call, code, JSON.stringify(status ?? {}));
}

function parseStatus(body: string): { message?: string; reason?: string } {
  try {
    const value: unknown = JSON.parse(body);
    if (!isObject(value)) return {};
    return {
      ...(typeof value.message === "string" && value.message !== "" ? { message: value.message } : {}),
      ...(typeof value.reason === "string" ? { reason: value.reason } : {}),
    };
  } catch {
    return {};
  }
}

function reasonOf(status: number): Reason {
  switch (status) {
    case 401:
      return "Unauthenticated";
    case 403:
      return "Forbidden";
    case 404:
      return "NotFound";
    case 409:
      return "Conflict";
    case 413:
      return "TooLarge";
    case 400:
    case 405:
    case 406:
    case 415:
    case 422:
      return "InvalidRequest";
    default:
      return "KubeUnavailable";
  }
}
