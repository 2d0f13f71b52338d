import type { Representation } from "../http/media.ts";
import { isTrue, wrongVersion } from "../http/query.ts";
import { setWarnings } from "../http/respond.ts";
import { badRequest, failure, fieldError, gone, statusOf, tooLarge } from "../http/status.ts";
import { apiVersion, type ServedKind } from "../kinds/kind.ts";
import { type Change, type Entry, keyOf, parse } from "../store/entry.ts";
import type { History } from "../store/history.ts";
import { emptyRow, metadataOnly, tableHead, tableRow } from "../table/render.ts";
import type { Api, Call } from "./api.ts";
import { type Match, readListOptions } from "./list.ts";
import { invalidOptions } from "./options.ts";
import { fromStored, servedBytes, toServed } from "./present.ts";
import { checkStream, includeObjectOf, representationOf } from "./read.ts";
import { WatchSession } from "./watch-session.ts";

const bookmarkEveryMs = 60_000;
const lastBookmarkMs = 2_000;
const waitForRevisionMs = 3_000;
// Node's timers fire at once beyond this.
const maxTimeoutMs = 2 ** 31 - 1;

/**
 * WATCH: every change of a kind after a revision, in order, each once. Events are encoded once for each
 * representation and shared by all watchers. A client that reads too slowly gets a 410 and is closed.
 */
export async function watch(api: Api, call: Call, kind: ServedKind): Promise<void> {
  const { query, response } = call;
  const representation = representationOf(call);
  const { selection, timeoutSeconds } = readListOptions(query, kind, checkInitialEvents);
  const bookmarks = isTrue(query.get("allowWatchBookmarks"));
  const initial = isTrue(query.get("sendInitialEvents"));
  const timeoutMs = Math.min(maxTimeoutMs, (timeoutSeconds || someTime(api.random ?? Math.random)) * 1_000);
  const from = startRevision(api, query, initial);
  checkStream(representation);
  if (call.info.name && query.get("fieldSelector") && selection.name !== call.info.name)
    throw badRequest("fieldSelector metadata.name doesn't match requested name");
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
    // A version that is still to come was asked for: what leads to it is known.
    if (from !== undefined && change.entry.revision <= from) return undefined;
    const type = inScope(change.entry) && typeFor(change, kind, selection.matches);
    return type ? encoder.event(change, type) : undefined;
  };
  const session = new WatchSession(response, lineFor, () => encoder.failure(gone("too many events are unread")));
  const mark = () => session.bookmark(() => encoder.bookmark(api.store.revision, false));
  if (timeoutMs < 0) return session.end(encoder.failure(overdue()));
  // Like kube-apiserver, which finds that it cannot put a list into an event.
  if (representation.as === "metadata" && representation.list) return session.end();
  if (initial && from !== undefined && !(await reached(api, from)))
    return session.end(encoder.failure(tooLarge(from, api.store.revision)));
  // No await between reading the past and subscribing: nothing is missed and nothing comes twice.
  using _watching = api.watches.add(kind.bucket, session);
  using _timeout = api.clock.after(timeoutMs, () => session.end());
  using _bookmarks = bookmarks ? markNowAndThen(api, timeoutMs, mark) : undefined;
  const past = from === undefined || initial ? undefined : from;
  if (past !== undefined) {
    const { history, revision } = api.store;
    const tooOld = (at: number) =>
      session.end(encoder.failure(gone(`too old resource version: ${at} (${history.compacted})`)));
    await session.run(replay(history, past, revision, tooOld).map(lineFor));
  } else {
    const revision = api.store.revision;
    const entries = currentEntries(api, kind, namespace, name);
    const lines = entries.values().map((entry) => {
      const wanted = inScope(entry) && (!selection.matches || selection.matches(toServed(kind, entry)));
      return wanted ? encoder.added(entry) : undefined;
    });
    await session.run(told(lines, () => (bookmarks ? encoder.bookmark(revision, true) : undefined)));
  }
}

/**
 * The changes after one revision up to another. They are looked up one by one, so that a client that does not read keeps
 * none of them; `tooOld` is called when it was so slow that the next is forgotten.
 */
export function* replay(
  history: History,
  after: number,
  until: number,
  tooOld: (at: number) => void,
): Generator<Change> {
  let at = after;
  while (at < until) {
    if (at < history.compacted) {
      tooOld(at);
      return;
    }
    const next = history.after(at);
    if (!next || next.entry.revision > until) return;
    at = next.entry.revision;
    yield next;
  }
}

/** The lines of the present state, and then that this was all of it. */
function* told(lines: Iterable<Buffer | undefined>, last: () => Buffer | undefined): Generator<Buffer | undefined> {
  yield* lines;
  yield last();
}

