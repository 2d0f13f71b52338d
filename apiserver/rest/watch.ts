import type { Representation } from "../http/media.ts";
import { isTrue } from "../http/request-info.ts";
import { setWarnings } from "../http/respond.ts";
import { failure, fieldError, gone, statusOf, tooLarge } from "../http/status.ts";
import { apiVersion, type ServedKind } from "../kinds/kind.ts";
import { type Change, type Entry, keyOf, parse } from "../store/entry.ts";
import { metadataOnly, tableHead, tableRow } from "../table/render.ts";
import type { Api, Call } from "./api.ts";
import { type Match, readSelection } from "./list.ts";
import { invalidOptions } from "./options.ts";
import { fromStored, servedBytes, toServed } from "./present.ts";
import { includeObjectOf, representationOf } from "./read.ts";
import { WatchSession } from "./watch-session.ts";

const bookmarkEveryMs = 60_000;
const waitForRevisionMs = 3_000;

/**
 * WATCH: every change of a kind after a revision, in order, each once. Events are encoded once for each
 * representation and shared by all watchers. A client that reads too slowly gets a 410 and is closed.
 */
export async function watch(api: Api, call: Call, kind: ServedKind): Promise<void> {
  const { query, response } = call;
  const representation = representationOf(call);
  const selection = readSelection(query, kind);
  const bookmarks = isTrue(query.get("allowWatchBookmarks"));
  const initial = initialEvents(query);
  const from = await startRevision(api, query.get("resourceVersion") ?? "");
  const namespace = kind.namespaced ? call.info.namespace || selection.namespace || "" : "";
  const name = call.info.name || selection.name;
  const encoder = encoderFor(api, kind, representation, query);
  const inScope = (entry: Entry) =>
    entry.bucket === kind.bucket &&
    (namespace === "" || entry.key.startsWith(`${namespace}/`)) &&
    (name === undefined || name === "" || entry.key.slice(entry.key.indexOf("/") + 1) === name);

  setWarnings(response, call.warnings);
  response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-cache, private" });
  response.flushHeaders();
  const lineFor = (change: Change) => {
    const type = inScope(change.entry) && typeFor(change, kind, selection.matches);
    return type ? encoder.event(change, type) : undefined;
  };
  const session = new WatchSession(response, lineFor, () => encoder.failure(gone("too many events are unread")));
  // No await between reading the past and subscribing: nothing is missed and nothing comes twice.
  using _watching = api.watches.add(kind.bucket, session);
  using _timeout = api.clock.after(timeoutOf(query) * 1_000, () => session.end());
  let bookmark: Disposable | undefined;
  const mark = () => {
    session.bookmark(() => encoder.bookmark(api.store.revision, false));
    bookmark = api.clock.after(bookmarkEveryMs, mark);
  };
  if (bookmarks) bookmark = api.clock.after(bookmarkEveryMs, mark);
  const past = from === undefined || initial ? undefined : from;
  if (past !== undefined && past < api.store.history.compacted) {
    session.end(encoder.failure(gone(`too old resource version: ${past} (${api.store.history.compacted})`)));
  } else if (past !== undefined) {
    await session.run(api.store.history.since(past).values().map(lineFor));
  } else {
    const revision = api.store.revision;
    const entries = currentEntries(api, kind, namespace, name);
    const lines = entries.values().map((entry) => {
      const wanted = inScope(entry) && (!selection.matches || selection.matches(toServed(kind, entry)));
      return wanted ? encoder.added(entry) : undefined;
    });
    await session.run(lines, initial && bookmarks ? encoder.bookmark(revision, true) : undefined);
  }
  bookmark?.[Symbol.dispose]();
}

// Like kube-apiserver: without a wish, between half an hour and an hour, so that clients do not all come back at once.
function timeoutOf(query: URLSearchParams): number {
  return Number(query.get("timeoutSeconds") ?? "") || 1_800 + Math.floor(Math.random() * 1_800);
}

function currentEntries(api: Api, kind: ServedKind, namespace: string, name: string | undefined): Entry[] {
  if (name && (namespace || !kind.namespaced)) {
    const entry = api.store.find(kind.bucket, keyOf(namespace, name));
    return entry ? [entry] : [];
  }
  return api.store.list(kind.bucket, namespace || undefined);
}

