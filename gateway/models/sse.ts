import { problem } from "../../api/reasons.ts";

// One event larger than this is a broken or hostile provider, not a token.
const maxEventBytes = 4_000_000;

/**
 * Reads the `data:` of each server-sent event (WHATWG HTML §9.2.6) from a byte stream. Throws ModelUnavailable for an
 * event without end and for a stream that is not UTF-8.
 */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let buffered = "";
  let data: string[] = [];
  for await (const bytes of body) {
    buffered += decode(decoder, bytes);
    if (buffered.length > maxEventBytes) throw problem("ModelUnavailable", "the provider sent an event without end");
    for (;;) {
      const end = buffered.search(/\r\n|\n|\r(?!$)/);
      if (end < 0) break;
      const line = buffered.slice(0, end);
      buffered = buffered.slice(end + (buffered.startsWith("\r\n", end) ? 2 : 1));
      if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
      else if (line === "" && data.length > 0) {
        yield data.join("\n");
        data = [];
      }
    }
  }
  // Some servers leave out the last blank line.
  if (buffered.startsWith("data:")) data.push(buffered.slice(5).trim());
  if (data.length > 0) yield data.join("\n");
}

function decode(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes, { stream: true });
  } catch (cause) {
    throw problem("ModelUnavailable", "the provider's stream is not UTF-8", { cause });
  }
}
