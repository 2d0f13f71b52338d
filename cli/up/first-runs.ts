import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentRun } from "../../api/generated/agent-run.ts";
import { kinds } from "../../api/kinds.ts";
import type { KubeClient } from "../../kube/client.ts";
import { statusOf } from "../../kube/connect.ts";
import { conditionOf } from "./view/news.ts";

/**
 * Asks for one run of a binding, as a person would with `kubectl create -f`: as that person, under the same admission. A
 * run of that name that is there already is left alone. Throws Forbidden where the person may not.
 */
export async function requestFirstRun(kube: KubeClient, binding: AgentBinding): Promise<void> {
  const { subject } = binding.spec;
  const run: AgentRun = {
    apiVersion: "roster.dev/v1alpha1",
    kind: "AgentRun",
    metadata: { name: `${binding.metadata.name}-first`, namespace: binding.metadata.namespace ?? "" },
    spec: {
      bindingRef: { name: binding.metadata.name },
      requestedBy: subject.name,
      task: {
        intent: "daily-snapshot",
        text: `Prepare the daily snapshot for ${subject.name}`,
        payload: { horizonDays: 1 },
      },
    },
  };
  try {
    await kube.create(kinds.AgentRun, run, { fieldManager: "roster-up" });
  } catch (thrown) {
    if (statusOf(thrown) !== 409) throw thrown;
  }
}

/** Whether a run of this binding would be admitted and could reach its tools. */
export function canWork(binding: AgentBinding): boolean {
  const { conditions } = binding.status ?? {};
  if (binding.metadata.deletionTimestamp || conditionOf(conditions, "Ready")?.status !== "True") return false;
  return conditionOf(conditions, "CredentialsBound")?.status !== "False";
}
