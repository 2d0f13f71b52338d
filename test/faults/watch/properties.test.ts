import { describe, expect, it } from "vitest";
import type { Event, Fact } from "./history.ts";
import { properties, violations } from "./properties.ts";

const kind = "configmaps";
const event = (
  stream: number,
  type: Event["type"],
  rv: number,
  key: string,
  n: number,
  more: Partial<Event> = {},
): Fact => ({
  t: "event",
  stream,
  type,
  rv,
  key,
  n,
  team: "red",
  colour: "",
  ...more,
});
const opened = (stream: number, watcher: string, from?: number, scope: object = {}): Fact => ({
  t: "opened",
  stream,
  watcher,
  scope: { kind, ...scope },
  ...(from === undefined ? {} : { from }),
});
const bookmark = (stream: number, rv: number, initial = false): Fact => ({ t: "bookmark", stream, rv, initial });
const wrote = (n: number, rv: number | undefined, outcome: "acknowledged" | "refused" | "unknown", verb = "update") =>
  ({ t: "write", kind, key: "d/a", verb, n, outcome, ...(rv === undefined ? {} : { rv }) }) as Fact;

// What happened: a is made, b is made, a changes and leaves the red team, a is deleted, a is made anew.
const recorded: readonly Fact[] = [
  opened(1, "recorder", 1),
  event(1, "ADDED", 2, "d/a", 10),
  event(1, "ADDED", 3, "d/b", 11),
  event(1, "MODIFIED", 4, "d/a", 12, { team: "blue" }),
  event(1, "DELETED", 6, "d/a", 12, { team: "blue" }),
  event(1, "ADDED", 7, "d/a", 13),
];
const red = (...events: readonly Fact[]): readonly Fact[] => [opened(2, "red", 1, { team: "red" }), ...events];
const other = (...events: readonly Fact[]): readonly Fact[] => [opened(2, "other", 2), ...events];
const fresh = (...events: readonly Fact[]): readonly Fact[] => [opened(2, "fresh"), ...events];

const right: Readonly<Record<string, readonly Fact[]>> = {
  "a selector turns changes into coming and leaving": red(
    event(2, "ADDED", 2, "d/a", 10),
    event(2, "ADDED", 3, "d/b", 11),
    event(2, "DELETED", 4, "d/a", 10),
    event(2, "ADDED", 7, "d/a", 13),
  ),
  "a stream that was opened later has what follows": other(event(2, "ADDED", 3, "d/b", 11), bookmark(2, 3)),
  "a stream begins with a state and goes on": fresh(
    event(2, "ADDED", 3, "d/b", 11),
    event(2, "ADDED", 4, "d/a", 12, { team: "blue" }),
    bookmark(2, 5, true),
    event(2, "DELETED", 6, "d/a", 12, { team: "blue" }),
    bookmark(2, 6),
  ),
  "writes of every outcome": [
    wrote(10, 2, "acknowledged", "create"),
    wrote(12, 4, "acknowledged"),
    wrote(99, undefined, "refused"),
    wrote(13, undefined, "unknown"),
    wrote(98, undefined, "unknown"),
    wrote(12, undefined, "acknowledged", "delete"),
  ],
  "a list in the middle": [
    {
      t: "listed",
      watcher: "slow",
      scope: { kind },
      rv: 5,
      items: [
        ["d/a", 4, 12],
        ["d/b", 3, 11],
      ],
    },
  ],
};

