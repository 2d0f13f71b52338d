import { apiVersionOf, type KindRef, kinds } from "../../api/kinds.ts";
import type { Resource } from "../../api/resource.ts";
import type { KubeClient } from "../../kube/client.ts";

/** An object of ours in namespace acme. */
export function anObject<S>(
  kind: KindRef,
  name: string,
  spec: S,
  more: Partial<Resource["metadata"]> = {},
): Resource & { spec: S } {
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { name, ...(kind.namespaced ? { namespace: "acme" } : {}), ...more },
    spec,
  };
}

export const aTier = (name: string) =>
  anObject(kinds.ModelTier, name, { model: "m", prices: { inputPerMillion: "0.15", outputPerMillion: "0.60" } });

export const aRole = (name = "assistant", more: object = {}) =>
  anObject(kinds.AgentRole, name, {
    soul: "Be brief.",
    modelTiers: { draft: "workhorse" },
    memorySeed: [{ path: "preferences.md", content: "likes brevity" }],
    budget: { perBinding: { day: "25.00", run: "1.50" } },
    ...more,
  });

export const aBinding = (name: string, more: object = {}) =>
  anObject(kinds.AgentBinding, name, {
    roleRef: { name: "assistant" },
    subject: { kind: "User", name: `${name}@acme.example` },
    ...more,
  });

export const aRequest = (name: string, binding: string, more: object = {}) =>
  anObject(kinds.AgentRun, name, {
    bindingRef: { name: binding },
    requestedBy: "admin",
    task: { intent: "try", text: "Try it" },
    ...more,
  });

export const aSecret = (name: string, subject: string, more: object = {}) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: {
    name,
    namespace: "acme",
    annotations: { "roster.dev/allowed-origins": "local:mail", "roster.dev/subject": subject },
  },
  type: "roster.dev/credential",
  data: { token: Buffer.from("very-secret").toString("base64") },
  ...more,
});

/** Applies the least that an agent needs: a tier and a role. */
export async function aFleet(kube: KubeClient): Promise<void> {
  await kube.create(kinds.ModelTier, aTier("workhorse"));
  await kube.create(kinds.AgentRole, aRole());
}
