import { sha256 } from "../lib/ids.ts";

/** W3C Trace Context for a call: the run's trace, and a span named after the call's id. Undefined without a trace id. */
export function toTraceparent(traceId: string, callId: string): string | undefined {
  if (!/^[0-9a-f]{32}$/.test(traceId) || /^0+$/.test(traceId)) return undefined;
  return `00-${traceId}-${sha256(callId).slice(0, 16)}-01`;
}
