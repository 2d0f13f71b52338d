import { copyJson, isObject } from "../../lib/json.ts";
import { readBody, readDecoded } from "../http/body.ts";
import { send } from "../http/respond.ts";
import { badRequest, conflict, failure } from "../http/status.ts";
import { scaleColumns } from "../kinds/columns.ts";
import { about, type ServedKind, type Subresource } from "../kinds/kind.ts";
import { replicasAt, setReplicas } from "../kinds/scale.ts";
import { typeScale } from "../kinds/scale-type.ts";
import { applyJsonPatch, applyMergePatch } from "../patch/index.ts";
import { goJson } from "../schema/field-errors.ts";
import type { KubeObject } from "../store/entry.ts";
import { metadataOnly, tableHead } from "../table/render.ts";
import type { Api, Call } from "./api.ts";
import { ownsReplicas } from "./fields.ts";
import { type FieldValidation, readWriteOptions } from "./options.ts";
import { readPatchBody } from "./patch.ts";
import { applyPatch, jsonPatch, readPatchType } from "./patch-type.ts";
import { checkIdentity, patchRefused, reportStrict } from "./prepare.ts";
import { toServed } from "./present.ts";
import { findEntry, representationOf } from "./read.ts";
import { updateObject } from "./update.ts";

type Paths = NonNullable<Subresource["scale"]>;

interface Scale {
  readonly kind: "Scale";
  readonly apiVersion: "autoscaling/v1";
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec: { readonly replicas?: number };
  readonly status: { readonly replicas: number; readonly selector?: string };
}

/** The least int32 stands for no number of replicas, as on a cluster: a patch may leave it or set one. */
const unset = -(2 ** 31);
const scaleKind = { group: "autoscaling", version: "v1", kind: "Scale" };

/** Requests for `/scale` of a custom kind: a Scale object that stands for the replica fields its definition names. */
export async function scale(api: Api, call: Call, kind: ServedKind, paths: Paths): Promise<void> {
  const { verb, name, namespace } = call.info;
  if (verb === "get") {
    const entry = findEntry(api, kind, kind.namespaced ? namespace : "", name);
    respond(api, call, toScale(toServed(kind, entry), paths));
    return;
  }
  const type = verb === "update" ? "" : readPatchType(call.request.headers["content-type"], true);
  if (type !== "") representationOf(call);
  const options = readWriteOptions(call, type === "" ? "UpdateOptions" : "PatchOptions", type === applyPatch);
  const validation = options.fieldValidation;
  const wanted =
    type === "" ? await readReplacement(call, kind, validation) : await readPatch(call, kind, type, validation);
  const context = { name, namespace, subresource: "scale", mayCreate: false, replaces: false, user: call.user };
  const body = { kind: scaleKind, of: (object: KubeObject) => toScale(object, paths, true) as unknown as KubeObject };
  const outcome = await updateObject(api, kind, { ...context, options, body, warnings: call.warnings }, (live) => {
    if (!wanted) throw cannotApply(name, ownsReplicas(kind, live));
    const object = copyJson(live!);
    const base = toScale(object, paths, true);
    const next = wanted({ ...base, spec: { replicas: base.spec.replicas ?? unset } });
    const { uid, resourceVersion } = next.metadata;
    if (uid !== object.metadata.uid && uid) throw conflict(about(kind), name, uidText(kind, object, String(uid)));
    const replicas = replicasOf(next);
    if (replicas === unset) throw badRequest(`the spec replicas field "${paths.spec}" cannot be empty`);
    setReplicas(object, paths.spec, replicas);
    if (resourceVersion) object.metadata.resourceVersion = String(resourceVersion);
    return { object, tracked: false };
  });
  respond(api, call, toScale("entry" in outcome ? toServed(kind, outcome.entry) : outcome.object, paths));
}

function respond(api: Api, call: Call, body: Scale): void {
  const representation = representationOf(call);
  const answer = representation.as === "table" ? toTable(body, representation.version, api.clock.now()) : body;
  send(call.response, 200, answer, { warnings: call.warnings, yaml: representation.yaml });
}

function toTable(body: Scale, version: string, now: number): object {
  const object = body as KubeObject & Scale;
  const cells = scaleColumns.map((column) => column.cell(object, now));
  const head = tableHead(scaleColumns, version, { resourceVersion: object.metadata.resourceVersion });
  return { ...head, rows: [{ cells, object: metadataOnly(object, version) }] };
}

