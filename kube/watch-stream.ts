import type { Resource, Stored } from "../api/resource.ts";
import { isObject } from "../lib/json.ts";
import type { WatchEvent } from "./client.ts";
import { type Call, refusedByStatus, type Transport, unreachable } from "./transport.ts";

const newline = 0x0a;

/**
 * Reads one watch until it ends. Ends normally when the signal aborts or the server closes it; throws the server's
 * Status for an ERROR event (`details.status` 410 means list again) and KubeUnavailable when the connection breaks.
 */
export async function* watchStream<O extends Resource>(
  transport: Transport,
  call: Call,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<O>> {
  try {
    for await (const line of lines(await transport.stream(call, signal))) {
      if (signal.aborted) return;
      const event = parseEvent<O>(line, call);
      if (event !== undefined) yield event;
    }
  } catch (thrown) {
    if (signal.aborted) return;
    throw thrown instanceof Error && thrown.name === "Problem" ? thrown : unreachable(call, thrown);
  }
}

function parseEvent<O extends Resource>(line: string, call: Call): WatchEvent<O> | undefined {
  const event: unknown = JSON.parse(line);
  if (!isObject(event) || !isObject(event.object)) return undefined;
  switch (event.type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type: event.type, object: event.object as unknown as Stored<O> };
    case "BOOKMARK":
      return {
        type: "BOOKMARK",
        resourceVersion: String((event.object.metadata as { resourceVersion?: string }).resourceVersion),
      };
    case "ERROR":
      throw refusedByStatus(call, event.object);
    default:
      return undefined;
  }
}

/** Splits a byte stream into lines. A multi-byte character cut by a chunk border stays whole: bytes are joined first. */
async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      const tail = chunk.subarray(from, end);
      const line = rest.length === 0 ? tail.toString("utf8") : Buffer.concat([...rest, tail]).toString("utf8");
      rest = [];
      from = end + 1;
      if (line.trim() !== "") yield line;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
}
