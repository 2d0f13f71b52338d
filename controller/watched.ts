import type { AgentBinding } from "../api/generated/agent-binding.ts";
import type { AgentRole } from "../api/generated/agent-role.ts";
import type { AgentRun } from "../api/generated/agent-run.ts";
import type { AgentTrigger } from "../api/generated/agent-trigger.ts";
import { kinds } from "../api/kinds.ts";
import type { Resource, Stored } from "../api/resource.ts";
import { credentialType, type SecretFact } from "./agent-binding/credentials.ts";
import { subjectIndex } from "./agent-binding/reconciler.ts";
import type { InformerOptions } from "./kit/informers.ts";

const all = () => [""];

/** Everything the controller follows, and the indexes that keep each look-up as small as its answer. */
export const watched: readonly InformerOptions[] = [
  { kind: kinds.Namespace, indexes: { all } },
  {
    kind: kinds.AgentRole,
    indexes: {
      content: ({ metadata, spec }: Stored<AgentRole>) =>
        (spec.contentFrom ?? []).map(({ configMapRef }) => `${metadata.namespace}/${configMapRef.name}`),
      tier: ({ spec }: Stored<AgentRole>) => Object.values(spec.modelTiers ?? {}),
    },
  },
  {
    kind: kinds.AgentBinding,
    indexes: {
      role: ({ metadata, spec }: Stored<AgentBinding>) => [`${metadata.namespace}/${spec.roleRef.name}`],
      subject: (binding: Stored<AgentBinding>) => [subjectIndex(binding)],
      secret: ({ metadata, spec }: Stored<AgentBinding>) => [
        ...new Set((spec.credentials ?? []).map(({ secretRef }) => `${metadata.namespace}/${secretRef.name}`)),
      ],
      deleting: ({ metadata }: Stored<AgentBinding>) =>
        metadata.deletionTimestamp === undefined ? [] : [metadata.namespace!],
    },
  },
  {
    kind: kinds.AgentTrigger,
    indexes: {
      uid: ({ metadata }: Stored<AgentTrigger>) => [metadata.uid],
      role: ({ metadata, spec }: Stored<AgentTrigger>) =>
        spec.target.roleRef === undefined ? [] : [`${metadata.namespace}/${spec.target.roleRef.name}`],
      binding: ({ metadata, spec }: Stored<AgentTrigger>) =>
        spec.target.bindingRef === undefined ? [] : [`${metadata.namespace}/${spec.target.bindingRef.name}`],
    },
  },
  { kind: kinds.AgentBudget },
  { kind: kinds.AgentStop },
  {
    kind: kinds.AgentRun,
    indexes: {
      binding: ({ metadata, spec }: Stored<AgentRun>) => [`${metadata.namespace}/${spec.bindingRef.name}`],
      waiting: ({ metadata, spec, status }: Stored<AgentRun>) =>
        status?.phase === undefined ? [`${metadata.namespace}/${spec.bindingRef.name}`] : [],
    },
  },
  { kind: kinds.ModelTier, indexes: { all } },
  { kind: kinds.ToolServer, indexes: { all } },
  {
    // Only credentials, and of those only which keys they have: no value of a Secret stays in this process.
    kind: kinds.Secret,
    fieldSelector: `type=${credentialType}`,
    keep: (secret: Stored<SecretFact>) => ({ ...secret, data: blank(secret.data) }),
  },
  {
    // That it is there and which version; the text is read when a role needs it.
    kind: kinds.ConfigMap,
    keep: ({ apiVersion, kind, metadata }: Stored<Resource>) => ({ apiVersion, kind, metadata }),
  },
];

function blank(data: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.keys(data ?? {}).map((key) => [key, ""]));
}
