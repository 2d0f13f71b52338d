import { describe, expect, it } from "vitest";
import type { Resource, Stored } from "../api/resource.ts";
import { Cache, type Change, compareVersions } from "./cache.ts";

const object = (name: string, resourceVersion: string, team = "a", uid = `${name}-uid`): Stored => ({
  apiVersion: "v1",
  kind: "X",
  metadata: { name, namespace: "ns", uid, resourceVersion, labels: { team }, managedFields: [] },
});

function watched() {
  const cache = new Cache({ team: ({ metadata }) => [metadata.labels?.team ?? ""] });
  const changes: string[] = [];
  cache.subscribe(({ key, before, after, own, initial }: Change<Resource>) => {
    const versions = `${before?.metadata.resourceVersion ?? "-"}→${after?.metadata.resourceVersion ?? "-"}`;
    changes.push(`${key} ${versions}${own ? " own" : ""}${initial ? " initial" : ""}`);
  });
  return { cache, changes };
}

describe("the cache", () => {
  it("follows a list and its events, and keeps its indexes", () => {
    const { cache, changes } = watched();
    expect(cache.synced).toBe(false);
    cache.replaceAll([object("x", "1"), object("y", "2", "b")], "2");
    cache.observe("MODIFIED", object("x", "3", "b"));
    cache.observe("DELETED", object("y", "4", "b"));
    expect(cache.synced).toBe(true);
    expect(cache.keysBy("team", "a")).toEqual([]);
    expect(cache.keysBy("team", "b")).toEqual(["ns/x"]);
    expect(cache.countBy("namespace", "ns")).toBe(1);
    expect(changes).toEqual(["ns/x -→1 initial", "ns/y -→2 initial", "ns/x 1→3", "ns/y 2→-"]);
  });

  it("drops managedFields, which nobody reads", () => {
    const { cache } = watched();
    cache.observe("ADDED", object("x", "1"));
    expect(cache.find("ns/x")?.metadata.managedFields).toBeUndefined();
  });

  it("reads its own writes and drops older events that are still on their way", () => {
    const { cache, changes } = watched();
    cache.replaceAll([object("x", "1")], "1");
    cache.assume(object("x", "5"));
    cache.observe("MODIFIED", object("x", "3"));
    expect(cache.find("ns/x")?.metadata.resourceVersion).toBe("5");
    cache.observe("MODIFIED", object("x", "5"));
    cache.observe("MODIFIED", object("x", "6"));
    expect(changes).toEqual(["ns/x -→1 initial", "ns/x 1→5 own", "ns/x 5→6"]);
  });

  it("does not raise the dead: an answer that comes after the deletion is ignored", () => {
    const { cache } = watched();
    cache.replaceAll([object("x", "1")], "1");
    cache.observe("DELETED", object("x", "4"));
    cache.assume(object("x", "3"));
    expect(cache.find("ns/x")).toBeUndefined();
  });

  it("holds namespaces that are followed one by one: what one's list lacks says nothing of the other", () => {
    const cache = new Cache({}, ["a", "b"]);
    const of = (namespace: string, name: string, resourceVersion: string): Stored => {
      const one = object(name, resourceVersion);
      return { ...one, metadata: { ...one.metadata, namespace } };
    };
    cache.replaceAll([of("a", "x", "1")], "1", "a");
    expect([cache.synced, cache.isSynced("a"), cache.isSynced("b")]).toEqual([false, true, false]);
    cache.replaceAll([of("b", "y", "9")], "9", "b");
    expect(cache.synced).toBe(true);
    // The watch of b is far ahead; an own write in a is news there all the same.
    cache.assume(of("a", "x", "5"));
    expect(cache.find("a/x")?.metadata.resourceVersion).toBe("5");
    cache.observe("MODIFIED", of("a", "x", "3"));
    expect(cache.find("a/x")?.metadata.resourceVersion).toBe("5");
    cache.replaceAll([], "12", "b");
    expect([...cache.keys()]).toEqual(["a/x"]);
  });

  it("keeps an own write that a list was too early for, and removes what a list lacks", () => {
    const { cache } = watched();
    cache.replaceAll([object("x", "1"), object("y", "2")], "2");
    cache.assume(object("z", "9"));
    cache.replaceAll([object("x", "1")], "5");
    expect([...cache.keys()].sort()).toEqual(["ns/x", "ns/z"]);
  });

  it("believes a server that was restored from an older copy", () => {
    const { cache } = watched();
    cache.replaceAll([object("x", "10")], "10");
    cache.assume(object("x", "12"));
    cache.replaceAll([object("x", "4")], "5");
    expect(cache.find("ns/x")?.metadata.resourceVersion).toBe("4");
  });
});

it("orders versions as numbers of any length, and says nothing about others", () => {
  expect(compareVersions("9", "10")).toBeLessThan(0);
  expect(compareVersions("90071992547409931", "90071992547409930")).toBeGreaterThan(0);
  expect(compareVersions("7", "7")).toBe(0);
  expect(compareVersions("abc", "7")).toBe(0);
});

interface Bound {
  readonly spec: { readonly roleRef: object };
  readonly status: { readonly conditions: readonly object[] };
}

it("keeps one copy of what objects have in common, and changes nothing of what they say", () => {
  const cache = new Cache<Resource>();
  const bound = (name: string): Stored =>
    ({
      ...object(name, "1"),
      spec: { roleRef: { name: "assistant" }, subject: { name } },
      status: { conditions: [{ type: "Ready", status: "True" }], effective: { state: "Active" } },
    }) as Stored;
  cache.replaceAll([bound("x"), bound("y")], "1");
  const [x, y] = ["ns/x", "ns/y"].map((key) => cache.find(key) as unknown as Bound) as [Bound, Bound];
  const { metadata, ...rest } = bound("x") as Stored & Bound;
  expect(x).toMatchObject(rest);
  expect(metadata.labels).toEqual((x as unknown as Stored).metadata.labels);
  expect(x.spec.roleRef).toBe(y.spec.roleRef);
  expect(x.status.conditions[0]).toBe(y.status.conditions[0]);
});

it("finds by an index however many share a value, as they come and go", () => {
  const cache = new Cache<Resource>({ first: ({ metadata }) => [metadata.name.slice(0, 1)] });
  for (const name of ["a1", "a2", "b1"]) cache.observe("ADDED", object(name, "1"));
  expect([cache.keysBy("first", "a"), cache.keysBy("first", "b"), cache.countBy("first", "a")]).toEqual([
    ["ns/a1", "ns/a2"],
    ["ns/b1"],
    2,
  ]);
  cache.observe("DELETED", object("a1", "2"));
  cache.observe("DELETED", object("b1", "2"));
  expect([cache.keysBy("first", "a"), cache.countBy("first", "a"), cache.countBy("first", "b")]).toEqual([
    ["ns/a2"],
    1,
    0,
  ]);
});
