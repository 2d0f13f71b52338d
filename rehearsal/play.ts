import { problem } from "../api/reasons.ts";
import { digest } from "../lib/json.ts";
import { messageOf } from "../lib/problem.ts";
import type { Variables } from "../policy/facts.ts";
import type { Conversation } from "./conversation.ts";
import type { Reply, Scene } from "./script.ts";
import type { Program } from "./scripts.ts";

/** The reply that a script has for a conversation, and where it stands. */
export interface Cue {
  readonly scene: Scene;
  readonly reply: Reply;
}

/** Counts attempts at the same point of the same conversation, so that a script can fail first and answer then. */
export type Attempts = (key: string) => number;

/** Counts in memory. Forgets the oldest beyond ten thousand, where nothing is tried again any more. */
export function countAttempts(): Attempts {
  const seen = new Map<string, number>();
  return (key) => {
    const attempt = seen.get(key) ?? 0;
    seen.delete(key);
    seen.set(key, attempt + 1);
    if (seen.size > 10_000) seen.delete(seen.keys().next().value as string);
    return attempt;
  };
}

/** The first scene whose conditions hold and its reply for this turn. Throws InvalidRequest where no scene fits. */
export function cue({ scenes, faults }: Program, conversation: Conversation, attempts: Attempts): Cue {
  const scene = scenes.find((candidate) => fits(candidate, conversation));
  if (!scene) {
    const { task, turn, model, user } = conversation;
    const asked = task.intent === "" ? JSON.stringify(user.slice(0, 80)) : `intent "${task.intent}"`;
    throw problem(
      "InvalidRequest",
      `no scene of the rehearsal fits ${asked}, turn ${turn}, model "${model}"; ${faults.length > 0 ? faults.join("; ") : "write one in the role's rehearsal.yaml"}`,
    );
  }
  const turn = Math.min(conversation.turn, scene.replies.length - 1);
  const choices = scene.replies[turn] as readonly Reply[];
  const attempt = choices.length > 1 ? attempts(digest([scene.source, conversation.model, conversation.messages])) : 0;
  return { scene, reply: choices[Math.min(attempt, choices.length - 1)] as Reply };
}

/** What templates of a reply may name. */
export function toTemplateVariables(conversation: Conversation): Variables {
  const { after: _, ...visible } = conversation;
  return { ...visible };
}

function fits(scene: Scene, conversation: Conversation): boolean {
  const { when } = scene;
  if (when.system && !when.system(conversation.system)) return false;
  if (when.user && !when.user(conversation.user)) return false;
  if (when.intent !== undefined && when.intent !== conversation.task.intent) return false;
  if (when.turn !== undefined && when.turn !== conversation.turn) return false;
  if (when.after !== undefined && when.after !== conversation.after) return false;
  if (when.model !== undefined && !isModel(when.model, conversation.model)) return false;
  if (!when.cel) return true;
  try {
    return when.cel.holds(toTemplateVariables(conversation));
  } catch (cause) {
    // Results that are not there yet are the usual reason; a scene that cannot be judged does not play.
    if (messageOf(cause).includes("no such")) return false;
    throw problem("InvalidRequest", `${scene.source}: ${messageOf(cause)}`, { cause });
  }
}

/** `workhorse` and `rehearsal/workhorse` name the same model. */
function isModel(wanted: string, model: string): boolean {
  return model === wanted || model === `rehearsal/${wanted}`;
}
