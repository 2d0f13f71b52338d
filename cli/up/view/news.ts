import type { AgentBinding } from "../../../api/generated/agent-binding.ts";
import type { AgentRun } from "../../../api/generated/agent-run.ts";
import type { Condition } from "../../../api/resource.ts";
import type { SyncEvent } from "../../../gitops/sync.ts";

/** One line about something that happened; `tone` is for terminals that have colours. */
export interface News {
  readonly text: string;
  readonly tone: "good" | "bad" | "plain";
}

const finished = new Set(["Succeeded", "Failed", "Cancelled", "Refused"]);

/** Who was hired and who was fired. Nothing for changes that are neither. */
export function bindingNews(before: AgentBinding | undefined, after: AgentBinding | undefined): News | undefined {
  const name = (after ?? before)?.metadata.name ?? "";
  if (!after) return before ? { text: `gone   ${name}: its finalizer was released`, tone: "plain" } : undefined;
  if (after.metadata.deletionTimestamp) {
    const revoked = isTrue(after.status?.conditions, "Revoked");
    if (!before?.metadata.deletionTimestamp && !revoked) return { text: `firing ${name}`, tone: "plain" };
    if (revoked && !isTrue(before?.status?.conditions, "Revoked"))
      return { text: `fired  ${name}: every token is revoked`, tone: "good" };
    return undefined;
  }
  const { roleRef, subject } = after.spec;
  const ready = conditionOf(after.status?.conditions, "Ready");
  const was = conditionOf(before?.status?.conditions, "Ready");
  if (ready?.status === "True" && was?.status !== "True") {
    return { text: `hired  ${name}: ${roleRef.name} for ${subject.name}`, tone: "good" };
  }
  return undefined;
}

/** Why somebody is not hired; undefined for those who are, who are being fired, or of whom nothing is known yet. */
export function notReady(binding: AgentBinding | undefined): News | undefined {
  const ready = conditionOf(binding?.status?.conditions, "Ready");
  if (!binding || binding.metadata.deletionTimestamp || ready?.status !== "False") return undefined;
  const tone = isTrue(binding.status?.conditions, "Stalled") ? "bad" : "plain";
  return { text: `not ready ${binding.metadata.name}: ${ready.reason}: ${ready.message}`, tone };
}

/** What fired, what started, what ended and how, what waits. */
export function runNews(before: AgentRun | undefined, after: AgentRun | undefined): News | undefined {
  if (!after) return undefined;
  const { name } = after.metadata;
  const phase = after.status?.phase;
  if (phase === undefined || phase === before?.status?.phase) return undefined;
  const { origin } = after.spec;
  if (phase === "Queued") {
    const fired = origin && origin.type !== "Person";
    const text = fired
      ? `fires  ${name}: ${origin.trigger ?? origin.type}`
      : `asked  ${name}: by ${after.spec.requestedBy ?? "somebody"}`;
    return { text, tone: "plain" };
  }
  if (phase === "Running") return { text: `runs   ${name}`, tone: "plain" };
  if (phase === "Waiting") {
    const waiting = after.status?.waitingFor;
    return {
      text: `waits  ${name}: for ${waiting ? [waiting.type, waiting.name].filter(Boolean).join(" ") : after.status?.reason}`,
      tone: "plain",
    };
  }
  if (!finished.has(phase)) return undefined;
  const answeredBy = after.status?.rung ? `, answered by ${answer(after)}` : "";
  const cost = after.status?.cost?.own ? `, $${after.status.cost.own}` : "";
  if (phase === "Succeeded") return { text: `done   ${name}${answeredBy}${cost}`, tone: "good" };
  const why = [after.status?.reason, after.status?.message].filter(Boolean).join(": ");
  return {
    text: `${phase.toLowerCase().padEnd(6)} ${name}: ${why}${cost}`,
    tone: phase === "Cancelled" ? "plain" : "bad",
  };
}

/** What the folder sync did or found. */
export function syncNews(event: SyncEvent): readonly News[] {
  switch (event.kind) {
    case "applied":
    case "removed":
      return [
        { text: `${event.kind === "applied" ? "apply " : "remove"} ${event.object}  (${event.unit})`, tone: "plain" },
      ];
    case "valid":
      return [{ text: `valid  ${event.unit}`, tone: "good" }];
    case "invalid":
      return event.findings.map((finding) => ({ text: `wrong  ${finding}`, tone: "bad" }));
    case "kept":
      return [{ text: `kept   ${event.object}: ${event.why}`, tone: "plain" }];
    case "failed":
      return [{ text: `failed ${event.object}: ${event.message}`, tone: "bad" }];
  }
}

/** `work (workhorse)`: the rung, and its tier where it was one. */
export function answer(run: AgentRun): string {
  const { rung, tier } = run.status ?? {};
  return rung === undefined ? "" : tier === undefined || tier === "" ? rung : `${rung} (${tier})`;
}

export function conditionOf(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return conditionOf(conditions, type)?.status === "True";
}
