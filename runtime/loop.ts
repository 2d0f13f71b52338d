import { problem } from "../api/reasons.ts";
import type { Claim } from "../api/wire.ts";
import { actAll } from "./act.ts";
import { finish, finishRule } from "./finish.ts";
import { checkLimits } from "./limits.ts";
import { next, repair } from "./next.ts";
import { type Opened, open } from "./open.ts";
import type { Ports } from "./ports.ts";
import { findRepair, findResult } from "./recorded.ts";
import { type Ending, toText, toValue } from "./stages.ts";
import { think } from "./think.ts";

/**
 * Works on one claimed run until it is finished. Re-entered from the claim's transcript after a crash or a wait: what is
 * recorded is taken as it is and nothing past is issued again. Throws what ends the run otherwise; `conclude` in
 * run.ts decides what is said about it.
 */
export async function loop(claim: Claim, ports: Ports): Promise<Ending> {
  const opened = open(claim);
  if (opened.stage !== "turn") return applyRule(claim, opened, ports);
  let turn = opened;
  for (;;) {
    checkLimits(turn, ports);
    const reply = await think(turn, ports);
    if (reply.stage === "proposed") {
      turn = next(await actAll(reply, ports));
      continue;
    }
    const past = findRepair(claim, turn.step);
    const ended = past
      ? ({ stage: "rejected", reason: "OutputInvalid", message: "" } as const)
      : await finish(reply, ports);
    if (ended.stage !== "rejected") return ended;
    turn = repair(reply, ended, past);
  }
}

/** A rule's act, under the same policy as a model's, at the place of the first action. */
async function applyRule(claim: Claim, opened: Exclude<Opened, { stage: "turn" }>, ports: Ports): Promise<Ending> {
  if (opened.stage === "nobody") throw problem("NoRungApplies", opened.reason);
  const { rung } = opened;
  if (opened.kind === "drop") return finishRule({ output: { dropped: opened.reason }, rung, reason: "Dropped" }, ports);
  if (opened.kind === "answer") return finishRule({ output: opened.output, rung, reason: "Succeeded" }, ports);
  const result = findResult(claim, 0, 0) ?? (await ports.call(0, 0, opened.action, opened.arguments));
  if (result.isError) throw problem("ToolFailed", `rung "${rung}": ${opened.action}: ${toText(result).slice(0, 500)}`);
  return finishRule({ output: toValue(result), rung, reason: "Succeeded" }, ports);
}
