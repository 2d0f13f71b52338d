import type { ToolResult } from "../api/wire.ts";
import type { Ports } from "./ports.ts";
import { findResult } from "./recorded.ts";
import type { Acted, Proposal, Reply } from "./stages.ts";

/**
 * Performs each proposal once, in order: the next one starts when the result before it is durable at the gateway. What a
 * former owner already performed is taken from the transcript. Denied and failed calls are results. Throws what ends or
 * parks the run.
 */
export async function actAll(reply: Reply & { readonly stage: "proposed" }, ports: Ports): Promise<Acted> {
  const results: Acted["results"][number][] = [];
  for (const proposal of reply.proposals) {
    results.push({ proposal, result: await act(reply, proposal, ports) });
  }
  return { stage: "acted", reply, results };
}

async function act({ turn }: Reply, proposal: Proposal, ports: Ports): Promise<ToolResult> {
  const recorded = findResult(turn.claim, turn.step, proposal.index);
  if (recorded) return recorded;
  if (proposal.arguments === undefined) return told("the arguments are not a JSON object; send them again as one");
  if (!proposal.action.includes(".")) return told(`there is no tool "${proposal.action.slice(0, 100)}"`);
  return ports.call(turn.step, proposal.index, proposal.action, proposal.arguments);
}

/** What cannot be a call at all is answered here: the gateway's journal has nothing to say about it. */
function told(message: string): ToolResult {
  return { isError: true, content: [{ type: "text", text: message }] };
}
