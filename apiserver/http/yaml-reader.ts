import { Worker } from "node:worker_threads";
import { systemClock } from "../../lib/clock.ts";
import { messageOf } from "../../lib/problem.ts";
import type { Decoded } from "./json-body.ts";
import { readYaml } from "./yaml-body.ts";

/** What became of a text; a thread sends it back. */
export type Read = { readonly decoded: Decoded } | { readonly error: string };

// Read at about a megabyte per second: up to this length nobody else notices.
const longestAtOnce = 8_192;
// kube-apiserver gives a whole request as long.
const timeLimitMs = 60_000;
// An object of the largest size that is stored takes half of it; one node for every second character would take gigabytes.
const memoryLimitMb = 1_024;

let last: Promise<unknown> = Promise.resolve();

/**
 * Reads a YAML body as `readYaml` does. A large one is read in a thread of its own, one after the other, so that other
 * requests do not wait for it, and within bounds of time and memory. Rejects with a plain Error, whose message
 * begins with `prefix`.
 */
export async function readYamlBody(text: string, prefix = ""): Promise<Decoded> {
  const read = text.length <= longestAtOnce ? readAtOnce(text) : await inTurn(() => readInThread(text));
  if ("error" in read) throw new Error(`${prefix}${read.error}`);
  return read.decoded;
}

/** Reads a text here and now. */
export function readAtOnce(text: string): Read {
  try {
    return { decoded: readYaml(text) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

async function inTurn<T>(act: () => Promise<T>): Promise<T> {
  const turn = last.then(act);
  last = turn.catch(() => {});
  return turn;
}

async function readInThread(text: string): Promise<Read> {
  const worker = new Worker(new URL("./yaml-thread.ts", import.meta.url), {
    workerData: text,
    resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb },
  });
  worker.unref();
  using _limit = systemClock.after(timeLimitMs, () => void worker.terminate());
  const read = await new Promise<Read>((resolve) => {
    worker.once("message", resolve);
    worker.once("error", (error: NodeJS.ErrnoException) => {
      const tooMuch = error.code === "ERR_WORKER_OUT_OF_MEMORY";
      resolve({ error: tooMuch ? `reading it takes more than ${memoryLimitMb} MiB: send JSON` : error.message });
    });
    worker.once("exit", () => resolve({ error: `reading it takes more than ${timeLimitMs / 1_000} s: send JSON` }));
  });
  await worker.terminate();
  return read;
}
