import { negotiate, type Representation } from "../http/media.ts";
import { send } from "../http/respond.ts";
import { badRequest, failure, notFound } from "../http/status.ts";
import { about, type ServedKind } from "../kinds/kind.ts";
import { type Entry, type KubeObject, keyOf } from "../store/entry.ts";
import { type IncludeObject, metadataOnly, tableHead, tableRow } from "../table/render.ts";
import type { Api, Call } from "./api.ts";
import { servedBytes, toServed } from "./present.ts";

const allowed: ReadonlySet<string> = new Set(["Table", "PartialObjectMetadata", "PartialObjectMetadataList"]);

/** The representation that a request for objects asks for. Throws 406. */
export function representationOf(call: Call): Representation {
  return negotiate(call.request.headers.accept, allowed);
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
  const representation = representationOf(call);
  const wanted = call.query.get("resourceVersion");
  if (wanted && !/^\d+$/.test(wanted))
    throw failure(
      500,
      "",
      `resourceVersion: Invalid value: "${wanted}": strconv.ParseUint: parsing "${wanted}": invalid syntax`,
    );
  respondEntry(api, call, kind, 200, findEntry(api, kind, kind.namespaced ? namespace : "", name), representation);
}

/** Answers one object in the representation that the client accepts. */
export function respondEntry(
  api: Api,
  call: Call,
  kind: ServedKind,
  code: number,
  entry: Entry,
  representation: Representation = representationOf(call),
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

/** Answers an object that was not stored (a dry run, or an unchanged one). */
export function respondObject(api: Api, call: Call, kind: ServedKind, code: number, object: KubeObject): void {
  const representation = representationOf(call);
  if (representation.as === "object") {
    send(call.response, code, object, { warnings: call.warnings, yaml: representation.yaml });
    return;
  }
  const stored = kind.conversion ? kind.conversion.toStored(object) : object;
  const bytes = Buffer.from(JSON.stringify(stored));
  const revision = Number(object.metadata.resourceVersion ?? 0) || Number.MAX_SAFE_INTEGER;
  respondEntry(api, call, kind, code, { bucket: kind.bucket, key: "", revision, bytes }, representation);
}
