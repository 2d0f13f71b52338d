import { problem, type Reason, reasons } from "../api/reasons.ts";
import { isObject } from "../lib/json.ts";
import type { Problem } from "../lib/problem.ts";

/** The gateway's reason and words as a Problem; what it did not give a reason for goes by the status. */
export function toProblem(status: number, reason: unknown, message: unknown): Problem {
  const text = typeof message === "string" && message !== "" ? message : `the gateway answered ${status}`;
  if (typeof reason === "string" && reason in reasons) return problem(reason as Reason, text);
  if (status === 401) return problem("TokenRevoked", text);
  if (status === 409) return problem("EpochLost", text);
  if (status >= 500 || status === 429) return problem("GatewayUnavailable", text);
  return problem("InvalidRequest", text);
}

/** Reads RFC 9457 problem details, or whatever else came with a status. */
export function fromDetails(status: number, body: string): Problem {
  let details: unknown;
  try {
    details = JSON.parse(body);
  } catch {
    details = {};
  }
  const known = isObject(details) ? details : {};
  return toProblem(status, known.reason, known.detail);
}
