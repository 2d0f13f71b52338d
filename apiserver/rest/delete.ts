import { setImmediate as nextTurn } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { toRfc3339 } from "../../lib/clock.ts";
import { copyJson } from "../../lib/json.ts";
import { send } from "../http/respond.ts";
import { conflict, forbidden, notFound } from "../http/status.ts";
import { markedForDeletion } from "../kinds/definition-conditions.ts";
import { crdBucket } from "../kinds/definition-names.ts";
import { about, type ServedKind } from "../kinds/kind.ts";
import { type KubeObject, keyOf } from "../store/entry.ts";
import type { Decision } from "../store/store.ts";
import type { Api, Call, User } from "./api.ts";
import { type DeleteOptions, type Propagation, readDeleteOptions } from "./delete-options.ts";
import { pageOf, readListOptions } from "./list.ts";
import { optionsObject, type SentOptions } from "./options.ts";
import { fromStored, toServed, toStored } from "./present.ts";
import { representationOf, respondObject } from "./read.ts";
import { respondPage } from "./write-list.ts";

/** What a deletion came to: the object is gone, or it waits for its finalizers. */
export interface Deleted {
  readonly object: KubeObject;
  readonly gone: boolean;
}

// Their storage answers a deletion with what was deleted.
const shownWhenGone = new Set(["core/serviceaccounts", "core/namespaces"]);
const turnEvery = 250;
const protectedNamespaces = new Set(["default", "kube-system", "kube-public"]);

/** DELETE of one object. */
export async function remove(api: Api, call: Call, kind: ServedKind): Promise<void> {
  const { yaml } = representationOf(call);
  const options = await readDeleteOptions(call);
  const namespace = kind.namespaced ? call.info.namespace : "";
  const { object, gone } = await deleteObject(api, kind, namespace, call.info.name, call.user, options, call.warnings);
  if (!gone || shownWhenGone.has(kind.bucket)) {
    return respondObject(api, call, kind, !gone && options.accepted ? 202 : 200, object);
  }
  const { name, uid } = object.metadata;
  const details = { name, ...(kind.group ? { group: kind.group } : {}), kind: kind.plural, uid };
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
  send(call.response, 200, status, { warnings: call.warnings, yaml });
}

/** DELETE of a collection: each object that a list would answer, one after the other. */
export async function removeCollection(api: Api, call: Call, kind: ServedKind): Promise<void> {
  // What to delete is read before the body is.
  readListOptions(call.query, kind);
  const options = { ...(await readDeleteOptions(call)), unnamed: true };
  const found = await pageOf(api, call, kind);
  for (const [index, entry] of found.page.entries()) {
    // A dry run waits for nothing else.
    if (index % turnEvery === turnEvery - 1) await nextTurn();
    const { name, namespace = "" } = toServed(kind, entry).metadata;
    try {
      await deleteObject(api, kind, namespace, name, call.user, options, call.warnings);
    } catch (error) {
      // Somebody else was faster: that object is what the caller wanted it to be.
      if ((error as { reason?: string }).reason !== "NotFound") throw error;
    }
  }
  // The answer is the list of what there was.
  return respondPage(api, call, kind, found);
}

/**
 * Deletes, or marks as terminating what has finalizers. Background deletes dependents afterwards, Foreground before,
 * Orphan not at all: the last two are finalizers that the garbage collector takes away.
 */
export function deleteObject(
  api: Api,
  kind: ServedKind,
  namespace: string,
  name: string,
  user: User,
  options: DeleteOptions,
  warnings: string[] = [],
): Promise<Deleted> {
  if (kind.bucket === "core/namespaces" && protectedNamespaces.has(name)) {
    throw forbidden(about(kind), name, "this namespace may not be deleted");
  }
  return api.store.write<Deleted>(kind.bucket, keyOf(namespace, name), (stored, entry) => {
    if (!stored || !entry) throw notFound(about(kind), name);
    const live = fromStored(kind, stored, entry.revision);
    checkPreconditions(kind, live, options);
    const { dryRun } = options;
    const request = { operation: "DELETE", user, kind, namespace, subresource: "", dryRun } as const;
    api.admit({
      ...request,
      name: options.unnamed ? "" : name,
      object: undefined,
      oldObject: live,
      options: optionsObject("DeleteOptions", sentOptions(kind, live, options)),
      warnings,
    });
    return decideDeletion(api, kind, live, options);
  });
}

