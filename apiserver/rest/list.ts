import { setImmediate as nextTurn } from "node:timers/promises";
import { readInteger, wrongVersion } from "../http/query.ts";
import { badRequest, type FieldError, fieldError, gone, tooLarge } from "../http/status.ts";
import type { ServedKind } from "../kinds/kind.ts";
import { checkFieldSelector, readFieldSelector } from "../selectors/fields.ts";
import { readLabelSelector } from "../selectors/labels.ts";
import { type Entry, type KubeObject, keyOf } from "../store/entry.ts";
import type { Api, Call } from "./api.ts";
import { decodeContinue, encodeContinue } from "./continue.ts";
import { invalidOptions } from "./options.ts";
import { toServed } from "./present.ts";
import { listRepresentationOf } from "./read.ts";
import { respondPage } from "./write-list.ts";

/** A test of one object against the selectors of a request; undefined when everything matches. */
export type Match = (object: KubeObject) => boolean;

export interface Selection {
  readonly matches: Match | undefined;
  /** The only name that can match. */
  readonly name: string | undefined;
  /** A namespace demanded by the field selector. */
  readonly namespace: string | undefined;
}

/** What a list, a watch and a deletion of a collection ask for alike. */
export interface ListOptions {
  readonly limit: number;
  readonly timeoutSeconds: number;
  readonly selection: Selection;
}

/** Reads them in the order in which a cluster complains; `checkTogether` refuses what does not go together. Throws 400. */
export function readListOptions(
  query: URLSearchParams,
  kind: ServedKind,
  checkTogether: (query: URLSearchParams) => void = checkVersionMatch,
): ListOptions {
  const { limit, timeoutSeconds } = parseListOptions(query);
  checkTogether(query);
  // Only now fields that nobody can select.
  return { limit, timeoutSeconds, selection: readSelection(query, kind) };
}

/** The part of it that no kind is needed for. Throws 400. */
export function parseListOptions(query: URLSearchParams): Omit<ListOptions, "selection"> {
  const timeoutSeconds = readInteger(query, "timeoutSeconds");
  const limit = readInteger(query, "limit");
  readLabelSelector(query.get("labelSelector"));
  checkFieldSelector(query.get("fieldSelector"));
  return { limit, timeoutSeconds };
}

function readSelection(query: URLSearchParams, kind: ServedKind): Selection {
  const labels = readLabelSelector(query.get("labelSelector"));
  const fields = readFieldSelector(query.get("fieldSelector"), kind);
  const matches =
    labels || fields
      ? (object: KubeObject) => (!labels || labels(object.metadata.labels ?? {})) && (!fields || fields.matches(object))
      : undefined;
  return { matches, name: fields?.name, namespace: fields?.namespace };
}

// After this many objects were parsed, the event loop runs other requests.
const sliceObjects = 250;

/** LIST: a consistent view at one revision, written in slices so that other requests run in between. */
export async function list(api: Api, call: Call, kind: ServedKind): Promise<void> {
  listRepresentationOf(call, kind);
  return respondPage(api, call, kind, await pageOf(api, call, kind));
}

/** One page of what a request selects. */
export interface Page {
  readonly page: readonly Entry[];
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
}

/** What a list, or a deletion of a collection, is about. Throws 400, 410, 422 and 504. */
export async function pageOf(api: Api, { query, info }: Call, kind: ServedKind): Promise<Page> {
  const { selection, limit: wanted } = readListOptions(query, kind);
  // Version 0 is whatever is at hand, which a cluster answers whole.
  const limit = query.get("resourceVersion") === "0" ? 0 : Math.max(0, wanted);
  const plan = planList(api, query, limit);
  const revision = plan.revision;
  const entries = gather(api, kind, info.namespace, selection, plan);
  const { page, next, remaining } = await cut(api, kind, entries, selection.matches, limit);
  const token = next === undefined ? "" : encodeContinue({ rv: revision, after: next });
  const metadata = {
    resourceVersion: String(revision),
    ...(token ? { continue: token } : {}),
    ...(token && remaining !== undefined ? { remainingItemCount: remaining } : {}),
  };
  return { page, metadata };
}

interface Plan {
  readonly revision: number;
  readonly after: string | undefined;
}

