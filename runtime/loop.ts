import { problem, type Reason, reasons } from "../api/reasons.ts";
import type { Claim, ToolResult } from "../api/wire.ts";
import { actAll } from "./act.ts";
import { finish, finishRule } from "./finish.ts";
import { checkLimits } from "./limits.ts";
import { next, repair } from "./next.ts";
import { type Opened, open } from "./open.ts";
import type { Ports } from "./ports.ts";
import { findResult, resume } from "./recorded.ts";
import { type Ending, toValue } from "./stages.ts";
import { think } from "./think.ts";

/**
 * Works on one claimed run until it is finished. Re-entered from the claim's transcript after a crash or a wait: what is
 * recorded is taken as it is and nothing past is issued again. Throws what ends the run otherwise; `conclude` in
 * run.ts decides what is said about it.
 */
export async function loop(claim: Claim, ports: Ports): Promise<Ending> {
  const opened = open(claim);
  if (opened.stage !== "turn") return applyRule(claim, opened, ports);
  let turn = resume(opened);
  for (;;) {
    checkLimits(turn, ports);
    const reply = await think(turn, ports);
    if (reply.stage === "proposed") {
      turn = next(await actAll(reply, ports));
      continue;
    }
    const ended = await finish(reply, ports);
    if (ended.stage !== "rejected") return ended;
    turn = repair(reply, ended);
  }
}

/** A rule's act, under the same policy as a model's, at the place of the first action. */
async function applyRule(claim: Claim, opened: Exclude<Opened, { stage: "turn" }>, ports: Ports): Promise<Ending> {
  if (opened.stage === "nobody") throw problem("NoRungApplies", opened.reason);
  const { rung } = opened;
  if (opened.kind === "drop") return finishRule({ output: { dropped: opened.reason }, rung, reason: "Dropped" }, ports);
  if (opened.kind === "answer") return finishRule({ output: opened.output, rung, reason: "Succeeded" }, ports);
  const result = findResult(claim, 0, 0) ?? (await ports.call(0, 0, opened.action, opened.arguments));
  if (result.isError)
    throw problem(reasonOf(result), `rung "${rung}": ${opened.action} was not done; the run's trace says why`);
  return finishRule({ output: toValue(result), rung, reason: "Succeeded" }, ports);
}

/** The gateway's reason for a refusal; nothing of what a tool says, which may be somebody's mail. */
function reasonOf(result: ToolResult): Reason {
  const reason = result.structuredContent?.reason;
  const denied = typeof reason === "string" && reason in reasons && reasons[reason as Reason].disposition === "denied";
  return denied ? (reason as Reason) : "ToolFailed";
}
