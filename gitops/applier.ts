import type { KubeClient } from "../kube/client.ts";
import { statusOf } from "../kube/connect.ts";
import { messageOf, Problem } from "../lib/problem.ts";
import { asMember, fieldManager, memberLabel } from "./apply-set.ts";
import type { Finding } from "./finding.ts";
import type { KindResolver } from "./kind-resolver.ts";
import { keyOf, type ObjectKey, parseKey } from "./object-key.ts";
import type { Wanted } from "./plan.ts";
import { locate } from "./tree.ts";

export interface ApplierPorts {
  readonly kube: KubeClient;
  readonly kinds: KindResolver;
  /** Of the ApplySet. */
  readonly id: string;
}

/** What the server has against an object, at the line that it is about; undefined when it would accept it. Changes nothing. */
export async function rehearse(
  wanted: Wanted,
  ports: ApplierPorts,
  newNamespaces: ReadonlySet<string>,
): Promise<Finding | undefined> {
  try {
    await send(wanted, ports, true);
    return undefined;
  } catch (thrown) {
    const { namespace } = wanted.object.metadata;
    // A namespace of this very sync is not there yet; the object is checked when it is applied.
    if (statusOf(thrown) === 404 && namespace !== undefined && newNamespaces.has(namespace)) return undefined;
    return toFinding(wanted, thrown);
  }
}

/** Server-side apply, strictly: unknown fields are refused. Throws what the client throws. May run twice. */
export async function send(wanted: Wanted, { kube, kinds, id }: ApplierPorts, dryRun = false): Promise<void> {
  const kind = await kinds.resolve(wanted.object.apiVersion, wanted.object.kind);
  // Force: the file is the source of truth at the moment when it changes; what people change in between stays until then.
  const options = { fieldManager, force: true, dryRun, fieldValidation: "Strict" as const };
  await kube.apply(kind, asMember(wanted.object, id), options);
}

/** Deletes one object; one that is gone already is fine. */
export async function remove(key: ObjectKey, { kube, kinds }: ApplierPorts): Promise<void> {
  const { group, kind, name, namespace } = parseKey(key);
  try {
    await kube.delete(await kinds.resolveGroupKind(group, kind), name, namespace);
  } catch (thrown) {
    if (statusOf(thrown) !== 404) throw thrown;
  }
}

/** All members of the set that the API holds, terminating ones left out. */
export async function listMembers(
  groupKinds: readonly string[],
  { kube, kinds, id }: ApplierPorts,
): Promise<Set<ObjectKey>> {
  const members = new Set<ObjectKey>();
  for (const groupKind of groupKinds) {
    const dot = groupKind.indexOf(".");
    const kind = dot < 0 ? groupKind : groupKind.slice(0, dot);
    try {
      const ref = await kinds.resolveGroupKind(dot < 0 ? "" : groupKind.slice(dot + 1), kind);
      const { items } = await kube.list(ref, { labelSelector: `${memberLabel}=${id}` });
      for (const item of items) if (!item.metadata.deletionTimestamp) members.add(keyOf(item));
    } catch (thrown) {
      if (statusOf(thrown) !== 404) throw thrown;
    }
  }
  return members;
}

/** The finding that a refusal amounts to; undefined for failures that are not about the object (no answer, no right, conflict). */
export function toFinding(wanted: Wanted, thrown: unknown): Finding | undefined {
  if (!(thrown instanceof Problem) || !["InvalidRequest", "TooLarge"].includes(thrown.reason)) return undefined;
  const said = typeof thrown.details.message === "string" ? thrown.details.message : messageOf(thrown);
  const field =
    /(?:is invalid: \[?|unknown field "|duplicate field ")((?:spec|metadata)[^\s:",]*)/.exec(said)?.[1] ?? "";
  const at = field === "" ? wanted.at : locate(wanted.tree, field);
  return { at, message: said.replace(/\s*\n\s*/g, " ") };
}
