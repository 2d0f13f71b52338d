/** Names one kind as the Kubernetes API addresses it. */
export interface KindRef {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

export const group = "roster.dev";
export const version = "v1alpha1";

const ours = (kind: string, plural: string, namespaced = true): KindRef => ({
  group,
  version,
  kind,
  plural,
  namespaced,
});
const core = (kind: string, plural: string, namespaced = true, g = "", v = "v1"): KindRef => ({
  group: g,
  version: v,
  kind,
  plural,
  namespaced,
});

/** Every kind that Roster reads or writes, by kind name. */
export const kinds = {
  AgentRole: ours("AgentRole", "agentroles"),
  AgentBinding: ours("AgentBinding", "agentbindings"),
  AgentTrigger: ours("AgentTrigger", "agenttriggers"),
  AgentBudget: ours("AgentBudget", "agentbudgets"),
  AgentStop: ours("AgentStop", "agentstops"),
  AgentRun: ours("AgentRun", "agentruns"),
  AgentApproval: ours("AgentApproval", "agentapprovals"),
  ModelTier: ours("ModelTier", "modeltiers", false),
  ToolServer: ours("ToolServer", "toolservers"),
  Namespace: core("Namespace", "namespaces", false),
  Secret: core("Secret", "secrets"),
  ConfigMap: core("ConfigMap", "configmaps"),
  Event: core("Event", "events", true, "events.k8s.io"),
  ServiceAccount: core("ServiceAccount", "serviceaccounts"),
  Lease: core("Lease", "leases", true, "coordination.k8s.io"),
  CustomResourceDefinition: core(
    "CustomResourceDefinition",
    "customresourcedefinitions",
    false,
    "apiextensions.k8s.io",
  ),
  ValidatingAdmissionPolicy: core(
    "ValidatingAdmissionPolicy",
    "validatingadmissionpolicies",
    false,
    "admissionregistration.k8s.io",
  ),
  ValidatingAdmissionPolicyBinding: core(
    "ValidatingAdmissionPolicyBinding",
    "validatingadmissionpolicybindings",
    false,
    "admissionregistration.k8s.io",
  ),
  TokenReview: core("TokenReview", "tokenreviews", false, "authentication.k8s.io"),
  SubjectAccessReview: core("SubjectAccessReview", "subjectaccessreviews", false, "authorization.k8s.io"),
} as const satisfies Record<string, KindRef>;

export type KindName = keyof typeof kinds;

export function apiVersionOf(kind: KindRef): string {
  return kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
}
