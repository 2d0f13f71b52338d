import {
  account,
  type Event,
  eventsOf,
  type Fact,
  type Scope,
  type Stream,
  stateAt,
  streamsOf,
  viewOf,
} from "./history.ts";

/** A history with its streams and, by kind, the account that they are held against. */
export interface Case {
  readonly facts: readonly Fact[];
  readonly streams: readonly Stream[];
  readonly accounts: ReadonlyMap<string, readonly Event[]>;
  /** What a scope is to see, made once for all streams that share it. */
  view(scope: Scope): readonly Event[];
}

export function caseOf(facts: readonly Fact[]): Case {
  const streams = streamsOf(facts);
  const kinds = new Set(streams.map(({ scope }) => scope.kind));
  const accounts = new Map([...kinds].map((kind) => [kind, account(streams, kind)]));
  const views = new Map<string, readonly Event[]>();
  return {
    facts,
    streams,
    accounts,
    view(scope) {
      const name = JSON.stringify(scope);
      const found = views.get(name) ?? viewOf(accounts.get(scope.kind) ?? [], scope);
      views.set(name, found);
      return found;
    },
  };
}

type Property = (history: Case) => readonly string[];

const told = ({ type, key, rv, n }: Event) => `${type} ${key} n=${n} at ${rv}`;
const whose = ({ watcher, id }: Stream) => `${watcher} (stream ${id})`;
const eachStream = (history: Case, check: (stream: Stream) => readonly string[]) => history.streams.flatMap(check);

/** The events of a view after `from` up to and with `to`. */
function between(view: readonly Event[], from: number, to: number): readonly Event[] {
  return view.slice(firstAfter(view, from), firstAfter(view, to));
}

function firstAfter(view: readonly Event[], rv: number): number {
  let low = 0;
  let high = view.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (view[middle]!.rv <= rv) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The nine guarantees of etcd's watch (etcd.io/docs, "KV API guarantees" and the watch API's options), as far as a
 * Kubernetes watch shows them, and what follows for lists and writes. Each answers sentences; none when it holds.
 */
