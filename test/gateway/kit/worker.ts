import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import OpenAI from "openai";
import { type Claim, type ClaimEvent, stepMeta, type ToolResult } from "../../../api/wire.ts";
import type { Claimed } from "./world.ts";

/** One claim stream as a worker holds it. */
export interface Worker extends Disposable {
  /** Waits for the claim. */
  claimed(): Promise<Claimed>;
}

/** Opens a claim stream and waits until the gateway answered. */
export async function openWorker(gateway: string, token: string, name = "w1"): Promise<Worker> {
  const controller = new AbortController();
  const response = await fetch(`${gateway}/runtime/v1/claims`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ worker: name }),
    signal: controller.signal,
  });
  if (response.status !== 200) throw new Error(`claims answered ${response.status}: ${await response.text()}`);
  const events = readEvents(response);
  const next = async (): Promise<Exclude<ClaimEvent, { type: "idle" }> | undefined> => {
    for (;;) {
      const { value, done } = await events.next();
      if (done) return undefined;
      if (value.type !== "idle") return value;
    }
  };
  const close = () => controller.abort();
  return {
    async claimed() {
      const event = await next();
      if (event?.type !== "claimed") throw new Error(`no claim but ${JSON.stringify(event)}`);
      return { claim: event.claim, next, [Symbol.dispose]: close };
    },
    [Symbol.dispose]: close,
  };
}

async function* readEvents(response: Response): AsyncGenerator<ClaimEvent> {
  let text = "";
  try {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
        yield JSON.parse(text.slice(0, end)) as ClaimEvent;
        text = text.slice(end + 1);
      }
    }
  } catch {
    // The test closed the stream.
  }
}

/** OpenAI's own client, as a framework would use it. */
export function openaiFor(gateway: string, claim: Claim, step: number): OpenAI {
  return new OpenAI({
    baseURL: `${gateway}/v1`,
    apiKey: claim.token,
    maxRetries: 0,
    defaultHeaders: { "x-roster-step": String(step) },
  });
}

/** MCP's own client against /mcp. */
export async function mcpFor(gateway: string, claim: Claim): Promise<Client> {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${gateway}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${claim.token}` } },
    }) as Transport,
  );
  return client;
}

/** Calls one tool as step `<model step>.<action>`. */
export async function callTool(
  client: Client,
  name: string,
  args: Record<string, unknown>,
  step: string,
): Promise<ToolResult> {
  return (await client.callTool({ name, arguments: args, _meta: { [stepMeta]: step } })) as unknown as ToolResult;
}

/** The text of a result, joined. */
export function textOf(result: ToolResult): string {
  return result.content.map((part) => part.text ?? "").join("");
}

/** The data of a denial or failure. */
export function refusalOf(result: ToolResult): { reason?: string; rule?: string; source?: string; message?: string } {
  return (result.structuredContent ?? {}) as { reason?: string };
}
