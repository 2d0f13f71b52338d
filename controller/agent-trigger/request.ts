import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentTrigger } from "../../api/generated/agent-trigger.ts";
import type { Stored } from "../../api/resource.ts";
import type { AdmitRequest } from "../../ledger/ledger.ts";
import { type Instant, toRfc3339 } from "../../lib/clock.ts";
import { fillTemplate } from "../../policy/admission.ts";

/** The run that a schedule asks for at one instant. The key names the instant, so the ledger takes it once. */
export function toRequest(
  trigger: Stored<AgentTrigger>,
  binding: Stored<AgentBinding>,
  at: Instant,
  tenant: string,
): AdmitRequest {
  const { task, schedule, window } = trigger.spec;
  const scheduledAt = toRfc3339(at);
  const { subject, team, timeZone, parameters } = binding.spec;
  const facts = {
    binding: {
      name: binding.metadata.name,
      subject: { kind: subject.kind, name: subject.name },
      team: team ?? "",
      timeZone: timeZone ?? "UTC",
      parameters: parameters ?? {},
    },
    trigger: { name: trigger.metadata.name },
    scheduledAt,
  };
  return {
    tenant,
    bindingUid: binding.metadata.uid,
    key: `schedule:${trigger.metadata.uid}:${binding.metadata.uid}:${scheduledAt}`,
    origin: { type: "Schedule", trigger: trigger.metadata.name, scheduledAt },
    requestedBy: `agenttrigger/${trigger.metadata.name}`,
    madeAt: at,
    task: {
      ...(task.intent === undefined ? {} : { intent: task.intent }),
      ...(task.text === undefined ? {} : { text: fillTemplate(task.text, facts) }),
      ...(task.payload === undefined ? {} : { payload: task.payload }),
    },
    concurrency: schedule?.concurrency ?? "Forbid",
    triggerUid: trigger.metadata.uid,
    window: {
      show: window?.show ?? "Always",
      keepSucceeded: window?.keepSucceeded ?? 3,
      keepFailed: window?.keepFailed ?? 10,
    },
  };
}
