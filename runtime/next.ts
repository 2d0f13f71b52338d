import { problem } from "../api/reasons.ts";
import { digest } from "../lib/json.ts";
import { type Acted, type Message, type Rejected, type Reply, type TierChoice, type Turn, toText } from "./stages.ts";

/** The turn after actions. Throws NoProgress when every call was there before with the same arguments and result. */
export function next({ reply, results }: Acted): Turn {
  const { turn, message } = reply;
  const done = results.map(({ proposal, result }) => {
    const text = toText(result);
    return { id: proposal.callId, text, key: digest([proposal.action, proposal.arguments ?? null, text]), proposal };
  });
  const [first] = done;
  if (first && done.every(({ key }) => turn.seen.has(key))) {
    throw problem("NoProgress", `the run called ${first.proposal.action} twice with the same arguments and result`);
  }
  const answers = done.map(({ id, text }): Message => ({ role: "tool", tool_call_id: id, content: text }));
  return {
    ...turn,
    step: turn.step + 1,
    messages: [...turn.messages, message, ...answers],
    seen: new Set([...turn.seen, ...done.map(({ key }) => key)]),
  };
}

const defaultRepairs = 1;

/**
 * The turn after an answer that was not accepted: once more on the same tier with the error, then one rung up where the
 * rung says so. Throws the rejection's reason where neither is left. `recorded` is what a former owner did here.
 */
export function repair(
  reply: Reply,
  rejected: Rejected,
  recorded?: { readonly message: Message; readonly tier: string },
): Turn {
  const { turn } = reply;
  const message: Message = recorded?.message ?? {
    role: "user",
    content: `Your answer was not accepted: ${rejected.message}. Correct it and answer again.`,
  };
  const again = { ...turn, step: turn.step + 1, messages: [...turn.messages, reply.message, message] };
  const allowed = turn.claim.role.spec.retries?.invalidOutput ?? defaultRepairs;
  const staysOnTier = recorded ? recorded.tier === turn.tiers[0].tier : turn.repairs < allowed;
  if (staysOnTier) return { ...again, repairs: turn.repairs + 1 };
  const [current, up, ...rest] = turn.tiers;
  if (up && (recorded || current.escalateOn.includes("OutputInvalid"))) {
    const tiers: readonly [TierChoice, ...TierChoice[]] = [up, ...rest];
    return { ...again, tiers, repairs: 0 };
  }
  const tried = turn.repairs === 1 ? "1 repair" : `${turn.repairs} repairs`;
  throw problem(
    rejected.reason === "EvidenceMissing" ? "EvidenceMissing" : "OutputInvalid",
    `${rejected.message} (after ${tried})`,
  );
}
