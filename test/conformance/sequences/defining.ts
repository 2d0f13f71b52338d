import { del, get, post, type Sequences } from "../step.ts";

const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const crd = (plural: string, schema: object, more: object = {}, metadata: object = {}) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.made.roster.dev`, ...metadata },
  spec: {
    group: "made.roster.dev",
    scope: "Namespaced",
    names: {
      plural,
      singular: plural.slice(0, -1),
      kind: plural[0]!.toUpperCase() + plural.slice(1, -1),
      listKind: `${plural[0]!.toUpperCase() + plural.slice(1, -1)}List`,
    },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    ...more,
  },
});
const spec = (schema: object) => ({ type: "object", properties: { spec: schema } });
const answer = { pick: ["kind", "status", "message", "reason", "code", "details"] };

export const defining: Sequences = {
  "a definition is checked": [
    post(crds, crd("ones", spec({})), answer),
    post(crds, crd("twos", spec({ type: "array" })), answer),
    post(crds, crd("threes", spec({ type: "object", anyOf: [{ type: "object" }] })), answer),
    post(
      crds,
      crd(
        "fours",
        spec({
          type: "object",
          properties: {
            x: {
              type: "array",
              items: { type: "object", properties: { a: { type: "string" } } },
              "x-kubernetes-list-type": "map",
            },
          },
        }),
      ),
      answer,
    ),
    post(crds, crd("fives", spec({ type: "string", default: 3 })), answer),
    post(crds, crd("sixes", spec({ type: "string", pattern: "(" })), answer),
    post(crds, { ...crd("sevens", spec({ type: "object" })), metadata: { name: "wrong" } }, answer),
    post(crds, crd("eights", spec({ type: "object" }), { versions: [] }), answer),
    post(
      crds,
      crd("nines", {
        type: "object",
        properties: { metadata: { type: "object", properties: { labels: { type: "object" } } } },
      }),
      answer,
    ),
    post(
      crds,
      crd(
        "tens",
        spec({
          type: "object",
          properties: { a: { type: "string" } },
          oneOf: [{ properties: { b: { minLength: 1 } } }],
        }),
      ),
      { pick: ["kind", "spec"] },
    ),
  ],
  "rules of a definition are compiled": [
    post(
      crds,
      crd(
        "rones",
        spec({
          type: "object",
          properties: { a: { type: "string" } },
          "x-kubernetes-validations": [{ rule: "self.b == 'x'" }],
        }),
      ),
      answer,
    ),
    post(
      crds,
      crd(
        "rtwos",
        spec({
          type: "object",
          properties: { a: { type: "string" } },
          "x-kubernetes-validations": [{ rule: "self.a" }],
        }),
      ),
      answer,
    ),
    post(
      crds,
      crd(
        "rthrees",
        spec({
          type: "object",
          properties: { a: { type: "integer" } },
          "x-kubernetes-validations": [{ rule: "self.a == 'x'" }],
        }),
      ),
      answer,
    ),
    post(crds, crd("rfours", spec({ type: "object", "x-kubernetes-validations": [{ rule: "" }] })), answer),
    post(
      crds,
      crd(
        "rfives",
        spec({ type: "array", items: { type: "string", "x-kubernetes-validations": [{ rule: "self == oldSelf" }] } }),
      ),
      answer,
    ),
    post(
      crds,
      crd(
        "rsixes",
        spec({
          type: "object",
          properties: { xs: { type: "array", items: { type: "string" } } },
          "x-kubernetes-validations": [{ rule: "self.xs.all(a, self.xs.all(b, a != b))" }],
        }),
      ),
      answer,
    ),
  ],
  "a definition comes, changes and goes": [
    post(crds, crd("makes", spec({ type: "object", properties: { a: { type: "string" } } })), {
      pick: ["metadata.name", "spec", "metadata.generation"],
    }),
    get("/apis/made.roster.dev/v1/namespaces/{ns}/makes", { until: 200 }),
    post(
      "/apis/made.roster.dev/v1/namespaces/{ns}/makes",
      { apiVersion: "made.roster.dev/v1", kind: "Make", metadata: { name: "m" }, spec: { a: "x", b: "y" } },
      { until: 201, pick: ["spec"] },
    ),
    get(`${crds}/makes.made.roster.dev`, {
      pick: [
        "status.acceptedNames",
        "status.storedVersions",
        "status.conditions.0.type",
        "status.conditions.0.status",
        "status.conditions.0.reason",
        "status.conditions.1.type",
        "status.conditions.1.status",
      ],
    }),
    {
      method: "PATCH",
      path: `${crds}/makes.made.roster.dev`,
      body: { spec: { names: { plural: "other" } } },
      type: "application/merge-patch+json",
      ...answer,
    },
    {
      method: "PATCH",
      path: `${crds}/makes.made.roster.dev`,
      body: { spec: { scope: "Cluster" } },
      type: "application/merge-patch+json",
      ...answer,
    },
    del(`${crds}/makes.made.roster.dev`, undefined, { pick: ["kind"] }),
    get(`${crds}/makes.made.roster.dev`, { until: 404 }),
    get("/apis/made.roster.dev/v1/namespaces/{ns}/makes", { until: 404 }),
  ],
};
