/** What a watcher asked for. An absent field admits everything. */
export interface Scope {
  readonly kind: string;
  readonly namespace?: string;
  readonly team?: string;
  readonly colour?: string;
}

/** What an object said at one revision: the number of the write that made it, and what selectors look at. */
export interface Content {
  readonly n: number;
  readonly team: string;
  readonly colour: string;
}

export interface Event extends Content {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** `namespace/name`. */
  readonly key: string;
  readonly rv: number;
}

/** A write as its writer saw it: `unknown` when the connection was cut before the answer. */
export interface Write {
  readonly t: "write";
  readonly kind: string;
  readonly key: string;
  readonly verb: "create" | "update" | "delete";
  readonly n: number;
  readonly outcome: "acknowledged" | "refused" | "unknown";
  /** Of an acknowledged write. */
  readonly rv?: number;
}

/** One record of a history, as outside observers write it, in the order in which they saw things. */
export type Fact =
  | Write
  /** `from` is the revision that was asked for; without it the stream begins with the state. */
  | {
      readonly t: "opened";
      readonly stream: number;
      readonly watcher: string;
      readonly scope: Scope;
      readonly from?: number;
    }
  | ({ readonly t: "event"; readonly stream: number } & Event)
  | { readonly t: "bookmark"; readonly stream: number; readonly rv: number; readonly initial: boolean }
  | { readonly t: "expired"; readonly stream: number }
  | { readonly t: "closed"; readonly stream: number }
  | {
      readonly t: "listed";
      readonly watcher: string;
      readonly scope: Scope;
      readonly rv: number;
      readonly items: readonly (readonly [key: string, rv: number, n: number])[];
    }
  | { readonly t: "killed" };

/** One stream, put together from its facts. */
export interface Stream {
  readonly id: number;
  readonly watcher: string;
  readonly scope: Scope;
  readonly from: number | undefined;
  /** The state it began with, for one without `from`; complete when `begun` is set. */
  readonly initial: Event[];
  begun: number | undefined;
  /** Events and bookmarks after that, as they came. */
  readonly parts: (Event | { readonly type: "BOOKMARK"; readonly rv: number })[];
  expired: boolean;
}

/** The streams of a history, in the order in which they were opened. */
export function streamsOf(facts: readonly Fact[]): readonly Stream[] {
  const streams = new Map<number, Stream>();
  for (const fact of facts) {
    if (fact.t === "opened") {
      const { stream: id, watcher, scope, from } = fact;
      streams.set(id, { id, watcher, scope, from, initial: [], begun: from, parts: [], expired: false });
    } else if (fact.t === "event") {
      const stream = streams.get(fact.stream)!;
      (stream.begun === undefined ? stream.initial : stream.parts).push(fact);
    } else if (fact.t === "bookmark") {
      const stream = streams.get(fact.stream)!;
      if (fact.initial) stream.begun = fact.rv;
      else stream.parts.push({ type: "BOOKMARK", rv: fact.rv });
    } else if (fact.t === "expired") streams.get(fact.stream)!.expired = true;
  }
  return [...streams.values()];
}

export const eventsOf = (stream: Stream): readonly Event[] =>
  stream.parts.filter((part): part is Event => part.type !== "BOOKMARK");

/** The watcher whose streams are the account that all others are held against: it sees all, reads fast, resumes. */
export const recorder = "recorder";

/** Every change of a kind in revision order, as the recorder saw them. */
export function account(streams: readonly Stream[], kind: string): readonly Event[] {
  return streams
    .filter((stream) => stream.watcher === recorder && stream.scope.kind === kind)
    .flatMap((stream) => [...eventsOf(stream)]);
}

export function admits(scope: Scope, key: string, content: Content): boolean {
  if (scope.namespace !== undefined && !key.startsWith(`${scope.namespace}/`)) return false;
  if (scope.team !== undefined && scope.team !== content.team) return false;
  return scope.colour === undefined || scope.colour === content.colour;
}

/** What a watcher with a scope is to see of an account: objects that begin or cease to match come and go. */
export function viewOf(events: readonly Event[], scope: Scope): readonly Event[] {
  const state = new Map<string, Event>();
  const view: Event[] = [];
  for (const event of events) {
    const before = state.get(event.key);
    const had = before !== undefined && admits(scope, event.key, before);
    const has = event.type !== "DELETED" && admits(scope, event.key, event);
    if (has) view.push({ ...event, type: had ? "MODIFIED" : "ADDED" });
    // Who leaves, leaves with what matched last.
    else if (had) view.push({ ...before, type: "DELETED", rv: event.rv });
    if (event.type === "DELETED") state.delete(event.key);
    else state.set(event.key, event);
  }
  return view;
}

/** The objects of a scope as they were at a revision, by key. */
export function stateAt(events: readonly Event[], scope: Scope, rv: number): ReadonlyMap<string, Event> {
  const state = new Map<string, Event>();
  for (const event of events) {
    if (event.rv > rv) break;
    if (event.type === "DELETED") state.delete(event.key);
    else state.set(event.key, event);
  }
  for (const [key, event] of state) if (!admits(scope, key, event)) state.delete(key);
  return state;
}
