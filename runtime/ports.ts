import type { FailRequest, FinishAnswer, FinishRequest, ToolResult } from "../api/wire.ts";
import type { Clock } from "../lib/clock.ts";
import type { JsonObject } from "../lib/json.ts";
import type { Log } from "../lib/log.ts";

/** Everything that the loop may touch: one run's doors at the gateway, time, and a log. No store, no cluster, no key. */
export interface Ports {
  /** One model call as `step`. Answers OpenAI's completion. Throws a Problem by the gateway's reason. */
  complete(step: number, request: JsonObject): Promise<JsonObject>;
  /** One tool call as `step.index`. A denial or failed tool is a result. Throws a Problem where there is none. */
  call(step: number, index: number, action: string, args: JsonObject): Promise<ToolResult>;
  finish(request: FinishRequest): Promise<FinishAnswer>;
  fail(request: FailRequest): Promise<void>;
  /** Milliseconds until the deadline of the run or the active time of the role, whichever is first. */
  remainingMs(): number;
  /** Aborts when the run is cut, lost or let go. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
}
