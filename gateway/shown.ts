import { problem, type Reason } from "../api/reasons.ts";
import type { Problem } from "../lib/problem.ts";

/** What the journal calls a tier or an action that does not exist: the caller's own word for it could be anything. */
export const unknownName = "(unknown)";

/**
 * A problem with two texts: `message` for the caller, who sent or may read what it quotes, and `shown` for journal, audit,
 * trace and status, which others read.
 */
export function problemFor(
  reason: Reason,
  words: { readonly message: string; readonly shown: string },
  cause?: unknown,
) {
  return problem(reason, words.message, { cause, details: { shown: words.shown } });
}

/** What others may read of a problem: nothing that a model, a runtime, a provider or a tool server worded. */
export function shownWords(why: Problem): string {
  return typeof why.details.shown === "string" ? why.details.shown : why.message;
}
