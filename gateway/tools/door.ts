import { problem } from "../../api/reasons.ts";
import type { StepId } from "../../ledger/ledger.ts";
import type { Json, JsonObject } from "../../lib/json.ts";
import type { Ports } from "../ports.ts";
import type { Door } from "../stages.ts";
import { findTool, type ToolFacts } from "./facts.ts";
import { judgeTool, verdictOf } from "./judge.ts";
import { performTool, settleTool } from "./perform.ts";
import { toErrorResult } from "./result.ts";

/** One `tools/call` as it came in. */
export interface ToolAsked {
  readonly action: string;
  readonly arguments: JsonObject;
  /** `_meta["roster.dev/step"]` */
  readonly step: unknown;
}

/** The door that calls of tool servers go through. */
export function toolDoor(asked: ToolAsked, ports: Ports): Door<ToolFacts> {
  const { action, arguments: args } = asked;
  return {
    kind: "tool",
    endsWithCaller: false,
    parse: (caller) => ({
      id: { runId: caller.token.run.id, ...parseActionStep(asked.step) },
      kind: "tool",
      name: action,
      request: args,
    }),
    recall: ({ caller }) => {
      const denied = (facts: ToolFacts) =>
        verdictOf(facts, caller, ports.clock.now(), ports.toolbox.policies).decision === "deny";
      return findTool(action, args, caller.token, (facts) => facts.hasCredential && !denied(facts), ports);
    },
    judge: (known) => judgeTool(known, ports.clock.now(), ports.toolbox),
    perform: (permit) => performTool(permit, ports),
    denial: (why, rule) => toErrorResult(why, rule) as unknown as Json,
    verify: settleTool,
  };
}

/** Reads `<model step>.<action index>`. Throws InvalidRequest. */
export function parseActionStep(step: unknown): Pick<StepId, "step" | "action"> {
  const match = typeof step === "string" ? /^(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,3})$/.exec(step) : null;
  if (!match) {
    throw problem("InvalidRequest", '_meta["roster.dev/step"] must be "<model step>.<action index>", such as "0.0"');
  }
  return { step: Number(match[1]), action: Number(match[2]) };
}