function initialEvents(query: URLSearchParams): boolean {
  const send = query.get("sendInitialEvents");
  const match = query.get("resourceVersionMatch") ?? "";
  const field = "resourceVersionMatch";
  const errors = [];
  if (send === null && match) {
    errors.push(
      fieldError.forbidden(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"),
    );
    if (match !== "NotOlderThan") errors.push(fieldError.notSupported(field, match, ["NotOlderThan"]));
  }
  if (send !== null && match !== "NotOlderThan") {
    errors.push(fieldError.forbidden(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  }
  if (errors.length > 0) throw invalidOptions("ListOptions", errors);
  return isTrue(send);
}

/** The revision to watch from; undefined means: the current state first. Waits a little for one that is to come. */
async function startRevision(api: Api, text: string): Promise<number | undefined> {
  if (text === "" || text === "0") return undefined;
  if (!/^\d+$/.test(text))
    throw failure(
      500,
      "",
      `resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`,
    );
  const wanted = Number(text);
  if (wanted <= api.store.revision) return wanted;
  const { promise, resolve } = Promise.withResolvers<void>();
  using _subscription = api.store.subscribe(() => wanted <= api.store.revision && resolve());
  using _timer = api.clock.after(waitForRevisionMs, resolve);
  await promise;
  if (wanted > api.store.revision) throw tooLarge(wanted, api.store.revision);
  return wanted;
}

/** How a change looks to a watch with selectors: an object that begins or stops to match is added or deleted. */
function typeFor(change: Change, kind: ServedKind, matches: Match | undefined): Change["type"] | undefined {
  if (!matches) return change.type;
  const test = (entry: Entry | undefined) =>
    entry !== undefined && matches(fromStored(kind, parse(entry), entry.revision));
  const before = test(change.previous);
  if (change.type === "DELETED") return before ? "DELETED" : undefined;
  const now = test(change.entry);
  if (now) return before ? "MODIFIED" : "ADDED";
  return before ? "DELETED" : undefined;
}

interface Encoder {
  event(change: Change, type: Change["type"]): Buffer;
  added(entry: Entry): Buffer;
  bookmark(revision: number, initial: boolean): Buffer;
  failure(error: unknown): Buffer;
}

function encoderFor(api: Api, kind: ServedKind, representation: Representation, query: URLSearchParams): Encoder {
  const include = representation.as === "table" ? includeObjectOf(query) : "Metadata";
  const version = "version" in representation ? representation.version : "";
  const shape = `${representation.as}:${version}:${include}:${apiVersion(kind)}`;
  const body = (entry: Entry): string | Buffer => {
    if (representation.as === "table") {
      const head = JSON.stringify(tableHead(kind.columns, version, { resourceVersion: String(entry.revision) }));
      return `${head.slice(0, -1)},"rows":[${tableRow(kind, entry, api.clock.now(), include, version)}]}`;
    }
    if (representation.as === "metadata") return JSON.stringify(metadataOnly(toServed(kind, entry), version));
    return servedBytes(kind, entry);
  };
  const line = (type: string, object: string | Buffer) =>
    Buffer.concat([Buffer.from(`{"type":"${type}","object":`), Buffer.from(object), Buffer.from("}\n")]);
  return {
    event(change, type) {
      const key = `${type}:${shape}`;
      const found = change.lines.get(key);
      if (found) return found;
      // A deletion that only a selector sees carries the old content under the new revision.
      const entry = type === "DELETED" && change.type !== "DELETED" ? departed(change) : change.entry;
      const made = line(type, body(entry));
      if (change.fresh) change.lines.set(key, made);
      return made;
    },
    added: (entry) => line("ADDED", body(entry)),
    bookmark(revision, initial) {
      const annotations = initial ? { annotations: { "k8s.io/initial-events-end": "true" } } : {};
      const created = kind.custom ? {} : { creationTimestamp: null };
      const metadata = { resourceVersion: String(revision), ...created, ...annotations };
      if (representation.as === "table") {
        const row = {
          cells: kind.columns.map(() => null),
          object: { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata },
        };
        const head = tableHead(kind.columns, version, { resourceVersion: String(revision) });
        return line("BOOKMARK", JSON.stringify({ ...head, rows: [row] }));
      }
      const identity =
        representation.as === "metadata"
          ? { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}` }
          : { kind: kind.kind, apiVersion: apiVersion(kind) };
      return line("BOOKMARK", JSON.stringify({ ...identity, metadata }));
    },
    failure: (error) => line("ERROR", JSON.stringify(statusOf(error))),
  };
}

function departed(change: Change): Entry {
  const object = parse(change.previous!);
  object.metadata.resourceVersion = String(change.entry.revision);
  return { ...change.previous!, revision: change.entry.revision, bytes: Buffer.from(JSON.stringify(object)) };
}
