import { describe, expect, it } from "vitest";
import type { JsonSchema } from "../schema/json-schema.ts";
import { conflictMessage, serverSideApply, trackUpdate } from "./index.ts";

const text: JsonSchema = { type: "string" };
const schema: JsonSchema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        replicas: { type: "integer" },
        paused: { type: "boolean" },
        labels: { type: "object", additionalProperties: text },
        tags: { type: "array", items: text, "x-kubernetes-list-type": "set" },
        plain: { type: "array", items: text },
        ports: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["port"],
          items: { type: "object", properties: { port: { type: "integer" }, name: text } },
        },
        box: { type: "object", "x-kubernetes-map-type": "atomic", properties: { a: text, b: text } },
      },
    },
    status: { type: "object", properties: { phase: text } },
  },
};

const at = (minute: number): string => `2026-01-01T00:0${minute}:00Z`;
const foo = (spec: object, metadata: object = {}): object => ({
  apiVersion: "x.dev/v1",
  kind: "Foo",
  metadata: { name: "a", ...metadata },
  spec,
});

interface Stored {
  readonly metadata: { readonly managedFields?: readonly Record<string, unknown>[] };
  readonly spec?: unknown;
}

function apply(
  live: object | undefined,
  config: object,
  manager: string,
  more: { force?: boolean; now?: string } = {},
) {
  return serverSideApply({
    live,
    config,
    manager,
    force: more.force ?? false,
    subresource: "",
    schema: { schema },
    apiVersion: "x.dev/v1",
    now: more.now ?? at(0),
  });
}

function applied(...args: Parameters<typeof apply>): Stored {
  const result = apply(...args);
  if (!result.object) throw new Error(conflictMessage(result.conflicts));
  return result.object as unknown as Stored;
}

const fieldsOf = (object: Stored, manager: string): unknown =>
  object.metadata.managedFields?.find((entry) => entry.manager === manager)?.fieldsV1;

describe("serverSideApply", () => {
  it("creates an object whose manager owns leaves, items and map keys, but not name or kind", () => {
    const config = foo({
      replicas: 1,
      labels: { a: "1" },
      tags: ["x"],
      plain: ["y"],
      ports: [{ port: 80, name: "web" }],
      box: { a: "1" },
    });
    const object = applied(undefined, config, "one");
    expect(fieldsOf(object, "one")).toEqual({
      "f:spec": {
        "f:replicas": {},
        "f:labels": { "f:a": {} },
        "f:tags": { 'v:"x"': {} },
        "f:plain": {},
        "f:ports": { 'k:{"port":80}': { ".": {}, "f:name": {}, "f:port": {} } },
        "f:box": {},
      },
    });
    expect(object.metadata.managedFields?.[0]).toMatchObject({
      operation: "Apply",
      apiVersion: "x.dev/v1",
      time: at(0),
    });
  });

  it("removes what the manager no longer applies and nobody else owns", () => {
    let object = applied(undefined, foo({ replicas: 1, labels: { a: "1", b: "2" }, tags: ["x", "y"] }), "one");
    object = applied(object, foo({ labels: { b: "2" }, tags: ["y"] }), "two");
    object = applied(object, foo({ replicas: 1 }), "one");
    expect(object.spec).toEqual({ replicas: 1, labels: { b: "2" }, tags: ["y"] });
  });

  it("merges list items by key and keeps others' items in place", () => {
    let object = applied(
      undefined,
      foo({
        ports: [
          { port: 1, name: "a" },
          { port: 2, name: "b" },
        ],
      }),
      "one",
    );
    object = applied(object, foo({ ports: [{ port: 3, name: "c" }] }), "two");
    expect(object.spec).toEqual({
      ports: [
        { port: 1, name: "a" },
        { port: 2, name: "b" },
        { port: 3, name: "c" },
      ],
    });
    object = applied(object, foo({ ports: [{ port: 2, name: "b" }] }), "one");
    expect(object.spec).toEqual({
      ports: [
        { port: 2, name: "b" },
        { port: 3, name: "c" },
      ],
    });
  });

  it("refuses to change what another manager owns, and takes it when forced", () => {
    const object = applied(undefined, foo({ replicas: 1, paused: true, box: { a: "1" } }), "one");
    const config = foo({ replicas: 2, paused: false, box: { b: "1" } });
    const { conflicts } = apply(object, config, "two");
    expect(conflicts?.map(({ field, message }) => `${message}: ${field}`)).toEqual([
      'conflict with "one": .spec.box',
      'conflict with "one": .spec.paused',
      'conflict with "one": .spec.replicas',
    ]);
    expect(conflictMessage(conflicts ?? [])).toBe(
      'Apply failed with 3 conflicts: conflicts with "one":\n- .spec.box\n- .spec.paused\n- .spec.replicas',
    );
    const forced = applied(object, config, "two", { force: true });
    expect(forced.spec).toEqual({ replicas: 2, paused: false, box: { b: "1" } });
    expect(fieldsOf(forced, "one")).toBeUndefined();
  });

  it("shares a field whose value is the same", () => {
    const object = applied(applied(undefined, foo({ replicas: 1 }), "one"), foo({ replicas: 1 }), "two");
    expect(fieldsOf(object, "one")).toEqual(fieldsOf(object, "two"));
  });

  it("leaves object and times alone when nothing changes", () => {
    const object = applied(undefined, foo({ replicas: 1 }), "one");
    expect(applied(object, foo({ replicas: 1 }), "one", { now: at(5) })).toEqual(object);
  });

  it("attributes what was there before the first apply", () => {
    const object = applied(
      { ...foo({ replicas: 1, paused: true }), metadata: { name: "a", uid: "u" } },
      foo({ replicas: 1 }),
      "one",
    );
    expect(fieldsOf(object, "before-first-apply")).toEqual({ "f:spec": { ".": {}, "f:paused": {}, "f:replicas": {} } });
  });

  it("refuses what does not fit the schema, with the server's words", () => {
    expect(() => apply(undefined, foo({ nope: 1 }), "one")).toThrow(
      "failed to create typed patch object (/a; x.dev/v1, Kind=Foo): .spec.nope: field not declared in schema",
    );
    expect(() => apply(undefined, foo({ tags: ["x", "x"] }), "one")).toThrow(
      '.spec.tags: duplicate entries for key [="x"]',
    );
  });

  it("lets kubectl take over what its client-side apply set", () => {
    const annotation = JSON.stringify(foo({ replicas: 1 }));
    const live = foo(
      { replicas: 1 },
      { annotations: { "kubectl.kubernetes.io/last-applied-configuration": annotation } },
    );
    const managedFields = trackUpdate({
      live: undefined,
      next: live,
      manager: "kubectl-client-side-apply",
      subresource: "",
      apiVersion: "x.dev/v1",
      schema: { schema },
      now: at(0),
    });
    const stored = foo(
      { replicas: 1 },
      { uid: "u", annotations: (live as { metadata: { annotations: object } }).metadata.annotations, managedFields },
    );
    expect(applied(stored, foo({ replicas: 2 }), "kubectl").spec).toEqual({ replicas: 2 });
    expect(apply(stored, foo({ replicas: 2 }), "other").conflicts).toHaveLength(1);
  });
});

