import { randomBytes, randomUUID } from "node:crypto";
import { toRfc3339 } from "../../lib/clock.ts";
import { copyJson } from "../../lib/json.ts";
import { refusal } from "../auth/authorize.ts";
import { checkBodyType, readDecoded } from "../http/body.ts";
import { alreadyExists, badRequest, failure, forbidden, notFound } from "../http/status.ts";
import { about, invalidObject, type ServedKind } from "../kinds/kind.ts";
import { checkCoreFinalizers, dedupeOwners, validateMetadata } from "../kinds/metadata.ts";
import { scaleErrors } from "../kinds/scale.ts";
import { type Entry, type KubeObject, keyOf, parse } from "../store/entry.ts";
import type { Api, Call, User } from "./api.ts";
import { trackFields } from "./fields.ts";
import { optionsObject, readWriteOptions, type WriteOptions } from "./options.ts";
import { type Outcome, respondOutcome } from "./outcome.ts";
import { asKind, type Complain, conform, reportStrict } from "./prepare.ts";
import { asRead, toStored } from "./present.ts";

const suffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";
const maxGenerateNameLength = 58;
const generateAttempts = 8;

/** POST to a collection. */
export async function create(api: Api, call: Call, kind: ServedKind): Promise<void> {
  checkBodyType(call.request);
  const options = readWriteOptions(call, "CreateOptions");
  const { value, strict, text } = await readDecoded(call.request, kind.kind);
  const complain: Complain = (found) => reportStrict(kind, found, options.fieldValidation, call.warnings);
  const object = asKind(kind, value, complain, text);
  const unknown = conform(kind, object);
  reportStrict(kind, [...strict, ...unknown], options.fieldValidation, call.warnings);
  const created = await createObject(api, kind, object, {
    namespace: call.info.namespace,
    user: call.user,
    options,
    warnings: call.warnings,
  });
  respondOutcome(api, call, kind, created);
}

export interface CreateContext {
  readonly namespace: string;
  readonly user: User;
  readonly options: Pick<WriteOptions, "dryRun" | "fieldManager"> & Partial<Pick<WriteOptions, "sent">>;
  readonly warnings: string[];
  /** What the name was generated from: admission is asked before there is a name. */
  readonly generated?: string | undefined;
  /** The request came as another verb, so nobody has asked yet whether the user may create. */
  readonly unasked?: boolean;
}

/** Stores a new object that conforms to its schema, which it completes in place. Throws 403, 404 (namespace), 409 and 422. */
export async function createObject(
  api: Api,
  kind: ServedKind,
  object: KubeObject,
  context: CreateContext,
): Promise<Outcome> {
  const { metadata } = object;
  if (kind.terminating) {
    const why = "create not allowed while custom resource definition is terminating";
    throw forbidden(about(kind), metadata.name ?? "", why);
  }
  if (kind.namespaced) {
    metadata.namespace ||= context.namespace;
    if (metadata.namespace !== context.namespace) {
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    }
  } else if (metadata.namespace) {
    delete metadata.namespace;
  }
  // What is no number, or too large for one, counts as none.
  const version = /^\d{1,20}$/.test(metadata.resourceVersion ?? "") ? BigInt(metadata.resourceVersion!) : 0n;
  if (version > 0n && version < 1n << 64n) {
    throw failure(500, "", "resourceVersion should not be set on objects to be created");
  }
  const generated = !metadata.name && metadata.generateName ? metadata.generateName : undefined;
  for (let attempt = 1; ; attempt++) {
    if (generated !== undefined) metadata.name = generateName(generated);
    try {
      // What was built with a name that is taken is of no use for the next one.
      const own = generated === undefined ? object : copyJson(object);
      return await tryCreate(api, kind, own, { ...context, generated });
    } catch (error) {
      const taken = (error as { reason?: string }).reason === "Conflict";
      if (generated === undefined || !taken || attempt >= generateAttempts) throw error;
    }
  }
}

function tryCreate(api: Api, kind: ServedKind, object: KubeObject, context: CreateContext): Promise<Outcome> {
  const { name } = object.metadata;
  return api.store.write<Outcome>(kind.bucket, keyOf(context.namespace, name ?? ""), (existing) => {
    checkNamespace(api, kind, context.namespace, context.generated ?? name ?? "");
    const built = buildNew(api, kind, object, context);
    if (existing) throw alreadyExists(about(kind), name, existing.metadata.deletionTimestamp !== undefined);
    if (context.options.dryRun) return { keep: { object: asRead(kind, built), created: true } };
    return { put: toStored(kind, built), answer: (entry) => ({ entry, created: true }) };
  });
}

