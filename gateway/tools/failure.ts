import { StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import { problem } from "../../api/reasons.ts";
import { messageOf, Problem } from "../../lib/problem.ts";
import { problemFor } from "../shown.ts";

/** How far a tool call got before it failed; decides about repetition. */
export interface CallFailure {
  readonly why: Problem;
  readonly sent: "none" | "unknown" | "refused";
  /** The session is of no more use. */
  readonly stale: boolean;
}

// Errors of the connection attempt: no byte of the call left.
const notConnected = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "ENOENT",
  "EACCES",
]);

/** Sorts what the MCP client throws. In doubt a call may have arrived. */
export function failureOfCall(thrown: unknown, signal?: AbortSignal): CallFailure {
  const ours = findCause(thrown, (error) => error instanceof Problem) as Problem | undefined;
  if (ours?.reason === "OriginRefused") return { why: ours, sent: "refused", stale: true };
  if (ours?.reason === "TooLarge") return { why: ours, sent: "unknown", stale: true };
  if (signal?.aborted) {
    const why = signal.reason instanceof Problem ? signal.reason : problem("Cancelled", "the call was cancelled");
    return { why, sent: "unknown", stale: false };
  }
  if (ours) return { why: ours, sent: "none", stale: true };
  if (thrown instanceof StreamableHTTPError) return ofStatus(thrown);
  if (thrown instanceof McpError) return ofRpc(thrown);
  const code = findCode(thrown);
  const sent = code !== undefined && notConnected.has(code) ? "none" : "unknown";
  return {
    why: problem("ToolUnavailable", `the tool server cannot be reached${code ? `: ${code}` : ""}`, { cause: thrown }),
    sent,
    stale: true,
  };
}

function ofStatus(error: StreamableHTTPError): CallFailure {
  const status = error.code ?? 0;
  if (status === 429)
    return { why: problem("RateLimited", "the tool server asked to wait (429)"), sent: "refused", stale: false };
  // 404 is MCP's "no such session": the server restarted, and the call was not looked at.
  if (status === 404)
    return {
      why: problem("ToolUnavailable", "the tool server does not know the session any more"),
      sent: "refused",
      stale: true,
    };
  if (status >= 400 && status < 500) {
    return {
      why: problem("ToolFailed", `the tool server refused the call with status ${status}`),
      sent: "refused",
      stale: status === 401,
    };
  }
  return {
    why: problem("ToolUnavailable", `the tool server failed with status ${status}`),
    sent: "unknown",
    stale: true,
  };
}

function ofRpc(error: McpError): CallFailure {
  switch (error.code) {
    case ErrorCode.ConnectionClosed:
    case ErrorCode.RequestTimeout:
      return {
        why: problem("ToolUnavailable", "the tool server went away during the call", { cause: error }),
        sent: "unknown",
        stale: true,
      };
    case ErrorCode.InvalidParams:
    case ErrorCode.MethodNotFound:
    case ErrorCode.InvalidRequest:
    case ErrorCode.ParseError:
      return { why: saidNo(error), sent: "refused", stale: false };
    default:
      return { why: saidNo(error), sent: "unknown", stale: false };
  }
}

/** The server's own sentence is for the caller; it may quote what the server was asked or what it holds. */
function saidNo(error: McpError): Problem {
  const shown = `the tool server answered with error ${Number(error.code)}`;
  return problemFor("ToolFailed", { message: messageOf(error).slice(0, 500), shown });
}

function findCode(thrown: unknown): string | undefined {
  const found = findCause(thrown, (error) => typeof (error as { code?: unknown } | null)?.code === "string");
  return (found as { code?: string } | undefined)?.code;
}

function findCause(thrown: unknown, match: (error: unknown) => boolean): unknown {
  let error = thrown;
  for (let depth = 0; depth < 5 && error !== undefined && error !== null; depth++) {
    if (match(error)) return error;
    error = (error as { cause?: unknown }).cause;
  }
  return undefined;
}
