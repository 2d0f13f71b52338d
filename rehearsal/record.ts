import { appendFileSync, mkdirSync } from "node:fs";
import path from "node:path";
import type { Clock } from "../lib/clock.ts";

/**
 * One line of the rehearsal's own log. It is the outside observer: what a gateway charged is compared with `honest`
 * here, and a step that was issued twice shows as two lines with one digest. Digests and numbers only, no content.
 */
export interface RequestLine {
  /** Unix ms at the end of the request. */
  readonly time: number;
  readonly seq: number;
  readonly model: string;
  readonly scene: string;
  readonly turn: number;
  readonly stream: boolean;
  readonly bytes: number;
  readonly messagesSha256: string;
  readonly messages: number;
  readonly maxOutputTokens?: number;
  readonly status: number;
  /** `answered`, `failed` by script, `cut` by either side, `refused` because no scene fits or the request is bad. */
  readonly outcome: "answered" | "failed" | "cut" | "refused";
  /** As it was written into the answer, lies included. */
  readonly reported?: string;
  readonly honest: { readonly input: number; readonly output: number };
  readonly error?: string;
}

/** Takes each line as it is known. */
export type Recorder = (line: Omit<RequestLine, "seq" | "time">) => void;

/** Appends lines to a file, one write each, so that a kill loses at most the line being written. */
export function openRecord(target: string | ((line: RequestLine) => void) | undefined, clock: Clock): Recorder {
  let seq = 0;
  const write = toWriter(target);
  return (line) => write({ time: clock.now(), seq: seq++, ...line });
}

function toWriter(target: string | ((line: RequestLine) => void) | undefined): (line: RequestLine) => void {
  if (target === undefined) return () => undefined;
  if (typeof target === "function") return target;
  mkdirSync(path.dirname(path.resolve(target)), { recursive: true });
  return (line) => appendFileSync(target, `${JSON.stringify(line)}\n`);
}