export const properties: Readonly<Record<string, Property>> = {
  "ordered: the revisions of a stream only grow": (history) =>
    eachStream(history, (stream) => {
      const events = eventsOf(stream);
      return events.flatMap((event, index) => {
        const before = events[index - 1]?.rv ?? stream.begun ?? 0;
        return event.rv < before ? [`${whose(stream)}: ${told(event)} came after ${before}`] : [];
      });
    }),

  "unique: no stream has an event twice": (history) =>
    eachStream(history, (stream) => {
      const seen = new Set<number>();
      return eventsOf(stream).flatMap((event) => {
        const again = seen.has(event.rv);
        seen.add(event.rv);
        return again ? [`${whose(stream)}: ${told(event)} came twice`] : [];
      });
    }),

  "atomic: a revision is one whole change, the same for all": (history) => {
    const found: string[] = [];
    const changes = new Map<number, { readonly kind: string; readonly event: Event }>();
    for (const stream of history.streams) {
      // Who sees all sees every change as it was made; a selector turns some into others.
      if (Object.keys(stream.scope).length > 1) continue;
      for (const event of eventsOf(stream)) {
        const known = changes.get(event.rv);
        if (!known) changes.set(event.rv, { kind: stream.scope.kind, event });
        else if (known.kind !== stream.scope.kind || told(known.event) !== told(event)) {
          found.push(`${event.rv} is "${told(known.event)}" for one and "${told(event)}" for ${whose(stream)}`);
        }
      }
    }
    return found;
  },

  "reliable: between two events of a stream none is left out": (history) =>
    eachStream(history, (stream) => {
      const events = eventsOf(stream);
      const first = events[0];
      if (!first) return [];
      const got = new Set(events.map(({ rv }) => rv));
      const due = between(history.view(stream.scope), first.rv, events.at(-1)!.rv);
      return due.filter(({ rv }) => !got.has(rv)).map((event) => `${whose(stream)} never saw ${told(event)}`);
    }),

  "resumable: a stream begins with what follows the revision it was opened at": (history) =>
    eachStream(history, (stream) => {
      const first = eventsOf(stream)[0];
      if (stream.begun === undefined || !first) return [];
      const view = history.view(stream.scope);
      const due = view[firstAfter(view, stream.begun)];
      if (due?.rv === first.rv) return [];
      const wanted = due ? told(due) : "nothing";
      return [`${whose(stream)}: ${stream.begun} is followed by ${wanted}, not by ${told(first)}`];
    }),

  "bookmarkable: whatever a bookmark covers was delivered before it": (history) =>
    eachStream(history, (stream) => {
      if (stream.begun === undefined) return [];
      const view = history.view(stream.scope);
      const found: string[] = [];
      let at = stream.begun;
      let count = 0;
      for (const part of stream.parts) {
        if (part.type !== "BOOKMARK") {
          if (part.rv <= at) found.push(`${whose(stream)}: ${told(part)} came after a bookmark of ${at}`);
          count++;
          continue;
        }
        const due = between(view, stream.begun, part.rv).length;
        if (due !== count)
          found.push(`${whose(stream)}: ${count} events before the bookmark of ${part.rv}, not ${due}`);
        at = part.rv;
      }
      return found;
    }),

  "bookmarkable: the state that a stream begins with is that of its bookmark": (history) =>
    eachStream(history, (stream) => {
      if (stream.from !== undefined || stream.begun === undefined) return [];
      const events = history.accounts.get(stream.scope.kind) ?? [];
      const items = stream.initial.map(({ key, rv, n }) => [key, rv, n] as const);
      return differences(stateAt(events, stream.scope, stream.begun), items, `${whose(stream)} at ${stream.begun}`);
    }),

  "filtered: a stream has only what its selectors admit, as coming, staying or leaving": (history) =>
    eachStream(history, (stream) => {
      const due = new Map(history.view(stream.scope).map((event) => [event.rv, event]));
      return eventsOf(stream).flatMap((event) => {
        const wanted = due.get(event.rv);
        if (wanted?.type === event.type && wanted.key === event.key) return [];
        return [`${whose(stream)} saw ${told(event)} instead of ${wanted ? told(wanted) : "nothing"}`];
      });
    }),

  "previous value: who leaves is shown as it was last": (history) =>
    eachStream(history, (stream) => {
      const due = new Map(history.view(stream.scope).map((event) => [event.rv, event]));
      const last = new Map<string, number>();
      return eventsOf(stream).flatMap((event) => {
        const before = last.get(event.key) ?? due.get(event.rv)?.n;
        last.set(event.key, event.n);
        if (event.type !== "DELETED") return [];
        last.delete(event.key);
        return before === event.n ? [] : [`${whose(stream)}: ${told(event)}, but it was n=${before} before`];
      });
    }),

  "create flag: an object is added once, and only what is there changes or leaves": (history) =>
    [...history.accounts.values()].flatMap((events) => {
      const there = new Set<string>();
      return events.flatMap((event) => {
        const had = there.has(event.key);
        if (event.type === "DELETED") there.delete(event.key);
        else there.add(event.key);
        return had === (event.type !== "ADDED") ? [] : [`${told(event)}, but it was ${had ? "" : "not "}there`];
      });
    }),

  "durable: every acknowledged write is an event at the revision that was answered": (history) => {
    const byRevision = new Map<string, Event>();
    const departures = new Set<string>();
    for (const [kind, events] of history.accounts) {
      for (const event of events) {
        byRevision.set(`${kind} ${event.rv}`, event);
        if (event.type === "DELETED") departures.add(`${kind} ${event.key} ${event.n}`);
      }
    }
    return history.facts.flatMap((fact) => {
      if (fact.t !== "write" || fact.outcome !== "acknowledged") return [];
      const { kind, key, verb, n, rv } = fact;
      if (verb === "delete") {
        // The answer to a deletion names no revision.
        return departures.has(`${kind} ${key} ${n}`)
          ? []
          : [`delete ${kind} ${key} n=${n} was acknowledged and not done`];
      }
      const event = byRevision.get(`${kind} ${rv}`);
      if (event?.key === key && event.n === n && event.type !== "DELETED") return [];
      return [`${verb} ${kind} ${key} n=${n} was acknowledged at ${rv}; there is ${event ? told(event) : "nothing"}`];
    });
  },

  "honest: a refused write is never seen, and no write is seen twice": (history) => {
    const seen = new Map<string, number>();
    for (const [kind, events] of history.accounts) {
      for (const { type, n } of events) {
        if (type !== "DELETED") seen.set(`${kind} ${n}`, (seen.get(`${kind} ${n}`) ?? 0) + 1);
      }
    }
    const twice = [...seen].filter(([, times]) => times > 1).map(([write]) => `${write} was seen more than once`);
    const refused = history.facts.flatMap((fact) =>
      fact.t === "write" && fact.outcome === "refused" && fact.verb !== "delete" && seen.has(`${fact.kind} ${fact.n}`)
        ? [`${fact.verb} ${fact.kind} ${fact.key} n=${fact.n} was refused and yet seen`]
        : [],
    );
    return [...twice, ...refused];
  },

  "consistent: every list is the state at its revision": (history) =>
    history.facts.flatMap((fact) => {
      if (fact.t !== "listed") return [];
      const events = history.accounts.get(fact.scope.kind) ?? [];
      return differences(stateAt(events, fact.scope, fact.rv), fact.items, `${fact.watcher}'s list at ${fact.rv}`);
    }),
};

/** Every sentence that any property has to say, by property. */
export function violations(facts: readonly Fact[]): Readonly<Record<string, readonly string[]>> {
  const history = caseOf(facts);
  const entries = Object.entries(properties).map(([name, check]) => [name, check(history)] as const);
  return Object.fromEntries(entries.filter(([, found]) => found.length > 0));
}

function differences(
  due: ReadonlyMap<string, Event>,
  items: readonly (readonly [string, number, number])[],
  what: string,
): readonly string[] {
  const found: string[] = [];
  const got = new Set<string>();
  for (const [key, rv, n] of items) {
    got.add(key);
    const wanted = due.get(key);
    if (wanted?.rv === rv && wanted.n === n) continue;
    found.push(`${what} has ${key} n=${n} at ${rv}, not ${wanted ? told(wanted) : "nothing"}`);
  }
  for (const [key, event] of due) if (!got.has(key)) found.push(`${what} lacks ${told(event)}`);
  return found;
}