const continueExpired =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/** Which revision to list at, and after which key. Throws 400, 410 and 504 as kube-apiserver does. */
function planList(api: Api, query: URLSearchParams, limit: number): Plan {
  const { store } = api;
  const match = query.get("resourceVersionMatch") ?? "";
  const version = query.get("resourceVersion") ?? "";
  const token = query.get("continue") ?? "";
  if (token) {
    if (match === "" && version && version !== "0" && !query.has("sendInitialEvents"))
      throw badRequest("specifying resource version is not allowed when using continue");
    const { rv, after } = decodeContinue(token);
    if (rv === -1) return { revision: store.revision, after };
    if (rv < store.history.compacted) {
      const again = encodeContinue({ rv: -1, after });
      const error = gone(continueExpired);
      const status = error.details.status as { metadata: object };
      throw Object.assign(error, { details: { status: { ...status, metadata: { continue: again } } } });
    }
    return { revision: rv, after };
  }
  const wrong = wrongVersion(version);
  if (wrong !== undefined) throw badRequest(`invalid resource version: ${wrong}`);
  const wanted = Number(version);
  if (wanted > store.revision) throw tooLarge(version, store.revision);
  // Older clients page through a version without saying that they mean exactly this one.
  if (match === "Exact" || (match === "" && wanted > 0 && limit > 0)) {
    if (wanted < store.history.compacted) throw gone(`The resourceVersion for the provided list is too old.`);
    return { revision: wanted, after: undefined };
  }
  return { revision: store.revision, after: undefined };
}

/** Throws 422 for options that do not go together. */
function checkVersionMatch(query: URLSearchParams): void {
  const [match = "", version = "", token = ""] = ["resourceVersionMatch", "resourceVersion", "continue"].map(
    (name) => query.get(name) ?? "",
  );
  const initial = query.has("sendInitialEvents");
  const errors = match === "" ? [] : matchErrors(match, version, token);
  if (initial) errors.push(fieldError.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  if (errors.length > 0) throw invalidOptions("ListOptions", errors);
}

function matchErrors(match: string, version: string, token: string): FieldError[] {
  const field = "resourceVersionMatch";
  const errors: FieldError[] = [];
  if (!version)
    errors.push(fieldError.forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
  if (token) errors.push(fieldError.forbidden(field, "resourceVersionMatch is forbidden when continue is provided"));
  if (match !== "Exact" && match !== "NotOlderThan") {
    errors.push(fieldError.notSupported(field, match, ["Exact", "NotOlderThan", ""]));
  }
  if (match === "Exact" && version === "0") {
    errors.push(fieldError.forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  return errors;
}

function gather(api: Api, kind: ServedKind, namespaceOf: string, selection: Selection, plan: Plan): Entry[] {
  const { store } = api;
  const namespace = kind.namespaced ? namespaceOf || selection.namespace : undefined;
  if (namespaceOf && selection.namespace !== undefined && namespaceOf !== selection.namespace) return [];
  if (selection.name !== undefined && plan.revision === store.revision && (namespace || !kind.namespaced)) {
    const entry = store.find(kind.bucket, keyOf(namespace, selection.name));
    return entry && (plan.after === undefined || entry.key > plan.after) ? [entry] : [];
  }
  return store.listAt(plan.revision, kind.bucket, namespace || undefined, plan.after);
}

/** One page. Without selectors it is a slice; with them objects are parsed, a few at a time. */
async function cut(api: Api, kind: ServedKind, entries: Entry[], matches: Match | undefined, limit: number) {
  if (!matches) {
    if (limit === 0 || entries.length <= limit) return { page: entries, next: undefined, remaining: undefined };
    return { page: entries.slice(0, limit), next: entries[limit - 1]!.key, remaining: entries.length - limit };
  }
  const page: Entry[] = [];
  for (let index = 0; index < entries.length; index++) {
    // Whether what is left matches too is found by those who go on.
    if (limit > 0 && page.length === limit) return { page, next: page.at(-1)!.key, remaining: undefined };
    const entry = entries[index]!;
    if (matches(toServed(kind, entry))) page.push(entry);
    if (index % sliceObjects === sliceObjects - 1) await nextTurn(undefined, { signal: api.stopping });
  }
  return { page, next: undefined, remaining: undefined };
}
