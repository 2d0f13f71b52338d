import { type Dispatcher, fetch as undiciFetch } from "undici";
import { problem } from "../../api/reasons.ts";
import type { Clock } from "../../lib/clock.ts";
import { type CallScope, callScope } from "./call-scope.ts";

/** The fetch of one tool server's session: one origin, fixed headers, no redirects, bounded answers. */
export interface BoundedFetchOptions {
  readonly origin: string;
  readonly dispatcher: Dispatcher;
  /** Sent with every request, and only to `origin`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly maxBytes: number;
  readonly clock: Clock;
}

const parsingMs = 1_000;

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * A `fetch` for the MCP client. Adds the credential itself, so that no option of the client can send it elsewhere;
 * refuses other origins and every redirect; ends an answer that grows past the limit.
 */
export function boundedFetch(options: BoundedFetchOptions): Fetch {
  return async (url, init = {}) => {
    const target = new URL(url);
    if (target.origin !== options.origin) {
      throw problem("OriginRefused", `the tool server points to "${target.origin}", not its own "${options.origin}"`);
    }
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries(options.headers)) headers.set(name, value);
    const response = (await undiciFetch(target, {
      ...(init as object),
      headers,
      redirect: "manual",
      dispatcher: options.dispatcher,
    } as Parameters<typeof undiciFetch>[1])) as unknown as Response;
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      throw problem("OriginRefused", `the tool server redirects (${response.status}); a call is never redirected`);
    }
    // Captured here, where the client is still within the call; its stream is read in nobody's scope.
    return bounded(response, options, init.method === "POST" ? callScope.getStore() : undefined);
  };
}

function bounded(response: Response, options: BoundedFetchOptions, call: CallScope | undefined): Response {
  if (!response.body) return response;
  const { status, statusText, headers } = response;
  const body = ReadableStream.from(limited(response.body as unknown as AsyncIterable<Uint8Array>, options, call));
  return new Response(body as unknown as ConstructorParameters<typeof Response>[0], {
    status,
    statusText,
    headers: new Headers([...headers]),
  });
}

async function* limited(
  body: AsyncIterable<Uint8Array>,
  { maxBytes, clock }: BoundedFetchOptions,
  call: CallScope | undefined,
) {
  let size = 0;
  try {
    for await (const chunk of body) {
      size += chunk.byteLength;
      if (size > maxBytes) throw problem("TooLarge", `the tool's answer is larger than ${maxBytes} bytes`);
      yield chunk;
    }
  } catch (thrown) {
    call?.broken(thrown);
    throw thrown;
  }
  // The client is still parsing what came; an answer among it wins over this.
  if (call) clock.after(parsingMs, () => call.broken(new Error("the tool server ended its stream without an answer")));
}
