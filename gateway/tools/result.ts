import { hintOf } from "../../api/reasons.ts";
import type { ToolResult } from "../../api/wire.ts";
import { isObject, type Json, type JsonObject } from "../../lib/json.ts";
import { redact } from "../../lib/log.ts";
import type { Problem } from "../../lib/problem.ts";

/** Most text that one result brings into a run. */
export const maxResultChars = 262_144;
const maxParts = 200;

/**
 * A tool's answer as the run may see it: text bounded, other media replaced by a note, `_meta` dropped (it is the
 * server's, and parts of it are read by runtimes as commands). Never throws.
 */
export function boundResult(raw: unknown): ToolResult {
  const answer = isObject(raw) ? raw : {};
  const parts = Array.isArray(answer.content) ? answer.content : [];
  let left = maxResultChars;
  const content: { type: string; text: string }[] = [];
  for (const part of parts.slice(0, maxParts)) {
    const text = textOf(part);
    if (text.length <= left) content.push({ type: "text", text });
    else
      content.push(
        { type: "text", text: cut(text, left) },
        note(`cut here: the tool's answer is larger than ${maxResultChars} characters`),
      );
    left -= Math.min(left, text.length);
    if (left === 0) break;
  }
  if (parts.length > maxParts) content.push(note(`left out: ${parts.length - maxParts} more parts`));
  return {
    content,
    ...(answer.isError === true ? { isError: true } : {}),
    ...structuredOf(answer.structuredContent),
  };
}

// Half a surrogate pair is not text that JSON readers agree on.
function cut(text: string, length: number): string {
  const code = text.charCodeAt(length - 1);
  return text.slice(0, code >= 0xd800 && code <= 0xdbff ? length - 1 : length).toWellFormed();
}

function textOf(part: unknown): string {
  if (!isObject(part)) return "";
  if (part.type === "text" && typeof part.text === "string") return part.text.toWellFormed();
  if (part.type === "resource" && isObject(part.resource) && typeof part.resource.text === "string") {
    return part.resource.text.toWellFormed();
  }
  if (part.type === "resource_link") return `[link: ${String(part.uri ?? "").slice(0, 2_000)}]`;
  return `[${String(part.type ?? "unknown").slice(0, 40)} content left out]`;
}

function structuredOf(structured: unknown): { readonly structuredContent?: JsonObject } {
  if (!isObject(structured)) return {};
  const text = JSON.stringify(structured);
  // Cutting structure would change its meaning, so it is there whole or not at all.
  return text.length <= maxResultChars && text.isWellFormed() ? { structuredContent: structured as JsonObject } : {};
}

function note(text: string) {
  return { type: "text", text: `[${text}]` };
}

/** A refusal or failure as data for the model: reason, rule with file and line, one sentence, the next step. */
export function toErrorResult(
  why: Problem,
  more: { readonly rule?: string; readonly source?: string; readonly meta?: JsonObject } = {},
): ToolResult {
  const data: JsonObject = {
    reason: why.reason,
    ...(more.rule === undefined ? {} : { rule: more.rule }),
    ...(more.source === undefined ? {} : { source: more.source }),
    message: redact(why.message),
    hint: hintOf(why.reason),
  };
  return {
    isError: true,
    content: [{ type: "text", text: JSON.stringify(data) }],
    structuredContent: data,
    ...(more.meta ? { _meta: more.meta } : {}),
  };
}

/** A builtin's answer: structure for programs, the same as text for models. */
export function toDataResult(data: JsonObject): ToolResult {
  return { content: [{ type: "text", text: JSON.stringify(data) }], structuredContent: data };
}

/** Narrow reading of what the journal holds for a tool step. */
export function fromJournal(response: Json): ToolResult {
  return response as unknown as ToolResult;
}
