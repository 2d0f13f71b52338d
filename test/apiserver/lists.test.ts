import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { type Cluster, configMap, startCluster } from "./kit.ts";

let cluster: Cluster;
const maps = "/api/v1/namespaces/lists/configmaps";
// What YAML writes in more than one way.
const odd = {
  a: "one\ntwo\n\n",
  b: `${"word ".repeat(60)}\n  more `,
  c: "yes",
  d: "x".repeat(200),
  e: "\n",
  f: "# 1: {",
};
beforeAll(async () => {
  cluster = await startCluster();
  await cluster.post("/api/v1/namespaces", { metadata: { name: "lists" } });
  await Promise.all(Array.from({ length: 70 }, (_, n) => cluster.post(maps, configMap(`odd-${n}`, odd))));
});
afterAll(() => cluster[Symbol.asyncDispose]());

const asTable = "application/json;as=Table;g=meta.k8s.io;v=v1";

describe("a list", () => {
  it.each([
    ["of many objects", ""],
    ["of few", "?limit=3"],
    ["of none", "?labelSelector=none%3Dat-all"],
  ])("%s is the same document as YAML, though it is written in slices", async (_name, query) => {
    const json = await cluster.get(`${maps}${query}`);
    const yaml = await cluster.get(`${maps}${query}`, { accept: "application/yaml" });
    expect(yaml.headers["content-type"]).toBe("application/yaml");
    expect(yaml.text).toBe(stringify(JSON.parse(json.text), { version: "1.1" }));
  });

  it("of few large objects is not put together in memory", async () => {
    const big = (n: number) => configMap(`big-${n}`, { pad: "x".repeat(400_000) }, { labels: { size: "big" } });
    for (let n = 0; n < 4; n++) await cluster.post(maps, big(n));
    const { headers, body } = await cluster.get(`${maps}?labelSelector=size%3Dbig`);
    expect(headers["content-length"]).toBeUndefined();
    expect(body.items).toHaveLength(4);
    const small = await cluster.get(`${maps}?limit=2`);
    expect(small.headers["content-length"]).toBe(String(small.text.length));
  });
});

describe("the deletion of a collection", () => {
  it("answers what there was as a list would, and a dry run deletes nothing", async () => {
    const before = await cluster.get(maps);
    const dry = await cluster.remove(`${maps}?dryRun=All`);
    expect(dry.text).toBe(before.text);
    const table = await cluster.remove(`${maps}?limit=2`, undefined, { accept: asTable });
    expect(table.body.rows.map((row) => row["object"]!.metadata.name)).toEqual(["big-0", "big-1"]);
    const rest = await cluster.get(maps);
    expect(rest.body.items).toHaveLength(before.body.items.length - 2);
    const gone = await cluster.remove(maps);
    expect(gone.text).toBe(rest.text);
    expect((await cluster.get(maps)).body.items).toEqual([]);
  });
});