// A checker that cannot fail proves nothing: each property with histories that break it.
const wrong: Readonly<Record<keyof typeof properties, readonly (readonly Fact[])[]>> = {
  "ordered: the revisions of a stream only grow": [
    other(event(2, "MODIFIED", 4, "d/a", 12, { team: "blue" }), event(2, "ADDED", 3, "d/b", 11)),
    other(event(2, "ADDED", 1, "d/z", 1)),
  ],
  "unique: no stream has an event twice": [other(event(2, "ADDED", 3, "d/b", 11), event(2, "ADDED", 3, "d/b", 11))],
  "atomic: a revision is one whole change, the same for all": [
    other(event(2, "ADDED", 3, "d/c", 11)),
    other(event(2, "ADDED", 3, "d/b", 77)),
  ],
  "reliable: between two events of a stream none is left out": [
    other(event(2, "ADDED", 3, "d/b", 11), event(2, "DELETED", 6, "d/a", 12, { team: "blue" })),
    red(event(2, "ADDED", 2, "d/a", 10), event(2, "ADDED", 7, "d/a", 13)),
  ],
  "resumable: a stream begins with what follows the revision it was opened at": [
    other(event(2, "MODIFIED", 4, "d/a", 12, { team: "blue" })),
    other(event(2, "ADDED", 2, "d/a", 10), event(2, "ADDED", 3, "d/b", 11)),
  ],
  "bookmarkable: whatever a bookmark covers was delivered before it": [
    other(event(2, "ADDED", 3, "d/b", 11), bookmark(2, 5)),
    other(bookmark(2, 2), event(2, "ADDED", 3, "d/b", 11), bookmark(2, 6), event(2, "MODIFIED", 4, "d/a", 12)),
    other(bookmark(2, 3)),
  ],
  "bookmarkable: the state that a stream begins with is that of its bookmark": [
    fresh(event(2, "ADDED", 3, "d/b", 11), bookmark(2, 5, true)),
    fresh(event(2, "ADDED", 2, "d/a", 10), event(2, "ADDED", 3, "d/b", 11), bookmark(2, 5, true)),
    fresh(event(2, "ADDED", 2, "d/a", 10), event(2, "ADDED", 3, "d/b", 11), bookmark(2, 2, true)),
  ],
  "filtered: a stream has only what its selectors admit, as coming, staying or leaving": [
    red(event(2, "ADDED", 2, "d/a", 10), event(2, "ADDED", 3, "d/b", 11), event(2, "MODIFIED", 4, "d/a", 12)),
    red(event(2, "ADDED", 7, "d/a", 13), event(2, "ADDED", 8, "d/y", 14)),
    red(event(2, "MODIFIED", 2, "d/a", 10)),
  ],
  "previous value: who leaves is shown as it was last": [
    other(event(2, "DELETED", 6, "d/a", 10)),
    red(event(2, "ADDED", 2, "d/a", 10), event(2, "ADDED", 3, "d/b", 11), event(2, "DELETED", 4, "d/a", 12)),
  ],
  "create flag: an object is added once, and only what is there changes or leaves": [
    [event(1, "ADDED", 8, "d/a", 14)],
    [event(1, "MODIFIED", 8, "d/new", 14)],
    [event(1, "DELETED", 8, "d/new", 14)],
  ],
  "durable: every acknowledged write is an event at the revision that was answered": [
    [wrote(12, 5, "acknowledged")],
    [wrote(77, 4, "acknowledged")],
    [wrote(13, undefined, "acknowledged", "delete")],
  ],
  "honest: a refused write is never seen, and no write is seen twice": [
    [wrote(12, undefined, "refused")],
    [event(1, "MODIFIED", 8, "d/a", 13)],
  ],
  "consistent: every list is the state at its revision": [
    [{ t: "listed", watcher: "slow", scope: { kind }, rv: 5, items: [["d/b", 3, 11]] }],
    [
      {
        t: "listed",
        watcher: "slow",
        scope: { kind, team: "red" },
        rv: 5,
        items: [
          ["d/a", 4, 12],
          ["d/b", 3, 11],
        ],
      },
    ],
    [
      {
        t: "listed",
        watcher: "slow",
        scope: { kind },
        rv: 6,
        items: [
          ["d/a", 4, 12],
          ["d/b", 3, 11],
        ],
      },
    ],
  ],
};

describe("the checkers of watches", () => {
  for (const [name, facts] of Object.entries(right)) {
    it(`find nothing wrong: ${name}`, () => expect(violations([...recorded, ...facts])).toEqual({}));
  }
  for (const [name, histories] of Object.entries(wrong)) {
    it(`notice what is not ${name}`, () => {
      for (const facts of histories) expect(Object.keys(violations([...recorded, ...facts]))).toContain(name);
    });
  }
  it("have a history that must fail for each property", () => {
    expect(Object.keys(wrong)).toEqual(Object.keys(properties));
  });
});