/** A deletion that the server decided on itself says what it would have sent. */
function sentOptions(kind: ServedKind, live: KubeObject, options: DeleteOptions): SentOptions {
  const { propagation, uid, sent } = options;
  const own = {
    ...(propagation ? { propagationPolicy: propagation } : {}),
    ...(uid ? { preconditions: { uid } } : {}),
  };
  const given: SentOptions = sent ?? own;
  if (kind.bucket !== "core/namespaces") return given;
  // Their storage goes on with the one that it found.
  return { ...given, preconditions: { uid: live.metadata.uid, ...(given.preconditions as object | undefined) } };
}

function decideDeletion(api: Api, kind: ServedKind, live: KubeObject, options: DeleteOptions): Decision<Deleted> {
  if (kind.bucket === crdBucket && !live.metadata.deletionTimestamp) {
    // Its storage marks it and no more.
    const marked = markedForDeletion(live, toRfc3339(api.clock.now()));
    if (options.dryRun) return { keep: { object: marked, gone: false } };
    return { put: toStored(kind, marked), answer: (entry) => ({ object: toServed(kind, entry), gone: false }) };
  }
  const next = copyJson(live);
  const finalizers = propagationFinalizers(live.metadata.finalizers ?? [], options.propagation);
  if (finalizers.length > 0) next.metadata.finalizers = finalizers;
  else delete next.metadata.finalizers;
  if (finalizers.length === 0 && !isHeldNamespace(next)) {
    if (options.dryRun) return { keep: { object: live, gone: true } };
    return { remove: toStored(kind, next), answer: () => ({ object: live, gone: true }) };
  }
  if (!next.metadata.deletionTimestamp) {
    next.metadata.deletionTimestamp = toRfc3339(api.clock.now());
    if (kind.bucket !== "core/namespaces") {
      next.metadata.deletionGracePeriodSeconds = 0;
      if (next.metadata.generation) next.metadata.generation++;
    }
  }
  if (kind.bucket === crdBucket) next.metadata.deletionGracePeriodSeconds ??= 0;
  if (kind.bucket === "core/namespaces") next.status = { ...(next.status as object), phase: "Terminating" };
  if (isDeepStrictEqual(next, live)) return { keep: { object: live, gone: false } };
  if (options.dryRun) return { keep: { object: next, gone: false } };
  return {
    put: toStored(kind, next),
    answer: (entry) => ({ object: toServed(kind, entry), gone: false }),
  };
}

// The first deletion of a namespace only marks it, whatever it holds.
function isHeldNamespace(object: KubeObject): boolean {
  if (object.apiVersion !== "v1" || object.kind !== "Namespace") return false;
  if (!object.metadata.deletionTimestamp) return true;
  return ((object.spec as { finalizers?: unknown[] } | undefined)?.finalizers ?? []).length > 0;
}

function propagationFinalizers(finalizers: readonly string[], propagation: Propagation | undefined): string[] {
  if (propagation === undefined) return [...finalizers];
  const others = finalizers.filter((name) => name !== "orphan" && name !== "foregroundDeletion");
  if (propagation === "Orphan") return [...others, "orphan"];
  return propagation === "Foreground" ? [...others, "foregroundDeletion"] : others;
}

function checkPreconditions(kind: ServedKind, live: KubeObject, options: DeleteOptions): void {
  if (kind.bucket === "core/namespaces") {
    checkNamespacePreconditions(kind, live, options);
    return;
  }
  const { uid, resourceVersion, name } = live.metadata;
  const what = { group: kind.group, resource: kind.kind };
  if (options.uid !== undefined && options.uid !== uid) {
    const message = `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw conflict(what, name, message);
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    const message = `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
    throw conflict(what, name, message);
  }
}

// Namespaces are deleted by a storage of their own, with words of its own.
function checkNamespacePreconditions(kind: ServedKind, { metadata }: KubeObject, options: DeleteOptions): void {
  const failed = (what: string, wanted: string, found: string | undefined) =>
    conflict(
      about(kind),
      metadata.name,
      `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found ?? ""}`,
    );
  const { uid, resourceVersion } = options;
  if (uid !== undefined && uid !== metadata.uid) throw failed("UID", uid, metadata.uid);
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw failed("ResourceVersion", resourceVersion, metadata.resourceVersion);
  }
}
