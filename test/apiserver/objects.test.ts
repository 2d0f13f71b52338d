import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Cluster,
  configMap,
  configMapsPath as maps,
  widgetsPath as path,
  startCluster,
  widget,
  widgets,
} from "./kit.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ crds: [widgets] });
});
afterAll(() => cluster[Symbol.asyncDispose]());

describe("writing objects", () => {
  it("fills in defaults, identity and generation, and counts only changes of the spec", async () => {
    const made = (await cluster.post(path, widget("gen", { size: 1 }))).body;
    expect(made.spec).toEqual({ colour: "red", size: 1 });
    expect(made.metadata).toMatchObject({ name: "gen", namespace: "default", generation: 1 });
    const labelled = (await cluster.merge(`${path}/gen`, { metadata: { labels: { a: "b" } } })).body;
    expect(labelled.metadata.generation).toBe(1);
    const resized = (await cluster.merge(`${path}/gen`, { spec: { size: 2 } })).body;
    expect(resized.metadata.generation).toBe(2);
  });

  it("keeps spec and status apart: each endpoint ignores the other half", async () => {
    await cluster.post(path, { ...widget("halves"), status: { seen: 9 } });
    const before = (await cluster.get(`${path}/halves`)).body;
    expect(before.status).toBeUndefined();
    const viaStatus = { ...before, spec: { colour: "blue" }, status: { seen: 1 } };
    const seen = (await cluster.put(`${path}/halves/status`, viaStatus)).body;
    expect(seen).toMatchObject({ spec: { colour: "red" }, status: { seen: 1 }, metadata: { generation: 1 } });
    const viaSpec = (await cluster.merge(`${path}/halves`, { spec: { colour: "blue" }, status: { seen: 2 } })).body;
    expect(viaSpec).toMatchObject({ spec: { colour: "blue" }, status: { seen: 1 } });
  });

  it("does not write what does not change", async () => {
    const made = (await cluster.post(path, widget("same"))).body;
    const again = (await cluster.merge(`${path}/same`, { spec: { colour: "red" } })).body;
    expect(again.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
  });

  it("stores nothing in a dry run, and says what it would have stored", async () => {
    const dry = await cluster.post(`${path}?dryRun=All`, widget("dry"));
    expect(dry.code).toBe(201);
    expect(dry.body.spec.colour).toBe("red");
    expect((await cluster.get(`${path}/dry`)).code).toBe(404);
  });

  it("makes up a name after generateName", async () => {
    const { body } = await cluster.post(path, {
      apiVersion: "example.com/v1",
      kind: "Widget",
      metadata: { generateName: "w-" },
      spec: {},
    });
    expect(body.metadata.name).toMatch(/^w-[a-z0-9]{5}$/);
  });

  it("lets exactly one of many concurrent updates of the same version through", async () => {
    const made = (await cluster.post(path, widget("race"))).body;
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, size) => cluster.put(`${path}/race`, { ...made, spec: { size } })),
    );
    expect(answers.filter(({ code }) => code === 200)).toHaveLength(1);
    expect(answers.filter(({ code }) => code === 409)).toHaveLength(19);
  });

  it("keeps what has finalizers until the last one goes, and refuses new ones meanwhile", async () => {
    await cluster.post(path, widget("held", {}, { finalizers: ["example.com/hold"] }));
    const going = (await cluster.remove(`${path}/held`)).body;
    expect(going.metadata).toMatchObject({ deletionGracePeriodSeconds: 0, generation: 2 });
    expect(going.metadata.deletionTimestamp).toBeTruthy();
    const more = await cluster.merge(`${path}/held`, {
      metadata: { finalizers: ["example.com/hold", "example.com/more"] },
    });
    expect(more.code).toBe(422);
    expect((await cluster.merge(`${path}/held`, { metadata: { finalizers: null } })).code).toBe(200);
    expect((await cluster.get(`${path}/held`)).code).toBe(404);
  });

  it("answers deletion with what is gone", async () => {
    const made = (await cluster.post(path, widget("bye"))).body;
    expect((await cluster.remove(`${path}/bye`)).body).toMatchObject({
      kind: "Status",
      status: "Success",
      details: { name: "bye", group: "example.com", kind: "widgets", uid: made.metadata.uid },
    });
  });

  it("applies for several managers: conflicts name them, force takes over, and dropped fields vanish", async () => {
    const at = `${path}/applied`;
    expect((await cluster.apply(`${at}?fieldManager=one`, widget("applied", { colour: "green", size: 1 }))).code).toBe(
      201,
    );
    const conflict = await cluster.apply(`${at}?fieldManager=two`, widget("applied", { colour: "blue" }));
    expect(conflict.code).toBe(409);
    expect(conflict.body).toMatchObject({
      reason: "Conflict",
      message: 'Apply failed with 1 conflict: conflict with "one": .spec.colour',
      details: { causes: [{ reason: "FieldManagerConflict", field: ".spec.colour" }] },
    });
    const forced = await cluster.apply(`${at}?fieldManager=two&force=true`, widget("applied", { colour: "blue" }));
    expect(forced.body.spec).toEqual({ colour: "blue", size: 1 });
    const dropped = await cluster.apply(`${at}?fieldManager=one`, widget("applied", {}));
    expect(dropped.body.spec).toEqual({ colour: "blue" });
  });

  it("takes stringData of a Secret, and keeps an immutable ConfigMap as it is", async () => {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, stringData: { a: "b" } };
    const made = (await cluster.post("/api/v1/namespaces/default/secrets", secret)).body;
    expect(made).toMatchObject({ data: { a: "Yg==" }, type: "Opaque" });
    expect(made.stringData).toBeUndefined();
    await cluster.post(maps, { ...configMap("fixed", { a: "1" }), immutable: true });
    const changed = await cluster.merge(`${maps}/fixed`, { data: { a: "2" } });
    expect(changed.body.message).toBe(
      'ConfigMap "fixed" is invalid: data: Forbidden: field is immutable when `immutable` is set',
    );
  });

  it("shows one Event through both of its APIs", async () => {
    const event = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: "e1" },
      eventTime: "2026-01-01T00:00:00.000000Z",
      reportingController: "tester",
      reportingInstance: "t-1",
      action: "Testing",
      reason: "Tested",
      type: "Normal",
      regarding: { kind: "Widget", name: "gen", namespace: "default" },
      note: "all well",
    };
    expect((await cluster.post("/apis/events.k8s.io/v1/namespaces/default/events", event)).code).toBe(201);
    const core = (await cluster.get("/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=gen")).body;
    expect(core.items).toHaveLength(1);
    expect(core.items[0]).toMatchObject({
      message: "all well",
      involvedObject: { name: "gen" },
      reportingComponent: "tester",
    });
    const modern = (await cluster.get("/apis/events.k8s.io/v1/namespaces/default/events/e1")).body;
    expect(modern).toMatchObject({ note: "all well", regarding: { name: "gen" }, reportingController: "tester" });
  });
});