/**
 * Completes and judges a new object: system fields, generation, field ownership, validation, admission. Also used by
 * an apply or update that creates.
 */
export function buildNew(
  api: Api,
  kind: ServedKind,
  object: KubeObject,
  context: CreateContext,
  tracked = false,
): KubeObject {
  const { metadata } = object;
  const now = toRfc3339(api.clock.now());
  metadata.uid = randomUUID();
  metadata.creationTimestamp = now;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
  delete metadata.resourceVersion;
  // Of a kind that does not count it, the one that an exported object carries stays.
  if (kind.strategy.counted) metadata.generation = 1;
  else if (metadata.generation === 0) delete metadata.generation;
  const track = (): void =>
    tracked
      ? undefined
      : trackFields(kind, undefined, object, { manager: context.options.fieldManager, subresource: "", now });
  // As it was sent: of a custom kind a status of a wrong shape spoils it even where it is dropped.
  if (kind.strategy.trackedAsSent) track();
  if (kind.hasStatus) delete object.status;
  kind.strategy.prepareCreate?.(object);
  if (!kind.strategy.trackedAsSent) track();
  context.warnings.push(...dedupeOwners(object));
  const earlier = [
    ...validateMetadata(object, kind.namespaced, kind.strategy.checkName),
    ...(kind.strategy.strictFinalizers ? checkCoreFinalizers(object) : []),
    ...scaleErrors(kind, object),
  ];
  const errors = [
    ...earlier,
    ...kind.schema.validate(object, undefined, { freeLists: !kind.custom, earlier }),
    ...(kind.strategy.validate?.(object, undefined) ?? []),
  ];
  if (errors.length > 0) throw invalidObject(kind, metadata.name ?? "", errors);
  context.warnings.push(...(kind.strategy.warnings?.(object, undefined) ?? []));
  if (context.unasked) authorizeCreate(api, kind, context, metadata.name);
  api.admit({
    operation: "CREATE",
    user: context.user,
    kind,
    namespace: context.namespace,
    name: context.generated === undefined ? metadata.name : "",
    subresource: "",
    dryRun: context.options.dryRun,
    object,
    oldObject: undefined,
    options: optionsObject("CreateOptions", context.options.sent),
    warnings: context.warnings,
  });
  return object;
}

/** A PUT or an apply was allowed as such; that it creates is a second question. Throws 403. */
function authorizeCreate(api: Api, kind: ServedKind, { user, namespace }: CreateContext, name: string): void {
  const { group, version, plural: resource } = kind;
  const where = { namespace: kind.namespaced ? namespace : "", name };
  const attributes = { user, verb: "create", group, version, resource, subresource: "", ...where };
  const decision = api.authorizer.decide(attributes);
  if (!decision.allowed) throw refusal(attributes, decision);
}

/** Refuses new content in a namespace that is missing or going away. Throws 404 and 403. */
export function checkNamespace(api: Api, kind: ServedKind, namespace: string, name: string): void {
  if (!kind.namespaced) return;
  const entry = findNamespace(api, namespace);
  if (!entry.bytes.includes('"deletionTimestamp"') || !parse(entry).metadata.deletionTimestamp) return;
  const message = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const error = forbidden(about(kind), name, message);
  const status = error.details.status as { details: object };
  const causes = [
    {
      reason: "NamespaceTerminating",
      message: `namespace ${namespace} is being terminated`,
      field: "metadata.namespace",
    },
  ];
  throw Object.assign(error, { details: { status: { ...status, details: { ...status.details, causes } } } });
}

/** The namespace of a write, which must be there. Throws 404. */
export function findNamespace(api: Api, namespace: string): Entry {
  const entry = api.store.find("core/namespaces", namespace);
  if (!entry) throw notFound({ group: "", resource: "namespaces" }, namespace);
  return entry;
}

function generateName(base: string): string {
  const bytes = randomBytes(5);
  const suffix = [...bytes].map((byte) => suffixAlphabet[byte % suffixAlphabet.length]).join("");
  return base.slice(0, maxGenerateNameLength) + suffix;
}
