import { readFileSync } from "node:fs";
import path from "node:path";
import { parse, parseAllDocuments } from "yaml";
import type { KindRef } from "../../api/kinds.ts";
import type { Resource, Stored } from "../../api/resource.ts";
import { KindResolver } from "../../gitops/kind-resolver.ts";
import type { KubeClient } from "../../kube/client.ts";
import { listAll, removeObject } from "./fleet.ts";
import { dropOwn } from "./force.ts";
import type { Task } from "./progress.ts";
import { gone, installed } from "./remove.ts";

/** An object of an installation whose place or name is not written in manifests/install. */
export interface Labelled {
  readonly kind: KindRef;
  readonly object: Stored;
}

interface Shape {
  readonly apiVersion: string;
  readonly kind: string;
  /** Absent: any namespace that somebody opened. */
  readonly namespace?: string;
  readonly name: RegExp;
}

interface Kustomization {
  readonly configMapGenerator: readonly { readonly name: string; readonly namespace: string }[];
}

// Without a binding nobody uses the rest.
const order = ["RoleBinding", "Role", "ConfigMap"];

/**
 * Finds what an installation brought beside the objects of manifests/install: ConfigMaps that kustomize makes, and all of
 * manifests/overlays/namespaced, in roster-system and wherever a namespace was opened. Of those names, and labelled as ours:
 * what somebody else named or labelled so is not.
 */
export async function findLabelled(kube: KubeClient, root: string): Promise<readonly Labelled[]> {
  const others = new Set(installed(root).map(nameOf));
  const shapes = shapesOf(path.join(root, "manifests"));
  const resolver = new KindResolver(kube);
  const found: Labelled[] = [];
  for (const kindName of order) {
    const like = shapes.filter(({ kind }) => kind === kindName);
    const kind = await resolver.resolve(like[0]!.apiVersion, kindName);
    for (const object of await listAll(kube, kind, { labelSelector: "app.kubernetes.io/part-of=roster" })) {
      const { name, namespace } = object.metadata;
      const fits = like.some((shape) => shape.name.test(name) && (shape.namespace ?? namespace) === namespace);
      if (fits && !others.has(nameOf(object))) found.push({ kind, object });
    }
  }
  return found;
}

/**
 * Deletes them, lifts the hold (roster.dev/rights) that kept the controller's rights until its agents were let go, and
 * waits until each is gone. Only when everybody is. Answers how many there were.
 */
export async function removeLabelled(kube: KubeClient, found: readonly Labelled[], task: Task): Promise<number> {
  for (const { kind, object } of found) {
    await removeObject(kube, kind, object);
    await dropOwn(kube, kind, object, task);
    await gone(kube, kind, object, task);
  }
  return found.length;
}

/** `Role acme/roster-controller` */
export function nameOf({ kind, metadata: { namespace, name } }: Resource): string {
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

function shapesOf(manifests: string): readonly Shape[] {
  const read = (...file: readonly string[]) => readFileSync(path.join(manifests, ...file), "utf8");
  const objects = ["fleet/rbac.yaml", "model-keys.yaml"]
    .flatMap((file) => parseAllDocuments(read("overlays/namespaced", file)))
    .map((document) => document.toJS() as Resource);
  const generated = ["install", "overlays/namespaced"].flatMap(
    (folder) => (parse(read(folder, "kustomization.yaml")) as Kustomization).configMapGenerator,
  );
  return [
    ...objects.map(({ apiVersion, kind, metadata: { name, namespace } }) => ({
      apiVersion,
      kind,
      name: new RegExp(`^${name}$`),
      ...(namespace === undefined ? {} : { namespace }),
    })),
    // kustomize adds a hash of what is in it.
    ...generated.map(({ name, namespace }) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      name: new RegExp(`^${name}(-[a-z0-9]{10})?$`),
      namespace,
    })),
  ];
}
