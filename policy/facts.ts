import type { Task } from "../api/wire.ts";
import type { Instant } from "../lib/clock.ts";
import type { JsonObject } from "../lib/json.ts";

/** What a rule may look at besides the call itself. The same words in router, permissions and contract. */
export interface Facts {
  readonly task: Task;
  readonly binding: {
    readonly subject: { readonly kind: string; readonly name: string };
    readonly parameters: JsonObject;
    readonly team?: string;
    readonly timeZone?: string;
    /** The band that the binding asks for; it can only tighten the role's. */
    readonly band?: string;
  };
  readonly run: { readonly id: string; readonly origin?: string; readonly steps?: number; readonly tainted?: boolean };
  readonly now: Instant;
}

/** The variables of every CEL expression in a role. */
export type Variables = Readonly<Record<string, unknown>>;

/**
 * The variables that an expression in a role sees. Payload members stand directly under `task`, so that a rule reads
 * `task.subject`; the members `intent`, `text` and `payload` are always the task's own and cannot be shadowed by them.
 */
export function toVariables(facts: Facts, more: Variables = {}): Variables {
  const { task, binding, run } = facts;
  return {
    task: {
      ...task.payload,
      intent: task.intent ?? "",
      text: task.text ?? "",
      payload: task.payload ?? {},
    },
    binding: {
      subject: binding.subject,
      parameters: binding.parameters,
      team: binding.team ?? "",
      timeZone: binding.timeZone ?? "UTC",
    },
    parameters: binding.parameters,
    run: { id: run.id, origin: run.origin ?? "", steps: run.steps ?? 0, tainted: run.tainted ?? false },
    now: new Date(facts.now),
    ...more,
  };
}