/** Calls `mark` each minute and once shortly before the end, so that a client goes on from near where it was. */
function markNowAndThen(api: Api, timeoutMs: number, mark: () => void): Disposable {
  const last = timeoutMs > lastBookmarkMs ? api.clock.after(timeoutMs - lastBookmarkMs, mark) : undefined;
  let next: Disposable;
  const again = () => {
    next = api.clock.after(bookmarkEveryMs, () => {
      mark();
      again();
    });
  };
  again();
  return {
    [Symbol.dispose]() {
      next[Symbol.dispose]();
      last?.[Symbol.dispose]();
    },
  };
}

// Like kube-apiserver: without a wish, between half an hour and an hour, so that clients do not all come back at once.
function someTime(random: () => number): number {
  return 1_800 + Math.floor(random() * 1_800);
}

// Of a watch that is over before it begins.
function overdue(): Error {
  return failure(500, "InternalError", "context deadline exceeded");
}

function currentEntries(api: Api, kind: ServedKind, namespace: string, name: string | undefined): Entry[] {
  if (name && (namespace || !kind.namespaced)) {
    const entry = api.store.find(kind.bucket, keyOf(namespace, name));
    return entry ? [entry] : [];
  }
  return api.store.list(kind.bucket, namespace || undefined);
}

/** Throws 422 for options of a watch that do not go together. */
function checkInitialEvents(query: URLSearchParams): void {
  const send = query.get("sendInitialEvents");
  const match = query.get("resourceVersionMatch") ?? "";
  const field = "resourceVersionMatch";
  const errors = [];
  if (send !== null && match !== "NotOlderThan") {
    errors.push(fieldError.forbidden(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  }
  if (send === null && match) {
    errors.push(
      fieldError.forbidden(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"),
    );
  }
  if (match && match !== "NotOlderThan") errors.push(fieldError.notSupported(field, match, ["NotOlderThan"]));
  if (query.get("continue")) {
    errors.push(fieldError.forbidden(field, "resourceVersionMatch is forbidden when continue is provided"));
  }
  if (errors.length > 0) throw invalidOptions("ListOptions", errors);
}

/** The revision to watch from, which may be one that is to come; undefined means: the current state first. */
function startRevision(api: Api, query: URLSearchParams, initial: boolean): number | undefined {
  const text = query.get("resourceVersion") ?? "";
  // Whoever refuses the initial events wants none.
  if (text === "" || text === "0")
    return query.get("sendInitialEvents") !== null && !initial ? api.store.revision : undefined;
  const wrong = wrongVersion(text);
  if (wrong !== undefined) throw failure(500, "", wrong);
  return Number(text);
}

/** Waits a little for a revision that is to come; false when it did not. */
async function reached(api: Api, wanted: number): Promise<boolean> {
  if (wanted <= api.store.revision) return true;
  const { promise, resolve } = Promise.withResolvers<void>();
  using _subscription = api.store.subscribe(() => wanted <= api.store.revision && resolve());
  using _timer = api.clock.after(waitForRevisionMs, resolve);
  await promise;
  return wanted <= api.store.revision;
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
  // Only the first table of a watch describes its columns.
  let described = representation.as !== "table";
  const asTable = (row: string, revision: number) => {
    const head = tableHead(described ? null : kind.columns, version, { resourceVersion: String(revision) });
    return `${JSON.stringify(head).slice(0, -1)},"rows":[${row}]}`;
  };
  const body = (entry: Entry): string | Buffer => {
    if (representation.as === "table") {
      return asTable(tableRow(kind, entry, api.clock.now(), include, version), entry.revision);
    }
    if (representation.as === "metadata") return JSON.stringify(metadataOnly(toServed(kind, entry), version));
    return servedBytes(kind, entry);
  };
  const line = (type: string, object: string | Buffer) => {
    described = true;
    return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), Buffer.from(object), Buffer.from("}\n")]);
  };
  return {
    event(change, type) {
      const key = `${type}:${shape}:${described}`;
      const found = change.lines.get(key);
      if (found) {
        described = true;
        return found;
      }
      // A deletion that only a selector sees carries the old content under the new revision.
      const entry = type === "DELETED" && change.type !== "DELETED" ? departed(change) : change.entry;
      const made = line(type, body(entry));
      if (change.fresh) change.lines.set(key, made);
      return made;
    },
    added: (entry) => line("ADDED", body(entry)),
    bookmark(revision, initial) {
      const annotations = initial ? { annotations: { "k8s.io/initial-events-end": "true" } } : {};
      const metadata = { resourceVersion: String(revision), ...annotations };
      if (representation.as === "table") {
        return line("BOOKMARK", asTable(emptyRow(kind, metadata, version), revision));
      }
      const identity =
        representation.as === "metadata"
          ? { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}` }
          : { kind: kind.kind, apiVersion: apiVersion(kind), ...kind.empty };
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
