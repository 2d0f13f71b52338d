import { describe, expect, it } from "vitest";
import type { Change } from "../store/entry.ts";
import { History } from "../store/history.ts";
import { replay } from "./watch.ts";

const change = (revision: number): Change => ({
  type: "MODIFIED",
  entry: { bucket: "things", key: "a", revision, bytes: Buffer.from("{}") },
  previous: undefined,
  at: 0,
  lines: new Map(),
  fresh: true,
});

function aHistory(...revisions: readonly number[]): History {
  const history = new History(0, { maxAgeMs: 1e9, maxBytes: 1e9, minCount: 0 });
  for (const revision of revisions) history.push(change(revision));
  return history;
}

const never = () => expect.unreachable("nothing is forgotten");

describe("the replay of a watch", () => {
  it("goes through what followed, once, and leaves what came after it began to the live stream", () => {
    const history = aHistory(2, 3, 5, 6);
    const seen: number[] = [];
    for (const { entry } of replay(history, 2, 6, never)) {
      seen.push(entry.revision);
      if (entry.revision === 3) history.push(change(7));
    }
    expect(seen).toEqual([3, 5, 6]);
    expect([...replay(history, 7, 7, never)]).toEqual([]);
    expect([...replay(history, 100, 7, never)]).toEqual([]);
  });

  it("ends for a client that is slower than the history forgets, and not for one that is not", () => {
    const history = aHistory(2, 3, 4, 5);
    const lost: number[] = [];
    const changes = replay(history, 1, 5, (at) => lost.push(at));
    expect(changes.next().value?.entry.revision).toBe(2);
    history.evict(0, 2);
    expect(changes.next().value?.entry.revision).toBe(3);
    history.evict(0, 4);
    expect(changes.next().done).toBe(true);
    expect(lost).toEqual([3]);
  });
});
