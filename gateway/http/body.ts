import type { IncomingMessage } from "node:http";
import { problem } from "../../api/reasons.ts";
import { type Json, parseJson } from "../../lib/json.ts";

/** Largest request body: a long transcript fits, a flood does not. */
export const maxBodyBytes = 8_000_000;

/** Reads a whole body. Throws TooLarge as soon as it is clear, InvalidRequest when the client goes away first. */
export async function readBody(request: IncomingMessage, maxBytes = maxBodyBytes): Promise<string> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (size > maxBytes) throw cause;
    throw problem("InvalidRequest", "the request body ended early", { cause });
  }
  return toText(Buffer.concat(chunks));
}

/** The same for a web `Request`. */
export async function readWebBody(request: Request, maxBytes = maxBodyBytes): Promise<string> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  if (!request.body) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return toText(Buffer.concat(chunks));
}

/** Parses a request body; an empty one is an empty object. Throws InvalidJson. */
export function parseBody(text: string): Json {
  return text.trim() === "" ? {} : parseJson(text, { maxBytes: maxBodyBytes });
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

// Replacing bad bytes would make two different requests digest alike.
function toText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw problem("InvalidJson", "the request body is not UTF-8", { cause });
  }
}

function tooLarge(maxBytes: number): Error {
  return problem("TooLarge", `the request body is larger than ${maxBytes} bytes`);
}
