import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, configMap, configMapsPath as maps, startCluster, widget, widgets, widgetsPath } from "./kit.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ crds: [widgets] });
});
afterAll(() => cluster[Symbol.asyncDispose]());

const gone = ({ code }: { readonly code: number }) => code === 404;

async function owner(name: string) {
  return (await cluster.post(widgetsPath, widget(name))).body;
}

async function owned(
  name: string,
  ...owners: { readonly metadata: { readonly name: unknown; readonly uid?: unknown } }[]
) {
  const ownerReferences = owners.map(({ metadata }) => ({
    apiVersion: "example.com/v1",
    kind: "Widget",
    name: metadata.name,
    uid: metadata.uid,
    blockOwnerDeletion: true,
  }));
  return cluster.post(maps, configMap(name, {}, { ownerReferences }));
}

describe("garbage collection", () => {
  it("deletes dependents after their owner, and theirs in turn", async () => {
    const top = await owner("top");
    await owned("below", top);
    const { body: below } = await cluster.get(`${maps}/below`);
    const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "below", uid: below.metadata["uid"] }];
    await cluster.post(maps, configMap("lowest", {}, { ownerReferences }));
    await cluster.remove(`${widgetsPath}/top`, { propagationPolicy: "Background" });
    await cluster.eventually(`${maps}/below`, gone);
    await cluster.eventually(`${maps}/lowest`, gone);
  });

  it("keeps a dependent that has another owner, and takes the dead reference off", async () => {
    const [one, two] = [await owner("one"), await owner("two")];
    await owned("shared", one, two);
    await cluster.remove(`${widgetsPath}/one`);
    const { body } = await cluster.eventually(
      `${maps}/shared`,
      (answer) => answer.body.metadata["ownerReferences"]?.length === 1,
    );
    expect(body.metadata["ownerReferences"]).toMatchObject([{ name: "two" }]);
  });

  it("deletes dependents first when asked for foreground deletion", async () => {
    const front = await owner("front");
    await owned("behind", front);
    await cluster.merge(`${maps}/behind`, { metadata: { finalizers: ["example.com/hold"] } });
    const { body } = await cluster.remove(`${widgetsPath}/front`, { propagationPolicy: "Foreground" });
    expect(body.metadata["finalizers"]).toEqual(["foregroundDeletion"]);
    await cluster.eventually(`${maps}/behind`, (answer) => answer.body.metadata["deletionTimestamp"] !== undefined);
    expect((await cluster.get(`${widgetsPath}/front`)).code).toBe(200);
    await cluster.merge(`${maps}/behind`, { metadata: { finalizers: null } });
    await cluster.eventually(`${widgetsPath}/front`, gone);
  });

  it("goes on with a foreground deletion when what held it lets go", async () => {
    const front = await owner("let-go");
    for (const name of ["holds-1", "holds-2"]) {
      await owned(name, front);
      await cluster.merge(`${maps}/${name}`, { metadata: { finalizers: ["example.com/hold"] } });
    }
    await cluster.remove(`${widgetsPath}/let-go`, { propagationPolicy: "Foreground" });
    for (const name of ["holds-1", "holds-2"]) {
      await cluster.eventually(`${maps}/${name}`, ({ body }) => body.metadata["deletionTimestamp"] !== undefined);
    }
    await cluster.merge(`${maps}/holds-1`, { metadata: { finalizers: null } });
    await cluster.eventually(`${maps}/holds-1`, gone);
    expect((await cluster.get(`${widgetsPath}/let-go`)).code).toBe(200);
    await cluster.merge(`${maps}/holds-2`, { metadata: { ownerReferences: null } });
    await cluster.eventually(`${widgetsPath}/let-go`, gone);
    await cluster.merge(`${maps}/holds-2`, { metadata: { finalizers: null } });
  });

  it("leaves dependents alone when asked to orphan them", async () => {
    const parent = await owner("parent");
    await owned("orphan", parent);
    await cluster.remove(`${widgetsPath}/parent`, { propagationPolicy: "Orphan" });
    await cluster.eventually(`${widgetsPath}/parent`, gone);
    const { body } = await cluster.get(`${maps}/orphan`);
    expect(body.metadata["ownerReferences"]).toBeUndefined();
  });

  it("collects what names an owner that never was, and what was orphaned while the server was down", async () => {
    await owned("stray", { metadata: { name: "nobody", uid: "11111111-1111-4111-8111-111111111111" } });
    await cluster.eventually(`${maps}/stray`, gone);
  });
});

describe("namespaces", () => {
  it("get an account when made, and take their content with them", async () => {
    await cluster.post("/api/v1/namespaces", { metadata: { name: "short" } });
    await cluster.eventually("/api/v1/namespaces/short/serviceaccounts/default", ({ code }) => code === 200);
    await cluster.post("/api/v1/namespaces/short/configmaps", configMap("a"));
    const held = widget("held", {}, { finalizers: ["example.com/hold"] });
    await cluster.post("/apis/example.com/v1/namespaces/short/widgets", held);
    const { body } = await cluster.remove("/api/v1/namespaces/short");
    expect(body.status).toMatchObject({ phase: "Terminating" });
    const waiting = await cluster.eventually(
      "/api/v1/namespaces/short",
      (answer) => answer.body.status["conditions"] !== undefined,
    );
    expect(waiting.body.status["conditions"]).toContainEqual(
      expect.objectContaining({
        type: "NamespaceFinalizersRemaining",
        message: "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
      }),
    );
    const late = await cluster.post("/api/v1/namespaces/short/configmaps", configMap("late"));
    expect(late.code).toBe(403);
    expect(late.body["message"]).toBe(
      'configmaps "late" is forbidden: unable to create new content in namespace short because it is being terminated',
    );
    await cluster.merge("/apis/example.com/v1/namespaces/short/widgets/held", { metadata: { finalizers: null } });
    await cluster.eventually("/api/v1/namespaces/short", gone);
    expect((await cluster.get("/api/v1/namespaces/short/configmaps/a")).code).toBe(404);
  });

  it("go when hundreds were in them, some held, and not before the last of those", async () => {
    const path = "/api/v1/namespaces/full";
    await cluster.post("/api/v1/namespaces", { metadata: { name: "full" } });
    const all = Array.from({ length: 400 }, (_, n) => n);
    // A field of that name says nothing about the object.
    const data = { deletionTimestamp: "never" };
    const finalizers = ["example.com/hold"];
    await Promise.all(
      all.map((n) => cluster.post(`${path}/configmaps`, configMap(`c-${n}`, data, n % 2 === 0 ? {} : { finalizers }))),
    );
    await cluster.remove(path);
    const told = (text: string) => (answer: { readonly text: string }) => answer.text.includes(text);
    await cluster.eventually(path, told("example.com/hold in 200 resource instances"));
    const left = (await cluster.get(`${path}/configmaps`)).body.items;
    expect(left).toHaveLength(200);
    const names = left.map(({ metadata }) => String(metadata.name));
    const release = (name: string) => cluster.merge(`${path}/configmaps/${name}`, { metadata: { finalizers: null } });
    await Promise.all(names.slice(1).map(release));
    await cluster.eventually(path, told("example.com/hold in 1 resource instances"));
    await release(names[0]!);
    await cluster.eventually(path, gone);
  });
});
