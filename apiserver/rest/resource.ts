import { sendText } from "../http/respond.ts";
import { badRequest, failure, notFound, qualified } from "../http/status.ts";
import { about, type ServedKind } from "../kinds/kind.ts";
import type { Api, Call } from "./api.ts";
import { create } from "./create.ts";
import { remove, removeCollection } from "./delete.ts";
import { list } from "./list.ts";
import { patch } from "./patch.ts";
import { checkRoute, get, representationOf } from "./read.ts";
import { scale } from "./scale.ts";
import { put } from "./update.ts";
import { watch } from "./watch.ts";

/** Requests for stored kinds: finds the kind, then the operation. Throws 404 and 405 as kube-apiserver does. */
export async function resource(api: Api, call: Call): Promise<void> {
  const { info } = call;
  const kind = api.registry.find(info.group, info.version, info.resource);
  if (!kind) return unknownResource(api, call);
  if (kind.deprecation) call.warnings.push(kind.deprecation);
  if (kind.bucket === "core/namespaces" && info.namespace !== info.name) throw missing();
  if (info.path.startsWith("//")) return sendText(call.response, 404, "404 page not found\n");
  // A doubled slash holds an empty name.
  if (info.path.includes("//")) throw kind.custom ? notFound(about(kind), "") : missing();
  if (info.extra.length > 0) throw kind.custom ? notFound(about(kind), info.name) : missing();
  const { method } = call.request;
  // The routes of built-in kinds look at the method, also where the path says that it is a watch.
  if (!kind.custom && (method === "HEAD" || (info.verbInPath && method !== "GET"))) throw notAllowed();
  // A namespaced kind is only listed across namespaces, and a cluster-scoped one has none.
  const scoped = kind.bucket === "core/namespaces" ? "" : info.namespace;
  const lists = info.name === "" && (info.verb === "list" || info.verb === "watch");
  const misplaced = kind.namespaced ? !scoped && !lists : scoped !== "";
  if (misplaced) {
    if (!kind.custom) throw kind.namespaced && info.name === "" ? notAllowed() : missing();
    sendText(call.response, 404, "404 page not found\n");
    return;
  }
  if (info.subresource) return subresource(api, call, kind);
  if (!kind.verbs.includes(info.verb)) throw kind.custom ? unsupportedVerb(kind, info.verb) : notAllowed();
  if (!kind.custom) checkRoute(call);
  // Before anything is done that could not be answered. Of a patch, its type is looked at first.
  if (info.verb !== "patch") representationOf(call);
  switch (info.verb) {
    case "get":
      return get(api, call, kind);
    case "list":
      return list(api, call, kind);
    case "watch":
      return watch(api, call, kind);
    case "create":
      if (info.name && !kind.custom) throw notAllowed();
      return create(api, call, kind);
    case "update":
      if (!info.name) throw unnamed(kind);
      return put(api, call, kind, "");
    case "patch":
      if (!info.name) throw unnamed(kind);
      return patch(api, call, kind, "");
    case "delete":
      return remove(api, call, kind);
    case "deletecollection":
      return removeCollection(api, call, kind);
    default:
      throw notAllowed();
  }
}

/** The handler of custom kinds has its own words for a PUT or PATCH of a collection. */
function unnamed(kind: ServedKind): Error {
  return kind.custom ? badRequest("name must be provided") : notAllowed();
}

async function subresource(api: Api, call: Call, kind: ServedKind): Promise<void> {
  const { info } = call;
  const found = kind.subresources.find(({ name }) => name === info.subresource);
  if (!found) throw kind.custom ? notFound(about(kind), info.name) : missing();
  if (!found.verbs.includes(info.verb)) throw kind.custom ? unsupportedVerb(kind, info.verb) : notAllowed();
  if (!kind.custom) checkRoute(call);
  if (info.verb !== "patch") representationOf(call);
  if (found.scale) return scale(api, call, kind, found.scale);
  if (info.verb === "get") return get(api, call, kind);
  if (info.verb === "update") return put(api, call, kind, info.subresource);
  return patch(api, call, kind, info.subresource);
}

function unsupportedVerb(kind: ServedKind, verb: string): Error {
  const text = `${verb} is not supported on resources of kind "${qualified(about(kind))}"`;
  return failure(405, "MethodNotAllowed", text, { group: kind.group, kind: kind.plural });
}

/** An unknown resource of a built-in group gets a Status; of any other, kube-apiserver answers plain text. */
function unknownResource(api: Api, call: Call): void {
  const { group } = call.info;
  if (api.registry.all().some((kind) => !kind.custom && kind.group === group)) throw missing();
  sendText(call.response, 404, "404 page not found\n");
}

export function missing(): Error {
  return failure(404, "NotFound", "the server could not find the requested resource", {});
}

export function notAllowed(): Error {
  return failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});
}
