import { isDeepStrictEqual } from "node:util";
import { toRfc3339 } from "../../lib/clock.ts";
import { readDecoded } from "../http/body.ts";
import { badRequest, conflict, type FieldError, failure, fieldError, invalid, notFound } from "../http/status.ts";
import { about, invalidObject, type ServedKind } from "../kinds/kind.ts";
import { checkCoreFinalizers, dedupeOwners, validateMetadata, validateMetadataUpdate } from "../kinds/metadata.ts";
import { scaleErrors } from "../kinds/scale.ts";
import { type KubeObject, keyOf } from "../store/entry.ts";
import type { Decision } from "../store/store.ts";
import type { AdmissionRequest, Api, Call } from "./api.ts";
import { buildNew, type CreateContext, checkNamespace, findNamespace } from "./create.ts";
import { isUnchanged, trackFields } from "./fields.ts";
import { optionsObject, readWriteOptions } from "./options.ts";
import { type Outcome, respondOutcome } from "./outcome.ts";
import { asKind, type Complain, conform, reportStrict } from "./prepare.ts";
import { asRead, fromStored, toStored } from "./present.ts";

export interface UpdateContext extends CreateContext {
  readonly name: string;
  readonly subresource: string;
  /** The write may create the object: a PUT of some kinds, and an apply. */
  readonly mayCreate: boolean;
  /** A PUT replaces: it must name the version it read where the kind demands that. A patch starts from the live one. */
  readonly replaces: boolean;
  /** What admission is shown instead of the object: the body of another kind that stands for it. */
  readonly body?: {
    readonly kind: NonNullable<AdmissionRequest["body"]>;
    readonly of: (object: KubeObject) => KubeObject;
  };
  /** The writer has seen the version: without one the write is unconditional, which not every kind allows. */
  readonly versioned?: boolean;
}

/** What a writer wants the object to be. `tracked` says that managedFields are already right (an apply). */
export interface Wanted {
  readonly object: KubeObject;
  readonly tracked: boolean;
}