describe("definitions", () => {
  it("are served at once when created, follow changes of their schema, and take their objects with them", async () => {
    const gadgets = structuredClone(widgets);
    gadgets.metadata.name = "gadgets.example.com";
    gadgets.spec.names = {
      plural: "gadgets",
      singular: "gadget",
      kind: "Gadget",
      listKind: "GadgetList",
      shortNames: ["gd"],
    };
    const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    expect((await cluster.post(crds, gadgets)).code).toBe(201);
    const established = await cluster.eventually(`${crds}/gadgets.example.com`, ({ body }) =>
      Boolean(body.status?.conditions),
    );
    expect(established.body.status.acceptedNames.kind).toBe("Gadget");
    const at = "/apis/example.com/v1/namespaces/default/gadgets";
    expect((await cluster.post(at, { ...widget("g"), kind: "Gadget" })).body.spec).toEqual({ colour: "red" });
    const schema = { ...gadgets.spec.versions[0]!.schema.openAPIV3Schema };
    const version = { ...gadgets.spec.versions[0]!, schema: { openAPIV3Schema: structuredClone(schema) } };
    Object.assign(version.schema.openAPIV3Schema.properties.spec.properties, {
      weight: { type: "integer", default: 7 },
    });
    await cluster.merge(`${crds}/gadgets.example.com`, { spec: { versions: [version] } });
    const older = await cluster.eventually(`${at}/g`, ({ body }) => body.spec.weight !== undefined);
    expect(older.body.spec).toEqual({ colour: "red", weight: 7 });
    expect((await cluster.remove(`${crds}/gadgets.example.com`)).body.metadata.deletionTimestamp).toBeTruthy();
    await cluster.eventually(`${crds}/gadgets.example.com`, ({ code }) => code === 404);
    expect((await cluster.get(at)).code).toBe(404);
  });

  it("do not take names that others have", async () => {
    const clash = structuredClone(widgets);
    clash.metadata.name = "wodgets.example.com";
    clash.spec.names = {
      plural: "wodgets",
      singular: "wodget",
      kind: "Widget",
      listKind: "WodgetList",
      shortNames: [],
    };
    const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    await cluster.post(crds, clash);
    const { body } = await cluster.eventually(`${crds}/wodgets.example.com`, (answer) =>
      Boolean(answer.body.status?.conditions),
    );
    expect(body.status.conditions).toMatchObject([
      { type: "NamesAccepted", status: "False", reason: "KindConflict", message: '"Widget" is already in use' },
      { type: "Established", status: "False", reason: "NotAccepted" },
    ]);
  });
});