/** Throws a 500 where the object has no number of replicas; `base` leaves it out instead, for a patch to set. */
function toScale(object: KubeObject, paths: Paths, base = false): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const spec = replicasAt(object, paths.spec);
  const status = replicasAt(object, paths.status);
  const wrong = spec.error ?? status.error;
  if (wrong) throw failure(500, "", wrong);
  if (spec.value === undefined && !base) {
    throw failure(
      500,
      "InternalError",
      `Internal error occurred: the spec replicas field "${paths.spec}" does not exist`,
    );
  }
  const selector = paths.selector ? selectorAt(object, paths.selector) : "";
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, ...(namespace ? { namespace } : {}), uid, resourceVersion, creationTimestamp },
    // A Scale leaves a zero out.
    spec: spec.value === undefined || (spec.value === 0 && !base) ? {} : { replicas: spec.value },
    status: { replicas: status.value ?? 0, ...(selector ? { selector } : {}) },
  };
}

function selectorAt(object: unknown, path: string): string {
  const value = path
    .split(".")
    .slice(1)
    .reduce<unknown>((at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined), object);
  return typeof value === "string" ? value : "";
}

type Change = (base: Scale) => KubeObject;

const notScale = () => badRequest('no kind is registered for the type v1.Scale in scheme "pkg/runtime/scheme.go:111"');
const isScale = ({ kind, apiVersion }: Record<string, unknown>) => kind === "Scale" && apiVersion === "autoscaling/v1";

async function readReplacement(call: Call, kind: ServedKind, validation: FieldValidation): Promise<Change> {
  const { value, strict } = await readDecoded(call.request, "Scale");
  if (!isObject(value) || !isScale(value)) throw notScale();
  const given = value as KubeObject;
  const { unknown, wrong } = typeScale(given);
  if (wrong !== undefined) throw notScale();
  reportStrict(kind, complaints(strict, unknown), validation, call.warnings, notScale);
  checkIdentity(kind, given, call.info.namespace, call.info.name);
  return () => given;
}

const complaints = (strict: readonly string[], unknown: readonly string[]): string[] => [
  ...strict,
  ...unknown.map((path) => `unknown field "${path}"`),
];

/** The change that a patch of the two types makes; undefined for an apply. */
async function readPatch(
  call: Call,
  kind: ServedKind,
  type: string,
  validation: FieldValidation,
): Promise<Change | undefined> {
  if (type === applyPatch) return undefined;
  const bytes = await readBody(call.request);
  const apply = type === jsonPatch ? applyJsonPatch : applyMergePatch;
  // A patch is only read once the object is there.
  return (base) => {
    const { value, strict } = readPatchBody(bytes);
    const made = apply(base, value as never);
    const shown = goJson(made);
    const refuse = (_kind: ServedKind, why: string) => patchRefused(shown, why);
    if (!isObject(made)) throw notScale();
    // What says nothing is taken for a Scale.
    const given = {
      ...made,
      kind: made.kind || "Scale",
      apiVersion: made.apiVersion || "autoscaling/v1",
    } as KubeObject;
    if (!isScale(given)) throw refuse(kind, unregistered(given));
    const { unknown, wrong } = typeScale(given);
    if (wrong !== undefined) throw refuse(kind, wrong);
    reportStrict(kind, complaints(strict, unknown), validation, call.warnings, refuse);
    checkIdentity(kind, given, call.info.namespace, call.info.name);
    return given;
  };
}

/** What a cluster says of an apply to a Scale, which it cannot do either; what it reads first depends on the owners. */
function cannotApply(name: string, owned: boolean): Error {
  const why = "request to convert CR to an invalid group/version: autoscaling/v1";
  const scale = "autoscaling/v1, Kind=Scale) to proper version";
  const what = owned
    ? `failed to convert new object (/${name}; ${scale}`
    : `failed to create manager for existing fields: failed to convert live object (/; ${scale}`;
  return failure(500, "", `${what}: ${why}`);
}

function unregistered({ kind, apiVersion }: Record<string, unknown>): string {
  return `no kind "${String(kind)}" is registered for version "${String(apiVersion)}" in scheme "pkg/runtime/scheme.go:111"`;
}

function replicasOf({ spec }: KubeObject): number {
  const replicas = isObject(spec) ? spec.replicas : undefined;
  return typeof replicas === "number" ? replicas : 0;
}

function uidText(kind: ServedKind, { metadata }: KubeObject, wanted: string): string {
  const key = [kind.group, kind.plural, metadata.namespace, metadata.name].filter(Boolean).join("/");
  return `StorageError: invalid object, Code: 4, Key: /registry/${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${metadata.uid}`;
}
