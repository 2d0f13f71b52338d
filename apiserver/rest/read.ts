import { checkAccepted, negotiate, producedTypes, type Representation } from "../http/media.ts";
import { isTrue, wrongVersion } from "../http/query.ts";
import { send } from "../http/respond.ts";
import { badRequest, failure, notFound, tooLarge } from "../http/status.ts";
import { about, type ServedKind } from "../kinds/kind.ts";
import { type Entry, type KubeObject, keyOf } from "../store/entry.ts";
import { type IncludeObject, metadataOnly, tableHead, tableRow } from "../table/render.ts";
import type { Api, Call } from "./api.ts";
import { servedBytes, toServed } from "./present.ts";

/** The representation that a request for objects asks for. Throws 406. */
export function representationOf(call: Call): Representation {
  return negotiate(call.request.headers.accept, "objects");
}

const streamed = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];

/** What the routes of built-in kinds refuse before anything else looks at the header. Throws 406. */
export function checkRoute({ info, request }: Call): void {
  const collection = info.name === "" && info.verb !== "create";
  checkAccepted(request.headers.accept, producedTypes, collection ? [...producedTypes, ...streamed] : producedTypes);
}

/** Refuses what a watch cannot be written as. Throws 406. */
export function checkStream({ yaml }: Representation): void {
  if (yaml) throw failure(406, "NotAcceptable", `only the following media types are accepted: ${streamed.join(", ")}`);
}

/** The same for a list. Throws 406 where a client asks for one object's metadata. */
export function listRepresentationOf(call: Call, kind: ServedKind): Representation {
  const found = representationOf(call);
  if (found.as !== "metadata" || found.list) return found;
  const name = kind.custom ? "unstructured.UnstructuredList" : `${goPackage(kind)}.${kind.listKind}`;
  const message = `you requested PartialObjectMetadata, but the requested object is a list (*${name})`;
  throw failure(406, "NotAcceptable", message);
}

/** And for one object. */
function objectRepresentationOf(call: Call, kind: ServedKind): Representation {
  const found = representationOf(call);
  if (found.as !== "metadata" || !found.list) return found;
  if (kind.custom) throw failure(500, "", "content is not a list");
  const message = `you requested PartialObjectMetadataList, but the requested object is not a list (*${goPackage(kind)}.${kind.kind})`;
  throw failure(406, "NotAcceptable", message);
}

// The last folder of the package in which Kubernetes declares the kind.
function goPackage({ group }: ServedKind): string {
  return group === "" || group === "events.k8s.io" ? "core" : group.split(".")[0]!;
}

/** `includeObject` of a Table request. Throws 400. */
export function includeObjectOf(query: URLSearchParams): IncludeObject {
  const value = query.get("includeObject") || "Metadata";
  if (value === "Metadata" || value === "None" || value === "Object") return value;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: "${value}": must be 'Metadata', 'Object', 'None', or empty`,
  );
}

/** The entry that a request names. Throws 404. */
export function findEntry(api: Api, kind: ServedKind, namespace: string, name: string): Entry {
  const entry = api.store.find(kind.bucket, keyOf(namespace, name));
  if (!entry) throw notFound(about(kind), name);
  return entry;
}

/** GET of one object. */
export function get(api: Api, call: Call, kind: ServedKind): void {
  const { namespace, name } = call.info;
  if (isTrue(call.query.get("export")))
    throw badRequest("the export parameter, deprecated since v1.14, is no longer supported");
  const wanted = call.query.get("resourceVersion") ?? "";
  const wrong = wrongVersion(wanted);
  if (wrong !== undefined) throw failure(500, "", wrong);
  if (Number(wanted) > api.store.revision) throw tooLarge(wanted, api.store.revision);
  respondEntry(api, call, kind, 200, findEntry(api, kind, kind.namespaced ? namespace : "", name));
}

/** Answers one object in the representation that the client accepts. */
export function respondEntry(
  api: Api,
  call: Call,
  kind: ServedKind,
  code: number,
  entry: Entry,
  representation: Representation = objectRepresentationOf(call, kind),
): void {
  const { warnings, response } = call;
  const yaml = representation.yaml;
  if (representation.as === "table") {
    const include = includeObjectOf(call.query);
    const head = tableHead(kind.columns, representation.version, { resourceVersion: String(entry.revision) });
    const row = tableRow(kind, entry, api.clock.now(), include, representation.version);
    send(response, code, Buffer.from(`${JSON.stringify(head).slice(0, -1)},"rows":[${row}]}`), { warnings, yaml });
  } else if (representation.as === "metadata") {
    send(response, code, metadataOnly(toServed(kind, entry), representation.version), { warnings, yaml });
  } else send(response, code, servedBytes(kind, entry), { warnings, yaml });
}

/** Answers an object that is not stored: of a dry run, or one that is gone. */
export function respondObject(api: Api, call: Call, kind: ServedKind, code: number, object: KubeObject): void {
  const representation = objectRepresentationOf(call, kind);
  if (representation.as === "object") {
    send(call.response, code, object, { warnings: call.warnings, yaml: representation.yaml });
    return;
  }
  const stored = kind.conversion ? kind.conversion.toStored(object) : object;
  const bytes = Buffer.from(JSON.stringify(stored));
  const revision = Number(object.metadata.resourceVersion ?? 0) || Number.MAX_SAFE_INTEGER;
  respondEntry(api, call, kind, code, { bucket: kind.bucket, key: "", revision, bytes }, representation);
}
