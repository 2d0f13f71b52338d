import { apply, get, jsonPatch, mergePatch, post, put, type Sequences } from "../step.ts";
import { kind, object, pathOf, text, thing } from "./found-kind.ts";

/** What random histories found of applies and ownership, each in its smallest form. */

const embedded = {
  type: "object",
  "x-kubernetes-embedded-resource": true,
  "x-kubernetes-preserve-unknown-fields": true,
};
const open = { type: "object" };
const items = {
  type: "array",
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["a"],
  items: object({ a: { ...text, default: "x" }, b: text }),
};
const inner = (metadata: object): object => ({ apiVersion: "v1", kind: "X", metadata });
const sent = (apiVersion: string, fieldsV1: object): object => ({
  manager: "old",
  operation: "Update",
  apiVersion,
  fieldsType: "FieldsV1",
  fieldsV1,
});

export const foundApplies: Sequences = {
  "an apply is judged and counted before what no schema knows is dropped": [
    ...kind("opened", { v1: { spec: object({}, { minProperties: 1 }) } }),
    apply(`${pathOf("opened")}/a`, "one", thing("opened", { spec: { b: "1" } })),
    apply(`${pathOf("opened")}/a`, "two", thing("opened", { spec: { c: [null] } })),
    apply(`${pathOf("opened")}/a?dryRun=All`, "two", thing("opened", { spec: { c: "2" } })),
    apply(`${pathOf("opened")}/b`, "one", thing("opened", { spec: {} }, "v1", "b")),
    get(`${pathOf("opened")}/a`),
    mergePatch(`${pathOf("opened")}/a?fieldManager=three`, { metadata: { labels: { a: "1" } } }),
  ],
  "a status of an apply is dropped with what no schema knows": [
    ...kind("openstatus", { v1: { more: { status: open } } }, true),
    apply(`${pathOf("openstatus")}/a`, "one", thing("openstatus", { status: { a: "1" } })),
    apply(`${pathOf("openstatus")}/a/status`, "one", thing("openstatus", { status: { a: "1" } })),
    apply(`${pathOf("openstatus")}/a/status`, "one", thing("openstatus", { status: { a: "1" } })),
  ],
  "metadata is closed whatever preserves the object that holds it": [
    ...kind("closed", {
      v1: {
        spec: object(
          { e: embedded, l: { type: "array", items: embedded } },
          { "x-kubernetes-preserve-unknown-fields": true },
        ),
      },
    }),
    apply(`${pathOf("closed")}/a`, "one", thing("closed", { spec: { e: inner({ name: "x", bogus: 1 }) } })),
    apply(`${pathOf("closed")}/a`, "one", thing("closed", { spec: { l: [inner({ name: "x", bogus: 1 })] } })),
    apply(
      `${pathOf("closed")}/a`,
      "one",
      thing("closed", { spec: { e: inner({ name: "x" }), b: { metadata: { c: 1 } } } }),
    ),
  ],
  "the main endpoint resets the status for managers of its version alone": [
    ...kind(
      "resets",
      {
        v1: { more: { status: { type: "object", additionalProperties: text } } },
        v2: { more: { status: { type: "object", additionalProperties: text } } },
      },
      true,
    ),
    post(`${pathOf("resets")}?fieldManager=one`, thing("resets")),
    apply(`${pathOf("resets", "v2")}/a/status`, "three", thing("resets", { status: { a: "1", b: "1" } }, "v2")),
    apply(`${pathOf("resets", "v2")}/a`, "two", thing("resets", { status: { a: "2" } }, "v2")),
    apply(`${pathOf("resets")}/a`, "two", thing("resets", { status: { a: "2" } })),
    mergePatch(`${pathOf("resets", "v2")}/a?fieldManager=two`, { status: { a: "2" } }),
    mergePatch(`${pathOf("resets")}/a?fieldManager=two`, { status: { a: "2" } }),
    mergePatch(`${pathOf("resets")}/a?fieldManager=two`, { status: null }),
  ],
  "/status resets the rest in every version": [
    ...kind(
      "resetall",
      {
        v1: { spec: object({ a: text }), more: { status: text } },
        v2: { spec: object({ a: text }), more: { status: text } },
      },
      true,
    ),
    post(`${pathOf("resetall")}?fieldManager=one`, thing("resetall", { spec: { a: "1" } })),
    mergePatch(`${pathOf("resetall", "v2")}/a/status?fieldManager=two`, { spec: { a: "2" }, status: "x" }),
    apply(`${pathOf("resetall", "v2")}/a/status`, "three", thing("resetall", { spec: { a: "3" }, status: "x" }, "v2")),
  ],
  "an object that another version cannot read has no managers": [
    ...kind("twice", { v1: { spec: object({ l: items }) }, v2: { spec: object({ l: items }) } }),
    post(`${pathOf("twice", "v2")}?fieldManager=one`, thing("twice", { spec: { l: [{ a: "y" }] } }, "v2")),
    mergePatch(`${pathOf("twice")}/a?fieldManager=two`, { spec: { l: [{}, { a: "x", b: "1" }] } }),
    mergePatch(`${pathOf("twice", "v2")}/a?fieldManager=two`, { spec: { l: [{ a: "y" }] } }),
    apply(`${pathOf("twice")}/a`, "three", thing("twice", { spec: { l: [{ a: "z" }] } })),
  ],
  "an apply must leave what the versions of all managers can read": [
    ...kind("readable", {
      v1: { spec: object({ a: text, b: text }) },
      v2: { spec: object({ b: text, c: text }) },
    }),
    post(`${pathOf("readable")}?fieldManager=one`, thing("readable", { spec: { a: "1", b: "1" } })),
    apply(`${pathOf("readable", "v2")}/a`, "two", thing("readable", { spec: { c: "2" } }, "v2")),
    apply(`${pathOf("readable", "v2")}/a`, "two", thing("readable", { spec: { b: "2" } }, "v2")),
    apply(`${pathOf("readable", "v2")}/a`, "two", thing("readable", { spec: { b: "2" } }, "v2"), {
      query: "&force=true",
    }),
    apply(`${pathOf("readable")}/a`, "two", thing("readable", { spec: { a: "2" } }), { query: "&force=true" }),
    apply(`${pathOf("readable")}/b`, "one", thing("readable", { spec: { a: "1", b: "1" } }, "v1", "b")),
    apply(`${pathOf("readable", "v2")}/b`, "one", thing("readable", { spec: { c: "1" } }, "v2", "b")),
    apply(`${pathOf("readable", "v2")}/b`, "one", thing("readable", { spec: {} }, "v2", "b")),
    apply(`${pathOf("readable", "v2")}/b`, "two", thing("readable", { spec: { b: "2" } }, "v2", "b")),
    apply(`${pathOf("readable")}/b`, "two", thing("readable", { spec: {} }, "v1", "b")),
  ],
  "an apply over an object of a wrong shape is refused": [
    ...kind(
      "shapes",
      { v1: { spec: object({ a: text, b: text }), more: { status: { type: "array", items: text } } } },
      true,
    ),
    post(`${pathOf("shapes")}?fieldManager=one`, thing("shapes", { spec: { a: "1" }, status: [{}] })),
    mergePatch(`${pathOf("shapes")}/a/status?fieldManager=one`, { status: ["x"] }),
    apply(`${pathOf("shapes")}/a`, "two", thing("shapes", { spec: { a: "2" } })),
    ...kind("dashes", {
      v1: { more: { status: { type: "object", additionalProperties: { ...text, format: "uuid" } } } },
    }),
    post(`${pathOf("dashes")}?fieldManager=one`, thing("dashes", { status: { a: [] } })),
    post(`${pathOf("dashes")}?fieldManager=one`, thing("dashes", { status: { unknown: [] } })),
    apply(`${pathOf("dashes")}/a`, "two", thing("dashes", { status: { b: "x" }, bogus: 1 })),
  ],
  "items that an apply removes all but the identity of stay": [
    ...kind("hollow", {
      v1: {
        spec: object({
          c: {
            ...items,
            nullable: true,
            items: object({ a: { ...text, default: "1" }, d: { ...text, default: "ab" } }),
          },
        }),
        more: {},
      },
    }),
    post(`${pathOf("hollow")}?fieldManager=three`, thing("hollow", { spec: { c: [] } })),
    apply(`${pathOf("hollow")}/a`, "three", thing("hollow", { spec: { c: [{}] } })),
    apply(`${pathOf("hollow")}/a`, "one", thing("hollow", { spec: { c: null } })),
    apply(`${pathOf("hollow")}/a`, "one", thing("hollow", { spec: { c: [{}] } })),
    apply(`${pathOf("hollow")}/a`, "one", thing("hollow", { spec: {} })),
  ],
  "managers of a version that the kind has not": [
    ...kind("gone", { v1: { spec: object({ a: text, b: text }) } }),
    post(`${pathOf("gone")}?fieldManager=one`, thing("gone", { spec: { a: "1" } })),
    put(`${pathOf("gone")}/a?fieldManager=two`, {
      ...thing("gone", { spec: { a: "1", b: "1" } }),
      metadata: {
        name: "a",
        resourceVersion: "{rv}",
        managedFields: [sent("gone.found.dev/v9", { "f:spec": { "f:a": {} } })],
      },
    }),
    jsonPatch(
      `${pathOf("gone")}/a?fieldManager=two`,
      [{ op: "add", path: "/metadata/managedFields", value: [sent("gone.found.dev/v9", { "f:spec": { "f:a": {} } })] }],
      { echo: false },
    ),
    mergePatch(`${pathOf("gone")}/a?fieldManager=two`, { spec: { a: "2" } }),
    apply(`${pathOf("gone")}/a`, "three", thing("gone", { spec: { b: "3" } })),
  ],
};
