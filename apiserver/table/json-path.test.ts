import { describe, expect, it } from "vitest";
import { readPath } from "./json-path.ts";

const object = {
  metadata: { name: "a", labels: { "app.kubernetes.io/name": "roster" } },
  spec: { list: [{ n: 1, on: true }, { n: 2 }], map: { x: { y: 3 } } },
  status: {
    conditions: [
      { type: "Ready", status: "True" },
      { type: "Funded", status: "False" },
    ],
  },
};

const rows: Record<string, { readonly path: string; readonly want: readonly unknown[] }> = {
  "a field": { path: ".metadata.name", want: ["a"] },
  "a field that is not there": { path: ".metadata.nothing.more", want: [] },
  "a condition by type": { path: '.status.conditions[?(@.type=="Ready")].status', want: ["True"] },
  "a condition by type in single quotes": { path: ".status.conditions[?(@.type=='Funded')].status", want: ["False"] },
  "a comparison of numbers": { path: ".spec.list[?(@.n>1)].n", want: [2] },
  "an existing field": { path: ".spec.list[?(@.on)].n", want: [1] },
  "an index": { path: ".spec.list[0].n", want: [1] },
  "an index from the end": { path: ".spec.list[-1].n", want: [2] },
  "all items": { path: ".spec.list[*].n", want: [1, 2] },
  "a slice": { path: ".spec.list[0:1].n", want: [1] },
  "a quoted name": { path: ".metadata.labels['app\\.kubernetes\\.io/name']", want: ["roster"] },
  "a quoted name with a bare dot, which is two names": { path: ".metadata.labels['app.kubernetes.io/name']", want: [] },
  "several indexes": { path: ".spec.list[0,1].n", want: [1, 2] },
  "a slice with a step": { path: ".spec.list[0:2:2].n", want: [1] },
  "an escaped name": { path: ".metadata.labels.app\\.kubernetes\\.io/name", want: ["roster"] },
  "any depth": { path: "..y", want: [3] },
  "what cannot be read": { path: ".spec[", want: [] },
  "a name of every object's prototype": { path: ".spec.constructor", want: [] },
};

describe("a printer column's path selects", () => {
  for (const [name, { path, want }] of Object.entries(rows)) {
    it(name, () => expect(readPath(path)(object)).toEqual(want));
  }
});
