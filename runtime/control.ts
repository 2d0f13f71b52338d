import type { FailRequest, FinishAnswer, FinishRequest } from "../api/wire.ts";
import { unreachable } from "./patience.ts";
import { fromDetails } from "./refusal.ts";

/** Where one run's control calls go, and the token that proves the claim. */
export interface RunAddress {
  readonly gatewayUrl: string;
  readonly runId: string;
  readonly token: string;
}

// Control calls are one transaction at the gateway; a call that takes longer has lost its connection.
const timeoutMs = 15_000;

/** Renews the lease. Throws EpochLost, TokenRevoked, GatewayUnavailable. */
export async function beat(run: RunAddress, signal: AbortSignal): Promise<void> {
  await post(run, "beat", {}, signal);
}

/** Hands in the final answer. Repeating it with the same answer is harmless. */
export async function sendFinish(run: RunAddress, request: FinishRequest, signal: AbortSignal): Promise<FinishAnswer> {
  return (await post(run, "finish", request, signal)) as FinishAnswer;
}

/** Ends the run as failed. */
export async function sendFail(run: RunAddress, request: FailRequest, signal: AbortSignal): Promise<void> {
  await post(run, "fail", request, signal);
}

/** Puts the run back into the queue. */
export async function sendRelease(run: RunAddress, signal: AbortSignal): Promise<void> {
  await post(run, "release", {}, signal);
}

async function post(run: RunAddress, verb: string, body: object, signal: AbortSignal): Promise<unknown> {
  const url = `${run.gatewayUrl}/runtime/v1/runs/${encodeURIComponent(run.runId)}/${verb}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${run.token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      redirect: "error",
    });
    text = await response.text();
  } catch (cause) {
    signal.throwIfAborted();
    throw unreachable(cause);
  }
  if (!response.ok) throw fromDetails(response.status, text);
  return text === "" ? undefined : JSON.parse(text);
}
