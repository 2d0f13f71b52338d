import { copyJson, isObject } from "../../lib/json.ts";
import { readBody, readDecoded, unsupported } from "../http/body.ts";
import { parseMedia } from "../http/media.ts";
import { send } from "../http/respond.ts";
import { badRequest, conflict, failure } from "../http/status.ts";
import { scaleColumns } from "../kinds/columns.ts";
import { about, type ServedKind, type Subresource } from "../kinds/kind.ts";
import { replicasAt, setReplicas } from "../kinds/scale.ts";
import { applyJsonPatch, applyMergePatch } from "../patch/index.ts";
import type { KubeObject } from "../store/entry.ts";
import { metadataOnly, tableHead } from "../table/render.ts";
import type { Api, Call } from "./api.ts";
import { readWriteOptions, type WriteOptions } from "./options.ts";
import { readPatchBody } from "./patch.ts";
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

const scaleKind = { group: "autoscaling", version: "v1", kind: "Scale" };

/** Requests for `/scale` of a custom kind: a Scale object that stands for the replica fields its definition names. */
export async function scale(api: Api, call: Call, kind: ServedKind, paths: Paths): Promise<void> {
  const { verb, name, namespace } = call.info;
  if (verb === "get") {
    const entry = findEntry(api, kind, kind.namespaced ? namespace : "", name);
    respond(api, call, toScale(toServed(kind, entry), paths));
    return;
  }
  const { wanted, options } = verb === "update" ? await readReplacement(call) : await readPatch(call);
  const context = { name, namespace, subresource: "scale", mayCreate: false, replaces: false, user: call.user };
  const body = { kind: scaleKind, of: (object: KubeObject) => toScale(object, paths, true) as unknown as KubeObject };
  const outcome = await updateObject(api, kind, { ...context, options, body, warnings: call.warnings }, (live) => {
    const object = copyJson(live!);
    const next = wanted(toScale(object, paths, true));
    const { uid, resourceVersion } = next.metadata;
    if (uid !== object.metadata.uid && uid) throw conflict(about(kind), name, uidText(kind, object, String(uid)));
    setReplicas(object, paths.spec, replicasOf(next, paths));
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

interface Asked {
  readonly wanted: Change;
  readonly options: WriteOptions;
}
type Change = (base: Scale) => { readonly metadata: Readonly<Record<string, unknown>>; readonly spec: unknown };

async function readReplacement(call: Call): Promise<Asked> {
  representationOf(call);
  const options = readWriteOptions(call, "UpdateOptions");
  const { value } = await readDecoded(call.request, "Scale");
  const given = checked(value);
  const name = given.metadata.name;
  if (!name) {
    throw badRequest(
      `the name of the object (${call.info.name} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (name !== call.info.name) {
    throw badRequest(`the name of the object (${String(name)}) does not match the name on the URL (${call.info.name})`);
  }
  const spec = isObject(given.spec) ? given.spec : {};
  const wanted = () => ({ metadata: given.metadata, spec: { ...spec, replicas: spec.replicas ?? 0 } });
  return { wanted, options };
}

async function readPatch(call: Call): Promise<Asked> {
  const { type } = parseMedia(call.request.headers["content-type"] ?? "");
  const known = ["application/json-patch+json", "application/merge-patch+json"];
  if (type === "application/apply-patch+yaml") {
    // A cluster cannot either.
    const why = "request to convert CR to an invalid group/version: autoscaling/v1";
    throw failure(
      500,
      "",
      `failed to convert new object (/${call.info.name}; autoscaling/v1, Kind=Scale) to proper version: ${why}`,
    );
  }
  if (!known.includes(type)) throw unsupported([...known, "application/apply-patch+yaml"].join(", "));
  representationOf(call);
  const options = readWriteOptions(call, "PatchOptions");
  const bytes = await readBody(call.request);
  // A patch is only read once the object is there.
  const wanted: Change = (base) => {
    const { value: patch } = readPatchBody(bytes);
    return checked(type === known[0] ? applyJsonPatch(base, patch as never) : applyMergePatch(base, patch as never));
  };
  return { wanted, options };
}

function checked(value: unknown): ReturnType<Change> {
  const wrong = () => badRequest('no kind is registered for the type v1.Scale in scheme "pkg/runtime/scheme.go:111"');
  if (!isObject(value) || value.kind !== "Scale" || value.apiVersion !== "autoscaling/v1") throw wrong();
  const { metadata = {}, spec = {} } = value;
  if (!isObject(metadata) || !isObject(spec)) throw wrong();
  const { replicas } = spec;
  if (replicas !== undefined && replicas !== null && !Number.isInteger(replicas)) throw wrong();
  return { metadata, spec };
}

function replicasOf({ spec }: ReturnType<Change>, paths: Paths): number {
  const replicas = isObject(spec) ? spec.replicas : undefined;
  if (typeof replicas === "number") return replicas;
  throw badRequest(`the spec replicas field "${paths.spec}" cannot be empty`);
}

function uidText(kind: ServedKind, { metadata }: KubeObject, wanted: string): string {
  const key = [kind.group, kind.plural, metadata.namespace, metadata.name].filter(Boolean).join("/");
  return `StorageError: invalid object, Code: 4, Key: /registry/${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${metadata.uid}`;
}
