import { problem } from "../api/reasons.ts";
import type { ClaimEvent, ClaimRequest } from "../api/wire.ts";
import { unreachable } from "./patience.ts";
import { fromDetails } from "./refusal.ts";

/** The events of one claim stream. While a run is claimed on it, closing it gives the run's lease up at once. */
export interface ClaimStream extends AsyncDisposable {
  /** The next event; undefined when the stream ended. Throws GatewayUnavailable when it broke. */
  next(): Promise<ClaimEvent | undefined>;
}

// The largest claim is a role's content and a long transcript; beyond this somebody else is talking.
const maxLineCharacters = 64_000_000;

/** Asks for work. Throws Unauthenticated, GatewayUnavailable. */
export async function openClaimStream(
  gateway: { readonly url: string; readonly workerToken: string; readonly worker: string },
  signal: AbortSignal,
): Promise<ClaimStream> {
  const closing = new AbortController();
  const ask: ClaimRequest = { worker: gateway.worker };
  let response: Response;
  try {
    response = await fetch(`${gateway.url}/runtime/v1/claims`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.workerToken}`, "content-type": "application/json" },
      body: JSON.stringify(ask),
      signal: AbortSignal.any([signal, closing.signal]),
      redirect: "error",
    });
  } catch (cause) {
    signal.throwIfAborted();
    throw unreachable(cause);
  }
  if (!response.ok || !response.body) {
    const refusal = fromDetails(response.status, await response.text().catch(() => ""));
    throw response.status === 401 ? problem("Unauthenticated", "the gateway refuses this worker's token") : refusal;
  }
  const lines = readLines(response.body, signal);
  return {
    async next() {
      const { value, done } = await lines.next();
      return done ? undefined : (JSON.parse(value) as ClaimEvent);
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
    },
  };
}

async function* readLines(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const chunk of body) {
      rest += decoder.decode(chunk, { stream: true });
      if (rest.length > maxLineCharacters) throw problem("TooLarge", "a line of the claim stream is too long");
      let end = rest.indexOf("\n");
      for (; end >= 0; end = rest.indexOf("\n")) {
        const line = rest.slice(0, end).trim();
        rest = rest.slice(end + 1);
        if (line !== "") yield line;
      }
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw unreachable(cause);
  }
  return undefined;
}