describe("trackUpdate", () => {
  const track = (live: object | undefined, next: object, manager: string, now = at(0)) =>
    trackUpdate({ live, next, manager, subresource: "", apiVersion: "x.dev/v1", schema: { schema }, now });

  it("names new containers with a dot and moves changed fields to the writer", () => {
    const created = foo({ replicas: 1, labels: { a: "1" } }, { uid: "u" });
    const first = track(undefined, created, "one");
    expect(first).toEqual([
      {
        manager: "one",
        operation: "Update",
        apiVersion: "x.dev/v1",
        time: at(0),
        fieldsType: "FieldsV1",
        fieldsV1: { "f:spec": { ".": {}, "f:labels": { ".": {}, "f:a": {} }, "f:replicas": {} } },
      },
    ]);
    const live = foo({ replicas: 1, labels: { a: "1" } }, { uid: "u", managedFields: first });
    const second = track(live, foo({ replicas: 2, labels: {} }, { uid: "u" }), "two", at(1));
    expect(second.map((entry) => [entry.manager, entry.fieldsV1])).toEqual([
      ["one", { "f:spec": { ".": {}, "f:labels": {} } }],
      ["two", { "f:spec": { "f:replicas": {} } }],
    ]);
  });

  it("clears everything when the client sends an empty list, and stays clear", () => {
    const live = foo({ replicas: 1 }, { uid: "u", managedFields: track(undefined, foo({ replicas: 1 }), "one") });
    expect(track(live, foo({ replicas: 1 }, { managedFields: [] }), "two")).toEqual([]);
    expect(track(foo({ replicas: 1 }, { uid: "u" }), foo({ replicas: 2 }), "two")).toEqual([]);
  });

  it("keeps at most ten updaters", () => {
    let live = foo({ replicas: 0 }, { uid: "u", managedFields: track(undefined, foo({ replicas: 0 }), "m0") });
    for (let i = 1; i <= 14; i++) {
      const labels = Object.fromEntries(Array.from({ length: i }, (_, n) => [`k${n}`, "x"]));
      const next = foo({ replicas: 0, labels }, { uid: "u" });
      live = foo(
        { replicas: 0, labels },
        { uid: "u", managedFields: track(live, next, `m${i}`, `2026-01-01T00:${10 + i}:00Z`) },
      );
    }
    const entries = (live as unknown as Stored).metadata.managedFields ?? [];
    expect(entries).toHaveLength(10);
    expect(entries[0]).toMatchObject({ manager: "ancient-changes" });
  });
});
