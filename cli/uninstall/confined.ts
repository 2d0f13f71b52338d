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

/** An object of an installation with Roles alone. */
export interface Confined {
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

// Without a binding nobody uses the rest.
const order = ["RoleBinding", "Role", "ConfigMap"];

/**
 * Finds what manifests/overlays/namespaced brought beside manifests/install, in roster-system and wherever a namespace was
 * opened: of those names, and labelled as ours. What somebody else named or labelled so is not.
 */
export async function findConfined(kube: KubeClient, root: string): Promise<readonly Confined[]> {
  const others = new Set(installed(root).map(nameOf));
  const shapes = shapesOf(path.join(root, "manifests", "overlays", "namespaced"));
  const resolver = new KindResolver(kube);
  const found: Confined[] = [];
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
export async function removeConfined(kube: KubeClient, found: readonly Confined[], task: Task): Promise<number> {
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

function shapesOf(folder: string): readonly Shape[] {
  const read = (file: string) => readFileSync(path.join(folder, file), "utf8");
  const objects = ["fleet/rbac.yaml", "model-keys.yaml"]
    .flatMap((file) => parseAllDocuments(read(file)))
    .map((document) => document.toJS() as Resource);
  const { configMapGenerator } = parse(read("kustomization.yaml")) as {
    readonly configMapGenerator: readonly { readonly name: string; readonly namespace: string }[];
  };
  return [
    ...objects.map(({ apiVersion, kind, metadata: { name, namespace } }) => ({
      apiVersion,
      kind,
      name: new RegExp(`^${name}$`),
      ...(namespace === undefined ? {} : { namespace }),
    })),
    // kustomize adds a hash of what is in it.
    ...configMapGenerator.map(({ name, namespace }) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      name: new RegExp(`^${name}(-[a-z0-9]{10})?$`),
      namespace,
    })),
  ];
}
