import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";
import { type Change, type KubeObject, parse } from "./entry.ts";
import { Store } from "./store.ts";

let folder: string;
let store: Store;
const open = (history = { maxAgeMs: 1e9, maxBytes: 1e9, minCount: 0 }) =>
  new Store({ folder, clock: systemClock, log: silentLog, history });
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "roster-store-"));
  store = open();
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const thing = (name: string, n = 0): KubeObject => ({ apiVersion: "v1", kind: "Thing", metadata: { name }, n });
const put = (key: string, n = 0) => store.write("things", key, () => ({ put: thing(key, n) }));
const remove = (key: string) => store.write("things", key, (current) => ({ remove: current! }));
const names = (entries: readonly { readonly key: string }[]) => entries.map(({ key }) => key);

describe("the store", () => {
  it("commits the writes of one turn together, and shows them in order only after the commit", async () => {
    const seen: string[] = [];
    store.subscribe(({ type, entry }: Change) => seen.push(`${entry.revision} ${type} ${entry.key}`));
    const writes = [put("b"), put("a"), put("a", 1), remove("b")];
    expect(store.find("things", "a")).toBeUndefined();
    await Promise.all(writes);
    expect(seen).toEqual(["2 ADDED b", "3 ADDED a", "4 MODIFIED a", "5 DELETED b"]);
    expect(names(store.list("things"))).toEqual(["a"]);
    expect(store.revision).toBe(5);
  });

  it("decides each write on what the one before it will have left, committed or not", async () => {
    await put("n");
    const add = () =>
      store.write("things", "n", (current) => ({ put: { ...current!, n: (current!["n"] as number) + 1 } }));
    await Promise.all(Array.from({ length: 100 }, add));
    expect(parse(store.find("things", "n")!)["n"]).toBe(100);
  });

  it("answers a reader of what is about to be committed only after the commit", async () => {
    const order: string[] = [];
    const write = put("a").then(() => order.push("written"));
    const look = store.write("things", "a", (current) => ({ keep: current })).then(() => order.push("looked"));
    await Promise.all([look, write]);
    expect(order).toEqual(["written", "looked"]);
  });

  it("refuses everything of a commit that fails, and shows nothing of it", async () => {
    await put("a");
    await store[Symbol.asyncDispose]();
    const seen: unknown[] = [];
    store.subscribe((change) => seen.push(change));
    const results = await Promise.allSettled([put("a", 1), put("b")]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(parse(store.find("things", "a")!)["n"]).toBe(0);
    expect(store.find("things", "b")).toBeUndefined();
    expect(seen).toEqual([]);
  });

  it("is the same after it was opened again, history included", async () => {
    await put("a");
    await put("b");
    await put("a", 1);
    await remove("b");
    await store[Symbol.asyncDispose]();
    store = open();
    expect(names(store.list("things"))).toEqual(["a"]);
    expect(parse(store.find("things", "a")!)["n"]).toBe(1);
    expect(
      store.history.since(2).map(({ type, entry, previous }) => [type, entry.key, previous !== undefined]),
    ).toEqual([
      ["ADDED", "b", false],
      ["MODIFIED", "a", true],
      ["DELETED", "b", true],
    ]);
    expect((await put("c")).metadata.resourceVersion).toBe("6");
  });

  it("lists as it was at an older revision, by namespace and page", async () => {
    for (const key of ["x/a", "x/b", "x/c", "y/a"]) await put(key);
    const then = store.revision;
    await remove("x/b");
    await put("x/d");
    await put("x/a", 1);
    expect(names(store.listAt(then, "things", "x"))).toEqual(["x/a", "x/b", "x/c"]);
    expect(names(store.listAt(then, "things", "x", "x/a"))).toEqual(["x/b", "x/c"]);
    expect(parse(store.listAt(then, "things", "x")[0]!)["n"]).toBe(0);
    expect(names(store.list("things", "x"))).toEqual(["x/a", "x/c", "x/d"]);
    expect(names(store.list("things", "x", "x/b"))).toEqual(["x/c", "x/d"]);
  });

  it("forgets what is compacted, on the disk too, and nothing of the present", async () => {
    for (let n = 0; n < 50; n++) await put("a", n);
    await put("b");
    await remove("b");
    store.compact(store.revision);
    await put("c");
    await store[Symbol.asyncDispose]();
    store = open();
    expect(store.history.compacted).toBe(53);
    expect(store.history.since(53).map(({ entry }) => entry.key)).toEqual(["c"]);
    expect(names(store.list("things"))).toEqual(["a", "c"]);
    expect(parse(store.find("things", "a")!)["n"]).toBe(49);
  });

  it("keeps of an object just its own bytes, not what was written beside it", async () => {
    const names = Array.from({ length: 20 }, (_, n) => `é-${n}`);
    await Promise.all(names.map((name) => put(name)));
    for (const { bytes, key } of store.list("things")) {
      expect(bytes.buffer.byteLength).toBe(bytes.length);
      expect(JSON.parse(bytes.toString())).toMatchObject({ metadata: { name: key } });
    }
  });

  it("keeps its history within its bounds", async () => {
    await store[Symbol.asyncDispose]();
    store = open({ maxAgeMs: 0, maxBytes: 1e9, minCount: 10 });
    for (let n = 0; n < 100; n++) await put("a", n);
    expect(store.history.length).toBe(10);
    expect(store.history.compacted).toBe(store.revision - 10);
  });
});
