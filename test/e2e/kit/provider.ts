import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { startRehearsal } from "../../../rehearsal/server.ts";

/** One request as a model provider would see it. */
export interface Prompt {
  /** The whole request, as it came. */
  readonly body: string;
  /** Whose agent asks, by the system prompt; empty where it does not say. */
  readonly subject: string;
}

/** The rehearsal behind an observer that keeps what a provider gets to see. */
export interface Provider extends AsyncDisposable {
  readonly url: string;
  readonly prompts: readonly Prompt[];
}

/** A task with this intent is refused once a tool has answered, in words that quote the prompt, as some providers do. */
export const quotedIntent = "quoted-by-the-provider";

/** Starts the rehearsal with these scripts; the first scene that fits plays. */
export async function startProvider(scripts: readonly string[]): Promise<Provider> {
  const rehearsal = await startRehearsal({ port: 0, scripts });
  const prompts: Prompt[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString("utf8");
    prompts.push({ body, subject: /You work for: (\S+)/.exec(body)?.[1] ?? "" });
    const last = (JSON.parse(body) as { messages: { role: string; content: string }[] }).messages.at(-1);
    if (body.includes(`Intent: ${quotedIntent}`) && last?.role === "tool") {
      const message = `cannot answer "${last.content.slice(0, 250)}"`;
      response.writeHead(400, { "content-type": "application/json" });
      return void response.end(JSON.stringify({ error: { message, type: "invalid_request_error", code: null } }));
    }
    const answer = await fetch(rehearsal.url.replace(/\/v1$/, request.url ?? ""), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
    response.end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    prompts,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rehearsal[Symbol.asyncDispose]();
    },
  };
}
