import type { Resource } from "../api/resource.ts";

/** `roster.dev/AgentBinding/acme/tess-ana`: which object, whatever version of the API it is written in. */
export type ObjectKey = string;

export interface ObjectName {
  readonly group: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

export function keyOf(object: Resource): ObjectKey {
  return [groupOf(object.apiVersion), object.kind, object.metadata.namespace ?? "", object.metadata.name].join("/");
}

export function parseKey(key: ObjectKey): ObjectName {
  const [group = "", kind = "", namespace = "", name = ""] = key.split("/");
  return { group, kind, name, ...(namespace === "" ? {} : { namespace }) };
}

/** `AgentBinding acme/tess-ana`, as people read it. */
export function titleOf(key: ObjectKey): string {
  const { kind, namespace, name } = parseKey(key);
  return `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

export function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
}

// What others refer to comes first, so that nothing needs to wait for a later part of the same sync.
const order: readonly string[] = [
  "Namespace",
  "CustomResourceDefinition",
  "ServiceAccount",
  "ClusterRole",
  "Role",
  "ClusterRoleBinding",
  "RoleBinding",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "Secret",
  "ConfigMap",
  "ModelTier",
  "ToolServer",
  "AgentBudget",
  "AgentRole",
  "AgentBinding",
  "AgentTrigger",
];

/** Smaller is applied earlier and removed later. Kinds that we do not know go between configuration and our own. */
export function rankOf(kind: string): number {
  const rank = order.indexOf(kind);
  return rank >= 0 ? rank : order.indexOf("ConfigMap") + 0.5;
}
