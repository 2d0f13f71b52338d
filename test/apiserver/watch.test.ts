import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Cluster,
  configMap,
  configMapsPath as maps,
  widgetsPath as path,
  startCluster,
  type WatchEvent,
  widget,
  widgets,
} from "./kit.ts";

let cluster: Cluster;
beforeAll(async () => {
  // A short history, so that a test can outrun it.
  cluster = await startCluster({ crds: [widgets], history: { maxAgeMs: 0, maxBytes: 200_000, minCount: 300 } });
});
afterAll(() => cluster[Symbol.asyncDispose]());

const seen = (events: readonly WatchEvent[]) => events.map(({ type, object }) => `${type} ${object.metadata.name}`);

describe("watch", () => {
  it("delivers every change once, in order, from the version on that was listed", async () => {
    await cluster.post(path, widget("w0"));
    const { body: listed } = await cluster.get(path);
    using watch = await cluster.watch(`${path}?watch=true&resourceVersion=${listed.metadata.resourceVersion}`);
    await Promise.all(Array.from({ length: 50 }, (_, i) => cluster.post(path, widget(`many-${i}`))));
    const events = await watch.take(50);
    expect(new Set(events.map(({ object }) => String(object.metadata.name))).size).toBe(50);
    const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
  });

  it("resumes after any event with exactly what followed, also after a restart of the server", async () => {
    const first = (await cluster.post(path, widget("resume"))).body;
    await cluster.merge(`${path}/resume`, { spec: { size: 1 } });
    await cluster.remove(`${path}/resume`);
    const since = `${path}?watch=true&fieldSelector=metadata.name=resume&resourceVersion=${first.metadata.resourceVersion}`;
    using watch = await cluster.watch(since);
    expect(seen(await watch.take(2))).toEqual(["MODIFIED resume", "DELETED resume"]);
    cluster = await cluster.restart();
    using again = await cluster.watch(since);
    expect(seen(await again.take(2))).toEqual(["MODIFIED resume", "DELETED resume"]);
  });

  it("begins with the current objects when no version is named", async () => {
    await cluster.post(maps, configMap("now"));
    using watch = await cluster.watch(`${maps}?watch=true&fieldSelector=metadata.name=now`);
    expect(seen(await watch.take(1))).toEqual(["ADDED now"]);
  });

  it("ends the initial events with a bookmark that says so", async () => {
    const query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    await cluster.post(maps, configMap("initial"));
    using watch = await cluster.watch(`${maps}?${query}&fieldSelector=metadata.name=initial`);
    const [added, bookmark] = await watch.take(2);
    expect(added!.type).toBe("ADDED");
    expect(bookmark).toMatchObject({
      type: "BOOKMARK",
      object: {
        kind: "ConfigMap",
        apiVersion: "v1",
        metadata: { annotations: { "k8s.io/initial-events-end": "true" } },
      },
    });
    expect(Number(bookmark!.object.metadata.resourceVersion)).toBeGreaterThan(0);
  });

  it("shows objects that begin or stop to match a selector as added and deleted", async () => {
    const { body: listed } = await cluster.get(maps);
    const version = listed.metadata.resourceVersion;
    using watch = await cluster.watch(`${maps}?watch=true&labelSelector=team=red&resourceVersion=${version}`);
    await cluster.post(maps, configMap("moves", { n: "1" }));
    await cluster.merge(`${maps}/moves`, { metadata: { labels: { team: "red" } } });
    await cluster.merge(`${maps}/moves`, { data: { n: "2" } });
    const left = (await cluster.merge(`${maps}/moves`, { metadata: { labels: { team: "blue" } }, data: { n: "3" } }))
      .body;
    await cluster.remove(`${maps}/moves`);
    await cluster.post(maps, configMap("next", {}, { labels: { team: "red" } }));
    const events = await watch.take(4);
    expect(seen(events)).toEqual(["ADDED moves", "MODIFIED moves", "DELETED moves", "ADDED next"]);
    // The deletion carries what matched last, under the version at which it stopped to match.
    expect(events[2]!.object).toMatchObject({
      data: { n: "2" },
      metadata: { resourceVersion: left.metadata.resourceVersion },
    });
  });

  it("filters by selectable fields of a custom kind", async () => {
    const { body: listed } = await cluster.get(path);
    using watch = await cluster.watch(
      `${path}?watch=true&fieldSelector=spec.colour=blue&resourceVersion=${listed.metadata.resourceVersion}`,
    );
    await cluster.post(path, widget("red"));
    await cluster.post(path, widget("blue", { colour: "blue" }));
    expect(seen(await watch.take(1))).toEqual(["ADDED blue"]);
  });

  it("answers 410 in the stream for a version that the history no longer covers", async () => {
    const { body } = await cluster.post(maps, configMap("old", { pad: "x".repeat(5_000) }));
    for (let i = 0; i < 60; i++) await cluster.merge(`${maps}/old`, { data: { i: String(i) } });
    using watch = await cluster.watch(`${maps}?watch=true&resourceVersion=${body.metadata.resourceVersion}`);
    expect(await watch.next()).toMatchObject({ type: "ERROR", object: { code: 410, reason: "Expired" } });
    await watch.ended;
  });

  it("stays open when asked for longer than any timer runs", async () => {
    const { body: listed } = await cluster.get(maps);
    const version = listed.metadata.resourceVersion;
    using watch = await cluster.watch(`${maps}?watch=true&timeoutSeconds=2147484&resourceVersion=${version}`);
    for (const name of ["long-1", "long-2", "long-3"]) await cluster.post(maps, configMap(name));
    expect(seen(await watch.take(3))).toEqual(["ADDED long-1", "ADDED long-2", "ADDED long-3"]);
  });

  it("waits for a version that is to come, and says so when initial events were asked for", async () => {
    const { body } = await cluster.get(maps);
    const next = Number(body.metadata.resourceVersion) + 1;
    const opening = cluster.watch(`${maps}?watch=true&resourceVersion=${next}`);
    await cluster.post(maps, configMap("awaited"));
    using watch = await opening;
    await cluster.post(maps, configMap("after"));
    expect(seen(await watch.take(1))).toEqual(["ADDED after"]);
    const initial = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    using never = await cluster.watch(`${maps}?watch=true&${initial}&resourceVersion=${next + 100_000}`);
    const { type, object } = await never.next();
    expect(type).toBe("ERROR");
    expect(object).toMatchObject({ code: 504, message: expect.stringMatching(/^Timeout: Too large resource version: /) });
  });

  it("sends each event as a Table of one row when a Table is asked for", async () => {
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const { body: listed } = await cluster.get(path);
    using watch = await cluster.watch(`${path}?watch=true&resourceVersion=${listed.metadata.resourceVersion}`, {
      accept,
    });
    await cluster.post(path, widget("rowed", { colour: "green" }));
    const { type, object } = await watch.next();
    expect(type).toBe("ADDED");
    expect(object).toMatchObject({
      kind: "Table",
      rows: [{ cells: ["rowed", "green", null], object: { kind: "PartialObjectMetadata" } }],
    });
  });

  it("keeps events for a client that does not read, as long as the history has them, then closes it", async () => {
    // Ten megabytes of history; each event has 0.4.
    await using own = await startCluster({ history: { maxAgeMs: 1e9, maxBytes: 10e6, minCount: 0 } });
    const { body: listed } = await own.get(maps);
    const from = `${maps}?watch=true&resourceVersion=${listed.metadata.resourceVersion}`;
    using stuck = await own.watch(from);
    using quick = await own.watch(from);
    const write = (name: string) => own.post(maps, configMap(name, { pad: "x".repeat(400_000) }));
    stuck.pause();
    for (let i = 0; i < 20; i++) await write(`big-${i}`);
    expect(await quick.take(20)).toHaveLength(20);
    stuck.resume();
    expect((await stuck.take(20)).at(-1)!.object.metadata.name).toBe("big-19");
    stuck.pause();
    for (let i = 20; i < 80; i++) await write(`big-${i}`);
    expect((await quick.take(60)).at(-1)!.object.metadata.name).toBe("big-79");
    stuck.resume();
    await stuck.ended;
  });
});

