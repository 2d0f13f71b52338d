import type { Claim, ClaimEvent } from "../../api/wire.ts";

/** A worker of the test's own: asks the gateway for work like any agent framework would, by HTTP alone. */
export interface OwnWorker extends AsyncDisposable {
  readonly claim: Claim;
  /** The next event of the claim stream; undefined when the gateway ended it. */
  next(): Promise<ClaimEvent | undefined>;
  /** A model call with the run's token. */
  think(step: number, content: string, init?: { readonly stream?: boolean }): Promise<Response>;
}

/** Claims the next run. */
export async function claimRun(gatewayUrl: string, workerToken: string): Promise<OwnWorker> {
  const closing = new AbortController();
  const response = await fetch(`${gatewayUrl}/runtime/v1/claims`, {
    method: "POST",
    headers: { authorization: `Bearer ${workerToken}`, "content-type": "application/json" },
    body: JSON.stringify({ worker: "e2e" }),
    signal: closing.signal,
  });
  if (!response.ok || !response.body) throw new Error(`no claims: ${response.status} ${await response.text()}`);
  const events = readEvents(response.body);
  const next = async () => (await events.next()).value;
  for (;;) {
    const event = await next();
    if (!event) throw new Error("the claim stream ended without a claim");
    if (event.type !== "claimed") continue;
    const { claim } = event;
    return {
      claim,
      next,
      think: (step, content, init = {}) =>
        fetch(`${gatewayUrl}/v1/chat/completions`, {
          method: "POST",
          headers: {
            authorization: `Bearer ${claim.token}`,
            "content-type": "application/json",
            "x-roster-step": String(step),
          },
          body: JSON.stringify({
            model: Object.values(claim.role.spec.modelTiers ?? {})[0],
            messages: [{ role: "user", content }],
            ...(init.stream ? { stream: true } : {}),
          }),
        }),
      async [Symbol.asyncDispose]() {
        closing.abort();
      },
    };
  }
}

async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ClaimEvent, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const chunk of body) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.trim() !== "") yield JSON.parse(line) as ClaimEvent;
    }
  } catch {
    // A cut connection ends the stream like an orderly end.
  }
  return undefined;
}
