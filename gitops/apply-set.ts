import { createHash } from "node:crypto";
import { kinds } from "../api/kinds.ts";
import type { Resource } from "../api/resource.ts";
import type { KubeClient } from "../kube/client.ts";
import { type ObjectKey, parseKey } from "./object-key.ts";

/** The parent object of an ApplySet (KEP-3659): names what a tool applied, so that it alone prunes it. */
export interface ApplySetParent {
  readonly name: string;
  readonly namespace: string;
}

export const fieldManager = "roster-sync";
export const memberLabel = "applyset.kubernetes.io/part-of";
const idLabel = "applyset.kubernetes.io/id";
const toolingAnnotation = "applyset.kubernetes.io/tooling";
const kindsAnnotation = "applyset.kubernetes.io/contains-group-kinds";
const namespacesAnnotation = "applyset.kubernetes.io/additional-namespaces";

/** `applyset-<base64url(sha256(name.namespace.kind.group))>-v1`, as KEP-3659 has it. */
export function applySetId({ name, namespace }: ApplySetParent): string {
  const hash = createHash("sha256").update(`${name}.${namespace}.ConfigMap.`).digest("base64url");
  return `applyset-${hash}-v1`;
}

/** The object as it is sent: marked as a member. */
export function asMember<O extends Resource>(object: O, id: string): O {
  return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, [memberLabel]: id } } };
}

/** Writes which kinds and namespaces the set holds. Idempotent; makes the parent's namespace where it is missing. */
export async function putParent(
  kube: KubeClient,
  parent: ApplySetParent,
  members: Iterable<ObjectKey>,
): Promise<string> {
  const names = [...members].map(parseKey);
  const groupKinds = new Set(names.map(({ group, kind }) => (group === "" ? kind : `${kind}.${group}`)));
  const namespaces = new Set(names.flatMap(({ namespace }) => namespace ?? []));
  namespaces.delete(parent.namespace);
  const object: Resource = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      ...parent,
      labels: { [idLabel]: applySetId(parent) },
      annotations: {
        [toolingAnnotation]: "roster/v0.1.0",
        [kindsAnnotation]: [...groupKinds].sort().join(","),
        [namespacesAnnotation]: [...namespaces].sort().join(","),
      },
    },
  };
  if (!(await kube.find(kinds.Namespace, parent.namespace))) {
    const namespace: Resource = { apiVersion: "v1", kind: "Namespace", metadata: { name: parent.namespace } };
    await kube.apply(kinds.Namespace, namespace, { fieldManager });
  }
  const stored = await kube.apply(kinds.ConfigMap, object, { fieldManager, force: true });
  return stored.metadata.uid;
}

/** The kinds that the set holds by its parent's own account, as `Kind.group`. Empty without a parent. */
export async function listGroupKinds(
  kube: KubeClient,
  parent: ApplySetParent,
): Promise<{ readonly uid?: string; readonly groupKinds: readonly string[] }> {
  const found = await kube.find(kinds.ConfigMap, parent.name, parent.namespace);
  const text = found?.metadata.annotations?.[kindsAnnotation] ?? "";
  return { ...(found ? { uid: found.metadata.uid } : {}), groupKinds: text.split(",").filter(Boolean) };
}
