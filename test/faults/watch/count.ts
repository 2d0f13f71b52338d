import type { Fact } from "./history.ts";

/** What a history has. A delivery is one event to one watcher: what a watcher saw again after going back counts once. */
export interface Counts {
  readonly acknowledged: number;
  readonly refused: number;
  readonly unknown: number;
  readonly kills: number;
  readonly bookmarks: number;
  readonly expired: number;
  readonly lists: number;
  readonly streams: number;
  readonly watchers: number;
  readonly deliveries: number;
}

export function count(facts: readonly Fact[]): Counts {
  const deliveries = new Set<string>();
  const names = new Map<number, string>();
  const counts = { acknowledged: 0, refused: 0, unknown: 0, kills: 0, bookmarks: 0, expired: 0, lists: 0, streams: 0 };
  for (const fact of facts) {
    if (fact.t === "write") counts[fact.outcome]++;
    else if (fact.t === "event") deliveries.add(`${names.get(fact.stream)} ${fact.rv}`);
    else if (fact.t === "killed") counts.kills++;
    else if (fact.t === "bookmark") counts.bookmarks++;
    else if (fact.t === "expired") counts.expired++;
    else if (fact.t === "listed") counts.lists++;
    else if (fact.t === "opened") {
      counts.streams++;
      names.set(fact.stream, `${fact.watcher} ${JSON.stringify(fact.scope)}`);
    }
  }
  return { ...counts, watchers: new Set(names.values()).size, deliveries: deliveries.size };
}

export function summary(facts: readonly Fact[]): string {
  const c = count(facts);
  return (
    `${c.deliveries} distinct deliveries of ${c.acknowledged} acknowledged writes to ${c.watchers} watchers in ` +
    `${c.streams} streams; ${c.refused} writes refused, ${c.unknown} cut off; ${c.kills} ends of the server, ` +
    `${c.expired} streams expired, ${c.lists} lists, ${c.bookmarks} bookmarks`
  );
}
