import { problem, reasons } from "../../api/reasons.ts";
import type { FailRequest } from "../../api/wire.ts";
import { isObject, type Json } from "../../lib/json.ts";
import { redact } from "../../lib/log.ts";

const maxMessageChars = 500;

/**
 * Checks the body of a failure. The reason must be in the table, because it becomes a condition and a metric label; the
 * message becomes status that others can read, so it is one short line. Throws InvalidRequest.
 */
export function parseFail(body: Json): FailRequest {
  if (!isObject(body)) throw problem("InvalidRequest", "body must be a JSON object");
  const { reason, message = "" } = body;
  if (typeof reason !== "string" || !Object.hasOwn(reasons, reason)) {
    throw problem("InvalidRequest", "reason must be one of the reasons in docs/reference/reasons.md");
  }
  if (typeof message !== "string") throw problem("InvalidRequest", "message must be text");
  return { reason, message: redact(message.replace(/\s+/g, " ").slice(0, maxMessageChars)) };
}