describe("lists", () => {
  it("are cut by limit at one fixed revision, whatever is written meanwhile", async () => {
    const label = "labels-of=pages";
    for (let i = 0; i < 25; i++)
      await cluster.post(path, widget(`page-${String(i).padStart(2, "0")}`, {}, { labels: { "labels-of": "pages" } }));
    const names: string[] = [];
    let token = "";
    let revision = "";
    do {
      const { body } = await cluster.get(`${path}?limit=7&labelSelector=${label}&continue=${token}`);
      names.push(...body.items.map((item) => String(item.metadata.name)));
      revision ||= String(body.metadata.resourceVersion);
      expect(body.metadata.resourceVersion).toBe(revision);
      token = String(body.metadata.continue);
      await cluster.remove(`${path}/page-10`);
      await cluster.merge(`${path}/page-20`, { metadata: { labels: { "labels-of": "others" } } });
      await cluster.post(path, widget("page-155", {}, { labels: { "labels-of": "pages" } }));
    } while (token);
    expect(names).toEqual(Array.from({ length: 25 }, (_, i) => `page-${String(i).padStart(2, "0")}`));
  });

  it("say how many are left, and go on after the token expired only when told so", async () => {
    const first = (await cluster.get(`${path}?limit=5`)).body;
    const total = (await cluster.get(path)).body.items.length;
    expect(first.metadata.remainingItemCount).toBe(total - 5);
    for (let i = 0; i < 60; i++) await cluster.merge(`${maps}/old`, { data: { j: String(i), pad: "y".repeat(5_000) } });
    const expired = await cluster.get(`${path}?limit=5&continue=${first.metadata.continue}`);
    expect(expired.body).toMatchObject({ code: 410, reason: "Expired" });
    const rest = (await cluster.get(`${path}?continue=${expired.body.metadata.continue}`)).body;
    expect(rest.items).toHaveLength(Number(total) - 5);
  });

  it("can be read at an exact version, as it was then", async () => {
    const before = (await cluster.post(path, widget("exact"))).body.metadata.resourceVersion;
    await cluster.remove(`${path}/exact`);
    const then = (await cluster.get(`${path}?resourceVersion=${before}&resourceVersionMatch=Exact`)).body;
    expect(then.items.map(({ metadata }) => String(metadata.name))).toContain("exact");
    expect(then.metadata.resourceVersion).toBe(before);
  });

  it("come as Tables with the columns of the definition", async () => {
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    const { body } = await cluster.get(`${path}?fieldSelector=metadata.name=blue`, { accept });
    expect(body.columnDefinitions.map(({ name, priority }) => `${name}:${priority}`)).toEqual([
      "Name:0",
      "Colour:0",
      "Size:1",
    ]);
    expect(body.rows).toMatchObject([{ cells: ["blue", "blue", null] }]);
  });
});
