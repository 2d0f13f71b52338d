import { Agent, request } from "undici";
import type { Loose } from "../../apiserver/kit.ts";

export interface ApiAnswer {
  readonly code: number;
  readonly body: Loose;
}

/** One line of a watch. */
export interface Line {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: Loose;
}

/** An open watch: lines in order; `pause` stops reading from the socket, as a stuck client does. */
export interface LineStream extends AsyncIterable<Line>, Disposable {
  pause(): void;
  resume(): void;
}

/** A plain client that adds nothing of its own: no retries, no caches. A cut connection rejects. */
export class ApiClient implements AsyncDisposable {
  readonly url: string;
  readonly ca: string;
  readonly #token: string;
  readonly #agent: Agent;
  readonly #streams: Agent;

  constructor(url: string, ca: string, token: string) {
    this.url = url;
    this.ca = ca;
    this.#token = token;
    const connect = { ca, timeout: 30_000 };
    this.#agent = new Agent({ connect, connections: 128, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
    this.#streams = new Agent({ connect, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  }

  async call(method: string, path: string, body?: unknown, type = "application/json"): Promise<ApiAnswer> {
    const answer = await request(this.url + path, {
      dispatcher: this.#agent,
      method: method as "GET",
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { "content-type": type }),
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    return { code: answer.statusCode, body: parse(text) as Loose };
  }

  /** Opens a watch. Rejects with the status's message when it is refused. */
  async watch(path: string): Promise<LineStream> {
    const answer = await request(this.url + path, {
      dispatcher: this.#streams,
      headers: { authorization: `Bearer ${this.#token}` },
    });
    const { body } = answer;
    if (answer.statusCode !== 200) throw new Error(`watch ${path}: ${answer.statusCode} ${await body.text()}`);
    body.on("error", () => {});
    return {
      pause: () => body.pause(),
      resume: () => body.resume(),
      [Symbol.dispose]: () => body.destroy(),
      [Symbol.asyncIterator]: () => linesOf(body),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#agent.destroy(), this.#streams.destroy()]);
  }
}

async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let rest: Buffer[] = [];
  for await (const part of body) {
    let start = 0;
    for (let end = part.indexOf(10); end >= 0; end = part.indexOf(10, start)) {
      rest.push(part.subarray(start, end));
      yield JSON.parse((rest.length === 1 ? rest[0]! : Buffer.concat(rest)).toString()) as Line;
      rest = [];
      start = end + 1;
    }
    if (start < part.length) rest.push(part.subarray(start));
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
