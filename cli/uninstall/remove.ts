import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseAllDocuments } from "yaml";
import { type KindRef, kinds } from "../../api/kinds.ts";
import { problem } from "../../api/reasons.ts";
import type { Resource, Stored } from "../../api/resource.ts";
import { KindResolver } from "../../gitops/kind-resolver.ts";
import type { KubeClient } from "../../kube/client.ts";
import { statusOf } from "../../kube/connect.ts";
import { Problem } from "../../lib/problem.ts";
import { listAll } from "./fleet.ts";
import { type Task, unlessBroken, waitUntilNothing } from "./progress.ts";

const namespace = "roster-system";

/** What an installation consists of beside its fleet, in the order in which it can go. */
const order = [
  "HorizontalPodAutoscaler",
  "Deployment",
  "PodDisruptionBudget",
  "Service",
  "NetworkPolicy",
  // Whoever still runs may write nothing from here on.
  "RoleBinding",
  "ClusterRoleBinding",
  "Role",
  "ClusterRole",
  "ConfigMap",
  "Lease",
  "ValidatingAdmissionPolicyBinding",
  "ValidatingAdmissionPolicy",
  "ServiceAccount",
];

/** Made by Roster itself and by its commands. */
const made: readonly Resource[] = [
  ...["roster-ledger", "roster-gateway", "roster-sync"].map((name) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace },
  })),
  { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "roster-controller", namespace } },
];

/** The objects of manifests/install but the namespace and the definitions, first what goes first. Throws NotFound. */
export function installed(root: string): readonly Resource[] {
  const folder = path.join(root, "manifests", "install");
  if (!existsSync(folder))
    throw problem("NotFound", "manifests/install is not in this copy of Roster: run the command from a checkout");
  const objects = readdirSync(folder)
    .filter((name) => name.endsWith(".yaml") && name !== "kustomization.yaml")
    .flatMap((name) => parseAllDocuments(readFileSync(path.join(folder, name), "utf8")))
    .map((document) => document.toJS() as Resource)
    .filter(({ kind }) => order.includes(kind));
  const rank = ({ kind }: Resource) => order.indexOf(kind);
  return [...objects, ...made].sort((a, b) => rank(a) - rank(b));
}

/**
 * Deletes them; what is not there, and what the server has no kind for, is passed over. Answers how many were there. Throws
 * where the server cannot say what kinds it has.
 */
export async function removeInstalled(kube: KubeClient, objects: readonly Resource[], task: Task): Promise<number> {
  const resolver = new KindResolver(kube);
  let removed = 0;
  for (const { apiVersion, kind, metadata } of objects) {
    unlessBroken(task);
    const ref = await resolver.resolve(apiVersion, kind).catch((thrown: unknown) => {
      if (thrown instanceof Problem && thrown.reason === "NotFound") return undefined;
      throw thrown;
    });
    const found = ref && (await kube.find(ref, metadata.name, metadata.namespace));
    if (!found) continue;
    removed += 1;
    // Its pods first: who still runs would write what is deleted next.
    const how = kind === "Deployment" ? ({ propagation: "Foreground" } as const) : {};
    await kube.delete(ref, metadata.name, metadata.namespace, how).catch((thrown: unknown) => {
      if (statusOf(thrown) !== 404) throw thrown;
    });
    if (kind === "Deployment") await gone(kube, ref, found, task);
  }
  return removed;
}

/** Deletes the namespace unless it still holds what others made: the ledger's key lies there. Answers what that is. */
export async function removeNamespace(kube: KubeClient, task: Task): Promise<readonly string[]> {
  const found = await kube.find(kinds.Namespace, namespace);
  if (!found) return [];
  const secrets = await listAll(kube, kinds.Secret, { namespace });
  if (secrets.length > 0) return secrets.map(({ metadata }) => metadata.name);
  await kube.delete(kinds.Namespace, namespace, undefined);
  await gone(kube, kinds.Namespace, found, task);
  return [];
}

interface Definition extends Resource {
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly plural: string; readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly storage: boolean }[];
  };
}

/** Deletes our definitions, each only when it has no object. Answers those that have. */
export async function removeDefinitions(kube: KubeClient, task: Task): Promise<readonly string[]> {
  const { items } = await kube.list<Definition>(kinds.CustomResourceDefinition);
  const kept: string[] = [];
  for (const definition of items.filter(({ spec }) => spec.group === "roster.dev")) {
    unlessBroken(task);
    const { group, scope, names, versions } = definition.spec;
    const version = versions.find(({ storage }) => storage)?.name ?? versions[0]!.name;
    const kind: KindRef = {
      group,
      version,
      kind: names.kind,
      plural: names.plural,
      namespaced: scope === "Namespaced",
    };
    if ((await listAll(kube, kind)).length > 0) {
      kept.push(definition.metadata.name);
      continue;
    }
    await kube.delete(kinds.CustomResourceDefinition, definition.metadata.name, undefined);
    await gone(kube, kinds.CustomResourceDefinition, definition, task);
  }
  return kept;
}

/** Waits until this object is gone; another of its name is not meant. Throws Unfinished. */
export async function gone(kube: KubeClient, kind: KindRef, { metadata }: Stored, task: Task): Promise<void> {
  await waitUntilNothing(task, async () => {
    const left = await kube.find(kind, metadata.name, metadata.namespace);
    return left?.metadata.uid === metadata.uid ? `${kind.kind} "${metadata.name}" goes` : "";
  });
}
