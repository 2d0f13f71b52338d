import { get, post, type Step } from "../step.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
/** A schema. */
export const text = { type: "string" };

interface Version {
  readonly spec?: object;
  readonly more?: object;
}

/** Steps that make a kind of these versions; `status` gives each the subresource. */
export function kind(group: string, versions: Readonly<Record<string, Version>>, status = false): Step[] {
  const body = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `things.${group}.found.dev` },
    spec: {
      group: `${group}.found.dev`,
      scope: "Namespaced",
      names: { kind: "Thing", plural: "things", singular: "thing", listKind: "ThingList" },
      versions: Object.entries(versions).map(([name, { spec, more }], index) => ({
        name,
        served: true,
        storage: index === 0,
        schema: { openAPIV3Schema: { type: "object", properties: { ...(spec ? { spec } : {}), ...more } } },
        ...(status ? { subresources: { status: {} } } : {}),
      })),
    },
  };
  return [
    post(definitions, body, { pick: ["kind"] }),
    ...Object.keys(versions).map((name) =>
      get(`/apis/${group}.found.dev/${name}/things`, { until: 200, pick: ["kind"] }),
    ),
  ];
}

/** The collection of such a kind. */
export const pathOf = (group: string, version = "v1"): string =>
  `/apis/${group}.found.dev/${version}/namespaces/{ns}/things`;

/** An object of such a kind. */
export const thing = (group: string, more: object = {}, version = "v1", name = "a"): object => ({
  apiVersion: `${group}.found.dev/${version}`,
  kind: "Thing",
  metadata: { name },
  ...more,
});

/** A schema. */
export const object = (properties: object, more: object = {}): object => ({ type: "object", properties, ...more });
