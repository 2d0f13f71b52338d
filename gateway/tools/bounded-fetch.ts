import { type Dispatcher, fetch as undiciFetch } from "undici";
import { problem } from "../../api/reasons.ts";

/** The fetch of one tool server's session: one origin, fixed headers, no redirects, bounded answers. */
export interface BoundedFetchOptions {
  readonly origin: string;
  readonly dispatcher: Dispatcher;
  /** Sent with every request, and only to `origin`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly maxBytes: number;
}

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
    // An event stream lives as long as its session and is bounded per message; anything else is one message.
    return bounded(response, options.maxBytes);
  };
}

function bounded(response: Response, maxBytes: number): Response {
  if (!response.body) return response;
  let size = 0;
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.byteLength;
      if (size > maxBytes) controller.error(problem("TooLarge", `the tool's answer is larger than ${maxBytes} bytes`));
      else controller.enqueue(chunk);
    },
  });
  const { status, statusText, headers } = response;
  return new Response(response.body.pipeThrough(limit), { status, statusText, headers: new Headers([...headers]) });
}
