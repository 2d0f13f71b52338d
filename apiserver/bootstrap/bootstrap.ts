import { isDeepStrictEqual } from "node:util";
import { problem } from "../../api/reasons.ts";
import { copyJson } from "../../lib/json.ts";
import { messageOf } from "../../lib/problem.ts";
import { crdBucket } from "../kinds/definition-names.ts";
import type { ServedKind } from "../kinds/kind.ts";
import type { Api, User } from "../rest/api.ts";
import { createObject } from "../rest/create.ts";
import { asKind, conform } from "../rest/prepare.ts";
import { updateObject } from "../rest/update.ts";
import type { KubeObject } from "../store/entry.ts";
import { defaultBindings, defaultRoles } from "./roles.ts";

const self: User = { name: "system:apiserver", groups: ["system:masters", "system:authenticated"] };
const options = { dryRun: false, fieldManager: "roster-apiserver" };
const rbac = "rbac.authorization.k8s.io";

const bootstrapped = {
  labels: { "kubernetes.io/bootstrapping": "rbac-defaults" },
  annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" },
};

/** Makes what every cluster has: four namespaces and the default roles. Safe to run again; changes nothing then. */
export async function bootstrap(api: Api): Promise<void> {
  for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"]) {
    await ensure(api, "", "namespaces", { metadata: { name } });
  }
  for (const { name, labels = {}, aggregates, rules } of defaultRoles) {
    await ensure(api, rbac, "clusterroles", {
      metadata: { ...bootstrapped, name, labels: { ...bootstrapped.labels, ...labels } },
      ...(rules ? { rules } : { rules: [] }),
      ...(aggregates ? { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregates]: "true" } }] } } : {}),
    });
  }
  for (const { role, groups } of defaultBindings) {
    await ensure(api, rbac, "clusterrolebindings", {
      metadata: { ...bootstrapped, name: role },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: role },
      subjects: groups.map((name) => ({ kind: "Group", apiGroup: rbac, name })),
    });
  }
}

/**
 * Installs or updates CustomResourceDefinitions and waits until they are served. Throws `InvalidManifest` naming the
 * definition and what is wrong with it.
 */
export async function installDefinitions(api: Api, crds: readonly object[]): Promise<void> {
  const kind = kindOf(api, "apiextensions.k8s.io", "customresourcedefinitions");
  for (const crd of crds) {
    const name = (crd as KubeObject).metadata?.name ?? "";
    try {
      const object = prepared(kind, structuredClone(crd) as KubeObject);
      await put(api, kind, name, object);
    } catch (cause) {
      throw problem("InvalidManifest", `cannot install CustomResourceDefinition "${name}": ${messageOf(cause)}`, {
        cause,
      });
    }
  }
  await settled(
    api,
    crds.map((crd) => (crd as KubeObject).metadata.name),
  );
}

// Definitions are served as soon as their status says so, which is a commit of its own.
async function settled(api: Api, names: readonly string[]): Promise<void> {
  for (const name of names) {
    for (let turns = 0; turns < 100; turns++) {
      const entry = api.store.find(crdBucket, name);
      if (entry?.bytes.includes('"type":"NamesAccepted"')) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

async function put(api: Api, kind: ServedKind, name: string, object: KubeObject): Promise<void> {
  const common = { namespace: "", user: self, options, warnings: [] };
  if (!api.store.find(kind.bucket, name)) {
    await createObject(api, kind, object, common);
    return;
  }
  await updateObject(api, kind, { ...common, name, subresource: "", mayCreate: false, replaces: false }, (live) => {
    const { labels, annotations } = object.metadata;
    const next = { ...object, metadata: { ...live!.metadata } };
    if (labels) next.metadata.labels = { ...live!.metadata.labels, ...labels };
    if (annotations) next.metadata.annotations = { ...live!.metadata.annotations, ...annotations };
    return { object: isDeepStrictEqual(next, live) ? copyJson(live!) : next, tracked: false };
  });
}

async function ensure(api: Api, group: string, plural: string, partial: object): Promise<void> {
  const kind = kindOf(api, group, plural);
  const object = prepared(kind, structuredClone(partial) as KubeObject);
  if (api.store.find(kind.bucket, object.metadata.name)) return;
  await createObject(api, kind, object, { namespace: "", user: self, options, warnings: [] });
}

function prepared(kind: ServedKind, partial: KubeObject): KubeObject {
  const object = asKind(kind, partial);
  conform(kind, object);
  return object;
}

function kindOf(api: Api, group: string, plural: string): ServedKind {
  const kind = api.registry.find(group, "v1", plural);
  if (!kind) throw new Error(`${plural} is not served`);
  return kind;
}