/** PUT, also to /status and /finalize. */
export async function put(api: Api, call: Call, kind: ServedKind, subresource: string): Promise<void> {
  const options = readWriteOptions(call, "UpdateOptions");
  const { value, strict, text } = await readDecoded(call.request, kind.kind);
  const complain: Complain = (found) => reportStrict(kind, found, options.fieldValidation, call.warnings);
  const object = asKind(kind, value, complain, text);
  const unknown = conform(kind, object);
  reportStrict(kind, [...strict, ...unknown], options.fieldValidation, call.warnings);
  const { name, namespace } = call.info;
  if (!object.metadata.name) {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (object.metadata.name !== name) {
    throw badRequest(`the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`);
  }
  if (kind.namespaced) {
    object.metadata.namespace ||= namespace;
    if (object.metadata.namespace !== namespace) {
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    }
  } else delete object.metadata.namespace;
  const mayCreate = kind.strategy.createOnUpdate && subresource === "";
  const context = {
    name,
    namespace,
    subresource,
    mayCreate,
    replaces: true,
    versioned: true,
    user: call.user,
    options,
    warnings: call.warnings,
  };
  const outcome = await updateObject(api, kind, context, () => ({ object, tracked: false }));
  respondOutcome(api, call, kind, outcome);
}

/**
 * Changes one object: `want` computes the wanted state from the live one, which it leaves as it is, in the same turn in
 * which the result is queued for commit, so nothing comes between. Throws 404, 409, 422 and what admission refuses with.
 */
export function updateObject(
  api: Api,
  kind: ServedKind,
  context: UpdateContext,
  want: (live: KubeObject | undefined) => Wanted,
): Promise<Outcome> {
  const namespace = kind.namespaced ? context.namespace : "";
  return api.store.write<Outcome>(kind.bucket, keyOf(namespace, context.name), (stored, entry) => {
    if (!stored || !entry) return createInstead(api, kind, context, want);
    if (kind.namespaced) findNamespace(api, namespace);
    const live = fromStored(kind, stored, entry.revision);
    const wanted = want(live);
    const next = judge(api, kind, context, live, wanted);
    if (isUnchanged(next, live)) return { keep: { entry, created: false } };
    if (context.options.dryRun) return { keep: { object: asRead(kind, next), created: false } };
    if (!isReleased(next)) {
      return { put: toStored(kind, next), answer: (written) => ({ entry: written, created: false }) };
    }
    // Watches see it go as it was last stored.
    return { remove: toStored(kind, live), answer: () => ({ object: next, created: false }) };
  });
}

function createInstead(
  api: Api,
  kind: ServedKind,
  context: UpdateContext,
  want: (live: undefined) => Wanted,
): Decision<Outcome> {
  if (!context.mayCreate) throw notFound(about(kind), context.name);
  const { object, tracked } = want(undefined);
  if (object.metadata.uid) {
    const given = `the provided object specified uid ${object.metadata.uid}, and no existing object was found`;
    throw conflict(
      about(kind),
      context.name,
      tracked ? `uid mismatch: ${given}` : uidMismatch(kind, context, object.metadata.uid),
    );
  }
  checkNamespace(api, kind, context.namespace, context.name);
  const built = buildNew(api, kind, object, { ...context, unasked: true }, tracked);
  if (context.options.dryRun) return { keep: { object: asRead(kind, built), created: true } };
  return {
    put: toStored(kind, built),
    answer: (entry) => ({ entry, created: true }),
  };
}

/** Everything that stands between a wanted state and its commit. Returns the object to store. */
function judge(api: Api, kind: ServedKind, context: UpdateContext, live: KubeObject, wanted: Wanted): KubeObject {
  const next = wanted.object;
  checkVersion(kind, context, next, live);
  keepSystemFields(next, live);
  const { fieldManager: manager } = context.options;
  const track = (object: KubeObject): void => {
    const now = toRfc3339(api.clock.now());
    if (!wanted.tracked) trackFields(kind, live, object, { manager, subresource: context.subresource, now });
  };
  // Everything that was sent counts, even what the other half keeps from being stored.
  if (kind.strategy.trackedAsSent) track(next);
  const half = halfOf(kind, context.subresource, next, live);
  if (context.subresource === "" && kind.hasStatus) copyField(half, live, "status");
  if (context.subresource === "") kind.strategy.prepareUpdate?.(half, live);
  if (kind.strategy.counted)
    half.metadata.generation =
      (live.metadata.generation ?? 0) + (isSpecChanged(half, live, context.subresource) ? 1 : 0);
  if (!kind.strategy.trackedAsSent) track(half);
  context.warnings.push(...dedupeOwners(half));
  const earlier = [
    ...validateMetadata(half, kind.namespaced, () => []),
    ...(kind.strategy.strictFinalizers ? coreErrors(kind, half, context.subresource) : []),
    // kube-apiserver runs this twice, and answers with its causes twice.
    ...validateMetadataUpdate(half, live),
    ...(kind.strategy.metadataOnce ? [] : validateMetadataUpdate(half, live)),
    ...scaleErrors(kind, half),
  ];
  const errors = [
    ...earlier,
    ...kind.schema.validate(half, live, {
      freeLists: !kind.custom,
      earlier,
      statusOnly: context.subresource === "status",
      warnings: context.warnings,
    }),
    ...(kind.strategy.validate?.(half, live, context.subresource) ?? []),
  ];
  if (errors.length > 0) throw invalidObject(kind, context.name, errors);
  context.warnings.push(...(kind.strategy.warnings?.(half, live) ?? []));
  const { user, namespace, name, subresource } = context;
  const { dryRun, sent } = context.options;
  const options = optionsObject("UpdateOptions", sent);
  const request = { operation: "UPDATE", user, kind, namespace, name, subresource, options } as const;
  const { body } = context;
  const [object, oldObject] = body ? [body.of(half), body.of(live)] : [half, live];
  api.admit({ ...request, body: body?.kind, dryRun, object, oldObject, warnings: context.warnings });
  return half;
}

/** What the rules of a core kind find in metadata once more: most judge a change of a whole object as a new one, too. */
function coreErrors(kind: ServedKind, next: KubeObject, subresource: string): FieldError[] {
  const errors = checkCoreFinalizers(next);
  if (subresource !== "" || kind.bucket === "core/events") return errors;
  return [...validateMetadata(next, kind.namespaced, () => []), ...errors, ...errors];
}

function checkVersion(kind: ServedKind, context: UpdateContext, next: KubeObject, live: KubeObject): void {
  const { uid, resourceVersion } = next.metadata;
  if (context.replaces && uid && uid !== live.metadata.uid) {
    throw conflict(about(kind), context.name, uidMismatch(kind, context, uid, live.metadata.uid));
  }
  if (resourceVersion && !/^\d+$/.test(resourceVersion))
    throw failure(500, "", `strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`);
  if (!resourceVersion || resourceVersion === "0") {
    // An apply need not say a version, but one that it says must be one.
    if (kind.strategy.unconditionalUpdate || (!context.versioned && !resourceVersion)) return;
    throw invalid(kind.group, kind.plural, context.name, [
      {
        ...fieldError.invalid("metadata.resourceVersion", 0, "must be specified for an update"),
        message: "Invalid value: 0: must be specified for an update",
      },
    ]);
  }
  if (resourceVersion !== live.metadata.resourceVersion) throw conflict(about(kind), context.name);
}

// The words of the store of a real cluster, etcd key included: clients have been seen to match on them.
function uidMismatch(kind: ServedKind, { namespace, name }: UpdateContext, wanted: string, found = ""): string {
  const folder = kind.custom || kind.group === "apiextensions.k8s.io" ? `${kind.group}/${kind.plural}` : kind.plural;
  const key = `/registry/${folder}/${keyOf(kind.namespaced ? namespace : "", name)}`;
  return `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found}`;
}

const ownFields = ["generation", "resourceVersion", "creationTimestamp"] as const;
const keptWhenAbsent = ["uid", "deletionGracePeriodSeconds"] as const;

// A client may leave system fields out; where it says them they must be right, which validation checks.
function keepSystemFields(next: KubeObject, live: KubeObject): void {
  for (const field of ownFields) copyField(next.metadata, live.metadata, field);
  for (const field of keptWhenAbsent)
    if (next.metadata[field] === undefined) copyField(next.metadata, live.metadata, field);
  // Nobody takes a deletion back.
  if (live.metadata.deletionTimestamp) next.metadata.deletionTimestamp = live.metadata.deletionTimestamp;
  delete next.metadata.selfLink;
}

function halfOf(kind: ServedKind, subresource: string, next: KubeObject, live: KubeObject): KubeObject {
  if (subresource === "status") return withStatus(kind, next, live);
  if (subresource !== "finalize") return next;
  const finalizers = (next.spec as { finalizers?: unknown[] } | undefined)?.finalizers ?? [];
  return { ...next, spec: finalizers.length > 0 ? { finalizers } : {}, status: live.status };
}

/** A write to /status changes status alone; built-in kinds also take metadata that belongs to it, Namespaces all of it. */
function withStatus(kind: ServedKind, next: KubeObject, live: KubeObject): KubeObject {
  // The rest is the live object's own: from here on nothing but metadata and status changes.
  const result: KubeObject = { ...live, metadata: { ...live.metadata } };
  copyField(result, next, "status");
  if (next.metadata.managedFields) result.metadata.managedFields = next.metadata.managedFields;
  else delete result.metadata.managedFields;
  if (!kind.custom) {
    copyField(result.metadata, next.metadata, "labels");
    copyField(result.metadata, next.metadata, "annotations");
  }
  if (kind.bucket === "core/namespaces") {
    copyField(result.metadata, next.metadata, "finalizers");
    copyField(result.metadata, next.metadata, "ownerReferences");
  }
  return result;
}

function copyField(to: Record<string, unknown>, from: Readonly<Record<string, unknown>>, field: string): void {
  if (from[field] === undefined) delete to[field];
  else to[field] = from[field];
}

// With a status subresource status was copied before, so only kinds without one count a change of status here.
function isSpecChanged(next: KubeObject, live: KubeObject, subresource: string): boolean {
  const { metadata: _a, ...left } = next;
  const { metadata: _b, ...right } = live;
  if (subresource === "status") return false;
  return !isDeepStrictEqual(left, right);
}

/** A terminating object without finalizers is gone with the write that removed the last one. */
function isReleased(next: KubeObject): boolean {
  const held = (next.spec as { finalizers?: unknown[] } | undefined)?.finalizers;
  const isNamespace = next.apiVersion === "v1" && next.kind === "Namespace";
  return (
    next.metadata.deletionTimestamp !== undefined &&
    (next.metadata.finalizers ?? []).length === 0 &&
    !(isNamespace && (held ?? []).length > 0)
  );
}
