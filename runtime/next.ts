import { problem } from "../api/reasons.ts";
import { digest, isObject } from "../lib/json.ts";
import { type Acted, type Message, type Rejected, type Reply, type Turn, toMessage, toText } from "./stages.ts";

/** The turn after actions. Throws NoProgress when every call was there before with the same arguments and result. */
export function next({ reply, results }: Acted): Turn {
  const { turn, message } = reply;
  const answers = results.map(({ proposal, result }) =>
    toMessage({ role: "tool", tool_call_id: proposal.callId, content: toText(result) }),
  );
  const seen = new Set(turnKeys(turn.messages));
  if (results.length > 0 && turnKeys([message, ...answers]).every((key) => seen.has(key))) {
    const action = results[0]?.proposal.action;
    throw problem("NoProgress", `the run called ${action} twice with the same arguments and result`);
  }
  return { ...turn, step: turn.step + 1, messages: [...turn.messages, message, ...answers] };
}

/** One digest per call with its arguments and result. Results follow their calls in order, whatever ids a provider gives. */
function turnKeys(messages: readonly Message[]): readonly string[] {
  const open: unknown[] = [];
  const keys: string[] = [];
  for (const message of messages) {
    if (Array.isArray(message.tool_calls))
      open.push(...message.tool_calls.map((call) => isObject(call) && call.function));
    if (message.role === "tool") keys.push(digest([open.shift() ?? null, message.content ?? null]));
  }
  return keys;
}

const defaultRepairs = 1;

/**
 * The turn after an answer that was not accepted: once more on the same tier with the error, then one rung up where the
 * rung says so. Throws the rejection's reason where neither is left.
 */
export function repair(reply: Reply, rejected: Rejected): Turn {
  const { turn } = reply;
  const content = `Your answer was not accepted: ${rejected.message}. Correct it and answer again.`;
  const messages = [...turn.messages, reply.message, toMessage({ role: "user", content })];
  const again = { ...turn, step: turn.step + 1, messages };
  const allowed = turn.claim.role.spec.retries?.invalidOutput ?? defaultRepairs;
  if (turn.repairs < allowed) return { ...again, repairs: turn.repairs + 1 };
  const [current, up, ...rest] = turn.tiers;
  if (up && current.escalateOn.includes("OutputInvalid")) return { ...again, tiers: [up, ...rest], repairs: 0 };
  const tried = turn.repairs === 1 ? "1 repair" : `${turn.repairs} repairs`;
  const reason = rejected.reason === "EvidenceMissing" ? "EvidenceMissing" : "OutputInvalid";
  throw problem(reason, `${rejected.message} (after ${tried})`);
}
