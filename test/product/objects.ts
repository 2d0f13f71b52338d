import type { AgentRun } from "../../api/generated/agent-run.ts";
import type { Resource } from "../../api/resource.ts";
import type { Cluster } from "./cluster.ts";

/** What the person of a cluster asks her agent for. */
export function aRequest({ namespace, person }: Cluster, name: string, more: object = {}): AgentRun {
  return {
    apiVersion: "roster.dev/v1alpha1",
    kind: "AgentRun",
    metadata: { name, namespace },
    spec: {
      bindingRef: { name: "tess-ana" },
      requestedBy: person.name,
      task: { intent: "daily-snapshot", text: "Prepare my snapshot", payload: { horizonDays: 1 } },
      ...more,
    },
  };
}

/** One more who gets an assistant; the Secret that it names is not there yet. */
export function aNewcomer({ namespace }: Cluster, name: string, subject: string): Resource & { spec: object } {
  return {
    apiVersion: "roster.dev/v1alpha1",
    kind: "AgentBinding",
    metadata: { name, namespace },
    spec: {
      roleRef: { name: "executive-assistant" },
      subject: { kind: "User", name: subject },
      credentials: [{ server: "mail", secretRef: { name: `${name}-mail`, key: "token" } }],
    },
  };
}
