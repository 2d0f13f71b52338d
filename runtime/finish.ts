import { problem } from "../api/reasons.ts";
import type { Json } from "../lib/json.ts";
import { parseJson } from "../lib/json.ts";
import type { Ports } from "./ports.ts";
import type { Ending, Rejected, Reply } from "./stages.ts";

/**
 * Hands the final answer to the gateway, which checks it against the role's contract. An answer that is not accepted is
 * a value, for the repair turn. Repeating it with the same answer is harmless.
 */
export async function finish(reply: Reply & { readonly stage: "answered" }, ports: Ports): Promise<Ending | Rejected> {
  const { turn, text, unusable } = reply;
  if (unusable !== undefined) return rejected(unusable);
  let output: Json = text;
  if (turn.claim.role.spec.contract?.output) {
    try {
      output = parseJson(unfenced(text));
    } catch {
      // The parser's words quote the answer, and this sentence may end up in a status that others read.
      return rejected("the answer must be one JSON value and nothing else");
    }
  }
  const [{ rung, tier }] = turn.tiers;
  const answer = await ports.finish({ output, rung, tier, reason: "Succeeded" });
  if (answer.outcome === "finished") return { stage: "finished", phase: answer.phase };
  return { stage: "rejected", reason: answer.reason, message: answer.message };
}

/** Ends a run that a rule answered or dropped; there is no model to repair what is not accepted. */
export async function finishRule(
  final: { readonly output: Json; readonly rung: string; readonly reason: "Succeeded" | "Dropped" },
  ports: Ports,
): Promise<Ending> {
  const answer = await ports.finish(final);
  if (answer.outcome === "finished") return { stage: "finished", phase: answer.phase };
  throw problem("OutputInvalid", `rung "${final.rung}": ${answer.message}`);
}

function rejected(message: string): Rejected {
  return { stage: "rejected", reason: "OutputInvalid", message };
}

/** Models like to put JSON into a Markdown fence, whatever they are told. */
function unfenced(text: string): string {
  const trimmed = text.trim();
  const fence = /^```(?:json)?\s*\n([\s\S]*?)\n?```$/.exec(trimmed);
  return fence?.[1] ?? trimmed;
}
